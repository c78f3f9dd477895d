-- Repositories and pull requests in URLs.

-- Any other host is another service, whatever its paths look like.
create or replace function private.is_github_host(p_host text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_host constant text := regexp_replace(lower(p_host), '^(www|ssh)\.|\.?(:[0-9]+)?$', '', 'g');
begin
  return v_host = 'github.com' or v_host = (select s.github_host from public.agent_settings as s where s.id);
end;
$$;
comment on function private.is_github_host is
  'Whether a host, with or without its port, is GitHub''s: github.com, or agent_settings.github_host.';

create or replace function private.is_repository_name(p_owner text, p_name text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    p_owner ~ '^[A-Za-z0-9][A-Za-z0-9_-]*$' and p_name ~ '^[A-Za-z0-9._-]+$' and p_name !~* '^\.{1,2}$|\.git$'
    and char_length(p_owner) <= 100 and char_length(p_name) <= 100, false
  );
end;
$$;
comment on function private.is_repository_name is
  'Whether these are an owner and a name as GitHub has them: ASCII letters, digits, - and _, and dots in a '
  'name that is not . or .. and does not end with .git';

-- https://host/owner/name(.git), ssh://git@host/owner/name, git@host:owner/name.
create or replace function private.parse_repository_url(p_url text, out o_owner text, out o_name text)
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  -- The common form is only split at its slashes: capturing costs ten times as much.
  if p_url ~ '^https://github\.com/[A-Za-z0-9_-]+/[A-Za-z0-9._-]+$' then
    v_parts := (string_to_array(p_url, '/'))[3:];
  else
    v_parts := regexp_match(
      p_url,
      '^\s*(?:(?:https?|ssh|git|git\+ssh|ssh\+git)://)?(?:[^@/\s]+@)?([^@/:\s]+(?::[0-9]+)?)(?:/|:/?)'
        '([\w-]+)/([\w.-]+)/*\s*$'
    );
    if v_parts is null or not private.is_github_host(v_parts[1]) then
      return;
    end if;
  end if;
  v_parts[3] := regexp_replace(v_parts[3], '\.git$', '', 'i');
  if private.is_repository_name(v_parts[2], v_parts[3]) then
    o_owner := lower(v_parts[2]);
    o_name := lower(v_parts[3]);
  end if;
end;
$$;
comment on function private.parse_repository_url is
  'Owner and name in the URL of a repository at GitHub, in lower case; nulls where it is not such a URL.';

create or replace function private.parse_pull_request_url(
  p_url text, out o_owner text, out o_name text, out o_number integer
)
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_parts text[];
begin
  if p_url ~ '^https://github\.com/[A-Za-z0-9_-]+/[A-Za-z0-9._-]+/pull/[1-9][0-9]*$' then
    v_parts := (string_to_array(p_url, '/'))[3:5] || split_part(p_url, '/', 7);
  else
    v_parts := regexp_match(
      p_url, '^\s*https?://([^@/\s]+)/([\w-]+)/([\w.-]+)/pull/0*([1-9][0-9]*)(?:[/?#]\S*)?\s*$'
    );
    if v_parts is null or not private.is_github_host(v_parts[1]) then
      return;
    end if;
  end if;
  if private.is_repository_name(v_parts[2], v_parts[3]) and char_length(v_parts[4]) <= 9 then
    o_owner := lower(v_parts[2]);
    o_name := lower(v_parts[3]);
    o_number := v_parts[4]::integer;
  end if;
end;
$$;
comment on function private.parse_pull_request_url is
  'Repository and number in a pull request''s URL at GitHub, https://host/owner/name/pull/number; nulls '
  'where it is not such a URL.';

-- The rest of the URL stays as its user wrote it.
create or replace function private.rename_repository_url(p_url text, p_owner text, p_name text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return regexp_replace(
    p_url, '[^/:\s]+/[^/:\s]+?((?:\.git)?/?\s*)$', p_owner || '/' || p_name || '\1', 'i'
  );
end;
$$;
comment on function private.rename_repository_url is
  'The URL of a repository with another owner and name.';
