-- Pauses over nights, weekends and holidays: what is left when one begins is left when it ends. The due times
-- are computed by hand.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(25);

\ir ../helpers/personas.psql
delete from service_policies;
delete from private.service_marks;
-- Monday to Friday, 9 to 17. Easter: Friday, April 18, and Monday, April 21, 2025, nobody works.
insert into service_calendars (id, name) values ('70000000-0000-4000-8000-0000000000c3', 'Easter');
insert into service_hours (calendar_id, weekday, opens, closes)
select '70000000-0000-4000-8000-0000000000c3', d, '09:00', '17:00' from generate_series(1, 5) as d;
insert into service_holidays (calendar_id, holiday_on) values
  ('70000000-0000-4000-8000-0000000000c3', '2025-04-18'),
  ('70000000-0000-4000-8000-0000000000c3', '2025-04-21');
-- A day of working time, of which four fifths are 6 h 24.
insert into service_policies (name, clock, calendar_id, triage_minutes, applies_from)
values ('Day', 'business', '70000000-0000-4000-8000-0000000000c3', 480, '2025-01-01');

create function pg_temp.issue(p_number integer) returns uuid language sql as $$
  select format('70000000-0000-4000-8000-%s', lpad(p_number::text, 12, '0'))::uuid
$$;
create function pg_temp.april(p_day_and_time text) returns timestamptz language sql as $$
  select ('2025-04-' || p_day_and_time || '+00')::timestamptz
$$;
-- An issue that was reported on Thursday, April 17, at 14:00, three hours before the weekend, and its pauses
-- as pairs of times.
create function pg_temp.report(p_number integer, variadic p_pauses text[]) returns void language plpgsql as $$
begin
  insert into issues (id, title, segment) values (pg_temp.issue(p_number), 'Issue ' || p_number, 'code');
  delete from loop_events where issue_id = pg_temp.issue(p_number);
  update issue_status_logs set changed_at = pg_temp.april('17 14:00')
  where issue_id = pg_temp.issue(p_number);
  perform private.record_loop_event(
    pg_temp.issue(p_number), 'reported', pg_temp.april('17 14:00'), 'Ana', 'm' || p_number
  );
  insert into service_pauses (issue_id, reason, starts_at, ends_at, paused_by)
  select pg_temp.issue(p_number), 'Waits', pg_temp.april(p_pauses[n]), pg_temp.april(p_pauses[n + 1]), 'Ana'
  from generate_series(1, cardinality(p_pauses), 2) as n where p_pauses[n] <> '';
end;
$$;
create function pg_temp.log(p_number integer, p_old text, p_new text, p_at text) returns void
language sql as $$
  insert into issue_status_logs (issue_id, old_status, new_status, changed_by, changed_at)
  values (pg_temp.issue(p_number), p_old, p_new, 'Ana', pg_temp.april(p_at))
$$;
create function pg_temp.clock(p_at timestamptz) returns text language sql as $$
  select coalesce(to_char(p_at at time zone 'UTC', 'Dy DD HH24:MI'), 'paused')
$$;
-- When it warns and when it is due.
create function pg_temp.due(p_number integer) returns text language plpgsql as $$
begin
  perform private.run_service_levels();
  return (
    select concat_ws(', ', pg_temp.clock(t.warn_at), pg_temp.clock(t.due_at)) from service_targets as t
    where t.issue_id = pg_temp.issue(p_number) and t.stage = 'triage'
  );
end;
$$;

select pg_temp.report(1, '');
select is(pg_temp.due(1), 'Tue 22 12:24, Tue 22 14:00', 'three hours before Easter, five after it');

-- One pause

select pg_temp.report(2, '18 10:00', '22 11:00');
select is(pg_temp.due(2), 'Tue 22 14:24, Tue 22 16:00', 'from a holiday to a working day: two hours later');
select pg_temp.report(3, '17 15:00', '21 12:00');
select is(pg_temp.due(3), 'Tue 22 14:24, Tue 22 16:00', 'from a working day to a holiday: two hours later');
select pg_temp.report(4, '18 00:00', '22 09:00');
select is(pg_temp.due(4), 'Tue 22 12:24, Tue 22 14:00', 'from a holiday to the end of another: as without');
select pg_temp.report(5, '19 12:00', '20 12:00');
select is(pg_temp.due(5), 'Tue 22 12:24, Tue 22 14:00', 'over a weekend: as without');
select pg_temp.report(6, '17 16:59', '22 09:01');
select is(pg_temp.due(6), 'Tue 22 12:26, Tue 22 14:02', 'a minute before it and one after it count');
select pg_temp.report(7, '16 09:00', '17 16:00');
select is(pg_temp.due(7), 'Tue 22 14:24, Tue 22 16:00', 'from before the report');
select pg_temp.report(8, '17 17:00', '18 09:00', '18 09:00', '25 09:00');
select is(pg_temp.due(8), 'Fri 25 12:24, Fri 25 14:00', 'two that touch, of a week');
select pg_temp.report(9, '22 13:00', '23 16:00');
select is(pg_temp.due(9), 'Tue 22 12:24, Wed 23 17:00', 'between the warning and the end: an hour is left');
select pg_temp.report(10, '22 14:00', '23 12:00');
select is(pg_temp.due(10), 'Tue 22 12:24, Tue 22 14:00', 'one that begins when it is due comes too late');

-- Pauses that overlap

select pg_temp.report(11, '17 15:00', '22 10:00', '21 12:00', '22 13:00');
select is(pg_temp.due(11), 'Wed 23 10:24, Wed 23 12:00', 'two that overlap on a holiday are one');
select pg_temp.report(12, '17 15:00', '22 13:00', '18 10:00', '19 10:00');
select is(pg_temp.due(12), 'Wed 23 10:24, Wed 23 12:00', 'one within another one adds nothing');
select pg_temp.report(13, '17 15:00', '17 16:30');
select pg_temp.log(13, 'waiting_for_help', 'blocked', '17 16:00');
select pg_temp.log(13, 'blocked', 'in_progress', '22 10:00');
select is(pg_temp.due(13), 'Tue 22 15:24, Tue 22 17:00', 'a pause, then blocked over Easter');
select pg_temp.report(14, '18 10:00', '22 12:00');
select pg_temp.log(14, 'waiting_for_help', 'archived', '21 10:00');
select pg_temp.log(14, 'archived', 'in_progress', '22 10:00');
select is(pg_temp.due(14), 'Tue 22 15:24, Tue 22 17:00', 'archived within a pause adds nothing');
select pg_temp.report(15, '17 15:00', '17 15:00');
select is(pg_temp.due(15), 'Tue 22 12:24, Tue 22 14:00', 'one that ended immediately costs nothing');

-- A calendar that is edited while an issue is paused

select pg_temp.report(16, '17 15:00', null);
select is(pg_temp.due(16), 'paused, paused', 'paused on Thursday without an end');
insert into service_holidays (calendar_id, holiday_on)
values ('70000000-0000-4000-8000-0000000000c3', '2025-04-22');
select is(pg_temp.due(16), 'paused, paused', 'a holiday more leaves it paused');
select is(pg_temp.due(1), 'Wed 23 12:24, Wed 23 14:00', 'and moves what is not');
select is(pg_temp.due(3), 'Wed 23 14:24, Wed 23 16:00', 'also what was paused until a day before it');
select is(pg_temp.due(2), 'Wed 23 12:24, Wed 23 14:00', 'and a pause until then costs nothing any more');
update service_pauses set ends_at = pg_temp.april('23 11:00') where issue_id = pg_temp.issue(16);
insert into private.service_marks (issue_id) values (pg_temp.issue(16));
select is(pg_temp.due(16), 'Wed 23 16:24, Thu 24 10:00', 'resumed, seven hours are left');
update service_hours set closes = '15:00'
where calendar_id = '70000000-0000-4000-8000-0000000000c3' and weekday = 3;
select is(pg_temp.due(16), 'Thu 24 10:24, Thu 24 12:00', 'of which Wednesday has four by its new hours');
update service_hours set opens = '14:30'
where calendar_id = '70000000-0000-4000-8000-0000000000c3' and weekday = 4;
select is(pg_temp.due(16), 'Thu 24 16:24, Fri 25 10:00',
  'and Thursdays begin later, also the one before the pause');
delete from service_holidays where holiday_on = '2025-04-18';
select is(pg_temp.due(16), 'Thu 24 16:24, Fri 25 10:00', 'a holiday less within the pause changes nothing');
select is_empty('select * from private.verify_service_targets()', 'all are as they are computed again');

select * from finish();
rollback;
