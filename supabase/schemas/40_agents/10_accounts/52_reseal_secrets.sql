-- Stores secrets re-encrypted. One that was replaced or removed since it was listed is left as it is.

create or replace function private.reseal_secrets(p_secrets jsonb) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
  v_webhook_count integer;
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
  with locked as (
    select w.id, n.resealed
    from jsonb_to_recordset(p_secrets) as n (id uuid, sealed text, resealed text)
    join private.webhook_secrets as w on w.id = n.id and w.sealed = n.sealed
    order by w.id
    for no key update of w
  )
  update private.webhook_secrets as w set sealed = l.resealed from locked as l where w.id = l.id;
  get diagnostics v_webhook_count = row_count;
  return v_count + v_webhook_count;
end;
$$;
grant execute on function private.reseal_secrets to service_role;

create or replace function public.reseal_secrets(secrets jsonb) returns integer
language sql volatile security invoker set search_path = ''
begin atomic
  select private.reseal_secrets(reseal_secrets.secrets);
end;
comment on function public.reseal_secrets is
  'Takes [{id, sealed, resealed}, …] and replaces each secret that is still `sealed` by `resealed`. Returns '
  'how many it replaced. Service role only. Errors: agents_secret_invalid (422).';
grant execute on function public.reseal_secrets to service_role;
