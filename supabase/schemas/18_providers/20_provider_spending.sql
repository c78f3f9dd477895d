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
