-- supabase/schemas/18_providers, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 18_providers/10_provider_budgets.sql
-- What outside services may be asked: one budget per limit of a provider, which operators can change.

create table private.provider_budgets (
  provider text not null,
  scope text not null,
  period text,
  calls_limit integer,
  calls_reserve integer not null default 0,
  spacing_ms integer,
  max_wait_ms integer not null default 20000,
  guaranteed_calls integer not null default 0,
  users_count integer not null default 0,
  users_counted_at timestamptz,
  constraint provider_budgets_pkey primary key (provider, scope),
  constraint provider_budgets_provider_is_snake_case check (provider ~ '^[a-z][a-z0-9_]*$'),
  constraint provider_budgets_scope_is_known check (scope in ('project', 'token', 'address')),
  constraint provider_budgets_period_is_known check (period in ('hour', 'pacific_day', 'month')),
  constraint provider_budgets_period_has_a_limit check ((period is null) = (calls_limit is null)),
  constraint provider_budgets_has_a_limit check (calls_limit is not null or spacing_ms is not null),
  constraint provider_budgets_calls_limit_is_not_negative check (calls_limit >= 0),
  constraint provider_budgets_calls_reserve_is_not_negative check (calls_reserve >= 0),
  constraint provider_budgets_spacing_ms_is_bounded check (spacing_ms between 1 and 3600000),
  constraint provider_budgets_max_wait_ms_is_bounded check (max_wait_ms between 0 and 600000),
  constraint provider_budgets_guaranteed_calls_is_not_negative check (guaranteed_calls >= 0),
  constraint provider_budgets_users_count_is_not_negative check (users_count >= 0)
);
comment on table private.provider_budgets is
  'The limits of providers, as far as we use them. A call needs each budget that is about it: `project` '
  'counts all calls, `token` those with a token per account at the provider, `address` those without one, '
  'and all where the provider has no budget per token. Operators may change the rows.';
comment on column private.provider_budgets.provider is
  'What has limits of its own: github (REST), github_graphql, youtube, devto, circle (all of its APIs), '
  'circle_admin (its Admin API).';
comment on column private.provider_budgets.period is
  'hour: from the first call on, or as the provider reports it. pacific_day: from midnight to midnight in '
  'Los Angeles, as Google counts. month: of the calendar, in UTC. Null: only spacing_ms counts.';
comment on column private.provider_budgets.calls_limit is
  'The provider''s limit per period, in its own unit: requests, points, units.';
comment on column private.provider_budgets.calls_reserve is
  'How many of them are never spent: of a token''s what its owner''s other tools need, of a project''s what '
  'an operator does by hand.';
comment on column private.provider_budgets.spacing_ms is
  'The least time between two calls, over all processes, in milliseconds.';
comment on column private.provider_budgets.max_wait_ms is
  'A call that would have to wait for its slot longer than this is refused instead.';
comment on column private.provider_budgets.guaranteed_calls is
  'Of a project''s budget: so many are kept for each active user who has had none in the period.';
comment on column private.provider_budgets.users_count is
  'How many users share a project''s budget, as last counted; 0 for not counted.';
alter table private.provider_budgets enable row level security;

-- GitHub: 5,000 requests an hour per user over all their tools, as many points for GraphQL, 60 an hour
-- without a token. YouTube: 10,000 units a day for the project. Dev.to: three requests in a second of its
-- clock per address; 400 ms apart, two that are 200 ms out of step still keep to it. Circle: 2,000 requests
-- in five minutes per address, one in 150 ms, and of the Admin API 5,000 a month on its smallest plan.
insert into private.provider_budgets
  (provider, scope, period, calls_limit, calls_reserve, spacing_ms, guaranteed_calls)
values
  ('github', 'token', 'hour', 5000, 1000, null, 0),
  ('github', 'address', 'hour', 60, 5, null, 0),
  ('github_graphql', 'token', 'hour', 5000, 1000, null, 0),
  ('youtube', 'project', 'pacific_day', 10000, 500, null, 3),
  ('devto', 'address', null, null, 0, 400, 0),
  ('circle', 'address', null, null, 0, 160, 0),
  ('circle_admin', 'project', 'month', 5000, 500, null, 0);

create or replace function private.load_provider_budgets(p_provider text, p_has_token boolean)
returns setof private.provider_budgets
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
    select b.* from private.provider_budgets as b
    where b.provider = p_provider and (b.scope = 'project' or b.scope = case
      when p_has_token and exists (
        select from private.provider_budgets as t where t.provider = p_provider and t.scope = 'token'
      ) then 'token' else 'address' end)
    -- the order in which their rows are locked
    order by b.scope;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'provider_budget_unknown',
      detail = format('There is no budget for calls of %L.', p_provider),
      hint = 'Use a provider of private.provider_budgets; GraphQL needs a token.';
  end if;
end;
$$;
comment on function private.load_provider_budgets is
  'The budgets that a call needs, with or without a token. Errors: provider_budget_unknown (404).';

-- 18_providers/20_provider_spending.sql
-- What was spent of the budgets in the current period, and until when a provider is not asked at all.

create table private.provider_spending (
  provider text not null,
  scope text not null,
  account text not null,
  period_start timestamptz,
  period_end timestamptz,
  spent_count integer not null default 0,
  users_count integer not null default 0,
  next_call_at timestamptz,
  constraint provider_spending_pkey primary key (provider, scope, account),
  constraint provider_spending_budget_fkey foreign key (provider, scope)
    references private.provider_budgets (provider, scope) on update cascade on delete cascade,
  constraint provider_spending_account_matches_scope check ((scope = 'token') = (account <> '')),
  constraint provider_spending_counts_are_not_negative check (spent_count >= 0 and users_count >= 0)
);
-- Not on what changes with every call: these updates stay within their page.
create index provider_spending_period_end_idx on private.provider_spending (period_end)
  where scope = 'token';
comment on table private.provider_spending is
  'One row per budget and account, whose lock serializes reservations: what the current period has spent.';
comment on column private.provider_spending.account is
  'Whose token: the account''s login at the provider, or the id of the secret; an empty text for '
  'a project''s and an address''s budget.';
comment on column private.provider_spending.users_count is
  'How many users have spent something in the period, of a project''s budget.';
comment on column private.provider_spending.next_call_at is 'When the next slot of a paced budget begins.';
alter table private.provider_spending enable row level security;

create table private.provider_user_spending (
  user_id uuid not null,
  provider text not null,
  period_start timestamptz not null,
  spent_count integer not null,
  constraint provider_user_spending_pkey primary key (user_id, provider, period_start),
  constraint provider_user_spending_user_id_fkey
    foreign key (user_id) references auth.users (id) on delete cascade,
  constraint provider_user_spending_spent_count_is_not_negative check (spent_count >= 0)
);
create index provider_user_spending_period_start_idx on private.provider_user_spending (period_start);
comment on table private.provider_user_spending is
  'What each user has had of a project''s budget in a period: what they share is shared fairly.';
alter table private.provider_user_spending enable row level security;

create table private.provider_pauses (
  provider text not null,
  paused_until timestamptz not null,
  constraint provider_pauses_pkey primary key (provider)
);
comment on table private.provider_pauses is
  'Providers that asked for no calls at all until then. The pause of one user''s token is '
  'private.secrets.rests_until.';
comment on column private.provider_pauses.provider is
  'As in private.provider_budgets, or github_sweep for the sweep of the agents.';
alter table private.provider_pauses enable row level security;

create or replace function private.provider_paused_until(p_provider text) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select p.paused_until from private.provider_pauses as p
    where p.provider = p_provider and p.paused_until > clock_timestamp()
  );
end;
$$;
comment on function private.provider_paused_until is
  'Until when nothing is asked of the provider; null when it is not paused.';

create or replace function private.begin_budget_period(
  p_period text, p_at timestamptz, out o_start timestamptz, out o_end timestamptz
)
language plpgsql stable security invoker set search_path = '' as $$
declare
  v_zone constant text := case p_period when 'pacific_day' then 'America/Los_Angeles' else 'UTC' end;
  v_start timestamp;
begin
  if p_period = 'hour' then
    o_start := p_at;
    o_end := p_at + interval '1 hour';
  elsif p_period is not null then
    v_start := date_trunc(case p_period when 'month' then 'month' else 'day' end, p_at at time zone v_zone);
    o_start := v_start at time zone v_zone;
    o_end := (v_start + case p_period when 'month' then interval '1 month' else interval '1 day' end)
      at time zone v_zone;
  end if;
end;
$$;
comment on function private.begin_budget_period is
  'The period of a budget that contains this time, its end excluded; nulls for a budget without periods.';

create or replace function private.lock_provider_spending(
  p_budget private.provider_budgets, p_account text
) returns private.provider_spending
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_account constant text := case when p_budget.scope = 'token' then p_account else '' end;
  v_row private.provider_spending;
begin
  loop
    select * into v_row from private.provider_spending as s
    where s.provider = p_budget.provider and s.scope = p_budget.scope and s.account = v_account
    for update;
    exit when found;
    insert into private.provider_spending (provider, scope, account)
    values (p_budget.provider, p_budget.scope, v_account)
    on conflict on constraint provider_spending_pkey do nothing;
  end loop;
  if p_budget.period is not null and (v_row.period_end is null or v_row.period_end <= clock_timestamp()) then
    update private.provider_spending as s
    set period_start = p.o_start, period_end = p.o_end, spent_count = 0, users_count = 0
    from private.begin_budget_period(p_budget.period, clock_timestamp()) as p
    where s.provider = v_row.provider and s.scope = v_row.scope and s.account = v_row.account
    returning s.* into v_row;
  end if;
  return v_row;
end;
$$;
comment on function private.lock_provider_spending is
  'Locks what a budget has spent, and begins the next period where the last one has ended.';

-- 18_providers/30_provider_shares.sql
-- Whether a budget has calls left for a user.

-- A provider's limit is its account's, whichever tokens and users of ours ask for it.
create or replace function private.load_secret_account(p_secret_id uuid) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select coalesce(lower(s.metadata ->> 'login'), (
      select lower(case c.platform when 'github' then c.platform_username else c.platform_user_id end)
      from public.platform_connections as c
      where c.user_id = s.user_id and s.kind = c.platform || '_connection'
    ))
    from private.secrets as s where s.id = p_secret_id
  ), p_secret_id::text);
end;
$$;
comment on function private.load_secret_account is
  'The account at the provider that a secret belongs to, as far as it is known, else the secret''s id.';

create or replace function private.load_provider_caller(
  p_secret_id uuid, out o_user_id uuid, out o_account text, out o_rests_until timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
begin
  o_account := private.load_secret_account(p_secret_id);
  select s.user_id, s.rests_until into o_user_id, o_rests_until
  from private.secrets as s where s.id = p_secret_id;
end;
$$;
comment on function private.load_provider_caller is
  'Whose secret it is, its account at the provider, and until when that provider does not want to see it.';

-- A user who has had their share gets more while less than half is spent: what others may not need is not
-- wasted, and one user can't spend the other half. The last calls are for users who have had nothing yet.
create or replace function private.is_provider_share_left(
  p_budget private.provider_budgets, p_spending private.provider_spending, p_user_id uuid, p_calls integer
) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_limit constant integer := greatest(p_budget.calls_limit - p_budget.calls_reserve, 0);
  v_share integer;
  v_spent integer;
  v_kept integer;
begin
  if p_budget.calls_limit is null then
    return true;
  elsif p_spending.spent_count + p_calls > v_limit then
    return false;
  elsif p_budget.scope <> 'project' or p_user_id is null or p_budget.users_count = 0 then
    return true;
  end if;
  v_share := v_limit / p_budget.users_count;
  v_spent := coalesce((
    select u.spent_count from private.provider_user_spending as u
    where u.user_id = p_user_id and u.provider = p_budget.provider
      and u.period_start = p_spending.period_start
  ), 0);
  if v_spent = 0 then
    return true;
  end if;
  v_kept := greatest(p_budget.users_count - p_spending.users_count, 0)
    * least(p_budget.guaranteed_calls, v_share);
  return p_spending.spent_count + p_calls + v_kept <= v_limit
    and (v_spent + p_calls <= v_share or p_spending.spent_count + p_calls <= v_limit / 2);
end;
$$;
comment on function private.is_provider_share_left is
  'Whether so many calls are left of a budget, and of a shared one for this user: the project''s limit over '
  'its active users, more while less than half of all is spent, and always something for who '
  'has had nothing.';

create or replace function private.provider_retry_at(
  p_budget private.provider_budgets, p_spending private.provider_spending, p_user_id uuid, p_calls integer
) returns timestamptz
language plpgsql stable security definer set search_path = '' as $$
declare
  v_longest constant interval := make_interval(secs => p_budget.max_wait_ms / 1000.0);
begin
  if not private.is_provider_share_left(p_budget, p_spending, p_user_id, p_calls) then
    return p_spending.period_end;
  elsif p_spending.next_call_at > clock_timestamp() + v_longest then
    return p_spending.next_call_at;
  end if;
  return null;
end;
$$;
comment on function private.provider_retry_at is
  'When a budget that has no calls left for this user may have some; null where it has.';

-- 18_providers/40_reserve_provider_calls.sql
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

-- 18_providers/50_settle_provider_calls.sql
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

-- 18_providers/60_pause_provider.sql
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

-- 18_providers/70_prune_provider_spending.sql
-- What budgets spent in periods that have ended.

create or replace function private.prune_provider_spending() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_count integer;
  v_users integer;
begin
  delete from private.provider_spending as s
  where s.scope = 'token' and s.period_end < now() - interval '1 day';
  get diagnostics v_count = row_count;
  delete from private.provider_user_spending as u where u.period_start < now() - interval '40 days';
  get diagnostics v_users = row_count;
  delete from private.provider_pauses as p where p.paused_until < now();
  return v_count + v_users;
end;
$$;
comment on function private.prune_provider_spending is
  'Deletes what accounts spent in hours that ended more than a day ago, and users in periods that began more '
  'than 40 days ago, and returns how many rows. For the scheduler.';
