-- The snapshots of days: what counts, what is a gap, and that nothing is written where nothing changed.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(39);
\ir ../helpers/personas.psql
\ir ../helpers/devpulse.psql

-- Each platform's metrics

select pg_temp.watch('stranger', 'github', 'all'), pg_temp.watch('stranger', 'youtube', 'channel'),
  pg_temp.watch('stranger', 'devto', 'all');
select pg_temp.build();
select is(
  (select count(*) from public.analytics_snapshots where user_id = pg_temp.user_id('stranger')), 0::bigint,
  'a day that is not over has no snapshot before something was read'
);
select pg_temp.observe('stranger', 'github', current_date, '{
  "1": {"stars": 10, "forks": 2, "open_issues": 1}, "2": {"stars": 5, "forks": 0, "open_issues": 4}
}');
select pg_temp.contribute('stranger', current_date - 1, 3, 1);
select pg_temp.contribute('stranger', current_date, 4, 2);
select pg_temp.observe('stranger', 'youtube', current_date, '{
  "": {"channel_subscribers": 1230, "channel_views": 99000, "channel_videos": 2},
  "a": {"views": 70, "likes": 7, "comments": 1}, "b": {"views": 30, "likes": 3, "comments": 0}
}');
select pg_temp.observe('stranger', 'devto', current_date, '{
  "7": {"views": 100, "reactions": 9, "comments": 3}, "8": {"views": 50, "reactions": 1, "comments": 0}
}');
select pg_temp.build();
select is(
  pg_temp.shown('stranger', 'github', current_date),
  'commits 4, issues 2, pull_requests 2, repositories_count 2, total_commits 7, total_forks 2, '
  'total_issues 3, total_open_issues 5, total_pull_requests 3, total_stars 15', 'GitHub'
);
select is(
  pg_temp.shown('stranger', 'youtube', current_date),
  'total_comments 1, total_likes 10, total_subscribers 1230, total_videos 2, total_views 99000', 'YouTube'
);
select is(
  pg_temp.shown('stranger', 'devto', current_date),
  'total_articles 2, total_comments 3, total_reactions 10, total_views 150', 'Dev.to'
);
select results_eq(
  $$ select metrics, gaps from public.analytics_snapshots
     where user_id = pg_temp.user_id('stranger') and platform = 'all' and snapshot_date = current_date
       and snapshot_type = 'daily' $$,
  $$ select jsonb_object_agg(platform, metrics -> platform), '{}'::text[] from public.analytics_snapshots
     where user_id = pg_temp.user_id('stranger') and platform <> 'all' and snapshot_date = current_date
       and snapshot_type = 'daily' $$,
  'all has the keys of every platform'
);
select is(
  pg_temp.shown('stranger', 'github', current_date - 1),
  'commits 3, issues 1, pull_requests 1, repositories_count ?, total_commits 3, total_forks ?, '
  'total_issues 1, total_open_issues ?, total_pull_requests 1, total_stars ?',
  'days before the first reading have the contributions, and gaps'
);
select is(
  (select gaps from public.analytics_snapshots where user_id = pg_temp.user_id('stranger')
     and platform = 'github' and snapshot_date = current_date - 1 and snapshot_type = 'daily'),
  '{github.repositories_count,github.total_forks,github.total_open_issues,github.total_stars}',
  'gaps name what is null'
);
select is(
  (select metrics -> 'github' ->> 'total_stars' from public.analytics_snapshots
   where user_id = pg_temp.user_id('stranger') and platform = 'github' and snapshot_date = current_date - 1
     and snapshot_type = 'daily'), null, 'a gap is null'
);

-- Nothing is written where nothing changed

create temp table version on commit drop as
select id, ctid::text as version from public.analytics_snapshots;
create function pg_temp.written() returns bigint language sql as $$
  with found as (
    select s.id, s.ctid::text as version from public.analytics_snapshots as s
  ), old as (
    delete from version returning id, version
  ), new as (
    insert into version select * from found
  )
  select count(*) from found as f full join old as o using (id) where f.version is distinct from o.version
$$;
select pg_temp.observe('stranger', 'devto', current_date, '{"7": {"views": 100}}');
select is((select count(*) from private.snapshot_marks), 0::bigint, 'the same value again marks nothing');
select pg_temp.contribute('stranger', current_date, 4, 2);
select is((select count(*) from private.snapshot_marks), 0::bigint, 'nor the same contributions');
select private.mark_today(array[pg_temp.user_id('stranger')]);
select is(private.run_snapshots(), 1, 'a day that is marked without a change');
select is(pg_temp.written(), 0::bigint, 'is not written');
select pg_temp.observe('stranger', 'devto', current_date, '{"7": {"views": 101}}');
select is((select count(*) from private.snapshot_marks), 1::bigint, 'another value marks its day');
select pg_temp.build();
select is(
  pg_temp.written(), 6::bigint, 'the day, week and month of its platform and of all are written, no other'
);

-- A gap

select pg_temp.observe('stranger', 'github', current_date - 3, '{
  "1": {"stars": 9, "forks": 2, "open_issues": 1}, "2": {"stars": 4, "forks": 0, "open_issues": 4},
  "3": {"stars": 1, "forks": 0, "open_issues": 0}
}');
select pg_temp.build();
select is(
  pg_temp.shown('stranger', 'github', current_date),
  'commits 4, issues 2, pull_requests 2, repositories_count ?, total_commits 7, total_forks ?, '
  'total_issues 3, total_open_issues ?, total_pull_requests 3, total_stars ?',
  'a repository that was read before, and not on the day, makes its sums gaps; the others stay'
);
select pg_temp.observe('stranger', 'github', current_date, '{"3": {"stars": 2, "forks": 0}}');
select pg_temp.build();
select is(
  pg_temp.shown('stranger', 'github', current_date),
  'commits 4, issues 2, pull_requests 2, repositories_count 3, total_commits 7, total_forks 2, '
  'total_issues 3, total_open_issues ?, total_pull_requests 3, total_stars 17',
  'one metric that was not read is a gap alone'
);
select pg_temp.observe('stranger', 'github', current_date, '{"3": {"open_issues": 0}}');
select pg_temp.build();

-- Removed resources

update public.github_repositories set removed_at = now()
where platform_connection_id = pg_temp.connection('stranger', 'github') and github_repo_id = 3;
select pg_temp.build();
select is(
  pg_temp.shown('stranger', 'github', current_date),
  'commits 4, issues 2, pull_requests 2, repositories_count 2, total_commits 7, total_forks 2, '
  'total_issues 3, total_open_issues 5, total_pull_requests 3, total_stars 15',
  'a repository does not count from the day on which it was removed'
);
select matches(
  pg_temp.shown('stranger', 'github', current_date - 3), 'repositories_count 3.*total_stars 14',
  'before, it does'
);
update public.github_repositories set removed_at = null
where platform_connection_id = pg_temp.connection('stranger', 'github');
select pg_temp.build();
select matches(
  pg_temp.shown('stranger', 'github', current_date), 'repositories_count 3.*total_stars 17',
  'one that is listed again counts again'
);
update public.youtube_videos set removed_at = now() - interval '2 days' where youtube_video_id = 'b';
update public.devto_articles set removed_at = now() where devto_article_id = 8;
select pg_temp.build();
select is(
  pg_temp.shown('stranger', 'youtube', current_date),
  'total_comments 1, total_likes 7, total_subscribers 1230, total_videos 2, total_views 99000', 'a video'
);
select is(
  pg_temp.shown('stranger', 'devto', current_date),
  'total_articles 1, total_comments 3, total_reactions 9, total_views 101', 'an article'
);

-- Hidden numbers

select pg_temp.observe('stranger', 'youtube', current_date - 31, '{"c": {"views": 1, "likes": 1}}');
select pg_temp.observe('stranger', 'youtube', current_date, '{"c": {"views": 2}, "d": {"views": 1}}');
select pg_temp.build();
select matches(
  pg_temp.shown('stranger', 'youtube', current_date), 'total_comments 1, total_likes 7,',
  'a number that was never read, or not for 30 days, is hidden: the sum is over the others'
);
select pg_temp.observe('stranger', 'youtube', current_date - 30, '{"c": {"views": 1, "likes": 1}}');
select public.backfill_snapshots(current_date, current_date, pg_temp.user_id('stranger'));
select pg_temp.build();
select matches(
  pg_temp.shown('stranger', 'youtube', current_date), 'total_comments 1, total_likes \?,',
  'until then it is a gap'
);
delete from private.metric_readings
where connection_id = pg_temp.connection('stranger', 'youtube') and metric = 'channel_subscribers';
select public.backfill_snapshots(current_date, current_date, pg_temp.user_id('stranger'));
select pg_temp.build();
select matches(
  pg_temp.shown('stranger', 'youtube', current_date), 'total_subscribers \?, total_videos 2',
  'subscribers that the channel hides are a gap'
);

-- Accounts without anything

select pg_temp.watch('second', 'youtube', 'all'), pg_temp.watch('second', 'devto', 'user'),
  pg_temp.watch('second', 'github', 'all');
select pg_temp.observe('second', 'youtube', current_date, '{"": {"channel_views": 0, "channel_videos": 0}}'),
  pg_temp.observe('second', 'devto', current_date, '{"": {"articles": 0}}'),
  pg_temp.observe('second', 'github', current_date, '{"": {"repositories": 0}}');
select pg_temp.build();
select is(
  pg_temp.shown('second', 'youtube', current_date),
  'total_comments 0, total_likes 0, total_subscribers ?, total_videos 0, total_views 0',
  'a channel that has no videos has no likes'
);
select is(
  pg_temp.shown('second', 'devto', current_date),
  'total_articles 0, total_comments 0, total_reactions 0, total_views 0', 'an account without articles'
);
select is(
  pg_temp.shown('second', 'github', current_date),
  'commits ?, issues ?, pull_requests ?, repositories_count 0, total_commits ?, total_forks 0, '
  'total_issues ?, total_open_issues 0, total_pull_requests ?, total_stars 0', 'and without repositories'
);

-- What monitors cover

delete from public.monitors where user_id = pg_temp.user_id('second');
select pg_temp.build();
select is(
  (select count(*) from public.analytics_snapshots where user_id = pg_temp.user_id('second')), 0::bigint,
  'what nothing covers any more has no snapshot of the current day, week and month'
);
select pg_temp.watch('second', 'github', 'repository', '2'),
  pg_temp.watch('second', 'github', 'repository', '2', 'd1000000-0000-4000-8000-000000000001'),
  pg_temp.watch('second', 'github', 'repository', '4');
select pg_temp.observe('second', 'github', current_date, '{
  "2": {"stars": 20, "forks": 1, "open_issues": 0}, "3": {"stars": 300, "forks": 1, "open_issues": 0},
  "4": {"stars": 4000, "forks": 1, "open_issues": 0}
}');
select pg_temp.contribute('second', current_date, 1);
select pg_temp.build();
select is(
  pg_temp.shown('second', 'github', current_date),
  'repositories_count 2, total_forks 2, total_open_issues 0, total_stars 4020',
  'single repositories, each once, and no contributions'
);
select is(
  pg_temp.shown('second', 'github', current_date, p_workspace := 'd1000000-0000-4000-8000-000000000001'),
  'repositories_count 1, total_forks 1, total_open_issues 0, total_stars 20',
  'in a workspace, what its monitors cover'
);
select pg_temp.watch('second', 'github', 'user', null, 'd1000000-0000-4000-8000-000000000001');
select pg_temp.build();
select is(
  pg_temp.shown('second', 'github', current_date, p_workspace := 'd1000000-0000-4000-8000-000000000001'),
  'commits 1, issues 0, pull_requests 0, repositories_count 1, total_commits 1, total_forks 1, '
  'total_issues 0, total_open_issues 0, total_pull_requests 0, total_stars 20', 'with the contributions'
);
update public.monitors set workspace_id = null where user_id = pg_temp.user_id('second');
select pg_temp.build();
select is(
  pg_temp.shown('second', 'github', current_date, p_workspace := 'd1000000-0000-4000-8000-000000000001'),
  null, 'without its monitors the workspace has nothing of the day'
);
select matches(
  pg_temp.shown('second', 'github', current_date), '^commits 1,.*total_stars 4020$', 'the user has'
);

-- What has ended counts on the days before

select pg_temp.observe('second', 'github', current_date - 2, '{
  "2": {"stars": 2, "forks": 1, "open_issues": 0}, "4": {"stars": 40, "forks": 1, "open_issues": 0}
}');
select pg_temp.build();
select matches(pg_temp.shown('second', 'github', current_date - 2), 'total_stars 42$', 'two repositories');
update public.monitors set is_active = false
where user_id = pg_temp.user_id('second') and platform_resource_id = '4';
select pg_temp.observe('second', 'github', current_date - 2, '{"2": {"stars": 3}}');
select pg_temp.build();
select matches(
  pg_temp.shown('second', 'github', current_date - 2), 'total_stars 43$',
  'a late reading corrects the day, with what the monitors covered then'
);
select matches(
  pg_temp.shown('second', 'github', current_date), 'repositories_count 1,.*total_stars 20$',
  'today counts what they cover now'
);

-- Totals

select pg_temp.contribute('second', current_date - 5, 10);
select pg_temp.build();
select is(
  (select string_agg(metrics -> 'github' ->> 'total_commits', ',' order by snapshot_date)
   from public.analytics_snapshots
   where user_id = pg_temp.user_id('second') and workspace_id is null and platform = 'github'
     and snapshot_type = 'daily' and snapshot_date in (current_date - 5, current_date)),
  '10,11', 'contributions of the past are in the totals of the days after them'
);
select is(
  (select metrics -> 'github' -> 'total_commits' from public.analytics_snapshots
   where user_id = pg_temp.user_id('second') and workspace_id is null and platform = 'github'
     and snapshot_type = 'daily'
     and snapshot_date = current_date - 2), 'null', 'a day whose contributions were not read has no total'
);

-- Before there was a monitor

insert into public.monitors (user_id, platform, platform_connection_id, monitor_type)
select pg_temp.user_id('viewer'), platform, pg_temp.connection('viewer', platform), 'all'
from unnest(array['github', 'youtube']) as platform;
select pg_temp.contribute('viewer', current_date - 3, 1);
select pg_temp.build();
select results_eq(
  $$ select platform, snapshot_date from public.analytics_snapshots
     where user_id = pg_temp.user_id('viewer') and snapshot_type = 'daily' order by platform $$,
  $$ values ('all', current_date - 3), ('github', current_date - 3) $$,
  'a day without a number has no snapshot'
);

select * from finish();
rollback;
