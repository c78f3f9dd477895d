-- Another secret for an endpoint. Called by the edge function webhook-endpoints as its caller.

create or replace function private.rotate_webhook_secret(
  p_endpoint_id uuid, p_secret_id uuid, p_sealed text, p_overlap_hours integer, p_url text
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_kind text;
begin
  perform private.require_team_role('admin');
  select e.kind into v_kind from public.webhook_endpoints as e where e.id = p_endpoint_id for no key update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'loop_webhook_endpoint_unknown',
      detail = 'There is no endpoint with this id.', hint = 'Use the id of a row in webhook_endpoints.';
  end if;
  if p_overlap_hours is null or p_overlap_hours not between 0 and 720
    or v_kind = 'slack' and not private.is_endpoint_url(p_url)
    or v_kind = 'webhook' and p_url is not null
  then
    raise exception using
      errcode = 'PT422', message = 'loop_webhook_rotation_invalid',
      detail = 'overlap_hours is 0 to 720; a slack endpoint, and no other, has its URL changed.',
      hint = 'Leave overlap_hours out for 24 hours.';
  end if;
  if exists (select from private.webhook_secrets as s where s.id = p_secret_id) then
    return (
      select max(s.expires_at) from private.webhook_secrets as s where s.endpoint_id = p_endpoint_id
    );
  end if;
  if v_kind = 'slack' then
    update public.webhook_endpoints as e set url = p_url where e.id = p_endpoint_id;
    return private.add_webhook_secret(p_endpoint_id, p_secret_id, p_sealed, interval '0');
  end if;
  return private.add_webhook_secret(
    p_endpoint_id, p_secret_id, p_sealed, make_interval(hours => p_overlap_hours)
  );
end;
$$;
grant execute on function private.rotate_webhook_secret to authenticated, service_role;

create or replace function public.rotate_webhook_secret(
  endpoint_id uuid, secret_id uuid, sealed text, overlap_hours integer default 24, url text default null
) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.rotate_webhook_secret(
    rotate_webhook_secret.endpoint_id, rotate_webhook_secret.secret_id, rotate_webhook_secret.sealed,
    rotate_webhook_secret.overlap_hours, rotate_webhook_secret.url
  );
end;
comment on function public.rotate_webhook_secret is
  'Adds a sealed secret to an endpoint; the older ones sign for overlap_hours more (0 to 720, default 24). '
  'Returns when they end. A slack endpoint has one, its URL, which is replaced immediately. Admins and '
  'servers. Errors: sign_in_required (401), team_role_required (403), loop_webhook_endpoint_unknown (404), '
  'loop_webhook_rotation_invalid, agents_secret_invalid (422).';
grant execute on function public.rotate_webhook_secret to authenticated, service_role;
