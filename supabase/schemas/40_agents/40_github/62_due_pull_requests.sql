-- What the sweep is to ask GitHub about now, and with whose token.

-- Round robin by user, so that a user who names a hundred thousand pull requests delays nobody else. First
-- the links that are not verified, then what has been due longest. Of the links of a user to one repository
-- one is asked for, since the answer is about all of them (private.links_of_reader). A private one needs a
-- token of one of its readers; one without a task and an engineering issue is not asked for.
create or replace function private.due_pull_requests(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    with due as (
      (
        select distinct on (
            l.user_id, p.repository_id, case when p.provider_updated_at is null then p.id end
          )
          l.pull_request_id, l.user_id, l.verify_after as due_at, l.verified_at is null as is_unverified
        from public.task_pull_requests as l
        join private.usable_github_tokens as s on s.user_id = l.user_id
        join public.pull_requests as p on p.id = l.pull_request_id
        where l.verify_after <= now()
        order by l.user_id, p.repository_id, case when p.provider_updated_at is null then p.id end,
          l.pull_request_id
      )
      union all
      select c.pull_request_id, l.user_id, c.next_attempt_at, false
      from private.pull_request_checks as c
      join private.pull_request_readers as l on l.pull_request_id = c.pull_request_id
      join public.pull_requests as p on p.id = c.pull_request_id
      where c.next_attempt_at <= now() and (p.is_private is not true or exists (
        select from private.usable_github_tokens as s where s.user_id = l.user_id
      ))
      -- without a token they would use up the requests of everybody
      and not exists (
        select from private.secrets as r
        where r.user_id = l.user_id and r.kind = 'github_token' and r.rests_until > now()
      )
    ), ranked as (
      select d.pull_request_id, d.due_at,
        row_number() over (partition by d.user_id order by d.is_unverified desc, d.due_at) as rank
      from due as d
    )
    select r.pull_request_id from ranked as r
    group by r.pull_request_id order by min(r.rank), min(r.due_at), r.pull_request_id
    limit p_limit;
end;
$$;
comment on function private.due_pull_requests is
  'The pull requests that the sweep asks GitHub about now, in order.';

-- A worker opened a pull request without reporting it, or somebody opened one by hand.
create or replace function private.due_branches(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select r.task_id from private.task_github_refs as r
    join public.tasks as t on t.id = r.task_id
    join private.usable_github_tokens as s on s.user_id = r.user_id
    where r.next_attempt_at <= now() and r.head_ref is not null and t.status = 'completed'
      and not exists (select from public.task_pull_requests as l where l.task_id = r.task_id)
    order by row_number() over (partition by r.user_id order by r.next_attempt_at), r.next_attempt_at
    limit p_limit;
end;
$$;
comment on function private.due_branches is
  'The completed tasks with a branch and without a pull request, for which the sweep looks for one now.';

-- Until its id is known, a project is whatever has its name, also what takes the name after a rename.
create or replace function private.due_projects(p_limit integer) returns setof bigint
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select l.project_id from private.project_repositories as l
    join public.projects as p on p.id = l.project_id
    join private.usable_github_tokens as s on s.user_id = p.user_id
    where l.next_attempt_at <= now()
    order by row_number() over (partition by p.user_id order by l.next_attempt_at), l.next_attempt_at
    limit p_limit;
end;
$$;
comment on function private.due_projects is
  'The projects for whose repository the sweep asks GitHub now: its id is not known, or somebody else has '
  'taken its name.';

-- Whose token may be tried: first users whose links are due to be verified, then users who see it already.
create or replace function private.load_pull_request_readers(p_pull_request_id bigint) returns jsonb
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
        coalesce(bool_or(l.verified_at is not null), true) as is_verified
      from private.pull_request_readers as r
      join private.usable_github_tokens as s on s.user_id = r.user_id
      left join public.task_pull_requests as l
        on l.pull_request_id = r.pull_request_id and l.user_id = r.user_id
      where r.pull_request_id = p_pull_request_id
      group by s.user_id, s.id, s.sealed
      order by 4 desc, 5 desc, s.user_id
      limit 5
    ) as r
  ), '[]'::jsonb);
end;
$$;
comment on function private.load_pull_request_readers is
  'Up to five of its readers with their sealed tokens: an array of {user_id, secret_id, '
  'sealed, is_unverified}.';
