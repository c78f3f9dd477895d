-- Which master keys are still in use.

create or replace function private.secret_key_counts()
returns table (kind text, key_id text, secret_count bigint)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select k.kind, k.key_id, count(*) from (
    select s.kind, s.key_id from private.secrets as s
    union all
    -- until their users complete these connections, which takes ten minutes at most
    select f.platform || '_connection', split_part(f.sealed, '.', 2) from private.oauth_flows as f
    where f.sealed is not null and f.expires_at > now()
    union all
    select 'webhook_endpoint', w.key_id from private.webhook_secrets as w
  ) as k
  group by 1, 2 order by 1, 2;
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
  'How many secrets of each kind are sealed with each master key, with those of connections that are under '
  'way. Service role only.';
grant execute on function public.secret_key_counts to service_role;
