-- The snapshots of weeks and months: the last level that was read, the sum of what happened, and gaps.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(22);
\ir ../helpers/personas.psql
\ir ../helpers/devpulse.psql

-- A week that is over: its Monday.
create temp table week on commit drop as
select date_trunc('week', now() - interval '21 days')::date as monday;
select pg_temp.watch('stranger', 'github', 'all'), pg_temp.watch('stranger', 'devto', 'all');
select pg_temp.observe('stranger', 'github', w.monday + n, format(
  '{"1": {"stars": %s, "forks": 1, "open_issues": 0}}', 100 + n)::jsonb)
from week as w cross join generate_series(0, 4) as n;
select pg_temp.contribute('stranger', w.monday + n, n, 1)
from week as w cross join generate_series(0, 5) as n;
select pg_temp.build();
select is(
  pg_temp.shown('stranger', 'github', monday, 'weekly'),
  'commits ?, issues ?, pull_requests ?, repositories_count 1, total_commits 15, total_forks 1, '
  'total_issues 6, total_open_issues 0, total_pull_requests 6, total_stars 104',
  'levels of the last day that was read; flows are gaps while a day is missing'
) from week;
select is(
  (select gaps from public.analytics_snapshots as s where s.user_id = pg_temp.user_id('stranger')
     and s.platform = 'github' and s.snapshot_type = 'weekly' and s.snapshot_date = monday),
  '{github.commits,github.issues,github.pull_requests}', 'which gaps name'
) from week;
select pg_temp.contribute('stranger', monday + 6, 10, 0) from week;
select pg_temp.build();
select matches(
  pg_temp.shown('stranger', 'github', monday, 'weekly'), '^commits 25, issues 6, pull_requests 6, .* '
  'total_commits 25, .* total_stars 104$', 'a late day completes the week'
) from week;
select is(
  (select gaps from public.analytics_snapshots as s where s.user_id = pg_temp.user_id('stranger')
     and s.platform = 'github' and s.snapshot_type = 'weekly' and s.snapshot_date = monday), '{}',
  'no gap is left'
) from week;
select is(
  (select count(*) from public.analytics_snapshots as s where s.user_id = pg_temp.user_id('stranger')
     and s.snapshot_type = 'weekly' and s.snapshot_date < (select monday from week)), 0::bigint,
  'weeks before have no snapshot'
);
select results_eq(
  $$ select s.snapshot_date from public.analytics_snapshots as s where s.user_id = pg_temp.user_id('stranger')
     and s.snapshot_type = 'monthly' and s.platform = 'all' order by 1 $$,
  $$ select distinct date_trunc('month', monday::timestamp + n * interval '1 day')::date
     from week cross join generate_series(0, 6) as n order by 1 $$, 'months begin on the first'
);
select matches(
  pg_temp.shown('stranger', 'github', date_trunc('month', monday::timestamp)::date, 'monthly'),
  '^commits \?', 'a month of which other days are missing has no sum'
) from week;

-- A level that was not read on the last days

select pg_temp.observe('stranger', 'devto', monday, '{"1": {"views": 5, "reactions": 1, "comments": 0}}'),
  pg_temp.observe('stranger', 'devto', monday + 2, '{"1": {"views": 7, "reactions": 1}}') from week;
select pg_temp.build();
select is(
  pg_temp.shown('stranger', 'devto', monday, 'weekly'),
  'total_articles 1, total_comments 0, total_reactions 1, total_views 7',
  'each level is that of the last day on which it was read'
) from week;
select is(
  pg_temp.shown('stranger', 'all', monday, 'weekly'),
  'devto.total_articles 1, devto.total_comments 0, devto.total_reactions 1, devto.total_views 7, '
  || (select string_agg('github.' || m, ', ' order by n)
      from unnest(string_to_array(pg_temp.shown('stranger', 'github', monday, 'weekly'), ', '))
        with ordinality as u (m, n)),
  'all is made of the weeks of the platforms'
) from week;
select matches(
  pg_temp.shown('stranger', 'devto', monday + 6), '^total_articles \?', 'though its last days are gaps'
) from week;

-- A whole month

create temp table month on commit drop as
select date_trunc('month', now() - interval '3 months')::date as starts_on,
  (date_trunc('month', now() - interval '2 months') - interval '1 day')::date as ends_on;
select pg_temp.contribute('stranger', d::date, 2, 0)
from month cross join generate_series(starts_on::timestamp, ends_on::timestamp, interval '1 day') as d;
select pg_temp.build();
select matches(
  pg_temp.shown('stranger', 'github', starts_on, 'monthly'),
  format('^commits %s,', 2 * (ends_on - starts_on + 1)),
  'a month is the sum of its days, to its last'
) from month;
select is(
  (select gaps from public.analytics_snapshots as s where s.user_id = pg_temp.user_id('stranger')
     and s.platform = 'github' and s.snapshot_type = 'monthly' and s.snapshot_date = starts_on),
  '{github.repositories_count,github.total_forks,github.total_open_issues,github.total_stars}',
  'levels that were never read in it are gaps'
) from month;
delete from public.github_contributions as c using month as m
where c.platform_connection_id = pg_temp.connection('stranger', 'github') and c.date = m.ends_on;
select public.backfill_snapshots(ends_on, ends_on, pg_temp.user_id('stranger')) from month;
select pg_temp.build();
select matches(
  pg_temp.shown('stranger', 'github', starts_on, 'monthly'), '^commits \?.*total_commits '
    || 2 * (ends_on - starts_on) || ',', 'its last day counts'
) from month;

-- The current week: days that are over have to be known, and the current one counts as far as it is

select pg_temp.watch('second', 'github', 'user');
create function pg_temp.week_at(p_now timestamptz) returns text language plpgsql as $$
begin
  perform public.backfill_snapshots(p_now::date, p_now::date, pg_temp.user_id('second'));
  perform pg_temp.build(p_now);
  return pg_temp.shown('second', 'github', date_trunc('week', p_now)::date, 'weekly');
end;
$$;
select pg_temp.contribute('second', monday, 1), pg_temp.contribute('second', monday + 1, 2) from week;
select pg_temp.build(monday + time '12:00' + interval '1 day') from week;
select matches(pg_temp.week_at(monday + interval '36 hours'), '^commits 3,', 'Monday and Tuesday') from week;
select matches(
  pg_temp.week_at(monday + interval '60 hours'), '^commits 3,', 'on Wednesday, before it was read'
) from week;
select matches(
  pg_temp.week_at(monday + interval '84 hours'), '^commits \?,', 'on Thursday, while Wednesday is missing'
) from week;
select pg_temp.contribute('second', monday + 2, 4) from week;
select matches(pg_temp.week_at(monday + interval '84 hours'), '^commits 7,', 'and was read late') from week;

-- What is covered on some of the days

select pg_temp.watch('viewer', 'github', 'repository', '1');
select pg_temp.observe('viewer', 'github', monday, '{"1": {"stars": 1, "forks": 0, "open_issues": 0}}')
from week;
select pg_temp.build();
select is(
  pg_temp.shown('viewer', 'github', monday, 'weekly'),
  'repositories_count 1, total_forks 0, total_open_issues 0, total_stars 1', 'no contributions are watched'
) from week;
update public.monitors set is_active = false where user_id = pg_temp.user_id('viewer');
update private.monitor_ends set ended_on = monday + 1, started_on = monday - 1 from week
where platform_connection_id = pg_temp.connection('viewer', 'github');
insert into public.monitors (user_id, platform, platform_connection_id, monitor_type, created_at)
select pg_temp.user_id('viewer'), 'github', pg_temp.connection('viewer', 'github'), 'user', monday + 1
from week;
select pg_temp.contribute('viewer', monday + n, 1) from week cross join generate_series(0, 6) as n;
select pg_temp.build();
select is(
  pg_temp.shown('viewer', 'github', monday, 'weekly'),
  'commits 7, issues 0, pull_requests 0, repositories_count 1, total_commits 7, total_forks 0, '
  'total_issues 0, total_open_issues 0, total_pull_requests 0, total_stars 1',
  'a week has what was watched on any of its days'
) from week;
select is(
  pg_temp.shown('viewer', 'github', monday + 1),
  'commits 1, issues 0, pull_requests 0, total_commits 2, total_issues 0, total_pull_requests 0',
  'a day what was watched on it'
) from week;

-- Old days

update public.devpulse_settings set snapshot_retention_days = 32 where id;
select private.prune_snapshots();
select is(
  (select count(*) from public.analytics_snapshots where snapshot_type = 'daily'
     and snapshot_date < current_date - 32), 0::bigint, 'daily snapshots are kept as long as is set'
);
select isnt_empty(
  $$ select from public.analytics_snapshots where snapshot_type = 'monthly'
     and snapshot_date = (select starts_on from month)
     and metrics -> 'github' ->> 'total_commits' is not null $$,
  'weeks and months are kept'
);

select * from finish();
rollback;
