-- Which master keys are still in use.

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
  'How many secrets of each kind are sealed with each master key. Service role only.';
grant execute on function public.secret_key_counts to service_role;
