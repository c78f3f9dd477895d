-- Reserves calls of a provider before they are made.

create or replace function private.spend_provider_calls(
  p_budget private.provider_budgets, p_account text, p_user_id uuid, p_calls integer
) returns interval
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_is_new boolean := false;
  v_row private.provider_spending := private.lock_provider_spending(p_budget, p_account);
  v_at constant timestamptz := greatest(v_row.next_call_at, v_now);
begin
  if p_budget.scope = 'project' and p_budget.period is not null and p_user_id is not null then
    insert into private.provider_user_spending as u (user_id, provider, period_start, spent_count)
    values (p_user_id, p_budget.provider, v_row.period_start, p_calls)
    on conflict on constraint provider_user_spending_pkey
    do update set spent_count = u.spent_count + excluded.spent_count
    returning u.xmax = 0 into v_is_new;
  end if;
  update private.provider_spending as s set
    spent_count = s.spent_count + case when p_budget.period is null then 0 else p_calls end,
    users_count = s.users_count + v_is_new::integer,
    next_call_at = case when p_budget.spacing_ms is not null
      then v_at + p_calls * make_interval(secs => p_budget.spacing_ms / 1000.0) end
  where s.provider = v_row.provider and s.scope = v_row.scope and s.account = v_row.account;
  return case when p_budget.spacing_ms is null then interval '0' else v_at - v_now end;
end;
$$;
comment on function private.spend_provider_calls is
  'Counts calls of a budget, and returns how long to wait before the first of them.';

create or replace function private.reserve_provider_calls(
  p_provider text, p_secret_id uuid, p_calls integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_caller record;
  v_budget private.provider_budgets;
  v_retry_at timestamptz := private.provider_paused_until(p_provider);
  v_wait interval := interval '0';
begin
  if p_calls is null or p_calls not between 1 and 10000 then
    raise exception using
      errcode = 'PT422', message = 'provider_calls_invalid',
      detail = 'The number of calls has to be between 1 and 10,000.', hint = 'Reserve fewer at a time.';
  end if;
  select * into v_caller from private.load_provider_caller(p_secret_id);
  if v_caller.o_rests_until > clock_timestamp() then
    v_retry_at := greatest(v_retry_at, v_caller.o_rests_until);
  end if;
  -- all of them are locked before the first is spent: it is all or nothing
  for v_budget in
    select b.* from private.load_provider_budgets(p_provider, p_secret_id is not null) as b
  loop
    v_retry_at := greatest(v_retry_at, private.provider_retry_at(
      v_budget, private.lock_provider_spending(v_budget, v_caller.o_account), v_caller.o_user_id, p_calls
    ));
  end loop;
  if v_retry_at is null then
    for v_budget in
      select b.* from private.load_provider_budgets(p_provider, p_secret_id is not null) as b
    loop
      v_wait := greatest(v_wait, private.spend_provider_calls(
        v_budget, v_caller.o_account, v_caller.o_user_id, p_calls
      ));
    end loop;
  end if;
  return jsonb_build_object(
    'granted', v_retry_at is null, 'retry_at', v_retry_at, 'reserved_at', clock_timestamp(),
    'wait_ms', ceil(extract(epoch from v_wait) * 1000)::integer
  );
end;
$$;
grant execute on function private.reserve_provider_calls to service_role;

create or replace function public.reserve_provider_calls(
  provider text, secret_id uuid default null, calls integer default 1
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.reserve_provider_calls(
    reserve_provider_calls.provider, reserve_provider_calls.secret_id, reserve_provider_calls.calls
  );
end;
comment on function public.reserve_provider_calls is
  'Reserves so many calls (requests, points, units) with a user''s secret, or without a token, before they '
  'are made, all or none: {granted, retry_at, wait_ms, reserved_at}. Granted: make them after wait_ms. '
  'Otherwise there may be some at retry_at: the budget is spent, the user has had their share, or the '
  'provider asked for a pause. Give back what was not used with settle_provider_calls. Service role only. '
  'Errors: provider_budget_unknown (404), provider_calls_invalid (422).';
grant execute on function public.reserve_provider_calls to service_role;
