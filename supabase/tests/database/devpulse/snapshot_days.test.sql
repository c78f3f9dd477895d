-- When a day ends: in the time zone of its user, with days of 23 and 25 hours, and after a move.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(29);
\ir ../helpers/personas.psql
\ir ../helpers/devpulse.psql
delete from public.team_members;

select pg_temp.watch('stranger', 'devto', 'all'), pg_temp.watch('second', 'devto', 'all'),
  pg_temp.watch('viewer', 'devto', 'all');

-- Closes what has ended by a moment, and says which days of a user have a snapshot since a day.
create function pg_temp.days_at(p_persona text, p_now timestamptz, p_since date) returns text
language plpgsql as $$
begin
  perform pg_temp.build(p_now);
  return (
    select string_agg(to_char(s.snapshot_date, 'MM-DD') || case when s.gaps = '{}' then '' else '?' end, ' '
      order by s.snapshot_date)
    from public.analytics_snapshots as s
    where s.user_id = pg_temp.user_id(p_persona) and s.platform = 'devto' and s.snapshot_type = 'daily'
      and s.snapshot_date >= p_since
  );
end;
$$;
-- As if the user's days were closed up to a day.
create function pg_temp.closed(p_persona text, p_day date) returns timestamptz language sql as $$
  update private.snapshot_state as s
  set closed_through = p_day, closes_at = private.day_start(p.timezone, p_day + 2)
  from public.profiles as p
  where s.user_id = pg_temp.user_id(p_persona) and p.id = s.user_id
  returning s.closes_at
$$;

select results_eq(
  $$ select closed_through, closes_at from private.snapshot_state
     where user_id = pg_temp.user_id('stranger') $$,
  $$ select (now() at time zone 'UTC')::date - 1,
       ((now() at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC' $$,
  'with the first monitor, the days before today count as closed'
);

-- A day without a reading

select pg_temp.closed('stranger', '2026-05-09');
select is(
  pg_temp.days_at('stranger', '2026-05-10 23:59:59+00', '2026-05-01'), null,
  'a day that is not over has nothing'
);
select is(
  pg_temp.days_at('stranger', '2026-05-11 00:00:00+00', '2026-05-01'), '05-10?',
  'one that ends without a reading gets a snapshot with gaps'
);
select is(
  pg_temp.shown('stranger', 'devto', '2026-05-10'),
  'total_articles ?, total_comments ?, total_reactions ?, total_views ?', 'of all metrics'
);
select pg_temp.observe(
  'stranger', 'devto', '2026-05-10', '{"1": {"views": 1, "reactions": 1, "comments": 1}}'
);
select is(
  pg_temp.days_at('stranger', '2026-05-11 08:00:00+00', '2026-05-01'), '05-10', 'a late sync corrects it'
);
select is(
  pg_temp.days_at('stranger', '2026-05-14 00:00:30+00', '2026-05-01'), '05-10 05-11? 05-12? 05-13?',
  'a job that did not run for days closes them all'
);
select is(
  (select closed_through::text from private.snapshot_state where user_id = pg_temp.user_id('stranger')),
  '2026-05-13', 'and where it is up to is stored'
);
update public.monitors set is_active = false where user_id = pg_temp.user_id('stranger');
select is(
  (select count(*) from private.snapshot_state where user_id = pg_temp.user_id('stranger')), 0::bigint,
  'without an active monitor no day is closed'
);
update public.monitors set is_active = true where user_id = pg_temp.user_id('stranger');
select is(
  (select closed_through from private.snapshot_state where user_id = pg_temp.user_id('stranger')),
  (now() at time zone 'UTC')::date - 1, 'with one that is active again, days are closed from then on'
);

-- UTC+14 and UTC-11

update public.profiles set timezone = 'Pacific/Kiritimati' where id = pg_temp.user_id('second');
update public.profiles set timezone = 'Pacific/Pago_Pago' where id = pg_temp.user_id('viewer');
select is(
  pg_temp.closed('second', '2026-05-19'), '2026-05-20 10:00+00', 'May 20 ends at 10:00 UTC at UTC+14'
);
select is(
  pg_temp.closed('viewer', '2026-05-19'), '2026-05-21 11:00+00', 'and at 11:00 of the next day at UTC-11'
);
select is(pg_temp.days_at('second', '2026-05-20 09:59:59+00', '2026-05-01'), null, 'not before');
select is(pg_temp.days_at('second', '2026-05-20 10:00+00', '2026-05-01'), '05-20?', 'closed at UTC+14');
select is(
  pg_temp.days_at('viewer', '2026-05-20 10:00+00', '2026-05-01'), null, 'that day has hardly begun at UTC-11'
);
select is(pg_temp.days_at('viewer', '2026-05-21 10:59:59+00', '2026-05-01'), null, 'nor is it over');
select is(pg_temp.days_at('viewer', '2026-05-21 11:00+00', '2026-05-01'), '05-20?', 'closed at UTC-11');

-- Days of 23 and 25 hours

update public.profiles set timezone = 'Europe/Berlin' where id = pg_temp.user_id('second');
select is(pg_temp.closed('second', '2026-03-27'), '2026-03-28 23:00+00', 'the day before summer time begins');
select is(
  pg_temp.days_at('second', '2026-03-29 21:59:59+00', '2026-03-28'), '03-28? 05-20? 05-21?',
  'a day of 23 hours'
);
select is(
  pg_temp.days_at('second', '2026-03-29 22:00+00', '2026-03-28'), '03-28? 03-29? 05-20? 05-21?',
  'ends after 23 hours'
);
select pg_temp.closed('second', '2026-10-23');
select is(
  pg_temp.days_at('second', '2026-10-25 22:59:59+00', '2026-10-20'), '10-24?', 'a day of 25 hours'
);
select is(
  pg_temp.days_at('second', '2026-10-25 23:00+00', '2026-10-20'), '10-24? 10-25?', 'ends after 25 hours'
);
-- where midnight itself is skipped
update public.profiles set timezone = 'America/Santiago' where id = pg_temp.user_id('second');
select pg_temp.closed('second', '2026-09-04');
select is(
  (select closes_at from private.snapshot_state where user_id = pg_temp.user_id('second')),
  '2026-09-06 04:00+00', 'a day that begins at one o''clock'
);

-- A move: days that have readings stay what they are

update public.profiles set timezone = 'Pacific/Pago_Pago' where id = pg_temp.user_id('second');
select pg_temp.closed('second', '2026-06-01');
select pg_temp.observe('second', 'devto', '2026-06-02', '{"1": {"views": 5, "reactions": 1, "comments": 0}}');
select is(
  pg_temp.days_at('second', '2026-06-03 09:00+00', '2026-06-01'), '06-02 10-24? 10-25?', 'June 2 at UTC-11'
);
update public.profiles set timezone = 'Pacific/Kiritimati' where id = pg_temp.user_id('second');
select is(
  (select closes_at from private.snapshot_state where user_id = pg_temp.user_id('second')),
  '2026-06-02 10:00+00', 'its end moves with the user'
);
select is(
  pg_temp.days_at('second', '2026-06-03 10:00+00', '2026-06-01'), '06-02 06-03? 10-24? 10-25?',
  'to the east, a day is cut short'
);
update public.profiles set timezone = 'Pacific/Pago_Pago' where id = pg_temp.user_id('second');
select pg_temp.observe('second', 'devto', '2026-06-03', '{"1": {"views": 6, "reactions": 1, "comments": 0}}');
select is(
  pg_temp.days_at('second', '2026-06-03 12:00+00', '2026-06-01'), '06-02 06-03 10-24? 10-25?',
  'back to the west, a day that was closed goes on'
);
select is(
  pg_temp.days_at('second', '2026-06-05 11:00+00', '2026-06-01'), '06-02 06-03 06-04? 10-24? 10-25?',
  'and days are closed once'
);
update public.profiles set timezone = 'Pacific/Kiritimati' where id = pg_temp.user_id('second');
select is(
  pg_temp.days_at('second', '2026-06-05 11:00+00', '2026-06-05'), '06-05? 10-24? 10-25?',
  'east again, a day ends without a reading'
);
update public.profiles set timezone = 'Pacific/Pago_Pago' where id = pg_temp.user_id('second');
insert into private.snapshot_marks (user_id, day) values (pg_temp.user_id('second'), '2026-06-05');
select is(
  pg_temp.days_at('second', '2026-06-05 12:00+00', '2026-06-05'), '06-05? 10-24? 10-25?',
  'back to the west, its gaps stay when it is built again'
);

select * from finish();
rollback;
