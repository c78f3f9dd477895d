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
