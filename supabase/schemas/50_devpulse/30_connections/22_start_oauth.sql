-- Starts a flow: who wants to connect what, and where the browser returns to.

create or replace function private.check_oauth_request(p_platform text, p_return_to text, p_scope text)
returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_platform is null or p_platform not in ('github', 'youtube') then
    raise exception using
      errcode = 'PT422', message = 'devpulse_platform_unsupported',
      detail = format('%s is not a platform that is connected by OAuth.', left(p_platform, 40)),
      hint = 'Use github or youtube; for devto, POST {"api_key": "…"} to the edge function connect-devto.';
  end if;
  if p_scope is null or p_scope <> 'public' and (p_scope <> 'private' or p_platform <> 'github') then
    raise exception using
      errcode = 'PT422', message = 'devpulse_oauth_scope_invalid',
      detail = format('%s is not a scope of %s.', left(p_scope, 40), p_platform),
      hint = 'Use public, or private for GitHub''s private repositories; leave it out for public.';
  end if;
  -- exactly: what begins like an address of ours may be anybody's
  if not exists (
    select from public.devpulse_settings as s where p_return_to = any (s.return_urls)
  ) then
    raise exception using
      errcode = 'PT422', message = 'devpulse_return_url_invalid',
      detail = 'return_to is not one of the addresses to which a browser may return.',
      hint = 'Send one of devpulse_settings.return_urls as it stands there; operators add to them.';
  end if;
end;
$$;
comment on function private.check_oauth_request is
  'Errors: devpulse_platform_unsupported, devpulse_oauth_scope_invalid, devpulse_return_url_invalid (422).';

create or replace function private.start_oauth(
  p_platform text, p_return_to text, p_ticket_hash bytea, p_scope text
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := auth.uid();
  v_expires_at constant timestamptz := now() + interval '10 minutes';
begin
  if not private.is_person_account(v_user_id) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required', detail = 'A connection belongs to an account.',
      hint = 'Sign in with an e-mail address, or confirm one for this account.';
  end if;
  perform private.check_oauth_request(p_platform, p_return_to, p_scope);
  -- serializes the flows of a user, of which the last ten count
  perform from public.users as u where u.id = v_user_id for no key update;
  insert into private.oauth_flows as f (user_id, platform, scope, return_to, ticket_hash, expires_at)
  values (v_user_id, p_platform, p_scope, p_return_to, p_ticket_hash, v_expires_at)
  on conflict on constraint oauth_flows_ticket_hash_key do nothing;
  delete from private.oauth_flows as f
  where f.user_id = v_user_id and f.id not in (
    select o.id from private.oauth_flows as o where o.user_id = v_user_id
    order by o.created_at desc, o.id limit 10
  );
  return v_expires_at;
end;
$$;
grant execute on function private.start_oauth to authenticated;

create or replace function public.start_oauth(
  platform text, return_to text, ticket_hash bytea, scope text default 'public'
) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.start_oauth(
    start_oauth.platform, start_oauth.return_to, start_oauth.ticket_hash, start_oauth.scope
  );
end;
comment on function public.start_oauth is
  'Starts a connection by OAuth for the caller, and returns until when its ticket is valid. Called by the '
  'edge function oauth-start, which makes the ticket. A user has the last ten flows. Errors: '
  'sign_in_required (401), devpulse_platform_unsupported, devpulse_oauth_scope_invalid, '
  'devpulse_return_url_invalid (422).';
grant execute on function public.start_oauth to authenticated;
