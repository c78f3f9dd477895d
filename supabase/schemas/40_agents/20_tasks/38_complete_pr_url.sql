-- A pull request is named in whatever form people paste; the task stores its page, which is what is linked.

create or replace function private.parse_pasted_pull_request(p_url text, p_repo_url text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  -- as in mails, Markdown and at the end of a sentence
  v_url constant text := btrim(
    split_part(p_url, '](', -1), E' \t\r\n\u00a0\u200b\ufeff<>()"''`.,;:!'
  );
  v_host text;
  v_parts text[];
begin
  v_parts := regexp_match(v_url, '^([A-Za-z0-9_-]+/[A-Za-z0-9_.-]+)(?:#|/pulls?/|!)([1-9][0-9]{0,8})$');
  if v_parts is not null and v_parts[1] !~ '^(?:www\.|api\.)?github\.com/' then
    v_host := coalesce(substring(p_repo_url from '^https?://[^/@\s]+(?=/)'), 'https://github.com');
    return v_host || '/' || v_parts[1] || '/pull/' || v_parts[2];
  end if;
  v_parts := regexp_match(
    v_url, '^(https?://)?([\w-]+(?:\.[\w-]+)+(?::[0-9]+)?|localhost(?::[0-9]+)?)/(?:api/v3/)?(repos/)?'
      || '([a-z0-9_-]+/[a-z0-9_.-]+)/pulls?/0*([1-9][0-9]{0,8})(?:\.diff|\.patch)?'
      || '((?:[/?#]\S*)?)$', 'i'
  );
  if v_parts is null then
    return null;
  end if;
  v_host := regexp_replace(lower(v_parts[2]), '^(?:www|api|m|redirect)\.github\.com$', 'github.com');
  if v_host like '%.github.com' then
    return null;
  end if;
  v_parts[4] := regexp_replace(v_parts[4], '\.git$', '', 'i');
  return coalesce(lower(v_parts[1]), 'https://') || v_host || '/' || v_parts[4] || '/pull/' || v_parts[5]
    || case when v_parts[3] is null then v_parts[6] else '' end;
end;
$$;
comment on function private.parse_pasted_pull_request is
  'The page of a pull request that is named by its address, with or without a scheme, by its address in the '
  'API or as owner/name#number, which is at the host of the repository; null for anything else.';

-- Other hosts' pages stay as they are: nothing is known of them.
create or replace function private.complete_pr_url() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_url constant text := private.parse_pasted_pull_request(new.pr_url, new.repo_url);
begin
  if private.has_url_credentials(new.pr_url) then
    raise exception using
      errcode = 'PT422', message = 'agents_pr_url_invalid',
      detail = 'pr_url contains a user, a password or a token, which everything that reads the column would '
        'show.',
      hint = 'Send https://github.com/owner/name/pull/7, owner/name#7, or the number alone as pr_number.';
  elsif v_url is not null then
    new.pr_url := v_url;
  elsif new.pr_url !~ '^\s*https?://[^/\s]+/\S+\s*$'
    or new.pr_url ~* '^\s*https?://([\w-]+\.)*github\.com/'
  then
    raise exception using
      errcode = 'PT422', message = 'agents_pr_url_invalid',
      detail = 'pr_url is not the address of a pull request.',
      hint = 'Send https://github.com/owner/name/pull/7, owner/name#7, or the number alone as pr_number.';
  end if;
  return new;
end;
$$;
comment on function private.complete_pr_url is
  'Before trigger of a pr_url that is not plainly a pull request''s page: stores the page. Errors: '
  'agents_pr_url_invalid (422).';

create trigger _115_complete_pr_url before insert on public.tasks
  for each row when (
    new.pr_url ~ '\S' and (
      new.pr_url !~ '^https?://(?!\w+\.github\.)[a-z0-9.:-]+/[A-Za-z0-9-]+/[A-Za-z0-9.-]+/pull/[1-9][0-9]*$'
      or new.pr_url like '%.git/pull/%'
      or new.pr_url ~* 'gl[a-z]+-|at[abct]|xox|a[ks]ia|eyj|sk-|pypi-|aiza|hv[sbr]\.|bbdc-|ya29|cspx|sg\.|azdo'
    )
  )
  execute function private.complete_pr_url();
create trigger _116_complete_pr_url before update of pr_url on public.tasks
  for each row when (
    old.pr_url is distinct from new.pr_url and new.pr_url ~ '\S' and (
      new.pr_url !~ '^https?://(?!\w+\.github\.)[a-z0-9.:-]+/[A-Za-z0-9-]+/[A-Za-z0-9.-]+/pull/[1-9][0-9]*$'
      or new.pr_url like '%.git/pull/%'
      or new.pr_url ~* 'gl[a-z]+-|at[abct]|xox|a[ks]ia|eyj|sk-|pypi-|aiza|hv[sbr]\.|bbdc-|ya29|cspx|sg\.|azdo'
    )
  )
  execute function private.complete_pr_url();
