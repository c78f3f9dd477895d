-- Credentials in a repository's URL are rejected.

-- A trigger and not a check constraint, whose error would contain the row.
create or replace function private.reject_url_secret() returns trigger
language plpgsql volatile security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT422', message = 'agents_repo_url_invalid',
    detail = 'repo_url contains a user or a password, which everything that reads the column would show.',
    hint = 'Use the URL without it, and set your token with the edge function github-token.';
end;
$$;
comment on function private.reject_url_secret is
  'Before trigger of a repo_url that contains credentials. Errors: agents_repo_url_invalid (422), always.';
