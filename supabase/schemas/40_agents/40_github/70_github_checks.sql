-- What the sweep brings home: the state of pull requests, and who can see them.

-- After 15 and 30 minutes, an hour … a day, as long as the link is there.
create or replace function private.later_check(p_failures_count integer) returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
begin
  return now() + least(interval '14 minutes' * 2 ^ least(p_failures_count, 10), interval '1 day');
end;
$$;
comment on function private.later_check is 'When to try again after so many failures before this one.';

create or replace function private.verify_links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = now(), verified_by = 'token', verify_after = null, verify_failures_count = 0
  where l.pull_request_id = p_pull_request_id and l.user_id = p_user_id and l.verified_at is null;
end;
$$;
comment on function private.verify_links_of_reader is
  'The user''s own token has read the pull request: their links to it show it.';

-- A link that only the token vouched for hides the pull request again.
create or replace function private.unverify_links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = null, verified_by = null,
    verify_after = private.later_check(l.verify_failures_count),
    verify_failures_count = l.verify_failures_count + 1
  where l.pull_request_id = p_pull_request_id and l.user_id = p_user_id
    and (l.verified_at is null or l.verified_by = 'token');
end;
$$;
comment on function private.unverify_links_of_reader is
  'The user''s own token does not find the pull request: tried again later.';

create or replace function private.store_github_answer(
  p_pull public.pull_requests, p_pull_request text, p_etag text, p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_version constant private.pull_request_version :=
    private.parse_pull_request(private.repair_json_escapes(p_pull_request)::jsonb);
begin
  if v_version.number <> p_pull.number then
    raise exception using
      errcode = 'PT422', message = 'agents_github_answer_invalid',
      detail = format('Number %s was asked for, and %s came.', p_pull.number, v_version.number),
      hint = 'Send the answer to the request for this pull request.';
  end if;
  perform private.record_pull_request(
    p_pull.repo_owner, p_pull.repo_name, v_version, coalesce(p_read_at, clock_timestamp()), left(p_etag, 300)
  );
end;
$$;
comment on function private.store_github_answer is
  'Merges what GitHub''s API answered about a pull request. Errors: agents_github_answer_invalid (422).';

create or replace function private.finish_github_check(
  p_pull_request_id bigint, p_user_id uuid, p_outcome text, p_pull_request text, p_etag text,
  p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_pull public.pull_requests;
begin
  select * into v_pull from public.pull_requests as p where p.id = p_pull_request_id;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'agents_pull_request_unknown',
      detail = 'There is no pull request with this id.',
      hint = 'Use an id that begin_github_sweep gave.';
  end if;
  case p_outcome
    when 'read' then
      perform private.store_github_answer(v_pull, p_pull_request, p_etag, p_read_at);
    when 'unchanged' then
      -- of what was asked for, which is gone when a delivery has come since
      update private.pull_request_checks as c set
        read_at = case when c.etag is not null then greatest(c.read_at, p_read_at) else c.read_at end,
        next_check_at = private.next_pull_request_check(private.version_of(v_pull), p_read_at, false)
      where c.pull_request_id = p_pull_request_id;
    when 'not_seen' then
      perform private.unverify_links_of_reader(p_pull_request_id, p_user_id);
      return;
    when 'unseen' then
      update private.pull_request_checks as c set
        checked_at = now(), failures_count = c.failures_count + 1,
        next_check_at = private.later_check(c.failures_count)
      where c.pull_request_id = p_pull_request_id;
      return;
    else
      raise exception using
        errcode = 'PT422', message = 'agents_github_outcome_invalid',
        detail = format('%L is none.', p_outcome),
        hint = 'Use read, unchanged, not_seen or unseen.';
  end case;
  update private.pull_request_checks as c set checked_at = now(), failures_count = 0
  where c.pull_request_id = p_pull_request_id;
  perform private.verify_links_of_reader(p_pull_request_id, p_user_id);
end;
$$;
grant execute on function private.finish_github_check
  to service_role;

create or replace function public.finish_github_check(
  p_pull_request_id bigint, p_user_id uuid, p_outcome text, p_pull_request text default null,
  p_etag text default null, p_read_at timestamptz default null
) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_github_check(
    p_pull_request_id => finish_github_check.p_pull_request_id, p_user_id => finish_github_check.p_user_id,
    p_outcome => finish_github_check.p_outcome, p_pull_request => finish_github_check.p_pull_request,
    p_etag => finish_github_check.p_etag, p_read_at => finish_github_check.p_read_at
  );
end;
comment on function public.finish_github_check is
  'What became of asking GitHub about a pull request with this user''s token (null: without one). read: the '
  'answer''s body as text, its ETag, and when it was asked for. unchanged: GitHub has nothing newer than '
  'the ETag. Both verify the user''s links. not_seen: the token does not find it. unseen: nobody did. '
  'Service role only. Errors: agents_pull_request_unknown (404), agents_github_outcome_invalid, '
  'agents_github_answer_invalid, agents_pull_request_invalid (422).';
grant execute on function public.finish_github_check
  to service_role;

create or replace function private.record_github_branch(
  p_task_id bigint, p_user_id uuid, p_pull_requests text, p_read_at timestamptz
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ref private.task_github_refs;
  v_pull jsonb;
  v_id bigint;
  v_count integer := 0;
begin
  select * into v_ref from private.task_github_refs as r
  where r.task_id = p_task_id and r.user_id = p_user_id and r.head_ref is not null;
  if not found then
    return 0;
  end if;
  for v_pull in
    select e.value from jsonb_array_elements(private.repair_json_escapes(p_pull_requests)::jsonb) as e (value)
    where e.value #>> '{head,ref}' = v_ref.head_ref
    order by e.value ->> 'number'
    limit 10
  loop
    v_id := private.record_pull_request(
      v_ref.repo_owner, v_ref.repo_name, private.parse_pull_request(v_pull),
      coalesce(p_read_at, clock_timestamp()), null::text
    );
    perform private.verify_links_of_reader(v_id, p_user_id);
    v_count := v_count + 1;
  end loop;
  update private.task_github_refs as r set look_up_after = null
  where r.task_id = p_task_id
    and exists (select from public.task_pull_requests as l where l.task_id = p_task_id);
  return v_count;
end;
$$;
grant execute on function private.record_github_branch to service_role;

create or replace function public.record_github_branch(
  p_task_id bigint, p_user_id uuid, p_pull_requests text, p_read_at timestamptz default null
) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.record_github_branch(
    p_task_id => record_github_branch.p_task_id, p_user_id => record_github_branch.p_user_id,
    p_pull_requests => record_github_branch.p_pull_requests, p_read_at => record_github_branch.p_read_at
  );
end;
comment on function public.record_github_branch is
  'The pull requests that GitHub lists for a task''s branch, an array as text, read with this user''s '
  'token. Returns how many. Service role only. Errors: agents_pull_request_invalid (422).';
grant execute on function public.record_github_branch to service_role;

create or replace function private.pause_github_sweep(p_until timestamptz) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until timestamptz;
begin
  update private.github_sweep as g set
    paused_until = greatest(g.paused_until, least(p_until, now() + interval '1 day'))
  where g.id
  returning g.paused_until into v_until;
  return v_until;
end;
$$;
grant execute on function private.pause_github_sweep to service_role;

create or replace function public.pause_github_sweep(p_until timestamptz) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.pause_github_sweep(p_until => pause_github_sweep.p_until);
end;
comment on function public.pause_github_sweep is
  'GitHub asked to be left alone until then, a day at most: until that time nothing is swept. Returns the '
  'time. Service role only.';
grant execute on function public.pause_github_sweep to service_role;
