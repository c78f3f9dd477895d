-- A pull request as GitHub sends it, in a delivery or an answer of its API, and which of two versions is
-- newer.

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
comment on type private.pull_request_version is 'A pull request as GitHub had it at one moment.';

-- PostgreSQL's own conversion also accepts `yesterday` and `infinity`.
create or replace function private.parse_github_time(p_time text) returns timestamptz
language plpgsql stable strict security invoker set search_path = '' as $$
begin
  if p_time !~ '^[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$' then
    raise exception using
      errcode = 'PT422', message = 'agents_pull_request_invalid', detail = 'A time is not in ISO 8601.',
      hint = 'Send the object as GitHub''s webhook or API returns it.';
  end if;
  return p_time::timestamptz;
end;
$$;
comment on function private.parse_github_time is
  'A time as GitHub writes it: 2026-03-01T10:00:00Z. Errors: agents_pull_request_invalid (422).';

-- GitHub tests merges in advance and returns the commit of the last test: that is not a merge.
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
  v.merged_at := private.parse_github_time(p.merged_at);
  v.opened_at := private.parse_github_time(p.created_at);
  v.provider_updated_at := private.parse_github_time(p.updated_at);
  if p.state = 'closed' then
    v.closed_at := coalesce(private.parse_github_time(p.closed_at), v.merged_at, v.provider_updated_at);
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
      detail = 'number, state, updated_at or merged_at are not valid for a pull request.',
      hint = 'Send the object as GitHub''s webhook or API returns it.';
  end if;
  return v;
end;
$$;
comment on function private.parse_pull_request is
  'The fields of a pull_request object of GitHub''s webhooks and REST API. Errors: '
  'agents_pull_request_invalid (422).';

create or replace function private.current_version(p public.pull_requests)
returns private.pull_request_version
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return row(
    p.number, p.state, p.is_draft, p.merged_at, p.closed_at, p.merge_commit_sha, p.head_ref, p.head_sha,
    p.is_from_fork, p.base_ref, p.title, p.html_url, p.author_login, p.is_private, p.opened_at,
    p.provider_updated_at
  )::private.pull_request_version;
end;
$$;
comment on function private.current_version is 'The version that the row holds.';

-- Versions are GitHub's whole seconds. An answer of the API always replaces what a delivery said: we asked
-- GitHub, and who has the webhook's secret can write any time into a delivery, which would otherwise keep the
-- row for as long. Where the answer is the older one, it may be late, and the sweep asks again. Within one
-- second, a delivery never replaces an answer, and a later answer wins over an earlier one. Deliveries are
-- ordered by their content, with the end of a pull request last, and the sweep asks GitHub.
create or replace function private.is_newer_version(
  p_old private.pull_request_version, p_old_read_at timestamptz,
  p_new private.pull_request_version, p_new_read_at timestamptz
) returns boolean
language plpgsql stable security invoker set search_path = '' set timezone = 'UTC' set datestyle = 'ISO' as $$
begin
  if p_old.provider_updated_at is null then
    return true;
  end if;
  if p_new_read_at is not null and p_old_read_at is null then
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
  'Whether the new version replaces the old one; read_at is null for a delivery.';
