-- A user's secret, for the edge function that opens it.

create or replace function private.read_secret(p_user_id uuid, p_kind text)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb, invalid_at timestamptz)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select s.id, s.user_id, s.kind, s.sealed, s.metadata, s.invalid_at from private.secrets as s
  where s.user_id = p_user_id and s.kind = p_kind and private.is_person_account(p_user_id);
end;
$$;
grant execute on function private.read_secret to service_role;

create or replace function public.read_secret(user_id uuid, kind text)
returns table (id uuid, user_id uuid, kind text, sealed text, metadata jsonb, invalid_at timestamptz)
language sql stable security invoker set search_path = ''
begin atomic
  select s.id, s.user_id, s.kind, s.sealed, s.metadata, s.invalid_at
  from private.read_secret(read_secret.user_id, read_secret.kind) as s;
end;
comment on function public.read_secret is
  'A user''s secret of a kind, sealed; no row for none, or where the account is banned. Service role only.';
grant execute on function public.read_secret to service_role;
