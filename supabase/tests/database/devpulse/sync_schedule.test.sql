-- When connections are synced: what makes them due, leases, and what follows a run.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(53);
\ir ../helpers/personas.psql
\ir ../helpers/sync.psql

delete from public.platform_connections where true;
create temp table c on commit drop as
select pg_temp.connect_to('stranger', 'github') as github, pg_temp.connect_to('stranger', 'devto') as devto,
  pg_temp.connect_to('viewer', 'github') as other;

-- What makes a connection due

select is(pg_temp.next_in(github), 'never', 'without a monitor it is not synced') from c;
create temp table m on commit drop as
select pg_temp.monitor(github, 'all', 60) as slow, pg_temp.monitor(github, 'user', 10) as fast from c;
select is((pg_temp.schedule(github)).sync_minutes, 10, 'as often as its most frequent monitor') from c;
select is(pg_temp.claim(), 'github of stranger', 'it is due at once, and is claimed');
select is(pg_temp.claim(), 'nothing', 'by one only');
select ok(pg_temp.finish(github, '{"state": "succeeded"}'), 'the run ends') from c;
select is(pg_temp.next_in(github), '10', 'and is due again after that time') from c;
update public.monitors set is_active = false where id = (select fast from m);
select is(
  (pg_temp.schedule(github)).sync_minutes || ' ' || pg_temp.next_in(github), '60 10',
  'a monitor less: the next sync stays, those after it are less frequent'
) from c;
update public.monitors set sync_frequency = 5 where id = (select slow from m);
select is(pg_temp.next_in(github), '5', 'a higher frequency counts from the last run on') from c;
update public.monitors set is_active = true where id = (select fast from m);
select is(pg_temp.next_in(github), '1', 'one that is brought back is due, a minute after the last run')
from c;
update public.monitors set is_active = false where user_id = pg_temp.account('stranger');
select is(pg_temp.next_in(github), 'never', 'without an active monitor it is not synced') from c;
update public.monitors set is_active = true where user_id = pg_temp.account('stranger');
select is(pg_temp.next_in(github), '1', 'until one is') from c;
delete from public.monitors where user_id = pg_temp.account('stranger');
select is(pg_temp.next_in(github), 'never', 'also when they are deleted') from c;
select pg_temp.monitor(github) from c;

-- Paused, disconnected, banned

update public.platform_connections set is_active = false where id = (select github from c);
select is(pg_temp.next_in(github), 'never', 'a paused connection is not synced') from c;
update public.platform_connections set is_active = true where id = (select github from c);
select pg_temp.make_due(github) from c;
select is(pg_temp.claim(), 'github of stranger', 'brought back, it is');
select pg_temp.finish(github, '{"state": "failed", "is_counted": true}') from c;
update public.platform_connections set status = 'reauth_required' where id = (select github from c);
select is(pg_temp.next_in(github), 'never', 'nor one whose token is rejected') from c;
update public.platform_connections set status = 'connected' where id = (select github from c);
select is(
  row((pg_temp.schedule(github)).attempts_count, (pg_temp.schedule(github)).not_before)::text, '(0,)',
  'connected again, earlier failures do not count'
) from c;
select pg_temp.make_due(github) from c;
update auth.users set banned_until = now() + interval '1 day' where id = pg_temp.account('stranger');
select is(pg_temp.claim(), 'nothing', 'nor one whose account is banned');
select is(pg_temp.next_in(github), '60', 'which is looked at again in an hour') from c;
update auth.users set banned_until = null where id = pg_temp.account('stranger');
select pg_temp.make_due(github) from c;
select is(pg_temp.claim(), 'github of stranger', 'after the ban it is synced');

-- The account's name

create function pg_temp.name_after(p_result jsonb) returns text language plpgsql as $$
begin
  perform pg_temp.finish(github, p_result) from c;
  perform pg_temp.make_due(github), pg_temp.claim() from c;
  return (select p.platform_username from public.platform_connections as p join c on c.github = p.id);
end;
$$;
select is(pg_temp.name_after(r), n, d) from (values
  ('{"state": "succeeded", "platform_username": "maya"}'::jsonb, 'maya',
    'a renamed account has its new name'),
  ('{"state": "partial", "platform_username": "maya-codes"}', 'maya-codes', 'also after a part of it'),
  ('{"state": "succeeded"}', 'maya-codes', 'a run that did not read it keeps it'),
  ('{"state": "failed", "platform_username": " "}', 'maya-codes', 'and so does one that read nothing'),
  (jsonb_build_object('state', 'succeeded', 'platform_username', repeat('m', 300)), repeat('m', 200),
    'a name is cut')
) as s (r, n, d);
update public.platform_connections set platform_username = 'stranger' where id = (select github from c);

-- Leases

select throws_ok(
  format($$ select public.record_github_repositories(%s, %s, '{}') $$, pg_temp.run(github),
    pg_temp.fence(github) - 1), 'PT410', 'devpulse_sync_lease_expired', 'another fencing token writes nothing'
) from c;
create temp table lost on commit drop as
select pg_temp.run(github) as run, pg_temp.fence(github) as fence from c;
update private.sync_schedule
set lease_expires_at = now() - interval '1 second', next_sync_at = now() - interval '1 second'
where run_id is not null;
select throws_ok(
  format($$ select public.record_github_repositories(%s, %s, '{}') $$, run, fence), 'PT410',
  'devpulse_sync_lease_expired', 'nor a lease that has expired'
) from lost;
select is(pg_temp.claim(), 'github of stranger', 'which the next run takes over');
select is(
  (select state || ' ' || error_code from public.sync_runs where id = (select run from lost)),
  'failed devpulse_run_expired', 'the lost run has failed'
);
select ok(not public.finish_sync_run(run, fence, '{"state": "succeeded"}'), 'and can''t end any more')
from lost;
select is((pg_temp.schedule(github)).attempts_count, 2, 'it is counted: it may have killed its function')
from c;
update private.sync_schedule set attempts_count = 5, lease_expires_at = now(), next_sync_at = now()
where run_id is not null;
select pg_temp.claim();
select matches(pg_temp.next_in(github), '^1[3-9]|2[0-9]$', 'one that does so often gets more time') from c;
create temp table paused on commit drop as
select pg_temp.run(github) as run, pg_temp.fence(github) as fence from c;
update public.platform_connections set is_active = false where id = (select github from c);
select throws_ok(
  format($$ select public.record_github_repositories(%s, %s, '{}') $$, run, fence), 'PT410',
  'devpulse_sync_lease_expired', 'a connection that is paused takes its lease from the run'
) from paused;
select is(
  (select state || ' ' || error_code from public.sync_runs where id = (select run from paused)),
  'failed devpulse_connection_conflict', 'which has failed'
);
update public.platform_connections set is_active = true where id = (select github from c);

-- What follows a run

create function pg_temp.after(p_result jsonb) returns text language plpgsql as $$
declare
  v_id constant uuid := (select github from c);
begin
  perform pg_temp.make_due(v_id), pg_temp.claim(), pg_temp.finish(v_id, p_result);
  return pg_temp.next_in(v_id);
end;
$$;
update private.sync_schedule set attempts_count = 0, delays_count = 0 where true;
select is(pg_temp.after('{"state": "partial"}'), '15', 'a partial one is followed by the next as usual');
select is(pg_temp.after('{"state": "failed"}'), '1', 'one that failed for a reason outside is repeated soon');
select is(pg_temp.after('{"state": "failed"}'), '2', 'then later');
select is((pg_temp.schedule(github)).attempts_count, 0, 'and is not counted') from c;
select matches(pg_temp.after('{"state": "failed", "is_counted": true}'), '^1[5-8]$', 'one of its own');
select matches(
  pg_temp.after('{"state": "failed", "is_counted": true}'), '^3[0-6]$', 'is repeated ever later'
);
select is((pg_temp.schedule(github)).attempts_count, 2, 'and is counted') from c;
select matches(
  pg_temp.after(jsonb_build_object('state', 'deferred', 'retry_at', now() + interval '5 hours')),
  '^30[0-3]$', 'a time that the provider names is kept to'
);
update public.monitors set sync_frequency = 1 where user_id = pg_temp.account('stranger');
select ok(pg_temp.next_in(github)::integer >= 300, 'whatever the frequency') from c;
select pg_temp.monitor(github, 'user', 1) from c;
select ok(pg_temp.next_in(github)::integer >= 300, 'and whatever is new') from c;
select is(pg_temp.after('{"state": "succeeded"}'), '1', 'a success ends all that');
select pg_temp.make_due(github), pg_temp.claim() from c;
select pg_temp.monitor(github, 'all', 60) from c;
select pg_temp.finish(github, '{"state": "succeeded"}') from c;
select is(pg_temp.next_in(github), '1', 'what became new during a run is read a minute after it began')
from c;

-- Order and number

select pg_temp.monitor(devto), pg_temp.monitor(other) from c;
update private.sync_schedule set next_sync_at = now() - case connection_id when (select other from c)
  then interval '2 hours' when (select devto from c) then interval '1 hour' else interval '0' end
where next_sync_at is not null;
select is(pg_temp.claim(1), 'github of viewer', 'the longest due first');
select is(pg_temp.claim(), 'devto of stranger, github of stranger', 'then the others');
select is(
  (select count(*) from public.sync_runs where state = 'running'), 3::bigint, 'each with a run of its own'
);

-- Who sees runs

select is(
  pg_temp.as_persona('viewer', 'select count(distinct platform_connection_id) from public.sync_runs'), '1',
  'a user sees the runs of their own connections'
);

-- How many are kept

update public.devpulse_settings set runs_per_connection = 3 where true;
select pg_temp.after('{"state": "succeeded"}') from generate_series(1, 5);
select is(
  (select count(*) from public.sync_runs where platform_connection_id = (select github from c)), 3::bigint,
  'the newest runs are kept'
);
update public.sync_runs set started_at = now() - interval '31 days';
select is(private.prune_sync_runs() >= 3, true, 'for so many days');
insert into private.metric_readings
select github, current_date - d, 'stars', '1', 1, now() from c, unnest(array[1, 800, 801, 900]) as d;
select is(private.prune_metric_readings(), 2, 'readings are deleted after theirs');
delete from public.platform_connections where id = (select github from c);
select is(
  (select count(*) from private.sync_schedule where connection_id = (select github from c)), 0::bigint,
  'a deleted connection leaves nothing'
);

select * from finish();
rollback;
