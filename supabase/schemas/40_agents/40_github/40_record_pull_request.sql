-- What GitHub says of a pull request, in a delivery or an answer of its API, becomes the row: late, twice, in
-- any order, it ends as the same one.

create type private.pull_request_version as (
  number integer,
  state text,
  is_draft boolean,
  merged_at timestamptz,
  closed_at timestamptz,
  merge_commit_sha text,
  head_ref text,
  head_sha text,
  is_from_fork boolean,
  base_ref text,
  title text,
  html_url text,
  author_login text,
  is_private boolean,
  opened_at timestamptz,
  provider_updated_at timestamptz
);
comment on type private.pull_request_version is 'A pull request as GitHub tells it at one moment.';

-- PostgreSQL would take `yesterday` and `infinity` for times too.
create or replace function private.github_time(p_time text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  if p_time !~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$' then
    raise exception using
      errcode = 'PT422', message = 'agents_pull_request_invalid', detail = 'A time is not one of ISO 8601.',
      hint = 'Send the object as GitHub''s webhook or API gives it.';
  end if;
  return p_time::timestamptz;
end;
$$;
comment on function private.github_time is
  'A time as GitHub writes it: 2026-03-01T10:00:00Z. Errors: agents_pull_request_invalid (422).';

-- Between its pushes GitHub tries merges out and names the commit of the last try: that is no merge.
create or replace function private.parse_pull_request(p_pull_request jsonb)
returns private.pull_request_version
language plpgsql stable security invoker set search_path = '' as $$
declare
  p record;
  v private.pull_request_version;
begin
  select * into p from jsonb_to_record(p_pull_request) as r (
    number integer, state text, draft boolean, title text, html_url text, merge_commit_sha text, head jsonb,
    base jsonb, created_at text, updated_at text, closed_at text, merged_at text
  );
  v.number := p.number;
  v.state := p.state;
  v.is_draft := coalesce(p.draft, false);
  v.merged_at := private.github_time(p.merged_at);
  v.opened_at := private.github_time(p.created_at);
  v.provider_updated_at := private.github_time(p.updated_at);
  if p.state = 'closed' then
    v.closed_at := coalesce(private.github_time(p.closed_at), v.merged_at, v.provider_updated_at);
  end if;
  v.merge_commit_sha := case when v.merged_at is not null then left(p.merge_commit_sha, 64) end;
  v.head_ref := left(p.head ->> 'ref', 255);
  v.head_sha := left(p.head ->> 'sha', 64);
  v.is_from_fork :=
    lower(p.head #>> '{repo,full_name}') is distinct from lower(p.base #>> '{repo,full_name}');
  v.base_ref := left(p.base ->> 'ref', 255);
  v.title := left(p.title, 1024);
  v.html_url := case when p.html_url ~ '^https?://' then left(p.html_url, 2048) end;
  v.author_login := left(p_pull_request #>> '{user,login}', 100);
  v.is_private := coalesce((p.base #>> '{repo,private}')::boolean, true);
  if v.number is null or v.number < 1 or v.state is null or v.state not in ('open', 'closed')
    or v.provider_updated_at is null or v.merged_at is not null and v.state <> 'closed' then
    raise exception using
      errcode = 'PT422', message = 'agents_pull_request_invalid',
      detail = 'number, state, updated_at or merged_at are not what they are in a pull request.',
      hint = 'Send the object as GitHub''s webhook or API gives it.';
  end if;
  return v;
end;
$$;
comment on function private.parse_pull_request is
  'The fields of a pull_request object of GitHub''s webhooks and REST API. '
  'Errors: agents_pull_request_invalid (422).';

-- Versions are GitHub's whole seconds. Within one, an answer of the API beats what deliveries say, since it
-- is of the moment when it was asked for, and a later one beats an earlier one. Deliveries among themselves
-- are put in an order of their content, with the end of a pull request last, and the sweep is sent to look.
create or replace function private.is_newer_version(
  p_old private.pull_request_version, p_old_read_at timestamptz,
  p_new private.pull_request_version, p_new_read_at timestamptz
) returns boolean
language plpgsql stable security invoker set search_path = '' set timezone = 'UTC' set datestyle = 'ISO' as $$
begin
  if p_old.provider_updated_at is null then
    return true;
  end if;
  if p_new.provider_updated_at <> p_old.provider_updated_at then
    return p_new.provider_updated_at > p_old.provider_updated_at;
  end if;
  if p_new_read_at is not null or p_old_read_at is not null then
    return coalesce(p_new_read_at, '-infinity') >= coalesce(p_old_read_at, '-infinity');
  end if;
  return (p_new.merged_at is not null, p_new.state = 'closed', p_new::text collate "C")
    > (p_old.merged_at is not null, p_old.state = 'closed', p_old::text collate "C");
end;
$$;
comment on function private.is_newer_version is
  'Whether the new version takes the place of the old one; read_at is null for what a delivery told.';

create or replace function private.version_of(p public.pull_requests) returns private.pull_request_version
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return row(
    p.number, p.state, p.is_draft, p.merged_at, p.closed_at, p.merge_commit_sha, p.head_ref, p.head_sha,
    p.is_from_fork, p.base_ref, p.title, p.html_url, p.author_login, p.is_private, p.opened_at,
    p.provider_updated_at
  )::private.pull_request_version;
end;
$$;
comment on function private.version_of is 'The version that a row holds.';

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

-- A repository that is hidden hides its pull requests from those who saw them because everybody did.
create or replace function private.sync_repository_visibility() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if new.is_private then
    update public.task_pull_requests as l set verified_at = null, verified_by = null, verify_after = now()
    where l.pull_request_id = new.id and l.verified_by = 'public';
  else
    update public.task_pull_requests as l set verified_at = now(), verified_by = 'public', verify_after = null
    where l.pull_request_id = new.id and l.verified_at is null;
  end if;
  return null;
end;
$$;
comment on function private.sync_repository_visibility is
  'After-row trigger of pull requests: the links of a public repository are verified.';
create trigger _100_sync_repository_visibility after update on public.pull_requests
  for each row when (old.is_private is distinct from new.is_private)
  execute function private.sync_repository_visibility();

create or replace function private.link_pull_request_branch(
  p_id bigint, p_owner text, p_name text, p_version private.pull_request_version
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.link_pull_request(r.task_id, r.user_id, p_id, 'branch', r.is_head_confirmed)
  from private.task_github_refs as r
  join public.tasks as t on t.id = r.task_id
  where r.repo_owner = p_owner and r.repo_name = p_name and r.head_ref = p_version.head_ref
    and coalesce(p_version.closed_at, 'infinity') >= t.created_at
    and not exists (
      select from public.task_pull_requests as l where l.task_id = r.task_id and l.pull_request_id = p_id
    )
  order by r.task_id;
end;
$$;
comment on function private.link_pull_request_branch is
  'Links a pull request to the tasks that name its branch.';

-- An open one may change unheard. What is known of a second that was not over yet, or of one in which two
-- versions disagreed, may not be the last word, so there the end is asked for once more.
create or replace function private.next_pull_request_check(
  p_version private.pull_request_version, p_read_at timestamptz, p_is_contested boolean
) returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
begin
  if p_read_at >= p_version.provider_updated_at + interval '2 seconds'
    or p_read_at is null and not p_is_contested
  then
    return case when p_version.state = 'open' then now() + interval '14 minutes' end;
  end if;
  return now() + case when p_read_at is null then interval '0' else interval '1 minute' end;
end;
$$;
comment on function private.next_pull_request_check is 'When the sweep asks GitHub again; null for never.';

create or replace function private.record_pull_request(
  p_owner text, p_name text, p_version private.pull_request_version, p_read_at timestamptz, p_etag text
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_id bigint;
  v_old private.pull_request_version;
  v_old_read_at timestamptz;
  v_is_contested boolean;
begin
  perform private.lock_github_head(p_owner, p_name, p_version.head_ref, false);
  v_id := private.ensure_pull_request(p_owner, p_name, p_version.number);
  v_old := (select private.version_of(p) from public.pull_requests as p where p.id = v_id for no key update);
  v_old_read_at := (select c.read_at from private.pull_request_checks as c where c.pull_request_id = v_id);
  v_is_contested :=
    v_old.provider_updated_at = p_version.provider_updated_at and v_old is distinct from p_version;
  if not private.is_newer_version(v_old, v_old_read_at, p_version, p_read_at) then
    if v_is_contested then
      update private.pull_request_checks as c set next_check_at = now() where c.pull_request_id = v_id;
    end if;
    return v_id;
  end if;
  if v_old is distinct from p_version then
    perform private.store_pull_request_version(v_id, p_version);
  end if;
  update private.pull_request_checks as c set
    read_at = p_read_at, etag = p_etag,
    next_check_at = private.next_pull_request_check(p_version, p_read_at, coalesce(v_is_contested, false))
  where c.pull_request_id = v_id;
  if not p_version.is_from_fork then
    perform private.link_pull_request_branch(v_id, p_owner, p_name, p_version);
  end if;
  return v_id;
end;
$$;
comment on function private.record_pull_request is
  'Merges a version of a pull request into its row and returns the row''s id. The time at which it was '
  'asked for, and its ETag, are null for a delivery.';
