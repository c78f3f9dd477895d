-- A provider's rate limits rest a user's secret, or pause the provider.

-- What a provider says is used up a moment after the renewal was so before it: its clock is not ours, and a
-- pause until the next renewal would cost a whole period.
create or replace function private.quota_renewed_at(p_period text, p_at timestamptz) returns timestamptz
language plpgsql stable security invoker set search_path = '' as $$
begin
  return (
    select case when p_at < p.o_start + interval '10 minutes' then p_at + interval '10 minutes'
      else p.o_end end
    from private.begin_budget_period(p_period, p_at) as p
    where p_period in ('pacific_day', 'month')
  );
end;
$$;
comment on function private.quota_renewed_at is
  'When a quota that is used up is asked for again: when its period ends, and in the first ten minutes of '
  'one after ten minutes. Null for a budget without a period of the calendar.';

create or replace function private.pause_provider(p_provider text, p_until timestamptz, p_secret_id uuid)
returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_until constant timestamptz := least(coalesce(p_until, (
    -- a quota that is used up is renewed with its period
    select private.quota_renewed_at(b.period, clock_timestamp()) from private.provider_budgets as b
    where b.provider = p_provider and b.scope <> 'token' order by b.scope desc limit 1
  ), clock_timestamp() + interval '1 hour'), now() + interval '1 day' + interval '1 hour');
begin
  if p_secret_id is not null then
    -- whoever uses their limit up elsewhere would otherwise stop everybody's
    update private.secrets as s set rests_until = greatest(s.rests_until, v_until) where s.id = p_secret_id;
  else
    insert into private.provider_pauses as p (provider, paused_until)
    values (p_provider, v_until)
    on conflict on constraint provider_pauses_pkey
    do update set paused_until = greatest(p.paused_until, excluded.paused_until);
  end if;
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
  'Records that a provider asks for no calls until then; without a time, until its budget''s period ends (in '
  'its first ten minutes, for ten minutes), and at most for 25 hours. With the secret that was told so, that '
  'secret alone rests; without one nobody asks the provider. Returns until when the provider is paused, null '
  'for not. Service role only.';
grant execute on function public.pause_provider to service_role;
