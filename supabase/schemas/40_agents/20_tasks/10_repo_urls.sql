-- Credentials in a repository's URL are rejected, in whatever spelling: everything that lists projects and
-- tasks reads the column, and so does every worker.

-- What clients accept differs: one slash or backslashes after the scheme, tabs and line breaks inside,
-- full-width signs, escapes for any character. So the text is first brought into one form, and then read as
-- the most generous client would, and as people copy it: out of HTML, JSON, Markdown and command lines.
create or replace function private.normalize_url(p_url text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  -- among them the byte order mark, and blanks of any width
  v_invisible constant text := '[\s\u0001-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u180e\u200b-\u200f'
    || '\u2028-\u202e\u2060-\u206f\ufeff]';
  v_url text := normalize(left(p_url, 8192), nfkc);
  v_escape text;
begin
  v_url := regexp_replace(v_url, '&(#0*64|#x0*40|commat);?|\\(u00|x)40', '@', 'gi');
  v_url := regexp_replace(v_url, '&(#0*58|#x0*3a|colon);?|\\(u00|x)3a', ':', 'gi');
  v_url := regexp_replace(v_url, '&(#0*47|#x0*2f|sol);?|\\(u00|x)2f', '/', 'gi');
  -- each round decodes one escape wherever it is, and the text gets shorter
  loop
    v_escape := substring(v_url from '%[0-7][0-9A-Fa-f]');
    exit when v_escape is null;
    v_url := replace(v_url, v_escape, case
      when v_escape < '%1' collate "C" then ''
      else chr(('x' || lpad(substr(v_escape, 2), 8, '0'))::bit(32)::integer) end);
  end loop;
  return regexp_replace(replace(regexp_replace(v_url, v_invisible, '', 'g'), '\', '/'), '/{3,}', '//', 'g');
end;
$$;
comment on function private.normalize_url is
  'A URL as the most generous client reads it: compatible characters as their plain form, escapes decoded '
  '(in HTML and JSON, of the signs @ : and /), nothing invisible, one or two slashes for any number of '
  'slashes or backslashes.';

create or replace function private.has_known_token(p_text text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- GitHub, GitLab, Bitbucket and Atlassian, Slack, Supabase, ours, npm, PyPI, Docker, a JSON web token,
  -- Hugging Face, DigitalOcean, OpenAI and others like it, Stripe, Vault, Google, SendGrid, Azure DevOps,
  -- Grafana, Linear, Standard Webhooks; AWS and keys of Google by their case
  return p_text ~* (
    '(^|[^a-z0-9])(gh[opsur]_[a-z0-9]|github_pat_'
    || '|gl(pat|ptt|dt|rt|rtr|cbt|ft|soat|agent|imt|oas|ffct)-[a-z0-9_-]'
    || '|at(bb|att3|ctt3)[a-z0-9_=-]{16}|bbdc-[a-z0-9_=-]{16}|xox[abeoprs]-[0-9]|sb_secret_|sbp_[a-z0-9]{10}'
    || '|fl[iw]_[a-z0-9_-]{10}|ya29\.[a-z0-9_-]{16}|gocspx-[a-z0-9_-]{16}|sg\.[a-z0-9_-]{16,}\.[a-z0-9]'
    || '|[a-z0-9]{76}azdo[a-z0-9]{4}|glsa_[a-z0-9]{16}|lin_api_[a-z0-9]{16}|whsec_[a-z0-9]{16}'
    || '|npm_[a-z0-9]{20}|pypi-ageich|dckr_[a-z]{3}_[a-z0-9_-]{10}|eyj[a-z0-9_-]{10,}\.[a-z0-9_-]'
    || '|hf_[a-z0-9]{16}|do[opr]_v1_[a-z0-9]|sk-(proj|ant|svcacct|admin|or)-[a-z0-9_-]{16}|sk-[a-z0-9]{32}'
    || '|[rs]k_(live|test)_[a-z0-9]|hv[sbr]\.[a-z0-9_-]{20})'
  ) or p_text ~ '(^|[^A-Za-z0-9])(A[KS]IA[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{35})';
end;
$$;
comment on function private.has_known_token is
  'Whether a text contains something that begins as providers'' tokens do.';

-- `git@host:owner/name` and `ssh://git@host/…` name the account that everybody uses with a key of their own:
-- a short name without a password. With any other scheme, or none, a user is a credential.
create or replace function private.is_ssh_user(p_scheme text, p_user text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    lower(p_scheme) in ('ssh', 'git+ssh', 'ssh+git') and p_user ~ '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$'
    and p_user !~ '^[0-9A-Fa-f]{16,}$', false
  );
end;
$$;
comment on function private.is_ssh_user is 'Whether this is a user of SSH, and not a token.';

-- A URL may stand inside of other text: in quotes or brackets, after `git::`, `url=`, `view-source:` or
-- another scheme, or in the query of another URL. A password may contain any sign, also one that ends the
-- host: what follows the colon is then not a port.
create or replace function private.has_url_user(p_url text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_scheme constant text := substring(p_url from '^([A-Za-z][A-Za-z0-9+.-]*):/');
  v_authority constant text := substring(
    regexp_replace(p_url, '^([A-Za-z][A-Za-z0-9+.-]*:)?/*', '') from '^[^/?#]*'
  );
  v_user constant text := substring(v_authority from '^(.*)@');
begin
  return v_user is not null and not private.is_ssh_user(
      case when v_scheme is null and p_url ~ '^[^/@:]+@[^/@:]+:' then 'ssh' else v_scheme end, v_user
    )
    or p_url ~* 'https?:/+[^/?#]*@'
    or p_url ~ '(:/|//)/*[^][/?#@:]*:(?![0-9]*([/?#]|$))[^@]*@'
    or exists (
      select from regexp_matches(p_url, '([A-Za-z][A-Za-z0-9+.-]{0,30})?:?//([^/?#]*)@', 'g') as m (parts)
      where not private.is_ssh_user(m.parts[1], m.parts[2])
    );
end;
$$;
comment on function private.has_url_user is
  'Whether a URL, as private.normalize_url returns it, or one inside of it, contains a user or a password.';

create or replace function private.has_url_credentials(p_url text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_url constant text := private.normalize_url(p_url);
begin
  return private.has_known_token(v_url) or private.has_url_user(v_url) or v_url ~* (
    '[?&;#][^=&;#]*(token|secret|passw|pwd|auth|key|credential|signature|sig|jwt|bearer|session)[^=&;#]*='
    || '|[?&;#](pat|pass|pw)=|authorization:|(private|job|deploy)-token:'
  );
end;
$$;
comment on function private.has_url_credentials is
  'Whether a repository''s URL contains a user, a password, a parameter or a header that is one, or '
  'a known token.';

-- A trigger and not a check constraint, whose error would contain the row.
create or replace function private.reject_url_secret() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if not private.has_url_credentials(new.repo_url) then
    return new;
  end if;
  raise exception using
    errcode = 'PT422', message = 'agents_repo_url_invalid',
    detail = 'repo_url contains a user, a password or a token, which everything that reads the column would '
      'show.',
    hint = 'Use the URL without it, and set your token with the edge function github-token.';
end;
$$;
comment on function private.reject_url_secret is
  'Before trigger of a repo_url that is not a plain https://host/owner/name. Errors: '
  'agents_repo_url_invalid (422).';
