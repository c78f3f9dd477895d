-- What a lost delivery left wrong is found by asking GitHub: the clock wakes an edge function, which is
-- handed what is due.

create extension if not exists pg_net with schema extensions;

-- What goes through pg_net can be read by every role that can connect, so nothing of worth does.
create table private.function_tickets (
  hash bytea not null,
  function_name text not null,
  expires_at timestamptz not null,
  constraint function_tickets_pkey primary key (hash),
  constraint function_tickets_hash_is_a_sha256 check (octet_length(hash) = 32)
);
comment on table private.function_tickets is
  'Calls of edge functions that the database has asked for. A ticket is good once, for one function, for '
  'five minutes; only its hash stands here.';
alter table private.function_tickets enable row level security;

create table private.github_sweep (
  id boolean not null default true,
  paused_until timestamptz,
  constraint github_sweep_pkey primary key (id),
  constraint github_sweep_is_one_row check (id)
);
comment on table private.github_sweep is 'The one row of what the sweep has to remember.';
comment on column private.github_sweep.paused_until is 'Until when GitHub asked to be left alone.';
alter table private.github_sweep enable row level security;
insert into private.github_sweep default values;

create or replace function private.issue_function_ticket(p_function_name text) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ticket constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
begin
  delete from private.function_tickets as t where t.expires_at < now();
  insert into private.function_tickets (hash, function_name, expires_at)
  values (sha256(convert_to(v_ticket, 'UTF8')), p_function_name, now() + interval '5 minutes');
  return v_ticket;
end;
$$;
comment on function private.issue_function_ticket is
  'A ticket for one call of an edge function. Tickets that nobody used are cleared away.';

create or replace function private.use_function_ticket(p_function_name text, p_ticket text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  delete from private.function_tickets as t
  where t.hash = sha256(convert_to(p_ticket, 'UTF8')) and t.function_name = p_function_name
    and t.expires_at >= now();
  if not found then
    raise exception using
      errcode = 'PT401', message = 'function_ticket_invalid',
      detail = 'The ticket is unknown, used, or more than five minutes old.',
      hint = 'Call with a secret key from a server.';
  end if;
end;
$$;
comment on function private.use_function_ticket is
  'Takes a ticket, once. Errors: function_ticket_invalid (401).';

-- Users take turns, so that one who names a hundred thousand pull requests holds up nobody else. First come
-- the links that are not verified; then the pull requests that were longest left alone. Without anybody's
-- token a private one can't be asked for, and one without a task is asked for by nobody.
create or replace function private.due_pull_requests(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    with due as (
      select l.pull_request_id, l.user_id, l.verify_after as due_at, true as is_unverified
      from public.task_pull_requests as l
      join private.secrets as s on s.user_id = l.user_id and s.kind = 'github_token' and s.invalid_at is null
      where l.verify_after <= now()
      union all
      select c.pull_request_id, l.user_id, c.next_check_at, false
      from private.pull_request_checks as c
      join public.task_pull_requests as l on l.pull_request_id = c.pull_request_id
      join public.pull_requests as p on p.id = c.pull_request_id
      where c.next_check_at <= now() and (p.is_private is not true or exists (
        select from private.secrets as s
        where s.user_id = l.user_id and s.kind = 'github_token' and s.invalid_at is null
      ))
    ), turns as (
      select d.pull_request_id, d.due_at,
        row_number() over (partition by d.user_id order by d.is_unverified desc, d.due_at) as turn
      from due as d
    )
    select t.pull_request_id from turns as t
    group by t.pull_request_id order by min(t.turn), min(t.due_at), t.pull_request_id
    limit p_limit;
end;
$$;
comment on function private.due_pull_requests is 'What the sweep is to ask GitHub about now, in order.';

-- A worker that was to open a pull request and said none, or one that somebody opened by hand.
create or replace function private.due_branches(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select r.task_id from private.task_github_refs as r
    join public.tasks as t on t.id = r.task_id
    join private.secrets as s on s.user_id = r.user_id and s.kind = 'github_token' and s.invalid_at is null
    where r.look_up_after <= now() and r.head_ref is not null and t.status = 'completed'
      and not exists (select from public.task_pull_requests as l where l.task_id = r.task_id)
    order by row_number() over (partition by r.user_id order by r.look_up_after), r.look_up_after
    limit p_limit;
end;
$$;
comment on function private.due_branches is
  'The completed tasks with a branch and without a pull request that the sweep is to look for now.';

create or replace function private.request_github_sweep() returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := (select s.functions_url from public.agent_settings as s);
begin
  if v_url is null
    or exists (select from private.github_sweep as g where g.paused_until > now())
    or not exists (select from private.due_pull_requests(1))
      and not exists (select from private.due_branches(1))
  then
    return false;
  end if;
  perform net.http_post(
    url => v_url || '/github-sweep', body => '{}'::jsonb, params => '{}'::jsonb,
    headers => jsonb_build_object(
      'content-type', 'application/json'::text,
      'x-fixloop-ticket', private.issue_function_ticket('github-sweep')
    ),
    timeout_milliseconds => 120000
  );
  return true;
end;
$$;
comment on function private.request_github_sweep is
  'Calls the edge function github-sweep when something is due, and says whether. Needs '
  'agent_settings.functions_url. For the scheduler.';

-- Whose token may be tried: first those who wait to see it, then those who do.
create or replace function private.readers_of_pull_request(p_pull_request_id bigint) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select jsonb_agg(
      jsonb_build_object(
        'user_id', r.user_id, 'secret_id', r.secret_id, 'sealed', r.sealed, 'is_unverified', r.is_due
      ) order by r.is_due desc, r.is_verified desc, r.user_id
    )
    from (
      select s.user_id, s.id as secret_id, s.sealed,
        coalesce(bool_or(l.verify_after <= now()), false) as is_due,
        bool_or(l.verified_at is not null) as is_verified
      from public.task_pull_requests as l
      join private.secrets as s on s.user_id = l.user_id and s.kind = 'github_token' and s.invalid_at is null
      where l.pull_request_id = p_pull_request_id
      group by s.user_id, s.id, s.sealed
      order by 4 desc, 5 desc, s.user_id
      limit 5
    ) as r
  ), '[]'::jsonb);
end;
$$;
comment on function private.readers_of_pull_request is
  'Up to five users of its tasks with their sealed tokens: an array of {user_id, '
  'secret_id, sealed, is_unverified}.';

-- Handed out for ten minutes: a sweep that ends in the middle leaves the rest to the next one, and two at
-- once don't ask for the same.
create or replace function private.lease_due_pull_requests(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_pull_requests(p_limit) as d (id));
  v_pulls jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'pull_request_id', p.id, 'repo_owner', p.repo_owner, 'repo_name', p.repo_name, 'number', p.number,
      'is_private', p.is_private, 'etag', c.etag, 'readers', private.readers_of_pull_request(p.id)
    ) order by d.place
  ), '[]'::jsonb) into v_pulls
  from unnest(v_ids) with ordinality as d (id, place)
  join public.pull_requests as p on p.id = d.id
  join private.pull_request_checks as c on c.pull_request_id = d.id;
  update private.pull_request_checks as c set next_check_at = now() + interval '10 minutes'
  where c.pull_request_id = any (v_ids) and c.next_check_at <= now();
  update public.task_pull_requests as l set verify_after = now() + interval '10 minutes'
  where l.pull_request_id = any (v_ids) and l.verify_after <= now();
  return v_pulls;
end;
$$;
comment on function private.lease_due_pull_requests is
  'Takes up to so many pull requests that are due, with whom to ask as.';

-- The next look is later each time, and after a dozen, in about a week, there is none.
create or replace function private.lease_due_branches(p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant bigint[] := array(select d.id from private.due_branches(p_limit) as d (id));
  v_branches jsonb;
begin
  select coalesce(jsonb_agg(
    jsonb_build_object(
      'task_id', r.task_id, 'repo_owner', r.repo_owner, 'repo_name', r.repo_name, 'head_ref', r.head_ref,
      'user_id', s.user_id, 'secret_id', s.id, 'sealed', s.sealed
    ) order by d.place
  ), '[]'::jsonb) into v_branches
  from unnest(v_ids) with ordinality as d (id, place)
  join private.task_github_refs as r on r.task_id = d.id
  join private.secrets as s on s.user_id = r.user_id and s.kind = 'github_token';
  update private.task_github_refs as r set
    look_ups_count = r.look_ups_count + 1,
    look_up_after = case when r.look_ups_count < 12 then
      now() + least(interval '14 minutes' * 2 ^ r.look_ups_count, interval '1 day')
    end
  where r.task_id = any (v_ids);
  return v_branches;
end;
$$;
comment on function private.lease_due_branches is
  'Takes up to so many branches whose pull request is looked for, with whom to ask as.';

create or replace function private.begin_github_sweep(p_ticket text, p_limit integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := least(greatest(coalesce(p_limit, 100), 1), 500);
  v_paused_until constant timestamptz :=
    (select g.paused_until from private.github_sweep as g where g.paused_until > now());
begin
  if p_ticket is not null then
    perform private.use_function_ticket('github-sweep', p_ticket);
  end if;
  if v_paused_until is not null then
    return jsonb_build_object(
      'paused_until', v_paused_until, 'pull_requests', '[]'::jsonb, 'branches', '[]'::jsonb
    );
  end if;
  -- sweeps take turns, so that each sees what the one before has taken
  perform pg_advisory_xact_lock(hashtextextended('private.begin_github_sweep', 0));
  return jsonb_build_object(
    'paused_until', null::timestamptz, 'pull_requests', private.lease_due_pull_requests(v_limit),
    'branches', private.lease_due_branches(greatest(v_limit / 4, 1))
  );
end;
$$;
grant execute on function private.begin_github_sweep to service_role;

create or replace function public.begin_github_sweep(p_ticket text default null, p_limit integer default 100)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.begin_github_sweep(
    p_ticket => begin_github_sweep.p_ticket, p_limit => begin_github_sweep.p_limit
  );
end;
comment on function public.begin_github_sweep is
  'Hands the sweep what to ask GitHub about, for ten minutes: {paused_until, pull_requests: '
  '[{pull_request_id, repo_owner, repo_name, number, is_private, etag, readers: [{user_id, secret_id, '
  'sealed, is_unverified}]}], branches: [{task_id, repo_owner, repo_name, head_ref, user_id, secret_id, '
  'sealed}]}. A ticket is used up; without one the caller has checked who asks. Service role only. '
  'Errors: function_ticket_invalid (401).';
grant execute on function public.begin_github_sweep to service_role;
