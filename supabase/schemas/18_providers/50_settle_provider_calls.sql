-- Gives back what was reserved and not used, and corrects the ledger by what the provider reports.

create or replace function private.return_provider_calls(
  p_budget private.provider_budgets, p_row private.provider_spending, p_user_id uuid, p_unused integer
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.provider_spending as s set spent_count = greatest(s.spent_count - p_unused, 0)
  where s.provider = p_row.provider and s.scope = p_row.scope and s.account = p_row.account;
  update private.provider_user_spending as u set spent_count = greatest(u.spent_count - p_unused, 0)
  where u.user_id = p_user_id and u.provider = p_budget.provider and p_budget.scope = 'project'
    and u.period_start = p_row.period_start;
end;
$$;
comment on function private.return_provider_calls is 'Gives back calls of a budget that were not made.';

-- The provider also counts what the account's other tools do, and its period is the one that counts.
create or replace function private.correct_provider_spending(
  p_budget private.provider_budgets, p_row private.provider_spending, p_remaining integer,
  p_resets_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  update private.provider_spending as s set
    spent_count = greatest(s.spent_count, p_budget.calls_limit - greatest(p_remaining, 0)),
    period_end = case
      when p_budget.period = 'hour' and p_resets_at > v_now and p_resets_at <= v_now + interval '1 hour'
        then p_resets_at else s.period_end end
  where s.provider = p_row.provider and s.scope = p_row.scope and s.account = p_row.account
    -- what was left of a period that has ended says nothing about the next one
    and coalesce(p_resets_at > v_now, true);
end;
$$;
comment on function private.correct_provider_spending is
  'Takes over what a provider reports to be left of a budget, where that is less than we counted, and when '
  'it is renewed. Of a period that has ended, nothing.';

create or replace function private.settle_provider_calls(
  p_provider text, p_secret_id uuid, p_unused integer, p_reserved_at timestamptz, p_remaining integer,
  p_resets_at timestamptz
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_caller record;
  v_budget private.provider_budgets;
  v_row private.provider_spending;
begin
  select * into v_caller from private.load_provider_caller(p_secret_id);
  for v_budget in
    select b.* from private.load_provider_budgets(p_provider, p_secret_id is not null) as b
    where b.period is not null
  loop
    v_row := private.lock_provider_spending(v_budget, v_caller.o_account);
    -- what a period spent that has ended is not given back to the next one
    if p_unused > 0 and v_row.period_start <= p_reserved_at then
      perform private.return_provider_calls(v_budget, v_row, v_caller.o_user_id, least(p_unused, 10000));
    end if;
    if p_remaining is not null and v_budget.scope <> 'project' then
      perform private.correct_provider_spending(v_budget, v_row, p_remaining, p_resets_at);
    end if;
  end loop;
end;
$$;
grant execute on function private.settle_provider_calls to service_role;

create or replace function public.settle_provider_calls(
  provider text, secret_id uuid default null, unused integer default 0,
  reserved_at timestamptz default null, remaining integer default null,
  resets_at timestamptz default null
) returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.settle_provider_calls(
    settle_provider_calls.provider, settle_provider_calls.secret_id, settle_provider_calls.unused,
    settle_provider_calls.reserved_at, settle_provider_calls.remaining, settle_provider_calls.resets_at
  );
end;
comment on function public.settle_provider_calls is
  'Gives back the calls that were reserved at reserved_at and not made, or that cost nothing. remaining and '
  'resets_at: what the provider reports of the token''s or the address''s limit. Service role only. Errors: '
  'provider_budget_unknown (404).';
grant execute on function public.settle_provider_calls to service_role;
