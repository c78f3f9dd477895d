-- Goals: what may be asked for, and that they follow the numbers, to the day.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(53);
\ir ../helpers/personas.psql
\ir ../helpers/devpulse.psql

-- The numbers: 100 stars 20 days ago, 10 more each day, until 5 days ago; two commits a day.
select pg_temp.watch('stranger', 'github', 'all'), pg_temp.watch('stranger', 'youtube', 'channel'),
  pg_temp.watch('stranger', 'devto', 'all');
select pg_temp.observe('stranger', 'github', current_date - 20 + n, format(
  '{"1": {"stars": %s, "forks": 3, "open_issues": %s}}', 100 + 10 * n, 20 - n)::jsonb)
from generate_series(0, 15) as n;
select pg_temp.contribute('stranger', current_date - n, 2) from generate_series(1, 40) as n;
select pg_temp.observe('stranger', 'youtube', current_date - 1, '{
  "": {"channel_subscribers": 50, "channel_views": 7000, "channel_videos": 1},
  "a": {"likes": 5, "comments": 2}
}');
select pg_temp.observe('stranger', 'devto', current_date - 1, '{
  "1": {"views": 300, "reactions": 9, "comments": 1}}');
select pg_temp.build();

create function pg_temp.goal(
  p_type text, p_target numeric, p_platform text default 'github', p_start integer default 20,
  p_end integer default null, p_unit text default 'count', p_direction text default 'reach',
  p_persona text default 'stranger', p_workspace uuid default null
) returns uuid language sql as $$
  insert into public.goals (
    user_id, workspace_id, platform, goal_type, target_value, unit, start_date, end_date, direction
  )
  values (
    pg_temp.user_id(p_persona), p_workspace, p_platform, p_type, p_target, p_unit, current_date - p_start,
    current_date - p_end, p_direction
  )
  returning id
$$;
-- Metric, baseline, present value, and on how many days before today it was achieved.
create function pg_temp.shown_goal(p_id uuid) returns text language sql as $$
  select concat_ws(' ', g.metric, coalesce(g.baseline_value::text, '-'), g.current_value,
    case when g.is_achieved then 'achieved ' || current_date - (g.achieved_at at time zone 'UTC')::date end)
  from public.goals as g where g.id = p_id
$$;

-- What may be asked for

select is(pg_temp.shown_goal(pg_temp.goal(t.goal_type, 1e6, t.platform)), t.metric || t.value, t.goal_type)
from (
  values ('stars', 'github', 'total_stars', ' 100 250'), ('Forks', 'github', 'total_forks', ' 3 3'),
    ('open issues', 'github', 'total_open_issues', ' 20 5'),
    ('repos', 'github', 'repositories_count', ' 1 1'), ('commits', 'github', 'commits', ' 0 40'),
    ('total_commits', 'github', 'total_commits', ' 42 80'),
    ('pull-requests', 'github', 'pull_requests', ' 0 0'),
    ('subscribers', 'youtube', 'total_subscribers', ' 50 50'),
    ('followers', 'youtube', 'total_subscribers', ' 50 50'), ('views', 'youtube', 'total_views',
    ' 7000 7000'),
    ('views', 'devto', 'total_views', ' 300 300'), ('reactions', 'devto', 'total_reactions', ' 9 9'),
    ('articles', 'devto', 'total_articles', ' 1 1'), ('views', 'all', 'total_views', ' 7300 7300'),
    ('comments', 'all', 'total_comments', ' 3 3'), ('stars', 'all', 'total_stars', ' 100 250'),
    ('commits', 'all', 'commits', ' 0 40')
) as t (goal_type, platform, metric, value);
select throws_ok(
  $$ select pg_temp.goal('subscribers', 1) $$, 'PT422', 'devpulse_goal_type_invalid',
  'no metric of the platform'
);
select throws_ok(
  $$ select pg_temp.goal('happiness', 1, 'all') $$, 'PT422', 'devpulse_goal_type_invalid', 'no metric at all'
);
create function pg_temp.hint(p_statement text) returns text language plpgsql as $$
declare
  v_hint text;
begin
  execute p_statement;
  return 'no error';
exception
  when sqlstate 'PT422' then
    get stacked diagnostics v_hint = pg_exception_hint;
    return v_hint;
end;
$$;
select matches(
  pg_temp.hint($$ select pg_temp.goal('x', 1, 'devto') $$),
  '^Use one of: total_articles, total_comments, total_reactions, total_views\.', 'the hint lists the metrics'
);
select throws_ok(
  $$ select pg_temp.goal('tracker_open_issues', 1, 'all') $$, 'PT422', 'devpulse_goal_type_invalid',
  'the tracker''s are for the team'
);
select lives_ok(
  $$ select pg_temp.goal('tracker_open_issues', 1, 'all', p_persona := 'viewer') $$, 'who may have them'
);
select throws_ok(
  $$ select pg_temp.goal('commits', 10, p_unit := 'percent') $$, 'PT422', 'devpulse_goal_unit_invalid',
  'a percentage of what happens per day needs an end'
);

-- What clients write there is ignored

select is(
  pg_temp.as_persona('stranger', format(
    $$ insert into public.goals (user_id, platform, goal_type, target_value, current_value, unit, start_date,
         is_achieved, achieved_at, baseline_value, metric)
       values (%L, 'github', 'stars', 1000, 999, 'count', current_date - 20, true, now(), 1, 'x')
       returning concat_ws(' ', metric, baseline_value, current_value, is_achieved, achieved_at) $$,
    pg_temp.user_id('stranger'))), 'total_stars 100 250 f', 'on insert'
);
select is(
  pg_temp.as_persona(persona, format(
    $$ update public.goals set current_value = 999, is_achieved = true, achieved_at = now(),
         baseline_value = 1, metric = 'x' where user_id = %L and target_value = 1000
       returning concat_ws(' ', metric, baseline_value, current_value, is_achieved, achieved_at) $$,
    pg_temp.user_id('stranger'))), 'total_stars 100 250 f', 'on update by ' || persona
)
from unnest(array['stranger', 'service_role']) as persona;
select is(
  pg_temp.as_persona('stranger', format(
    $$ update public.goals set target_value = 250 where user_id = %L and target_value = 1000
       returning concat_ws(' ', current_value, is_achieved) $$, pg_temp.user_id('stranger'))), '250 t',
  'another target is counted immediately'
);

-- A level

select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 150)), 'total_stars 100 250 achieved 15', 'achieved on the day'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 151)), 'total_stars 100 250 achieved 14', 'one more: the next day'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 150, p_start := 10)), 'total_stars 200 250 achieved 10',
  'a target that is reached at the start'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 200, p_end := 11)), 'total_stars 100 190',
  'days after its end don''t count'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 200, p_end := 10)), 'total_stars 100 200 achieved 10',
  'its last day does'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 200, p_start := 3)), 'total_stars 250 250',
  'a value from before the start is shown, and does not achieve it'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 9, p_start := 30)), 'total_stars 100 250 achieved 20',
  'where nothing is known at the start, the first known value is the baseline'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 9, p_end := 25, p_start := 30)), 'total_stars - 0',
  'nothing is known'
);

-- What happens per day

select is(
  pg_temp.shown_goal(pg_temp.goal('commits', 10)), 'commits 0 40 achieved 16', 'the sum from the first day on'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('commits', 30, p_end := 9)), 'commits 0 24', 'to the last day'
);
select pg_temp.contribute('stranger', current_date - 20, 9);
select pg_temp.build();
select is(
  (select string_agg(pg_temp.shown_goal(id), ', ' order by target_value) from public.goals
   where goal_type = 'commits' and platform = 'github' and target_value < 100),
  'commits 0 47 achieved 16, commits 0 31 achieved 9',
  'a late reading counts; what is achieved stays achieved on its day'
);

-- Percentages

select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 50, p_unit := '%')), 'total_stars 100 150 achieved 15',
  'the change since the start in percent'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('stars', 50, p_start := 10, p_unit := 'Percentage')), 'total_stars 200 25',
  'of the value at the start'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('total_issues', 100, p_unit := 'percentage')), 'total_issues 0 0', 'of zero'
);
insert into public.github_contributions (platform_connection_id, date, issues_count)
values (pg_temp.connection('stranger', 'github'), current_date, 4);
select pg_temp.build();
select is(
  (select pg_temp.shown_goal(id) from public.goals where goal_type = 'total_issues'),
  'total_issues 0 400 achieved 0', 'which counts as one'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('commits', 50, p_start := 9, p_end := 0, p_unit := 'percentage')),
  'commits 20 -10', 'the sum compared with that of as many days before'
);
select pg_temp.contribute('stranger', current_date - 1, 14);
select pg_temp.build();
select is(
  (select pg_temp.shown_goal(id) from public.goals where goal_type = 'commits' and unit = 'percentage'),
  'commits 20 50 achieved 1', 'which can be achieved'
);

-- Keep below

select is(
  pg_temp.shown_goal(pg_temp.goal('open_issues', 20, p_end := 6, p_direction := 'keep_below')),
  'total_open_issues 20 6 achieved 6', 'no day was above: achieved with the last day'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('open_issues', 19, p_end := 6, p_direction := 'keep_below')),
  'total_open_issues 20 6', 'one was'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('open_issues', 20, p_end := 0, p_direction := 'keep_below')),
  'total_open_issues 20 5', 'its last day is not over'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('open_issues', 20, p_end := 2, p_direction := 'keep_below')),
  'total_open_issues 20 5', 'its last day was not read, nor a day since'
);
select pg_temp.observe('stranger', 'github', current_date - 1, '{
  "1": {"stars": 240, "forks": 3, "open_issues": 20}}');
select pg_temp.build();
select is(
  (select pg_temp.shown_goal(id) from public.goals
   where direction = 'keep_below' and end_date = current_date - 2),
  'total_open_issues 20 5 achieved 2', 'the next reading decides'
);
select is(
  pg_temp.shown_goal(pg_temp.goal('commits', 17, p_start := 10, p_end := 3, p_direction := 'keep_below')),
  'commits 0 16 achieved 3', 'a sum that is not above'
);
delete from public.github_contributions where date = current_date - 7;
select public.backfill_snapshots(current_date - 7, current_date - 7, pg_temp.user_id('stranger'));
select pg_temp.build();
select is(
  pg_temp.shown_goal(pg_temp.goal('commits', 17, p_start := 10, p_end := 3, p_direction := 'keep_below')),
  'commits 0 14', 'which has to be known for every day'
);

-- Set once

select pg_temp.observe('stranger', 'github', current_date, '{
  "1": {"stars": 90, "forks": 3, "open_issues": 5}}');
select pg_temp.build();
select is(
  (select pg_temp.shown_goal(id) from public.goals
   where goal_type = 'stars' and target_value = 150 and start_date = current_date - 20),
  'total_stars 100 90 achieved 15', 'a fall does not undo it'
);
update public.goals set target_value = 260
where goal_type = 'stars' and target_value = 150 and start_date = current_date - 20;
select is(
  (select pg_temp.shown_goal(id) from public.goals where goal_type = 'stars' and target_value = 260),
  'total_stars 100 90', 'a goal that asks for something else is another goal'
);

select * from finish();
rollback;
