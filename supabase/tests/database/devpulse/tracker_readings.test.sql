-- The tracker's numbers in the snapshots of the team's members, and goals about them, until the role ends.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(12);
\ir ../helpers/personas.psql
\ir ../helpers/devpulse.psql

insert into public.issues (title, segment, status, created_at)
values ('One', 'misc', 'waiting_for_help', now()), ('Two', 'misc', 'blocked', now());
insert into public.issues (title, segment, status, resolved_by, resolved_at, created_at)
select 'Resolved', 'misc', 'resolved', 'me', now() - d * interval '1 day',
  now() - d * interval '1 day' - h * interval '1 hour'
from (values (1, 6), (20, 2), (29, 7), (31, 100)) as r (d, h);
select private.run_issue_counts();
update public.profiles set timezone = 'Pacific/Kiritimati' where id = pg_temp.user_id('agent');
create function pg_temp.today(p_persona text) returns date language sql as $$
  select (now() at time zone p.timezone)::date from public.profiles as p
  where p.id = pg_temp.user_id(p_persona)
$$;
insert into public.goals (user_id, platform, goal_type, target_value, unit, start_date, end_date, direction)
values
  (pg_temp.user_id('viewer'), 'all', 'tracker_open_issues', 3, 'count', current_date, current_date + 9,
   'keep_below'),
  (pg_temp.user_id('viewer'), 'all', 'tracker_median_hours_to_resolve', 3, 'hours', current_date, null,
   'reach');

select is(private.run_tracker_readings(), 4, 'each member of the team gets them');
select pg_temp.build();
select is(
  pg_temp.shown('viewer', 'all', current_date), 'tracker.median_hours_to_resolve 6, tracker.open_issues 2',
  'open issues, and the median of those that were resolved in 30 days'
);
select is(
  pg_temp.shown('agent', 'all', pg_temp.today('agent')),
  'tracker.median_hours_to_resolve 6, tracker.open_issues 2', 'in the member''s time zone'
);
select is(
  pg_temp.shown('viewer', 'all', date_trunc('month', now())::date, 'monthly'),
  'tracker.median_hours_to_resolve 6, tracker.open_issues 2', 'also for the month'
);
select is(pg_temp.shown('stranger', 'all', current_date), null, 'nobody else gets them');
select results_eq(
  'select goal_type, current_value, is_achieved from public.goals order by 1',
  $$ values ('tracker_median_hours_to_resolve', 6::numeric, true), ('tracker_open_issues', 2, false) $$,
  'goals may be about them'
);
select is(private.run_tracker_readings(), 0, 'without a change nothing is stored');
select pg_temp.watch('viewer', 'devto', 'all');
select pg_temp.observe('viewer', 'devto', current_date, '{
  "1": {"views": 5, "reactions": 1, "comments": 0}}');
update public.issues set status = 'in_progress' where title = 'Two';
insert into public.issues (title, segment, status) values ('Three', 'misc', 'waiting_for_help');
select private.run_tracker_readings();
select pg_temp.build();
select is(
  pg_temp.shown('viewer', 'all', current_date),
  'devto.total_articles 1, devto.total_comments 0, devto.total_reactions 1, devto.total_views 5, '
  'tracker.median_hours_to_resolve 6, tracker.open_issues 3', 'the last of the day, next to the platforms'
);

-- The role ends

insert into private.tracker_readings (user_id, day, open_issues)
values (pg_temp.user_id('viewer'), current_date - 1, 9);
select public.backfill_snapshots(current_date - 1, current_date - 1, pg_temp.user_id('viewer'));
delete from public.team_members where user_id = pg_temp.user_id('viewer');
select private.run_tracker_readings();
select pg_temp.build();
select is(
  pg_temp.shown('viewer', 'all', current_date),
  'devto.total_articles 1, devto.total_comments 0, devto.total_reactions 1, devto.total_views 5',
  'from the day on which the role ends, they are not in it'
);
select is(
  (select metrics -> 'tracker' from public.analytics_snapshots where user_id = pg_temp.user_id('viewer')
     and platform = 'all' and snapshot_type = 'daily' and snapshot_date = current_date - 1),
  '{"open_issues": 9, "median_hours_to_resolve": null}', 'the days before stay'
);
update auth.users set banned_until = now() + interval '1 day' where id = pg_temp.user_id('agent');
delete from private.tracker_readings where user_id = pg_temp.user_id('agent');
select private.run_tracker_readings();
select is(
  (select count(*) from private.tracker_readings where user_id = pg_temp.user_id('agent')), 0::bigint,
  'a banned member gets none'
);
select is(
  (select count(*) from private.snapshot_state
   where user_id in (pg_temp.user_id('admin'), pg_temp.user_id('agent'))), 2::bigint,
  'the days of members are closed too'
);

select * from finish();
rollback;
