-- sync_now, the calls of the function, and which days of contributions a run reads.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(44);
\ir ../helpers/personas.psql
\ir ../helpers/sync.psql

delete from public.platform_connections where true;
create temp table c on commit drop as
select pg_temp.connect_to('stranger', 'github') as github, pg_temp.connect_to('stranger',
  'youtube') as youtube;
create temp table m on commit drop as
select pg_temp.monitor(github) as github, pg_temp.monitor(youtube) as youtube from c;

create function pg_temp.sync_now(p_persona text default 'stranger') returns text language sql as $$
  select pg_temp.as_persona(p_persona, format('select public.sync_now(%L) ->> ''state''', github)) from m
$$;
create function pg_temp.requests() returns integer language sql as $$
  select coalesce(sum(requests_count), 0)::integer from private.sync_requests
$$;

-- sync_now

select is(pg_temp.sync_now(), 'due', 'what is due already is not asked for twice');
select is(pg_temp.requests(), 0, 'which is not counted');
select pg_temp.claim();
select is(pg_temp.sync_now(), 'running', 'nor what runs');
select is(
  pg_temp.as_persona('stranger', format('select public.sync_now(%L) ->> ''run_id''', (select github from m))),
  pg_temp.run(github)::text, 'whose run is returned'
) from c;
select pg_temp.finish(github, '{"state": "succeeded"}') from c;
select is(pg_temp.next_in(github), '15', 'else it is due in a quarter of an hour') from c;
select is(pg_temp.sync_now(), 'due', 'and now at once');
select is(pg_temp.next_in(github), '0', 'the next run does it') from c;
select is(pg_temp.sync_now(), 'due', 'asked again meanwhile');
select is(pg_temp.requests(), 1, 'it counts once');
select pg_temp.claim();
select ok(
  (select is_requested from public.sync_runs where id = pg_temp.run(github)),
    'the run says that it was asked for'
) from c;
select pg_temp.finish(github, jsonb_build_object('state', 'deferred', 'retry_at', now() + interval '2 hours'))
from c;
select is(pg_temp.sync_now(), 'waiting', 'a provider''s limit is kept to');
select is(pg_temp.requests(), 1, 'which is not counted either');
create function pg_temp.ask_again(p_times integer) returns text language plpgsql as $$
declare
  v_state text;
begin
  for i in 1..p_times loop
    perform pg_temp.make_due(github), pg_temp.claim(), pg_temp.finish(github, '{"state": "succeeded"}')
      from c;
    v_state := pg_temp.sync_now();
  end loop;
  return v_state;
end;
$$;
select is(pg_temp.ask_again(5), 'due', 'six times an hour');
select is(pg_temp.ask_again(1), 'PT429 devpulse_sync_rate_limited', 'and not more');
select matches(
  pg_temp.as_persona('stranger', format('select public.sync_now(%L)', (select youtube from m))),
  'running|due', 'what is on its way is still told'
);
update private.sync_requests set counted_since = now() - interval '1 hour' where true;
select is(pg_temp.ask_again(1), 'due', 'an hour later there are six more');
update public.devpulse_settings set sync_now_per_hour = 0 where true;
select is(pg_temp.ask_again(1), 'PT429 devpulse_sync_rate_limited', 'a limit of none is one, too');
select is(pg_temp.sync_now('viewer'), 'PT404 devpulse_monitor_unknown',
  'somebody else''s monitor is not found');
select is(left(pg_temp.sync_now('anon'), 5), '42501', 'nobody calls it without an account');
update public.monitors set is_active = false where id = (select github from m);
select is(pg_temp.sync_now(), 'PT422 devpulse_sync_conflict', 'a paused monitor is not synced');
update public.monitors set is_active = true where id = (select github from m);
update public.platform_connections set status = 'reauth_required' where id = (select github from c);
select is(pg_temp.sync_now(), 'PT422 devpulse_sync_conflict', 'nor a connection that needs its user');
update auth.users set banned_until = now() + interval '1 day' where id = pg_temp.account('stranger');
select is(pg_temp.sync_now(), 'PT401 sign_in_required', 'nor anything of a banned account');
update auth.users set banned_until = null where id = pg_temp.account('stranger');

-- Calls of the function

update public.agent_settings set functions_url = null where true;
select is(private.run_platform_sync(), 0, 'without the URL of the functions there is no call');
update public.agent_settings set functions_url = 'http://127.0.0.1:1/functions/v1' where true;
update private.sync_schedule set next_sync_at = null where true;
select is(private.run_platform_sync(), 0, 'nor where nothing is due');
update private.provider_budgets set users_counted_at = null where true;
update private.sync_schedule set next_sync_at = now() where true;
select is(private.run_platform_sync(), 1, 'else there is one');
create temp table ticket on commit drop as
select headers ->> 'x-fixloop-ticket' as ticket, url from net.http_request_queue order by id desc limit 1;
select is((select url from ticket), 'http://127.0.0.1:1/functions/v1/platform-sync', 'at its URL');
select lives_ok(format('select public.claim_due_monitors(%L)', (select ticket from ticket)), 'with a ticket');
select throws_ok(
  format('select public.claim_due_monitors(%L)', (select ticket from ticket)), 'PT401',
    'function_ticket_invalid',
  'that is valid once'
);
select throws_ok(
  format('select public.claim_due_monitors(%L)', private.issue_function_ticket('github-sweep')), 'PT401',
  'function_ticket_invalid', 'for this function'
);
select is(
  (select users_count from private.provider_budgets where provider = 'youtube'), 1,
  'who shares YouTube''s quota was counted'
);

-- Days of contributions

update public.platform_connections set status = 'connected' where id = (select github from c);
select pg_temp.make_due(github), pg_temp.claim() from c;
update public.devpulse_settings set backfill_days = 400 where true;
create function pg_temp.plan(p_at timestamptz) returns setof jsonb language sql as $$
  select value from c, jsonb_array_elements(
    public.plan_github_contributions(pg_temp.run(github), pg_temp.fence(github), p_at)
  )
$$;
update public.profiles set timezone = 'Europe/Berlin' where id = pg_temp.account('stranger');
select is((select count(*) from pg_temp.plan('2026-11-20 23:30Z')), 400::bigint,
  'a new connection reads them all');
select is(
  (select value ->> 'day' from pg_temp.plan('2026-11-20 23:30Z') as value limit 1), '2026-11-21',
  'from the day that it is where the owner lives'
);
select results_eq(
  $$ select p ->> 'day', p ->> 'from', p ->> 'to', (p ->> 'to')::timestamptz - (p ->> 'from')::timestamptz
       + interval '1 second'
     from pg_temp.plan('2026-11-20 12:00Z') as p where p ->> 'day' in ('2026-10-25', '2026-03-29',
       '2026-07-01') $$,
  $$ values ('2026-10-25', '2026-10-24T22:00:00Z', '2026-10-25T22:59:59Z', interval '25 hours'),
       ('2026-07-01', '2026-06-30T22:00:00Z', '2026-07-01T21:59:59Z', interval '24 hours'),
       ('2026-03-29', '2026-03-28T23:00:00Z', '2026-03-29T21:59:59Z', interval '23 hours') $$,
  'each from midnight to midnight, also when it has 25 or 23 hours'
);
select public.record_github_contributions(pg_temp.run(github), pg_temp.fence(github), jsonb_build_object(
  'observed_at', '2026-11-20T12:00:00Z', 'is_recent_complete', true, 'cursor',
    '{"failed_days": {"2026-01-02": 3}}'::jsonb,
  'days', (select jsonb_agg(jsonb_build_object('date', p -> 'day', 'commits_count', 1, 'pull_requests_count',
    0,
    'issues_count', 0, 'repositories_contributed_to', 1))
    from pg_temp.plan('2026-11-20 12:00Z') as p where p ->> 'day' not in ('2026-01-01', '2026-01-02'))
)) from c;
select is(
  (select string_agg(p ->> 'day', ' ') from pg_temp.plan('2026-11-20 12:30Z') as p), '2026-01-01',
  'then those that are missing, but for one that failed three times'
);
select is((select count(*) from pg_temp.plan('2026-11-20 13:00Z')), 8::bigint,
  'and the last seven, once an hour');
select is((select count(*) from pg_temp.plan('2026-11-20 23:00Z')), 8::bigint, 'or when a day has begun');
select is(
  (select p ->> 'day' from pg_temp.plan('2026-11-27 12:00Z') as p order by p ->> 'day' desc offset 6 limit 1),
  '2026-11-21', 'after a week without a sync, the days of that week'
);
create function pg_temp.stale(p_at timestamptz) returns text language sql as $$
  select coalesce(min(p ->> 'day') || ' to ' || max(p ->> 'day'), 'none') from pg_temp.plan(p_at) as p
  where (p ->> 'is_stale')::boolean
$$;
select is(pg_temp.stale('2026-11-20 13:00Z') || pg_temp.stale('2026-11-21 12:00Z'), 'nonenone',
  'nothing else of what is stored');
select is(pg_temp.stale('2026-11-27 12:00Z'), '2026-11-15 to 2026-11-20',
  'and those that were read before it, the last of which was not over');
select is(pg_temp.stale('2026-11-23 12:00Z'), '2026-11-15 to 2026-11-16', 'as far as they are not recent');
select is(pg_temp.stale('2027-10-01 12:00Z'), '2026-11-15 to 2026-11-20', 'after a long pause too');
update private.sync_schedule set cursor = '{"failed_days": {"2026-11-20": 3}}'
where connection_id = (select github from c);
select is(pg_temp.stale('2026-11-27 12:00Z'), '2026-11-15 to 2026-11-19', 'one that never comes is given up');
select is(
  (select count(*) from public.github_contributions where platform_connection_id = (select github from c)),
  398::bigint, 'they are stored'
);
select is(
  public.record_github_contributions(pg_temp.run(github), pg_temp.fence(github),
    '{"days": [{"date": "2026-11-20",
    "commits_count": 1, "pull_requests_count": 0, "issues_count": 0, "repositories_contributed_to": 1}]}'), 0,
  'and not written again while they are the same'
) from c;

select * from finish();
rollback;
