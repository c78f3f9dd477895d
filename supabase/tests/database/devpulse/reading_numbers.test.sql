-- Reading: metric_series and dashboard, alone and for a workspace, and who gets what.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(50);
\ir ../helpers/personas.psql
\ir ../helpers/devpulse.psql

select pg_temp.watch('stranger', 'github', 'all'), pg_temp.watch('stranger', 'youtube', 'all'),
  pg_temp.watch('stranger', 'devto', 'all'),
  pg_temp.watch('stranger', 'github', 'repository', '1', 'd1000000-0000-4000-8000-000000000001'),
  pg_temp.watch('second', 'github', 'all', null, 'd1000000-0000-4000-8000-000000000001');
select pg_temp.observe('stranger', 'github', current_date - n, format('{
  "1": {"stars": %s, "forks": 3, "open_issues": 0}, "2": {"stars": 7, "forks": 0, "open_issues": 0}
}', 100 - n)::jsonb) from generate_series(0, 40) as n where n not in (3, 4);
select pg_temp.contribute('stranger', current_date - n, 2) from generate_series(0, 70) as n;
select pg_temp.observe('stranger', 'youtube', current_date - n, '{
  "": {"channel_subscribers": 50, "channel_views": 7000, "channel_videos": 0}}')
from generate_series(0, 7) as n;
select pg_temp.observe('stranger', 'devto', current_date - n, format(
  '{"1": {"views": %s, "reactions": 9, "comments": 1}}', 300 - n)::jsonb) from generate_series(1, 8) as n;
select pg_temp.observe('second', 'github', current_date - n, '{
  "1": {"stars": 1000, "forks": 0, "open_issues": 0}}') from generate_series(1, 5) as n;
select public.backfill_snapshots(current_date - 5, current_date, pg_temp.user_id('second'));
select pg_temp.build();

-- A row as value, delta and a mark for a gap.
create function pg_temp.series(p_persona text, p_arguments text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    $x$ select string_agg(coalesce(s.value::text, '?') || coalesce(case when s.delta >= 0 then '+' else '' end
          || s.delta, '') || case when s.is_gap <> (s.value is null) then '!' else '' end,
          ' ' order by s.period)
        from public.metric_series(%s) as s $x$, p_arguments))
$$;
select is(
  pg_temp.series('stranger', $$ 'github', 'stars', current_date - 5, current_date $$),
  '102 ? ? 105+3 106+1 107+1', 'levels, gaps, and deltas to the last known value'
);
select is(
  pg_temp.series('stranger', $$ 'github', 'commits', current_date - 2, current_date $$), '2 2+0 2+0', 'flows'
);
select is(
  pg_temp.series('stranger', $$ 'GitHub', 'Stars', current_date, current_date $$), '107', 'in any case'
);
select is(
  pg_temp.series('stranger', $$ 'all', 'views', current_date - 1, current_date $$), '7299 7000-299',
  'all sums the platforms that have it on the day'
);
select is(
  pg_temp.as_persona('stranger', $$ select count(*) || ' ' || min(period) || ' ' || max(period)
    from public.metric_series('github', 'stars') $$),
  30 || ' ' || current_date - 29 || ' ' || current_date, 'by default 30 days'
);
select is(
  pg_temp.as_persona('stranger', $$ select string_agg(period || ' ' || value, ',' order by period)
    from public.metric_series('github', 'commits', current_date - 14, current_date - 7, 'week')
    where value is not null $$),
  (select string_agg(d::date || ' 14', ',' order by d) from generate_series(
     date_trunc('week', now() - interval '14 days'), date_trunc('week', now() - interval '7 days'),
     interval '7 days') as d), 'weeks begin on Monday'
);
select is(
  pg_temp.as_persona('stranger', $$ select string_agg(distinct period::text, ',' order by period::text)
    from public.metric_series('github', 'commits', '2026-01-31', '2026-03-01', 'monthly') $$),
  '2026-01-01,2026-02-01,2026-03-01', 'months on the first'
);
select is(
  pg_temp.series('second', $$ 'github', 'stars', current_date - 1, current_date $$), '1000 ?', 'one''s own'
);
select is(
  pg_temp.series('viewer', $$ 'github', 'stars', current_date, current_date $$), '?', 'nobody else''s'
);
select matches(
  pg_temp.series('stranger', $$ 'github', 'subscribers' $$), '^PT422 devpulse_metric_invalid', 'a metric'
);
select matches(
  pg_temp.series('stranger', $$ 'gitlab', 'stars' $$), '^PT422 devpulse_metric_invalid', 'a platform'
);
select matches(pg_temp.series('stranger', $$ null, null $$), '^PT422 devpulse_metric_invalid', 'nothing');
select matches(
  pg_temp.series('stranger', $$ 'github', 'stars', granularity => 'hour' $$),
  '^PT422 devpulse_granularity_invalid',
  'a granularity'
);
select matches(
  pg_temp.series('stranger', $$ 'github', 'stars', current_date, current_date - 1 $$),
  '^PT422 devpulse_range_invalid', 'a range that ends before it begins'
);
select matches(
  pg_temp.series('stranger', $$ 'github', 'stars', '2000-01-01', 'infinity' $$),
  '^PT422 devpulse_range_invalid',
  'without an end'
);
select matches(
  pg_temp.series('stranger', format($$ 'github', 'stars', %L, %L, %L $$, f, t, g)),
  '^PT422 devpulse_range_invalid', 'a year that no series has: ' || t
) from (values
  ('5874896-12-01', '5874897-12-31', 'month'), ('4713-01-01 BC', '4713-02-01 BC', 'week'),
  ('9999-12-31', '10000-01-01', 'day')
) as s (f, t, g);
select matches(
  pg_temp.series('stranger', $$ 'github', 'stars', '2000-01-01', '2026-01-01' $$),
  '^PT422 devpulse_range_too_large', 'of decades'
);
select matches(pg_temp.series('anon', $$ 'github', 'stars' $$), '^42501', 'anon may not ask');

-- A workspace

create function pg_temp.workspace_series(p_persona text) returns text language sql as $$
  select pg_temp.series(p_persona, $x$ 'github', 'stars', current_date - 6, current_date,
    workspace => 'd1000000-0000-4000-8000-000000000001' $x$)
$$;
select is(
  pg_temp.workspace_series(persona),
  '94 1095+1001 ? ? 1098+3 1099+1 ?', persona || ' gets the sum over its users'
)
from unnest(array['stranger', 'second', 'service_role']) as persona;
select matches(
  pg_temp.workspace_series('viewer'), '^PT404 devpulse_workspace_unknown', 'who is not in it gets nothing'
);
delete from public.workspace_members where user_id = pg_temp.user_id('second');
select matches(
  pg_temp.workspace_series('second'), '^PT404 devpulse_workspace_unknown', 'nor a former member'
);
select is(
  pg_temp.as_persona('second',
  $$ select count(*) from public.analytics_snapshots where workspace_id is not null $$),
  '0', 'who sees no snapshot of it'
);
select is(
  pg_temp.workspace_series('stranger'), '94 1095+1001 ? ? 1098+3 1099+1 100-999',
  'the days on which somebody was in it stay'
);

-- The dashboard

create function pg_temp.dashboard(p_persona text, p_path text[], p_workspace uuid default null)
returns jsonb language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select public.dashboard(%L) #> %L', p_workspace, p_path))::jsonb
$$;
insert into public.goals (user_id, platform, goal_type, target_value, unit, start_date, end_date) values
  (pg_temp.user_id('stranger'), 'github', 'stars', 200, 'count', current_date - 20, current_date + 20),
  (pg_temp.user_id('stranger'), 'github', 'stars', 100, 'count', current_date - 20, current_date + 20),
  (pg_temp.user_id('stranger'), 'github', 'stars', 200, 'count', current_date - 20, current_date - 5);
update public.github_repositories set stars_count = github_repo_id * 10
where platform_connection_id = pg_temp.connection('stranger', 'github');
select is(
  pg_temp.dashboard('stranger', '{connections,0}') - 'id',
  '{"platform": "devto", "platform_username": "me", "status": "connected", "status_reason": null,
    "is_active": true, "last_synced_at": null}', 'connections with their state'
);
select is(
  (select jsonb_object_agg(d.key, d.value -> 'snapshot_date')
   from jsonb_each(pg_temp.dashboard('stranger', '{snapshots}')) as d),
  jsonb_build_object(
    'github', current_date, 'youtube', current_date, 'devto', current_date - 1, 'all', current_date
  ), 'the last day of each platform and of all'
);
select is(
  pg_temp.dashboard('stranger', '{snapshots,github,metrics,github,total_stars}'), '107', 'its numbers'
);
select is(pg_temp.dashboard('stranger', '{snapshots,github,gaps}'), '[]', 'its gaps');
select is(
  pg_temp.dashboard('stranger', '{snapshots,github,deltas}'),
  '{"7_days": {"github": {"total_stars": 7, "total_forks": 0, "total_open_issues": 0, "repositories_count": 0,
      "total_commits": 14, "total_issues": 0, "total_pull_requests": 0}},
    "30_days": {"github": {"total_stars": 30, "total_forks": 0, "total_open_issues": 0,
    "repositories_count": 0,
      "total_commits": 60, "total_issues": 0, "total_pull_requests": 0}}}', 'how levels changed'
);
select is(
  pg_temp.dashboard('stranger', '{snapshots,devto,deltas,30_days,devto,total_views}'), 'null',
  'null where it is not known'
);
select is(
  (select string_agg(r ->> 'full_name', ' ') from jsonb_array_elements(
    pg_temp.dashboard('stranger', '{top,repositories}')) as r), 'me/2 me/1',
    'the repositories with most stars'
);
select is(pg_temp.dashboard('stranger', '{top,articles,0,devto_article_id}'), '1', 'articles');
select is(pg_temp.dashboard('stranger', '{top,videos}'), '[]', 'videos');
select is(
  (select string_agg((g ->> 'target_value') || ' ' || (g ->> 'status'), ',')
   from jsonb_array_elements(pg_temp.dashboard('stranger', '{goals}')) as g), '200 behind', 'open goals'
);
select is(
  pg_temp.dashboard('viewer', '{}'),
  (select jsonb_build_object('connections', pg_temp.dashboard('viewer', '{connections}'), 'goals',
  '[]'::jsonb,
     'top', '{"repositories": [], "videos": [], "articles": []}'::jsonb,
     'snapshots', '{"github": null, "youtube": null, "devto": null, "all": null}'::jsonb)),
  'somebody without numbers'
);
select is(
  pg_temp.dashboard('stranger', '{snapshots,github,metrics,github,total_stars}',
    'd1000000-0000-4000-8000-000000000001'), '100', 'of a workspace'
);
select is(
  (select string_agg(r ->> 'full_name', ' ') from jsonb_array_elements(
    pg_temp.dashboard('stranger', '{top,repositories}', 'd1000000-0000-4000-8000-000000000001')) as r),
    'me/1',
  'what its monitors cover'
);
select matches(
  pg_temp.as_persona('second', $$ select public.dashboard('d1000000-0000-4000-8000-000000000001') $$),
  '^PT404 devpulse_workspace_unknown', 'not for a former member'
);
select unalike(
  pg_temp.as_persona('stranger', 'select public.dashboard()'), '%disconnected%', 'no token is in it'
);
select matches(pg_temp.as_persona('anon', 'select public.dashboard()'), '^42501', 'anon may not ask');

-- Backfill

delete from private.snapshot_marks;
select is(
  pg_temp.as_persona('stranger', 'select public.backfill_snapshots(current_date - 9, current_date + 9)'),
  '10',
  'marks days up to today'
);
select is(
  pg_temp.as_persona('stranger', 'select public.backfill_snapshots(current_date - 10, current_date)'), '1',
  'each once'
);
select matches(
  pg_temp.as_persona('stranger', format('select public.backfill_snapshots(current_date, current_date, %L)',
    pg_temp.user_id('second'))), '^PT403 devpulse_backfill_forbidden', 'nobody else''s'
);
select matches(
  pg_temp.as_persona('stranger', 'select public.backfill_snapshots(current_date - 366, current_date)'),
  '^PT422 devpulse_range_too_large', 'a year at most'
);
select is(
  pg_temp.as_persona('service_role', format(
    'select public.backfill_snapshots(current_date - 3000, current_date - 2990, %L)',
    pg_temp.user_id('second'))),
  '11', 'servers more'
);
select matches(
  pg_temp.as_persona('service_role', 'select public.backfill_snapshots(current_date, current_date)'),
  '^PT401 sign_in_required', 'of whom they say'
);
select matches(
  pg_temp.as_persona('service_role',
  'select public.backfill_snapshots(current_date, current_date, gen_random_uuid())'),
  '^PT404 devpulse_user_unknown', 'who exists'
);

select * from finish();
rollback;
