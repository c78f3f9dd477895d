-- The ledger of calls of outside services: limits, shares, paces, pauses.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(47);
\ir ../helpers/personas.psql

delete from private.provider_spending where true;
delete from private.provider_pauses where true;
delete from private.provider_budgets where true;
insert into private.provider_budgets (provider, scope, period, calls_limit, calls_reserve) values
  ('github', 'token', 'hour', 10, 2), ('github', 'address', 'hour', 3, 0),
  ('github_graphql', 'token', 'hour', 10, 2),
  ('zulip', 'project', 'month', 5, 0);
insert into private.provider_budgets (provider, scope, period, calls_limit, guaranteed_calls) values
  ('youtube', 'project', 'pacific_day', 100, 3);
insert into private.provider_budgets (provider, scope, spacing_ms, max_wait_ms) values
  ('devto', 'address', 400, 1000);

create function pg_temp.secret(p_name text, p_kind text default 'github_token', p_login text default null)
returns uuid language sql as $$
  insert into private.secrets (id, user_id, kind, sealed, metadata)
  select gen_random_uuid(), u.id, p_kind, 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA',
    jsonb_strip_nulls(jsonb_build_object('login', p_login))
  from auth.users as u where u.email = p_name || '@example.com'
  returning id
$$;
create temp table secret on commit drop as
select n.name, pg_temp.secret(n.name) as id from unnest(array['stranger', 'viewer', 'agent']) as n (name);
create function pg_temp.id(p_name text) returns uuid language sql as $$
  select id from secret where name = p_name
$$;
create function pg_temp.reserve(p_provider text, p_name text, p_calls integer) returns text language sql as $$
  select case when (r ->> 'granted')::boolean then 'granted' else 'refused' end
  from public.reserve_provider_calls(p_provider, pg_temp.id(p_name), p_calls) as r
$$;
create function pg_temp.retry_in(p_provider text, p_name text) returns interval language sql as $$
  select (public.reserve_provider_calls(p_provider, pg_temp.id(p_name)) ->> 'retry_at')::timestamptz
    - clock_timestamp()
$$;

-- A token's hour

select is(pg_temp.reserve('github', 'stranger', 8), 'granted', 'the limit less the reserve is granted');
select is(pg_temp.reserve('github', 'stranger', 1), 'refused', 'and nothing more');
select ok(
  pg_temp.retry_in('github', 'stranger') between interval '59 minutes' and interval '1 hour',
  'until the hour that began with the first call has ended'
);
select is(pg_temp.reserve('github', 'viewer', 8), 'granted', 'another token has its own');
select public.settle_provider_calls('github', pg_temp.id('stranger'), 5, clock_timestamp());
select is(pg_temp.reserve('github', 'stranger', 6), 'refused', 'what was not used is given back');
select is(pg_temp.reserve('github', 'stranger', 5), 'granted', 'and is granted again');
select public.settle_provider_calls('github', pg_temp.id('stranger'), 5, now() - interval '1 day');
select is(pg_temp.reserve('github', 'stranger', 1), 'refused', 'but not to a later period');
update private.provider_spending set period_end = now() - interval '1 second' where true;
select is(pg_temp.reserve('github', 'stranger', 8), 'granted', 'the next hour has its own calls');
update private.secrets set metadata = '{"login": "Octo"}' where id = pg_temp.id('viewer');
update private.secrets set metadata = '{"login": "octo"}' where id = pg_temp.id('agent');
select is(pg_temp.reserve('github', 'viewer', 8), 'granted', 'an account at the provider has one budget');
select is(pg_temp.reserve('github', 'agent', 1), 'refused', 'whoever has its tokens');

-- What the provider reports

update private.provider_spending set spent_count = 0 where true;
select public.settle_provider_calls(
  'github', pg_temp.id('stranger'), 0, null, 4, clock_timestamp() + interval '10 minutes'
);
select is(pg_temp.reserve('github', 'stranger', 3), 'refused', 'what other tools have used is not ours');
select is(pg_temp.reserve('github', 'stranger', 2), 'granted', 'what it reports to be left is');
select ok(
  pg_temp.retry_in('github', 'stranger') between interval '9 minutes' and interval '10 minutes',
  'and its reset is ours'
);
select public.settle_provider_calls(
  'github', pg_temp.id('stranger'), 0, null, 9999, now() + interval '9 days'
);
select is(pg_temp.reserve('github', 'stranger', 1), 'refused', 'a report never gives more than we counted');
select ok(
  pg_temp.retry_in('github', 'stranger') < interval '10 minutes', 'a reset in nine days is not believed'
);

-- Without a token

select is(pg_temp.reserve('github', 'nobody', 3), 'granted', 'the address has a budget of its own');
select is(pg_temp.reserve('github', 'nobody', 1), 'refused', 'for everybody');

-- A project's day, shared

select pg_temp.reserve('youtube', 'stranger', 1);
select is(
  (select array[
     period_start at time zone 'America/Los_Angeles', period_end at time zone 'America/Los_Angeles'
   ]
   from private.provider_spending where provider = 'youtube'),
  array[
    date_trunc('day', now() at time zone 'America/Los_Angeles'),
    date_trunc('day', now() at time zone 'America/Los_Angeles') + interval '1 day'
  ], 'it is the Pacific day'
);
select is(
  private.begin_budget_period('pacific_day', '2026-11-01 12:00+00')::text,
  row('2026-11-01 07:00+00'::timestamptz, '2026-11-02 08:00+00'::timestamptz)::text, 'also one of 25 hours'
);
delete from private.provider_user_spending where true;
delete from private.provider_spending where true;
update private.provider_budgets set users_count = 4 where provider = 'youtube';
select is(pg_temp.reserve('youtube', 'stranger', 45), 'granted', 'a user may have more than a share of 25');
select is(pg_temp.reserve('youtube', 'stranger', 6), 'refused', 'while less than half is spent');
select is(pg_temp.reserve('youtube', 'stranger', 5), 'granted', 'up to that half');
select is(pg_temp.reserve('youtube', 'viewer', 25), 'granted', 'the other half is for the others');
select is(pg_temp.reserve('youtube', 'viewer', 1), 'refused', 'up to their share');
select is(pg_temp.reserve('youtube', 'agent', 20), 'granted', 'the third user has what is left');
select is(pg_temp.reserve('youtube', 'agent', 3), 'refused', 'except for what is kept for the fourth');
select is(pg_temp.reserve('youtube', 'agent', 2), 'granted', 'which are three calls');
select is(
  public.reserve_provider_calls('youtube', pg_temp.secret('admin'), 3) ->> 'granted', 'true',
  'who has had nothing gets them'
);
select is(
  (select spent_count || ' ' || users_count from private.provider_spending where provider = 'youtube'),
  '100 4', 'all is spent, and not more'
);

-- A pace

create temp table pace on commit drop as select clock_timestamp() as began_at;
select is(
  (select count(*) from generate_series(1, 3) where pg_temp.reserve('devto', 'nobody', 1) = 'granted'),
  3::bigint, 'calls get slots one after the other'
);
select ok(
  (select next_call_at >= began_at + interval '1.2 s' from private.provider_spending, pace
   where provider = 'devto'), '400 ms apart'
);
update private.provider_spending set next_call_at = clock_timestamp() + interval '9 s'
where provider = 'devto';
select is(pg_temp.reserve('devto', 'nobody', 1), 'refused', 'as far as they may have to wait');
select ok(pg_temp.retry_in('devto', 'nobody') > interval '0', 'and are told when the next is');

-- Pauses

delete from private.provider_spending where true;
select is(private.quota_renewed_at(p, at), renewed, n) from (values
  ('pacific_day', '2026-11-30 20:00Z'::timestamptz, '2026-12-01 08:00Z'::timestamptz,
    'a quota that is used up is renewed at midnight Pacific'),
  ('pacific_day', '2026-11-30 08:10Z', '2026-12-01 08:00Z', 'ten minutes into a day it is that day''s'),
  ('pacific_day', '2026-11-30 08:00Z', '2026-11-30 08:10Z', 'a moment after midnight it is asked again soon'),
  ('pacific_day', '2026-11-02 08:09:59Z', '2026-11-02 08:19:59Z', 'also after a day of 25 hours'),
  ('month', '2026-11-30 20:00Z', '2026-12-01 00:00Z', 'a month''s with the month')
) as s (p, at, renewed, n);
select is(private.quota_renewed_at('hour', now()), null, 'an hour is not one of the calendar');
select ok(
  public.pause_provider('youtube')
    between private.quota_renewed_at('pacific_day', clock_timestamp()) - interval '1 minute'
    and clock_timestamp() + interval '25 hours',
  'the project is paused until then'
);
select is(pg_temp.reserve('youtube', 'stranger', 1), 'refused', 'for everybody');
select is(
  public.pause_provider('github', now() + interval '5 minutes', pg_temp.id('stranger')), null,
  'a limit that came with a token pauses nobody else'
);
select is(
  pg_temp.reserve('github', 'stranger', 1) || pg_temp.reserve('github_graphql', 'stranger', 1)
    || pg_temp.reserve('github', 'viewer', 1), 'refused' || 'refused' || 'granted', 'but rests that token'
);

-- A report of a period that has ended

delete from private.provider_spending where true;
select pg_temp.reserve('github', 'viewer', 1);
select public.settle_provider_calls('github', pg_temp.id('viewer'), 0, now(), 0,
  clock_timestamp() - interval '1 second');
select is(
  (select max(spent_count) from private.provider_spending where provider = 'github'), 1,
  'what was left of a period that has ended says nothing about the next one'
);
select public.settle_provider_calls('github', pg_temp.id('viewer'), 0, now(), 7,
  clock_timestamp() + interval '10 minutes');
select is(
  (select max(spent_count) from private.provider_spending where provider = 'github'), 3,
  'that of the present one counts'
);

-- Errors

select throws_ok(
  $$ select public.reserve_provider_calls('gitlab') $$, 'PT404', 'provider_budget_unknown',
  'an unknown provider'
);
select throws_ok(
  $$ select public.reserve_provider_calls('zulip', null, 0) $$, 'PT422', 'provider_calls_invalid', 'no calls'
);

select * from finish();
rollback;
