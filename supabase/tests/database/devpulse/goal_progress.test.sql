-- Goals with their pace, and goals of a workspace.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(30);
\ir ../helpers/personas.psql
\ir ../helpers/devpulse.psql

-- 100 stars 20 days ago and 10 more each day, to 300 today; three commits a day.
select pg_temp.watch('stranger', 'github', 'all'), pg_temp.watch('stranger', 'devto', 'all');
select pg_temp.observe('stranger', 'github', current_date - 20 + n, format(
  '{"1": {"stars": %s, "forks": 3, "open_issues": %s}}', 100 + 10 * n, 30 - n)::jsonb)
from generate_series(0, 20) as n where n not in (7, 8);
select pg_temp.contribute('stranger', current_date - n, 3) from generate_series(0, 40) as n;
select pg_temp.observe('stranger', 'devto', current_date, '{
  "1": {"views": 5, "reactions": 1, "comments": 0}}');
select pg_temp.build();

-- A goal's percentage, remaining, days left, needed and present pace, days until the projected one, status.
create function pg_temp.progress(
  p_type text, p_target numeric, p_start integer default 20, p_end integer default null,
  p_direction text default 'reach', p_unit text default 'count', p_platform text default 'github'
) returns text language plpgsql as $$
declare
  v_id uuid;
begin
  insert into public.goals (user_id, platform, goal_type, target_value, unit, start_date, end_date, direction)
  values (
    pg_temp.user_id('stranger'), p_platform, p_type, p_target, p_unit, current_date - p_start,
    current_date + p_end, p_direction
  )
  returning id into v_id;
  return (
    select concat_ws(' ', coalesce(p.percentage::text, '-'), coalesce(p.remaining::text, '-'),
      coalesce(p.days_left::text, '-'), coalesce(trim_scale(p.pace_needed)::text, '-'),
      coalesce(trim_scale(p.pace_present)::text, '-'), coalesce((p.projected_on - current_date)::text, '-'),
      p.status)
    from public.goal_progress as p where p.id = v_id
  );
end;
$$;
select is(pg_temp.progress('stars', 400, 20, 20), '75.0 100 21 4.7619 10 10 on_track', 'on track');
select is(pg_temp.progress('stars', 400, 20, 10), '75.0 100 11 9.0909 10 10 on_track', 'just so');
select is(pg_temp.progress('stars', 400, 20, 9), '75.0 100 10 10 10 10 behind', 'a day late');
select is(pg_temp.progress('stars', 405, 20, 0), '74.1 105 1 105 10 11 behind', 'on its last day');
select is(pg_temp.progress('stars', 400), '75.0 100 - - 10 10 on_track', 'without an end');
select is(pg_temp.progress('stars', 300), '100.0 0 - - 10 - achieved', 'achieved');
select is(pg_temp.progress('stars', 1e9), '0.0 999999700 - - 10 - not_at_this_pace', 'in a century');
select is(pg_temp.progress('forks', 9, 20, 9), '33.3 6 10 0.6 0 - not_at_this_pace', 'it does not grow');
select is(pg_temp.progress('open_issues', 40, 20, 9), '25.0 30 10 3 -1 - not_at_this_pace', 'it falls');
select is(
  pg_temp.progress('views', 9, 20, 9, p_platform := 'devto'), '55.6 4 10 0.4 - - no_data', 'one day is known'
);
select is(pg_temp.progress('views', 9, 9, 9, p_platform := 'youtube'), '- - 10 - - - no_data', 'none is');
select is(pg_temp.progress('stars', 400, 20, -1), '72.5 110 0 - 10 - ended', 'over, and not achieved');
select is(pg_temp.progress('stars', 400, -5, 20), '75.0 100 21 4.7619 10 10 on_track', 'not begun');
select is(pg_temp.progress('commits', 93, 20, 20), '67.7 30 21 1.4286 3 10 on_track', 'what happens per day');
select is(
  pg_temp.progress('stars', 300, 20, 20, p_unit := 'percentage'), '66.7 100 21 4.7619 10 10 on_track',
  'in percent'
);
select is(
  pg_temp.progress('stars', 400, 20, 9, 'keep_below'), '75.0 100 10 10 10 11 on_track',
  'below until after its end'
);
select is(
  pg_temp.progress('stars', 400, 20, 11, 'keep_below'), '75.0 100 12 8.3333 10 11 behind', 'above before it'
);
select is(
  pg_temp.progress('stars', 290, 20, 11, 'keep_below'), '103.4 -10 12 0 10 - ended', 'a day was above'
);
select is(
  pg_temp.progress('open_issues', 29, 20, 11, 'keep_below'), '34.5 19 12 1.5833 -1 - ended',
  'though it is below again'
);
select is(
  pg_temp.progress('open_issues', 30, 20, 11, 'keep_below'), '33.3 20 12 1.6667 -1 - on_track',
  'it falls, as it should'
);

-- Access

create function pg_temp.seen(p_persona text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, 'select count(*) from public.goal_progress')
$$;
select is(pg_temp.seen(persona), seen, persona || ' sees ' || seen || ' goals')
from (values ('stranger', '20'), ('second', '0'), ('service_role', '20')) as p (persona, seen);
select matches(pg_temp.seen('anon'), '^42501', 'anon may not ask');

-- A workspace: the sum over its users

create function pg_temp.workspace_goal() returns text language sql as $$
  select concat_ws(' ', baseline_value, current_value, is_achieved, status) from public.goal_progress
  where workspace_id = 'd1000000-0000-4000-8000-000000000001'
$$;
delete from public.goals;
select pg_temp.watch('stranger', 'github', 'all', null, 'd1000000-0000-4000-8000-000000000001'),
  pg_temp.watch('second', 'github', 'repository', '1', 'd1000000-0000-4000-8000-000000000001');
insert into public.goals (user_id, workspace_id, platform, goal_type, target_value, unit, start_date)
values (
  pg_temp.user_id('second'), 'd1000000-0000-4000-8000-000000000001', 'github', 'stars', 1300, 'count',
  current_date - 2
);
select public.backfill_snapshots(current_date - 20, current_date, pg_temp.user_id('stranger'));
select pg_temp.build();
select is(pg_temp.workspace_goal(), '280 300 f on_track', 'of those who have a number');
select pg_temp.observe('second', 'github', current_date - n, '{
  "1": {"stars": 1000, "forks": 0, "open_issues": 0}}')
from generate_series(1, 2) as n;
select pg_temp.build();
select is(
  pg_temp.workspace_goal(), '1280 1290 f on_track', 'the current day counts once everybody has a number of it'
);
select pg_temp.observe('second', 'github', current_date, '{
  "1": {"stars": 1000, "forks": 0, "open_issues": 0}}');
select pg_temp.build();
select is(pg_temp.workspace_goal(), '1280 1300 t achieved', 'now it does');
select is(pg_temp.seen(persona), seen, persona || ' sees ' || seen)
from (values ('stranger', '1'), ('viewer', '0')) as p (persona, seen);
delete from public.workspace_members where user_id = pg_temp.user_id('second');
select is(
  (select concat_ws(' ', workspace_id, current_value, is_achieved) from public.goals), '1000 f',
  'the goal of somebody who leaves counts their own numbers'
);

select * from finish();
rollback;
