-- A new master key: `npm run secrets:rotate` lists what an older one has sealed, and hands it back sealed
-- anew.

create or replace function private.secrets_to_rotate(
  p_current_key_id text, p_after uuid, p_batch_size integer
) returns table (id uuid, user_id uuid, kind text, sealed text)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select s.id, s.user_id, s.kind, s.sealed from private.secrets as s
  where s.key_id <> p_current_key_id
    and s.id > coalesce(p_after, '00000000-0000-0000-0000-000000000000')
  order by s.id
  limit least(greatest(p_batch_size, 1), 1000);
end;
$$;
grant execute on function private.secrets_to_rotate to service_role;

create or replace function public.secrets_to_rotate(
  p_current_key_id text, p_after uuid default null, p_batch_size integer default 100
) returns table (id uuid, user_id uuid, kind text, sealed text)
language sql stable security invoker set search_path = ''
begin atomic
  select s.id, s.user_id, s.kind, s.sealed
  from private.secrets_to_rotate(
    p_current_key_id => secrets_to_rotate.p_current_key_id, p_after => secrets_to_rotate.p_after,
    p_batch_size => secrets_to_rotate.p_batch_size
  ) as s;
end;
comment on function public.secrets_to_rotate is
  'Up to p_batch_size secrets (1000 at most) that are not sealed with this master key, in the order of '
  'their ids, after the id p_after. Service role only.';
grant execute on function public.secrets_to_rotate to service_role;

-- A secret that was replaced or removed since it was read is another one, and stays as it is.
create or replace function private.reseal_secrets(p_secrets jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
begin
  with locked as (
    select s.id, n.resealed
    from jsonb_to_recordset(p_secrets) as n (id uuid, sealed text, resealed text)
    join private.secrets as s on s.id = n.id and s.sealed = n.sealed
    order by s.id
    for no key update of s
  )
  update private.secrets as s set sealed = l.resealed from locked as l where s.id = l.id;
  get diagnostics v_count = row_count;
  return v_count;
end;
$$;
grant execute on function private.reseal_secrets to service_role;

create or replace function public.reseal_secrets(p_secrets jsonb) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.reseal_secrets(p_secrets => reseal_secrets.p_secrets);
end;
comment on function public.reseal_secrets is
  'Takes [{id, sealed, resealed}, …]: each secret that is still sealed as given becomes what it is resealed '
  'to. Says how many did. Service role only. Errors: agents_secret_invalid (422).';
grant execute on function public.reseal_secrets to service_role;

create or replace function private.secret_key_counts()
returns table (kind text, key_id text, secret_count bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select s.kind, s.key_id, count(*) from private.secrets as s group by 1, 2 order by 1, 2;
end;
$$;
grant execute on function private.secret_key_counts to service_role;

create or replace function public.secret_key_counts()
returns table (kind text, key_id text, secret_count bigint)
language sql stable security invoker set search_path = ''
begin atomic
  select c.kind, c.key_id, c.secret_count from private.secret_key_counts() as c;
end;
comment on function public.secret_key_counts is
  'How many secrets of each kind each master key has sealed. Service role only.';
grant execute on function public.secret_key_counts to service_role;
