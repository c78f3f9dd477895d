-- Creates an endpoint with its first secret. Called by the edge function webhook-endpoints as its caller.

create or replace function private.check_webhook_endpoint(
  p_name text, p_url text, p_kind text, p_events text[]
) returns void
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_wrong constant text := case
    when private.non_blank(p_name) is null or char_length(p_name) > 200
      then 'The name is blank or longer than 200 characters.'
    when p_kind is null or p_kind not in ('webhook', 'slack') then 'The kind is neither webhook nor slack.'
    when not private.is_endpoint_url(p_url)
      then 'The url is not an https URL of up to 2,048 visible ASCII characters without a user name.'
    when private.are_notification_events(coalesce(p_events, '{}')) is not true
      then 'One of the events does not exist.'
  end;
begin
  if v_wrong is not null then
    raise exception using
      errcode = 'PT422', message = 'loop_webhook_endpoint_invalid', detail = v_wrong,
      hint = 'Events are the hops of loop_events, such as resolved, and endpoint_disabled.';
  end if;
end;
$$;
comment on function private.check_webhook_endpoint is
  'Returns for the values of a valid endpoint. Errors: loop_webhook_endpoint_invalid (422).';

create or replace function private.create_webhook_endpoint(
  p_id uuid, p_name text, p_url text, p_kind text, p_events text[], p_secret_id uuid, p_sealed text
) returns public.webhook_endpoints
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_endpoint public.webhook_endpoints;
  v_limit constant integer := (select s.webhook_endpoints_limit from public.loop_settings as s);
begin
  perform private.require_team_role('admin');
  perform private.check_webhook_endpoint(p_name, p_url, p_kind, p_events);
  perform from public.loop_settings as s where s.id for no key update;
  -- a repeated request: its secret is not the one that is stored
  if exists (select from public.webhook_endpoints as e where e.id = p_id) then
    raise exception using
      errcode = 'PT409', message = 'loop_webhook_endpoint_conflict',
      detail = 'An endpoint with this id exists.', hint = 'Rotate its secret to get one.';
  end if;
  if (select count(*) from public.webhook_endpoints) >= v_limit then
    raise exception using
      errcode = 'PT409', message = 'loop_webhook_endpoints_limit_reached',
      detail = format('There are up to %s endpoints.', v_limit),
      hint = 'Delete one, or raise loop_settings.webhook_endpoints_limit.';
  end if;
  insert into public.webhook_endpoints (id, name, url, kind, events, created_by_user_id)
  values (p_id, btrim(p_name), p_url, p_kind, coalesce(p_events, '{}'), auth.uid())
  returning * into v_endpoint;
  perform private.add_webhook_secret(p_id, p_secret_id, p_sealed, interval '0');
  return v_endpoint;
end;
$$;
grant execute on function private.create_webhook_endpoint to authenticated, service_role;

create or replace function public.create_webhook_endpoint(
  id uuid, name text, url text, secret_id uuid, sealed text, kind text default 'webhook',
  events text[] default '{}'
) returns public.webhook_endpoints
language sql volatile security invoker set search_path = ''
begin atomic
  select private.create_webhook_endpoint(
    create_webhook_endpoint.id, create_webhook_endpoint.name, create_webhook_endpoint.url,
    create_webhook_endpoint.kind, create_webhook_endpoint.events, create_webhook_endpoint.secret_id,
    create_webhook_endpoint.sealed
  );
end;
comment on function public.create_webhook_endpoint is
  'Creates an endpoint whose secret the edge function webhook-endpoints has made and sealed, and returns it. '
  'Admins and servers. Errors: sign_in_required (401), team_role_required (403), '
  'loop_webhook_endpoint_conflict, loop_webhook_endpoints_limit_reached (409), '
  'loop_webhook_endpoint_invalid, agents_secret_invalid (422).';
grant execute on function public.create_webhook_endpoint to authenticated, service_role;
