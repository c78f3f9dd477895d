-- What the edge function deliver needs of the endpoints whose deliveries it has claimed.

create or replace function private.load_webhook_endpoints(p_ids uuid[])
returns table (id uuid, kind text, url text, is_active boolean, rests_until timestamptz, secrets jsonb)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select e.id, e.kind, e.url, e.is_active, e.rests_until, coalesce((
    select jsonb_agg(jsonb_build_object('id', s.id, 'sealed', s.sealed) order by s.created_at desc, s.id)
    from private.webhook_secrets as s
    where s.endpoint_id = e.id and coalesce(s.expires_at > clock_timestamp(), true)
  ), '[]'::jsonb)
  from public.webhook_endpoints as e
  where e.id = any (p_ids);
end;
$$;
grant execute on function private.load_webhook_endpoints to service_role;

create or replace function public.load_webhook_endpoints(ids uuid[])
returns table (id uuid, kind text, url text, is_active boolean, rests_until timestamptz, secrets jsonb)
language sql stable security invoker set search_path = ''
begin atomic
  select e.id, e.kind, e.url, e.is_active, e.rests_until, e.secrets
  from private.load_webhook_endpoints(load_webhook_endpoints.ids) as e;
end;
comment on function public.load_webhook_endpoints is
  'Endpoints with their secrets that have not expired, sealed, the newest first: [{id, sealed}]. Called by '
  'the edge function deliver. Service role only.';
grant execute on function public.load_webhook_endpoints to service_role;
