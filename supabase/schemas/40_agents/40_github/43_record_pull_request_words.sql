-- Which engineering issues the words of each pull request name, in the version that counts.
--
-- The words are kept of every pull request here, as numbers: what they do is decided where the repository is
-- one of the loop's. The text itself is not kept.

create table private.pull_request_words (
  pull_request_id bigint not null,
  closes_issues integer[] not null default '{}',
  mentions_issues integer[] not null default '{}',
  version_at timestamptz not null,
  read_at timestamptz,
  constraint pull_request_words_pkey primary key (pull_request_id),
  constraint pull_request_words_pull_request_id_fkey
    foreign key (pull_request_id) references public.pull_requests (id) on delete cascade
);
comment on table private.pull_request_words is
  'The numbers of the engineering issues that each pull request closes and mentions in its words.';
comment on column private.pull_request_words.version_at is
  'The updated_at of the version that they are from, by GitHub''s clock.';
comment on column private.pull_request_words.read_at is
  'When that version was requested; null where it came in a delivery.';
alter table private.pull_request_words enable row level security;

-- Whoever opened a pull request from a fork may edit its text forever, also once a maintainer has merged it:
-- its words are those that were merged. GitHub dates a merge and the version with it within a few seconds.
create or replace function private.is_worded_after_merge(p_version private.pull_request_version)
returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    p_version.is_from_fork and p_version.provider_updated_at > p_version.merged_at + interval '10 seconds',
    false
  );
end;
$$;
comment on function private.is_worded_after_merge is
  'Whether the words of this version may be younger than the merge of a pull request from a fork.';

-- The order of versions is the one of the pull request itself.
create or replace function private.is_newer_wording(
  p_old private.pull_request_words, p_new private.pull_request_words
) returns boolean
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_old private.pull_request_version;
  v_new private.pull_request_version;
begin
  v_old.provider_updated_at := p_old.version_at;
  v_old.title := concat_ws(' ', p_old.closes_issues, p_old.mentions_issues);
  v_new.provider_updated_at := p_new.version_at;
  v_new.title := concat_ws(' ', p_new.closes_issues, p_new.mentions_issues);
  return private.is_newer_version(v_old, p_old.read_at, v_new, p_new.read_at);
end;
$$;
comment on function private.is_newer_wording is 'Whether the new words replace the old ones.';

create or replace function private.record_pull_request_words(
  p_pull_request_id bigint, p_pull_request jsonb, p_version private.pull_request_version,
  p_read_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_named constant private.named_issues := private.parse_named_issues(p_pull_request);
  v_old private.pull_request_words;
  v_new private.pull_request_words;
begin
  v_new := row(
    p_pull_request_id, v_named.closes_issues, v_named.mentions_issues, p_version.provider_updated_at,
    p_read_at
  )::private.pull_request_words;
  select * into v_old from private.pull_request_words as w where w.pull_request_id = p_pull_request_id;
  if private.is_worded_after_merge(p_version) then
    if found then
      return;
    end if;
    -- Nobody saw it before: what it names is shown, and whatever arrives of before the merge replaces it.
    v_new.mentions_issues := array(
      select u.number from unnest(v_new.closes_issues || v_new.mentions_issues) as u (number)
      order by u.number
    );
    v_new.closes_issues := '{}';
    v_new.version_at := '-infinity';
    v_new.read_at := null;
  elsif p_version.is_from_fork and v_new.version_at <> v_old.version_at
    and p_version.merged_at <= least(v_new.version_at, v_old.version_at)
  then
    -- Both are of after the merge, by seconds: the earlier one is what was merged.
    if v_new.version_at > v_old.version_at then
      return;
    end if;
    v_old := null;
  end if;
  if private.is_newer_wording(v_old, v_new) then
    insert into private.pull_request_words select v_new.*
    on conflict on constraint pull_request_words_pkey do update set
      closes_issues = excluded.closes_issues, mentions_issues = excluded.mentions_issues,
      version_at = excluded.version_at, read_at = excluded.read_at;
  end if;
end;
$$;
comment on function private.record_pull_request_words is
  'Merges the words of a version into the row of its pull request, which the caller has locked: late, twice, '
  'in any order, the row ends the same.';

-- The words first and the links last: no link is made of one version's words and another one's state.
create or replace function private.record_reported_pull_request(
  p_repository_id bigint, p_pull_request jsonb, p_read_at timestamptz, p_etag text
) returns bigint
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_version constant private.pull_request_version := private.parse_pull_request(p_pull_request);
  v_id constant bigint := private.record_pull_request(p_repository_id, v_version, p_read_at, p_etag);
begin
  perform private.record_pull_request_words(v_id, p_pull_request, v_version, p_read_at);
  perform private.sync_closing_pull_request(v_id);
  return v_id;
end;
$$;
comment on function private.record_reported_pull_request is
  'Merges a pull request, as GitHub''s webhooks and API have it, into its row, and what it closes with it; '
  'returns the row''s id. p_read_at and p_etag are null for a delivery. Errors: '
  'agents_pull_request_invalid (422).';
