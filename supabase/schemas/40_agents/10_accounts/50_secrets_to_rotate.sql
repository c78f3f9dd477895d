-- A new master key: `npm run secrets:rotate` lists the secrets that an older one has sealed, and stores them
-- re-encrypted.

create or replace function private.secrets_to_rotate(
  p_current_key_id text, p_after uuid, p_batch_size integer
) returns table (id uuid, user_id uuid, kind text, sealed text)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select s.id, s.user_id, s.kind, s.sealed
  from (
    select u.id, u.user_id, u.kind, u.sealed, u.key_id from private.secrets as u
    union all
    -- bound to their endpoint as the others are to their user
    select w.id, w.endpoint_id, 'webhook_endpoint', w.sealed, w.key_id from private.webhook_secrets as w
  ) as s
  where s.key_id <> p_current_key_id
    and s.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
  order by s.id
  limit least(greatest(p_batch_size, 1), 1000);
end;
$$;
grant execute on function private.secrets_to_rotate to service_role;

create or replace function public.secrets_to_rotate(
  current_key_id text, after uuid default null, batch_size integer default 100
) returns table (id uuid, user_id uuid, kind text, sealed text)
language sql stable security invoker set search_path = ''
begin atomic
  select s.id, s.user_id, s.kind, s.sealed
  from private.secrets_to_rotate(
    secrets_to_rotate.current_key_id, secrets_to_rotate.after, secrets_to_rotate.batch_size
  ) as s;
end;
comment on function public.secrets_to_rotate is
  'Up to batch_size secrets (at most 1000) that are not sealed with this master key, in the order of their '
  'ids, after the id `after`; those of webhook endpoints with the endpoint in user_id. Service role only.';
grant execute on function public.secrets_to_rotate to service_role;
