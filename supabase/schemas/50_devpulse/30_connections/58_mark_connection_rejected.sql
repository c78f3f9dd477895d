-- Marks a connection whose token the provider rejects.

create or replace function private.mark_connection_rejected(
  p_connection_id uuid, p_secret_id uuid, p_reason text
) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform from public.platform_connections as c
  where c.id = p_connection_id and c.access_token = 'secret:' || p_secret_id for no key update;
  if not found then
    return false;
  end if;
  perform private.require_connection_again(
    p_connection_id,
    case when exists (
      select from private.token_refreshes as r
      where r.connection_id = p_connection_id and r.secret_id = p_secret_id
        and (r.is_uncertain or r.lease_expires_at is not null)
    ) then 'refresh_interrupted' else left(coalesce(p_reason, 'token_rejected'), 200) end
  );
  return true;
end;
$$;
grant execute on function private.mark_connection_rejected to service_role;

create or replace function public.mark_connection_rejected(
  connection_id uuid, secret_id uuid, reason text default 'token_rejected'
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.mark_connection_rejected(
    mark_connection_rejected.connection_id, mark_connection_rejected.secret_id,
    mark_connection_rejected.reason
  );
end;
comment on function public.mark_connection_rejected is
  'The provider rejects the token of this secret: the connection is reauth_required with the reason, a short '
  'code. False, and nothing is changed, when the connection has another secret meanwhile: read it again and '
  'repeat the request with the new token. Service role only.';
grant execute on function public.mark_connection_rejected to service_role;
