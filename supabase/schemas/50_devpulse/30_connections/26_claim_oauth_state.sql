-- Uses a state, once: the browser is back from the provider.

create or replace function private.claim_oauth_state(
  p_state_hash bytea, p_challenge bytea, p_platform text, p_attempt uuid
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_flow private.oauth_flows;
  v_outcome text;
begin
  select * into v_flow from private.oauth_flows as f where f.state_hash = p_state_hash for update;
  if not found then
    return jsonb_build_object('outcome', 'unknown');
  end if;
  v_outcome := case
    when v_flow.claimed_by is distinct from p_attempt and v_flow.claimed_by is not null then 'used'
    when v_flow.platform <> p_platform then 'other_platform'
    when v_flow.expires_at <= clock_timestamp() then 'expired'
    when v_flow.challenge is distinct from p_challenge then 'other_browser'
    when not private.is_person_account(v_flow.user_id) then 'ended_account'
    else 'claimed'
  end;
  -- whatever the result: a state that arrives at the wrong place is not used again at the right one
  update private.oauth_flows as f set claimed_by = p_attempt where f.id = v_flow.id and f.claimed_by is null;
  return jsonb_build_object(
    'outcome', v_outcome, 'flow_id', v_flow.id, 'user_id', v_flow.user_id, 'platform', v_flow.platform,
    'scope', v_flow.scope,
    'return_to', (
      select v_flow.return_to from public.devpulse_settings as s
      where v_flow.return_to = any (s.return_urls)
    )
  );
end;
$$;
grant execute on function private.claim_oauth_state to service_role;

create or replace function public.claim_oauth_state(
  state_hash bytea, challenge bytea, platform text, attempt uuid
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_oauth_state(
    claim_oauth_state.state_hash, claim_oauth_state.challenge, claim_oauth_state.platform,
    claim_oauth_state.attempt
  );
end;
comment on function public.claim_oauth_state is
  'Uses a state and returns {outcome, flow_id, user_id, platform, scope, return_to}. outcome is claimed, or '
  'why not: unknown (the other keys are missing), used, other_platform, expired, other_browser (the '
  'challenge is not that of the flow), ended_account. return_to is null where it may no longer be returned '
  'to. Repeated with the same attempt, it returns the same. Service role only.';
grant execute on function public.claim_oauth_state to service_role;
