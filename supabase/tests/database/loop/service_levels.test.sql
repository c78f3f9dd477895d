-- Targets are what the ledger, the policies and the pauses make of them, and each breach is recorded once.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(58);

\ir ../helpers/personas.psql
delete from service_policies;
delete from private.service_marks;
-- All time counts unless a test says otherwise: now() is any time of the week.
insert into service_policies (
  id, name, clock, triage_minutes, engineering_minutes, agent_minutes, review_minutes, answer_minutes,
  applies_from
) values (
  '70000000-0000-4000-8000-0000000000f1', 'All', 'wall', 60, 120, 240, 480, 30, now() - interval '30 days'
);
create function pg_temp.issue(p_number integer) returns uuid language sql as $$
  select format('70000000-0000-4000-8000-%s', lpad(p_number::text, 12, '0'))::uuid
$$;
-- An issue that a message reported some minutes ago.
create function pg_temp.report(p_number integer, p_minutes integer, p_segment text default 'code')
returns void language plpgsql as $$
begin
  insert into issues (id, title, segment) values (pg_temp.issue(p_number), 'Issue ' || p_number, p_segment);
  delete from loop_events where issue_id = pg_temp.issue(p_number);
  perform private.record_loop_event(
    pg_temp.issue(p_number), 'reported', now() - p_minutes * interval '1 minute', 'Ana', 'm' || p_number
  );
end;
$$;
create function pg_temp.hop(p_number integer, p_hop text, p_minutes integer) returns void language sql as $$
  select private.record_loop_event(
    pg_temp.issue(p_number), p_hop, now() - p_minutes * interval '1 minute', null, ''
  )
$$;
create function pg_temp.minutes(p_name text, p_at timestamptz) returns text language sql as $$
  select p_name || ' ' || round(extract(epoch from p_at - now()) / 60)
$$;
-- A target, with its times in minutes from now.
create function pg_temp.target(p_number integer, p_stage text, p_generation integer default 1) returns text
language sql as $$
  select concat_ws(' ',
    pg_temp.minutes('started', started_at), pg_temp.minutes('warn', warn_at), pg_temp.minutes('due', due_at),
    pg_temp.minutes('met', met_at), pg_temp.minutes('warned', warned_at),
    pg_temp.minutes('breached', breached_at), case when cancelled_at is not null then 'cancelled' end
  )
  from service_targets
  where issue_id = pg_temp.issue(p_number) and stage = p_stage and generation = p_generation
$$;
create function pg_temp.told(p_number integer) returns text language sql as $$
  select string_agg(hop || ' ' || reference, ', ' order by id) from loop_events
  where issue_id = pg_temp.issue(p_number) and hop in ('warned', 'breached')
$$;

-- The way of one issue

select pg_temp.report(1, 10);
select is((select count(*) from service_targets), 0::bigint, 'nothing is computed by the writer');
select ok(private.run_service_levels() > 0, 'the job computes it');
select is(pg_temp.target(1, 'triage'), 'started -10 warn 38 due 50', 'triage begins with the report');
select is(private.run_service_levels(), 0, 'once');
select pg_temp.hop(1, 'triaged', 5);
select private.run_service_levels();
select is(pg_temp.target(1, 'triage'), 'started -10 warn 38 due 50 met -5', 'the issue ends it');
select is(pg_temp.target(1, 'engineering'), 'started -5 warn 91 due 115', 'and begins the next stage');
select pg_temp.hop(1, 'dispatched', 3);
select pg_temp.hop(1, 'promoted', 4);
select private.run_service_levels();
select is(pg_temp.target(1, 'engineering'), 'started -5 warn 91 due 115 met -4',
  'whichever is first ends it');
select is(pg_temp.target(1, 'agent'), 'started -4 warn 188 due 236', 'and begins the agent''s');
select pg_temp.hop(1, 'opened', 2);
select pg_temp.hop(1, 'merged', 1);
insert into exai_issues (id, title) values ('70000000-0000-4000-8000-0000000000e1', 'Fault');
insert into exai_issue_fixes (exai_issue_id, fixed_at, fixed_by)
values ('70000000-0000-4000-8000-0000000000e1', now() - interval '1 minute', 'person');
insert into issue_links (issue_id, exai_issue_id)
values (pg_temp.issue(1), '70000000-0000-4000-8000-0000000000e1');
select private.run_service_levels();
select is(pg_temp.target(1, 'review'), 'started -2 warn 382 due 478 met -1', 'a pull request is reviewed');
select is(pg_temp.target(1, 'answer'), 'started -1 warn 23 due 29', 'an answer is owed');
select pg_temp.hop(1, 'answered', 0);
select private.run_service_levels();
select is(pg_temp.target(1, 'answer'), 'started -1 warn 23 due 29 met 0', 'until a reporter is told');
select is(pg_temp.told(1), null, 'in time, nobody was told of anything');

-- Resolved by hand; nobody to tell; out of order

select pg_temp.report(2, 30);
select pg_temp.hop(2, 'triaged', 20);
select pg_temp.hop(2, 'resolved', 10);
update loop_events set reference = '' where issue_id = pg_temp.issue(2);
select pg_temp.report(3, 30);
select pg_temp.hop(3, 'triaged', 20);
select pg_temp.hop(3, 'opened', 90);
select private.run_service_levels();
select is(pg_temp.target(2, 'engineering'), 'started -20 warn 76 due 100 met -10',
  'resolved ends each stage');
select is(pg_temp.target(2, 'answer'), null, 'without a reporter no answer is owed');
select is(pg_temp.target(3, 'engineering'), 'started -20 warn 76 due 100 met -20',
  'a pull request that is older than the issue');

-- Warnings and breaches

select pg_temp.report(4, 50);
select private.run_service_levels();
select is(pg_temp.target(4, 'triage'), 'started -50 warn -2 due 10 warned -2', 'four fifths are over');
select is(pg_temp.told(4), 'warned triage', 'the ledger has it');
update service_policies set triage_minutes = 45;
select private.run_service_levels();
select is(pg_temp.target(4, 'triage'), 'started -50 warn -14 due -5 warned -2 breached -5',
  'a shorter promise is broken');
select is(pg_temp.told(4), 'warned triage, breached triage', 'and told');
select private.run_service_levels();
select is((select count(*) from service_breaches where issue_id = pg_temp.issue(4)), 2::bigint, 'each once');
select pg_temp.hop(4, 'triaged', 7);
select private.run_service_levels();
select is(pg_temp.target(4, 'triage'), 'started -50 warn -14 due -5 met -7 warned -2',
  'what turns out to be in time was not a breach');
select is(pg_temp.told(4), 'warned triage, breached triage', 'though it was told');
select pg_temp.report(5, 100);
select pg_temp.hop(5, 'triaged', 1);
select private.run_service_levels();
select is(pg_temp.target(5, 'triage'), 'started -100 warn -64 due -55 met -1 breached -55',
  'met too late is a breach, without a warning');
select is(pg_temp.told(5), 'breached triage', 'that is told');
update service_policies set triage_minutes = 200;
select private.run_service_levels();
select is(pg_temp.target(5, 'triage'), 'started -100 warn -64 due -55 met -1 breached -55',
  'what was met keeps its promise');

-- Pauses

select pg_temp.report(6, 10);
select private.run_service_levels();
select is(
  pg_temp.as_persona('agent', format($$
    select p.paused_by || ' ' || p.reason from pause_service_levels(%L, ' Waits for logs ') as p
  $$, pg_temp.issue(6))), 'Agnes Agent Waits for logs', 'an agent pauses'
);
select private.run_service_levels();
select is(pg_temp.target(6, 'triage'), 'started -10', 'nothing is due');
select is(
  pg_temp.as_persona('second', format($$
    select p.paused_by || ' ' || p.reason from pause_service_levels(%L, 'Still') as p
  $$, pg_temp.issue(6))), 'Agnes Agent Still', 'a pause has one beginning'
);
select is(
  pg_temp.as_persona('second', format($$
    select p.resumed_by from resume_service_levels(%L) as p
  $$, pg_temp.issue(6))), 'second', 'and one end'
);
select is(
  pg_temp.as_persona('agent', format($$
    select p.resumed_by from resume_service_levels(%L) as p
  $$, pg_temp.issue(6))), 'second', 'that stays'
);
update service_pauses set starts_at = now() - interval '5 minutes', ends_at = now() - interval '2 minutes';
select private.run_service_levels();
select is(pg_temp.target(6, 'triage'), 'started -10 warn 153 due 193', 'paused time does not count');
select is(pg_temp.as_persona('viewer', format($$select pause_service_levels(%L, 'x')$$, pg_temp.issue(6))),
  'PT403 team_role_required', 'a viewer does not pause');
select is(pg_temp.as_persona('agent', format($$select pause_service_levels(%L, ' ')$$, pg_temp.issue(6))),
  'PT422 loop_pause_invalid', 'a pause has a reason');
select is(
  pg_temp.as_persona('agent', format($$select pause_service_levels(%L, 'x', now())$$, pg_temp.issue(6))),
  'PT422 loop_pause_invalid', 'and no end in the past'
);
select is(
  pg_temp.as_persona('agent', format($$select pause_service_levels(%L, 'x')$$, gen_random_uuid())),
  'PT404 loop_issue_unknown', 'of an issue that exists'
);
select matches(
  pg_temp.as_persona('agent', 'update service_targets set due_at = now() returning 1'), '^42501 ',
  'nobody moves a target'
);

-- Blocked and archived

update issue_status_logs set changed_at = now() - interval '1 hour';
update issues set status = 'blocked' where id = pg_temp.issue(6);
select private.run_service_levels();
select is(pg_temp.target(6, 'triage'), 'started -10', 'a blocked issue is paused');
update service_policies set pauses_when_blocked = false;
select private.run_service_levels();
select is(pg_temp.target(6, 'triage'), 'started -10 warn 153 due 193', 'if the policy says so');
update issues set status = 'archived' where id = pg_temp.issue(6);
select private.run_service_levels();
select is(pg_temp.target(6, 'triage'), 'started -10', 'an archived one always is');

-- Which policy

select pg_temp.report(7, 10, 'auth');
insert into service_policies (name, segment, triage_minutes, clock, applies_from) values
  ('Auth', 'auth', 20, 'wall', now() - interval '1 day'), ('Later', 'code', 20, 'wall', now());
select private.run_service_levels();
select is(pg_temp.target(7, 'triage'), 'started -10 warn 6 due 10', 'the segment''s is more specific');
update issues set segment = 'code' where id = pg_temp.issue(7);
select private.run_service_levels();
select is(pg_temp.target(7, 'triage'), 'started -10 warn 150 due 190',
  'one that begins later does not apply');
select is(
  (private.find_service_policy(v.segment, v.severity, now())).name, v.name, 'the policy of ' || v.name
)
from (values ('auth', null, 'Auth'), ('misc', null, 'All'), ('code', 'low', 'Later'))
  as v (segment, severity, name);
insert into service_policies (id, name, clock, is_active, applies_from)
select p.id, 'All', null, null, null from service_policies as p where p.name = 'All'
on conflict (id) do update set clock = excluded.clock, is_active = excluded.is_active,
  applies_from = excluded.applies_from;
select is((select clock from service_policies where name = 'All'), 'wall',
  'an upsert keeps what it leaves out');
update service_policies set is_active = false;
select private.run_service_levels();
select is(pg_temp.target(7, 'triage'), 'started -10 warn 150 due 190 cancelled', 'without policies it ends');
update service_policies set is_active = true;
select private.run_service_levels();
select is(pg_temp.target(7, 'triage'), 'started -10 warn 150 due 190', 'and goes on with them');
delete from service_policies where name <> 'All';

-- Calendars and holidays: by a calendar of all days, a holiday moves what is open to the day after it.

insert into service_calendars (id, name) values ('70000000-0000-4000-8000-0000000000c1', 'All days');
insert into service_hours (calendar_id, weekday, opens, closes)
select '70000000-0000-4000-8000-0000000000c1', d, '00:00', '24:00' from generate_series(1, 7) as d;
insert into service_policies (name, segment, clock, calendar_id, triage_minutes, applies_from) values
  ('Tool', 'tool', 'business', '70000000-0000-4000-8000-0000000000c1', 30, now() - interval '1 day');
select pg_temp.report(8, 0, 'tool');
select private.run_service_levels();
select is(pg_temp.target(8, 'triage'), 'started 0 warn 24 due 30', 'working time of all days is all time');
insert into service_holidays (calendar_id, holiday_on)
select '70000000-0000-4000-8000-0000000000c1', (now() at time zone 'UTC')::date + n
from generate_series(0, 1) as n;
select private.run_service_levels();
select is(
  (select due_at at time zone 'UTC' from service_targets where issue_id = pg_temp.issue(8)),
  date_trunc('day', now() at time zone 'UTC') + interval '2 days 30 minutes', 'but for holidays'
);

-- A minute without changes reads what is due, not what was kept.

select private.run_service_levels();
select pg_temp.report(9, 90);
select private.run_service_levels();
update service_targets set due_at = now() - interval '1 minute', breached_at = null
where issue_id = pg_temp.issue(9);
delete from service_breaches where issue_id = pg_temp.issue(9);
create temp table scans on commit drop as
select pg_stat_get_xact_numscans('public.service_targets'::regclass) as count;
select is(private.run_service_levels(), 1, 'a breach is found');
select is(
  pg_stat_get_xact_numscans('public.service_targets'::regclass), (select count from scans),
  'without a scan of all targets'
);
update service_targets set due_at = started_at + interval '200 minutes', breached_at = null
where issue_id = pg_temp.issue(9);
delete from service_breaches where issue_id = pg_temp.issue(9);

-- Reopened

update issues set status = 'resolved' where id = pg_temp.issue(7);
select private.run_service_levels();
update issues set status = 'in_progress' where id = pg_temp.issue(7);
select private.run_service_levels();
select is(pg_temp.target(7, 'answer'), 'started 0 warn 24 due 30 cancelled', 'reopened, no answer is owed');
select is(pg_temp.target(7, 'engineering', 2), 'started 0 warn 96 due 120', 'and engineering begins');

-- What people watch

select results_eq(
  $$ select stage, is_paused, is_breached, round(used_share::numeric, 2) from open_service_targets
     where issue_id in (pg_temp.issue(3), pg_temp.issue(6)) order by issue_id, stage $$,
  $$ values ('review', false, false, 0.19), ('triage', true, false, null) $$,
  'open targets, with the share of their time that is used up'
);
select private.run_service_attainment(true);
select results_eq(
  $$ select sum(targets_count), sum(kept_count), sum(breached_count) from service_attainment
     where stage = 'triage' $$,
  $$ select count(*)::numeric, count(*) filter (where met_at is not null and breached_at is null)::numeric,
       count(breached_at)::numeric from service_targets where stage = 'triage' and cancelled_at is null $$,
  'and how many were kept'
);
select is(pg_temp.as_persona('stranger', 'select count(*) from open_service_targets'), '0', 'the team does');

delete from service_policies where name = 'Tool';
select private.run_service_levels();
select is_empty('select * from private.verify_service_targets()', 'what is stored is what is computed again');
update service_targets set due_at = due_at + interval '1 second'
where issue_id = pg_temp.issue(7) and generation = 2;
select is((select count(*) from private.verify_service_targets()), 1::bigint, 'a wrong one is found');

select * from finish();
rollback;
