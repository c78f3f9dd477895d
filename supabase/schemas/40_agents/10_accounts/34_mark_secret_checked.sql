-- Records whether a secret is still valid.

create or replace function private.mark_secret_checked(p_id uuid, p_is_valid boolean, p_metadata jsonb)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.secrets as s set
    checked_at = clock_timestamp(),
    invalid_at = case when not p_is_valid then coalesce(s.invalid_at, clock_timestamp()) end,
    metadata = s.metadata || coalesce(p_metadata, '{}')
  where s.id = p_id;
  return found;
end;
$$;
grant execute on function private.mark_secret_checked to service_role;

create or replace function public.mark_secret_checked(
  id uuid, is_valid boolean, metadata jsonb default null
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.mark_secret_checked(
    mark_secret_checked.id, mark_secret_checked.is_valid, mark_secret_checked.metadata
  );
end;
comment on function public.mark_secret_checked is
  'Records that the provider has just accepted or rejected a secret, and merges metadata into the existing '
  'value. False when the secret has been replaced or removed meanwhile. Service role only.';
grant execute on function public.mark_secret_checked to service_role;
