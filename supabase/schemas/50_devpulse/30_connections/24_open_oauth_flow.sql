-- Opens a flow in a browser: its ticket is used, and the state and the challenge are set.

create or replace function private.open_oauth_flow(
  p_ticket_hash bytea, p_state_hash bytea, p_challenge bytea
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_flow private.oauth_flows;
begin
  -- a call whose answer was lost is repeated with the same state
  update private.oauth_flows as f
  set state_hash = p_state_hash, challenge = p_challenge,
    expires_at = case when f.state_hash is null then now() + interval '10 minutes' else f.expires_at end
  where f.ticket_hash = p_ticket_hash and (f.state_hash is null or f.state_hash = p_state_hash)
    and f.claimed_by is null and f.expires_at > clock_timestamp()
  returning * into v_flow;
  if not found or not private.is_person_account(v_flow.user_id) then
    raise exception using
      errcode = 'PT401', message = 'devpulse_oauth_ticket_invalid',
      detail = 'The ticket is unknown, used, or more than ten minutes old, or its account has ended.',
      hint = 'Start again: POST {"platform", "return_to"} to the edge function oauth-start.';
  end if;
  return jsonb_build_object('platform', v_flow.platform, 'scope', v_flow.scope);
end;
$$;
grant execute on function private.open_oauth_flow to service_role;

create or replace function public.open_oauth_flow(ticket_hash bytea, state_hash bytea, challenge bytea)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.open_oauth_flow(
    open_oauth_flow.ticket_hash, open_oauth_flow.state_hash, open_oauth_flow.challenge
  );
end;
comment on function public.open_oauth_flow is
  'Uses a ticket, binds the flow to a state and to a browser, and returns {platform, scope}. The browser has '
  'ten minutes to come back from the provider. Service role only. Errors: '
  'devpulse_oauth_ticket_invalid (401).';
grant execute on function public.open_oauth_flow to service_role;
