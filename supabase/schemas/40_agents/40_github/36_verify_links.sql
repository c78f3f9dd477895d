-- Which links show their pull request to the task's user.

-- Only what this transaction wrote: a worker that completes a task does not vouch for a pull request that the
-- task's user had named before.
create or replace function private.verify_task_pull_requests(p_task_id bigint) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ref private.task_github_refs;
begin
  update private.task_github_refs as r set
    is_number_confirmed = r.is_number_confirmed or r.number_named_in = pg_current_xact_id(),
    is_head_confirmed = r.is_head_confirmed or r.head_named_in = pg_current_xact_id()
  where r.task_id = p_task_id
    and (select private.has_task_repository(t) from public.tasks as t where t.id = p_task_id)
  returning * into v_ref;
  if not found then
    return;
  end if;
  update public.task_pull_requests as l set
    verified_by = 'worker', verified_at = now(), verified_until = null, verify_after = null,
    source = case when l.source = 'owner' then 'worker' else l.source end
  from public.pull_requests as p
  where l.task_id = p_task_id and p.id = l.pull_request_id and l.verified_by is distinct from 'worker' and (
    l.source <> 'branch' and v_ref.is_number_confirmed
    or p.head_ref = v_ref.head_ref and not p.is_from_fork and v_ref.is_head_confirmed
  );
end;
$$;
comment on function private.verify_task_pull_requests is
  'For complete_task, after a trusted worker has written the task: the task''s user may see the pull request '
  'and branch that it wrote, unless only the project names their repository.';

-- Who may read one pull request of a repository may read all of them: one answer is about all links of the
-- user to pull requests that GitHub has reported. Of one that it has not, only an answer about itself counts.
create or replace function private.links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns setof public.task_pull_requests
language plpgsql stable security definer set search_path = '' set enable_seqscan = 'off' as $$
begin
  return query
  select l.*
  from public.pull_requests as a
  join public.task_pull_requests as l on l.user_id = p_user_id
  join public.pull_requests as p on p.id = l.pull_request_id
  where a.id = p_pull_request_id and (l.verified_at is null or l.verified_by = 'token') and (
    p.id = a.id
    or p.repository_id = a.repository_id
      and a.provider_updated_at is not null and p.provider_updated_at is not null
  );
end;
$$;
comment on function private.links_of_reader is
  'The links that depend on the user''s own token and that an answer to it about this pull request decides.';

create or replace function private.verify_links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = coalesce(l.verified_at, now()), verified_by = 'token',
    verified_until = now() + interval '2 days',
    -- at different times, so that what was verified in one moment is not due in one
    verify_after = now() + interval '1 day' - random() * interval '3 hours', verify_failures_count = 0
  from private.links_of_reader(p_pull_request_id, p_user_id) as r
  where l.task_id = r.task_id and l.pull_request_id = r.pull_request_id
    and (r.verified_at is null or r.verify_after < now() + interval '12 hours');
end;
$$;
comment on function private.verify_links_of_reader is
  'The user''s own token can read the pull request: verifies their links to its repository for two days.';

-- A link that was verified by the token alone hides the pull request again.
create or replace function private.unverify_links_of_reader(p_pull_request_id bigint, p_user_id uuid)
returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = null, verified_by = null, verified_until = null,
    verify_after = private.next_github_attempt_at(l.verify_failures_count),
    verify_failures_count = l.verify_failures_count + 1
  from private.links_of_reader(p_pull_request_id, p_user_id) as r
  where l.task_id = r.task_id and l.pull_request_id = r.pull_request_id;
end;
$$;
comment on function private.unverify_links_of_reader is
  'The user''s own token does not find the pull request: hides those of its repository, and it is '
  'tried again later.';

-- Policies compare the time themselves; this is for the figures and for who follows the table.
create or replace function private.hide_unconfirmed_links() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  update public.task_pull_requests as l set verified_at = null, verified_by = null, verified_until = null
  where l.verified_until <= now();
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
comment on function private.hide_unconfirmed_links is
  'Ends what no answer has confirmed for two days, and returns how many links. For the scheduler.';

-- The sweep asks again, with the token that the user has then.
create or replace function private.unverify_links_of_token() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.task_pull_requests as l set
    verified_at = null, verified_by = null, verified_until = null, verify_after = now()
  where l.user_id = old.user_id and l.verified_by = 'token';
  return null;
end;
$$;
comment on function private.unverify_links_of_token is
  'After-row trigger of secrets: a GitHub token that is removed, replaced or rejected no '
  'longer verifies links.';

create trigger _200_unverify_links_of_token after delete on private.secrets
  for each row when (old.kind = 'github_token') execute function private.unverify_links_of_token();
create trigger _210_unverify_links_of_token after update of id, invalid_at on private.secrets
  for each row when (
    old.kind = 'github_token'
    and (old.id <> new.id or old.invalid_at is null and new.invalid_at is not null)
  )
  execute function private.unverify_links_of_token();
