-- Merges a version of a pull request into its row: late, twice, in any order, the row ends the same.

create or replace function private.record_pull_request(
  p_repository_id bigint, p_version private.pull_request_version, p_read_at timestamptz, p_etag text
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id bigint;
  v_old private.pull_request_version;
  v_old_read_at timestamptz;
  v_delivered_at timestamptz;
  v_is_contested boolean;
  v_is_behind boolean;
begin
  perform private.lock_github_head(p_repository_id, p_version.head_ref, false);
  v_id := private.ensure_pull_request(p_repository_id, p_version.number);
  v_old := (
    select private.current_version(p) from public.pull_requests as p where p.id = v_id for no key update
  );
  select c.read_at,
    greatest(c.delivered_at, case when p_read_at is null then p_version.provider_updated_at end)
  into v_old_read_at, v_delivered_at
  from private.pull_request_checks as c where c.pull_request_id = v_id;
  v_is_contested :=
    v_old.provider_updated_at = p_version.provider_updated_at and v_old is distinct from p_version;
  -- An answer that was requested after a delivery's second knows better; an earlier one is only late.
  v_is_behind := p_version.provider_updated_at < v_delivered_at
    and (p_read_at is null or p_read_at < v_delivered_at + interval '2 seconds');
  if not private.is_newer_version(v_old, v_old_read_at, p_version, p_read_at) then
    if v_is_contested then
      update private.pull_request_checks as c set next_attempt_at = now() where c.pull_request_id = v_id;
    end if;
    return v_id;
  end if;
  if v_old is distinct from p_version then
    perform private.store_pull_request_version(v_id, p_version);
  end if;
  update private.pull_request_checks as c set
    read_at = p_read_at, etag = p_etag, delivered_at = v_delivered_at,
    next_attempt_at = case
      when v_is_behind then now()
      -- what is due stays due until GitHub has answered
      when p_read_at is null and v_old.provider_updated_at is not null and c.next_attempt_at <= now()
        then c.next_attempt_at
      else private.next_pull_request_check(p_version, p_read_at, coalesce(v_is_contested, false)) end
  where c.pull_request_id = v_id;
  if not p_version.is_from_fork then
    perform private.link_pull_request_branch(v_id, p_repository_id, p_version);
  end if;
  return v_id;
end;
$$;
comment on function private.record_pull_request is
  'Merges a version of a pull request into its row and returns the row''s id. p_read_at, when it was '
  'requested, and p_etag are null for a delivery.';

create or replace function private.store_pull_request_version(
  p_id bigint, p_version private.pull_request_version
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.pull_requests as p set
    state = p_version.state, is_draft = p_version.is_draft, merged_at = p_version.merged_at,
    closed_at = p_version.closed_at, merge_commit_sha = p_version.merge_commit_sha,
    head_ref = p_version.head_ref, head_sha = p_version.head_sha, is_from_fork = p_version.is_from_fork,
    base_ref = p_version.base_ref, title = p_version.title, html_url = p_version.html_url,
    author_login = p_version.author_login, is_private = p_version.is_private, opened_at = p_version.opened_at,
    provider_updated_at = p_version.provider_updated_at
  where p.id = p_id;
end;
$$;
comment on function private.store_pull_request_version is 'Writes a version into the row.';

-- An open pull request may change without a delivery. A delivery of a closed one is confirmed once: whoever
-- has the webhook's secret could otherwise close it for good. A version that was requested within its own
-- second, of a second with two different versions or ahead of our clock may not be the last one, so also a
-- closed one is requested again.
create or replace function private.next_pull_request_check(
  p_version private.pull_request_version, p_read_at timestamptz, p_is_contested boolean
) returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_read_at is null and not p_is_contested and p_version.provider_updated_at > now() then
    return p_version.provider_updated_at + interval '1 minute';
  end if;
  if p_read_at >= p_version.provider_updated_at + interval '2 seconds'
    or p_read_at is null and not p_is_contested
  then
    return case
      when p_read_at is null or p_version.state = 'open' then now() + interval '14 minutes'
    end;
  end if;
  return now() + case when p_read_at is null then interval '0' else interval '1 minute' end;
end;
$$;
comment on function private.next_pull_request_check is 'When the sweep asks GitHub again; null for never.';

create or replace function private.link_pull_request_branch(
  p_id bigint, p_repository_id bigint, p_version private.pull_request_version
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.link_pull_request(r.task_id, r.user_id, p_id, 'branch', r.is_head_confirmed)
  from private.task_github_refs as r
  join public.tasks as t on t.id = r.task_id
  where r.repository_id = p_repository_id and r.head_ref = p_version.head_ref
    and coalesce(p_version.closed_at, 'infinity') >= t.created_at
    and not exists (
      select from public.task_pull_requests as l where l.task_id = r.task_id and l.pull_request_id = p_id
    )
  order by r.task_id;
end;
$$;
comment on function private.link_pull_request_branch is
  'Links a pull request to the tasks that name its branch.';

-- A repository that becomes private hides its pull requests from users who saw them because it was public.
create or replace function private.sync_repository_visibility() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.is_private then
    update public.task_pull_requests as l set verified_at = null, verified_by = null, verify_after = now()
    where l.pull_request_id = new.id and l.verified_by = 'public';
  else
    update public.task_pull_requests as l set
      verified_at = coalesce(l.verified_at, now()), verified_by = 'public', verified_until = null,
      verify_after = null
    where l.pull_request_id = new.id and (l.verified_at is null or l.verified_by = 'token');
  end if;
  return null;
end;
$$;
comment on function private.sync_repository_visibility is
  'After-row trigger of pull requests: the links of a public repository are verified.';
create trigger _100_sync_repository_visibility after update on public.pull_requests
  for each row when (old.is_private is distinct from new.is_private)
  execute function private.sync_repository_visibility();
