-- A provider's rate limits rest a token, or pause the provider.

-- A limit that came with somebody's token is that token's: whoever uses theirs up elsewhere would otherwise
-- stop everybody's. It is taken for the address's once the tokens of two accounts are limited at the same
-- time, until one of the two may be used again.
create or replace function private.rest_secret(p_provider text, p_secret_id uuid, p_until timestamptz)
returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_account text;
begin
  update private.secrets as s set rests_until = greatest(s.rests_until, p_until)
  where s.id = p_secret_id
  returning private.load_secret_account(s.id) into v_account;
  if not exists (
    select from private.provider_budgets as b where b.provider = p_provider and b.scope = 'address'
  ) then
    return null;
  end if;
  return (
    select least(p_until, max(o.rests_until)) from private.secrets as o
    where o.rests_until > clock_timestamp()
      and split_part(o.kind, '_', 1) = split_part(p_provider, '_', 1)
      and private.load_secret_account(o.id) <> v_account
    having count(*) > 0
  );
end;
$$;
comment on function private.rest_secret is
  'This secret is not used until then. Returns until when its provider is to be paused, because the token of '
  'another account rests too; else null.';

create or replace function private.pause_provider(p_provider text, p_until timestamptz, p_secret_id uuid)
returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_name constant text := split_part(p_provider, '_', 1);
  v_until timestamptz := least(coalesce(p_until, (
    -- a quota that is used up is renewed with its period
    select p.o_end from private.provider_budgets as b
    cross join lateral private.begin_budget_period(b.period, clock_timestamp()) as p
    where b.provider = p_provider and b.scope <> 'token' order by b.scope desc limit 1
  ), clock_timestamp() + interval '1 hour'), now() + interval '1 day' + interval '1 hour');
begin
  if p_secret_id is not null then
    v_until := private.rest_secret(p_provider, p_secret_id, v_until);
  end if;
  insert into private.provider_pauses as p (provider, paused_until)
  select v_name, v_until where v_until is not null
  on conflict on constraint provider_pauses_pkey
  do update set paused_until = greatest(p.paused_until, excluded.paused_until);
  return private.provider_paused_until(p_provider);
end;
$$;
grant execute on function private.pause_provider to service_role;

create or replace function public.pause_provider(
  provider text, until timestamptz default null, secret_id uuid default null
) returns timestamptz
language sql volatile security invoker set search_path = ''
begin atomic
  select private.pause_provider(pause_provider.provider, pause_provider.until, pause_provider.secret_id);
end;
comment on function public.pause_provider is
  'Records that a provider asks for no calls until then; without a time, until its budget''s period ends, '
  'and at most for 25 hours. With the secret that was told so, that secret rests, and the provider is paused '
  'only when one of another account rests too; without one it is paused for everybody. Returns until when '
  'it is paused, null for not. Service role only.';
grant execute on function public.pause_provider to service_role;
