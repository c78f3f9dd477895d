-- Repositories and pull requests in URLs.

-- https://host/owner/name(.git), ssh://git@host/owner/name, git@host:owner/name. The common form is only
-- matched, and split at its slashes: capturing costs ten times as much. Lengths are checked separately: a
-- counted repetition in the pattern would cost each task half a millisecond.
create or replace function private.parse_repository_url(p_url text, out o_owner text, out o_name text)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  if p_url ~ '^https?://[^@/:\s]+/[\w-]+/[\w.-]+$' then
    v_parts := (string_to_array(p_url, '/'))[4:];
  else
    v_parts := regexp_match(
      p_url,
      '^\s*(?:(?:https?|ssh|git)://)?(?:[^@/\s]+@)?[^@/:\s]+(?::\d+)?[:/]([\w-]+)/([\w.-]+)/?\s*$'
    );
  end if;
  o_owner := lower(v_parts[1]);
  o_name := regexp_replace(lower(v_parts[2]), '\.git$', '');
  if o_name = '' or char_length(o_owner) > 100 or char_length(o_name) > 100 then
    o_owner := null;
    o_name := null;
  end if;
end;
$$;
comment on function private.parse_repository_url is
  'Owner and name in a repository''s URL, in lower case; nulls where it is not such a URL.';

create or replace function private.parse_pull_request_url(
  p_url text, out o_owner text, out o_name text, out o_number integer
)
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  if p_url ~ '^https?://[^/\s]+/[\w-]+/[\w.-]+/pull/[1-9]\d*$' then
    v_parts := (string_to_array(p_url, '/'))[4:5] || split_part(p_url, '/', 7);
  else
    v_parts := regexp_match(
      p_url,
      '^\s*https?://[^/\s]+/([\w-]+)/([\w.-]+)/pull/0*([1-9]\d*)(?:[/?#]\S*)?\s*$'
    );
  end if;
  if char_length(v_parts[1]) <= 100 and char_length(v_parts[2]) <= 100 and char_length(v_parts[3]) <= 9 then
    o_owner := lower(v_parts[1]);
    o_name := lower(v_parts[2]);
    o_number := v_parts[3]::integer;
  end if;
end;
$$;
comment on function private.parse_pull_request_url is
  'Repository and number in a pull request''s URL https://host/owner/name/pull/number; nulls where it is not '
  'such a URL.';
