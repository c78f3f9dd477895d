-- Disconnects a platform: erases the secret. What was at the provider, the edge function has revoked before.

create or replace function private.disconnect_platform(p_user_id uuid, p_platform text) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_erased private.secrets;
begin
  perform from public.users as u where u.id = p_user_id for no key update;
  if not found or not private.is_person_account(p_user_id) then
    raise exception using
      errcode = 'PT404', message = 'devpulse_user_unknown',
      detail = 'The account does not exist, or is anonymous, banned or deleted.',
      hint = 'Use an account with an e-mail address.';
  end if;
  delete from private.oauth_flows as f where f.user_id = p_user_id and f.platform = p_platform;
  delete from private.secrets as s where s.user_id = p_user_id and s.kind = p_platform || '_connection'
  returning * into v_erased;
  if found then
    update public.platform_connections as c set status_reason = 'disconnected_by_user'
    where c.user_id = p_user_id and c.platform = p_platform and c.status = 'disconnected';
  end if;
  return jsonb_build_object(
    'connection', private.describe_connection(p_user_id, p_platform),
    'erased', case when v_erased.id is not null then jsonb_build_object(
      'id', v_erased.id, 'user_id', v_erased.user_id, 'kind', v_erased.kind, 'sealed', v_erased.sealed
    ) end
  );
end;
$$;
grant execute on function private.disconnect_platform to service_role;

create or replace function public.disconnect_platform(user_id uuid, platform text) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.disconnect_platform(disconnect_platform.user_id, disconnect_platform.platform);
end;
comment on function public.disconnect_platform is
  'Erases the secret of a user''s connection and ends its flows. Returns {connection, erased}: the '
  'connection as complete_connection returns it, null for none, and the sealed secret that was erased, null '
  'for none. Service role only. Errors: devpulse_user_unknown (404).';
grant execute on function public.disconnect_platform to service_role;
