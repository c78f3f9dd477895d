-- What is stored of what providers answered: rows, readings of the day, and what is gone.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(46);
\ir ../helpers/personas.psql
\ir ../helpers/sync.psql

delete from public.platform_connections where true;
create temp table c on commit drop as
select pg_temp.connect_to('stranger', 'github') as github, pg_temp.connect_to('stranger',
  'youtube') as youtube,
  pg_temp.connect_to('stranger', 'devto') as devto, pg_temp.connect_to('viewer', 'github') as other;
select pg_temp.monitor(github), pg_temp.monitor(youtube), pg_temp.monitor(devto), pg_temp.monitor(other)
  from c;
select pg_temp.claim();

create function pg_temp.record(p_platform text, p_payload jsonb) returns text language plpgsql as $$
declare
  v_id constant uuid := (select to_jsonb(c) ->> p_platform from c);
  v_function constant text := case p_platform when 'youtube' then 'record_youtube_channel'
    when 'devto' then 'record_devto_articles' else 'record_github_repositories' end;
  v_result jsonb;
begin
  execute format('select public.%I($1, $2, $3)', v_function) into v_result
  using pg_temp.run(v_id), pg_temp.fence(v_id), jsonb_build_object('observed_at', clock_timestamp())
    || p_payload;
  return (v_result ->> 'removed')
    || case when (v_result ->> 'is_suspect')::boolean then ' suspect' else '' end;
end;
$$;
create function pg_temp.repo(p_id bigint, p_stars integer,
  p_more jsonb default '{}') returns jsonb language sql as $$
  select jsonb_build_object('github_repo_id', p_id, 'name', 'r' || p_id, 'full_name', 'maya/r' || p_id,
    'stars_count', p_stars, 'forks_count', 1, 'watchers_count', p_stars, 'open_issues_count', 0, 'is_private',
      false,
    'is_fork', false, 'default_branch', 'main', 'html_url', 'https://github.com/maya/r' || p_id,
    'created_at', '2026-01-01T00:00:00Z', 'updated_at', '2026-01-01T00:00:00Z') || p_more
$$;
create function pg_temp.repos(variadic p_repositories jsonb[]) returns jsonb language sql as $$
  select jsonb_build_object('repositories', to_jsonb(p_repositories), 'is_complete', true)
$$;
create function pg_temp.nothing() returns jsonb language sql as $$
  select '{"repositories": [], "is_complete": true}'::jsonb
$$;
create function pg_temp.listed(variadic p_ids bigint[]) returns jsonb language sql as $$
  select jsonb_build_object('listed_ids', to_jsonb(p_ids))
$$;
create function pg_temp.readings(p_platform text, p_metric text) returns text language sql as $$
  select coalesce(string_agg(resource_id || '=' || value, ' ' order by resource_id), 'none')
  from private.metric_readings
  where connection_id = (select (to_jsonb(c) ->> p_platform)::uuid from c) and metric = p_metric
$$;
create function pg_temp.stars() returns text language sql as $$
  select coalesce(string_agg(github_repo_id || '=' || stars_count
    || case when removed_at is null then '' else ' gone' end, ' ' order by github_repo_id), 'none')
  from public.github_repositories where platform_connection_id = (select github from c)
$$;

-- Rows and readings

select is(
  pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 5), pg_temp.repo(2, 7)) || pg_temp.listed(1, 2)),
    '0',
  'repositories are stored'
);
select is(pg_temp.stars(), '1=5 2=7', 'with their numbers');
select is(pg_temp.readings('github', 'stars'), '1=5 2=7', 'which are the readings of the day');
select is(pg_temp.readings('github', 'repositories'), '=2', 'as is how many there are');
select pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 6)) || pg_temp.listed(1, 2));
select is(pg_temp.readings('github', 'stars'), '1=6 2=7', 'the last observation of a day wins');
select pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 4))
  || '{"observed_at": "2001-01-01T00:00:00Z"}');
select is(
  (select value from private.metric_readings where day = '2001-01-01' and metric = 'stars'), 4::numeric,
  'an older one is one of its own day'
);
select pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 6))
  || '{"observed_at": "2999-01-01T00:00:00Z"}');
select is(
  (select max(day) from private.metric_readings), (now() at time zone 'UTC')::date,
    'one of the future is of now'
);
select pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, null, '{"forks_count": null}')));
select is(pg_temp.stars(), '1=6 2=7', 'a number that is not valid keeps the stored one');
delete from private.metric_readings where true;
select pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, null), pg_temp.repo(3, null)));
select is(pg_temp.readings('github', 'stars'), 'none', 'and leaves no reading');
select is(pg_temp.readings('github', 'forks'), '1=1 3=1', 'next to those that are');
select is((select stars_count from public.github_repositories where github_repo_id = 3), 0,
  'a new one has 0');
create temp table version on commit drop as
select r.ctid as version from public.github_repositories as r where r.github_repo_id = 2;
select pg_temp.record('github', pg_temp.repos(pg_temp.repo(2, 7)));
select is(
  (select count(*) from public.github_repositories as r join version as v on v.version = r.ctid), 1::bigint,
  'what is the same is not written again'
);
select is(
  (select count(*) from public.github_repositories where platform_connection_id = (select other from c)),
    0::bigint,
  'nothing of it is another connection''s'
);

-- The owner's day

update public.profiles set timezone = 'Pacific/Kiritimati' where id = pg_temp.account('stranger');
delete from private.metric_readings where true;
select pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 6)));
select is(
  (select distinct day from private.metric_readings), (now() at time zone 'Pacific/Kiritimati')::date,
  'the day is that of where the owner lives'
);
update public.profiles set timezone = 'UTC' where id = pg_temp.account('stranger');

-- 304

delete from public.github_repositories where true;
select pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 5), pg_temp.repo(2, 7)) || pg_temp.listed(1, 2)
  || '{"etags": [{"path": "/user/repos", "etag": "a", "resource_ids": [1, 2], "has_next": false}]}');
delete from private.metric_readings where true;
update private.sync_schedule set readings_on = readings_on - 1 where true;
create function pg_temp.unchanged() returns text language sql as $$
  select pg_temp.record('github', pg_temp.nothing() || pg_temp.listed(1, 2)
    || '{"unchanged_ids": [1, 2]}')
$$;
select pg_temp.unchanged();
select is(pg_temp.readings('github', 'stars'), '1=5 2=7',
  'on 304 the day''s readings are those of the stored rows');
delete from private.metric_readings where true;
select pg_temp.unchanged();
select is(pg_temp.readings('github', 'stars'), 'none', 'which are written once a day');
update public.github_repositories set removed_at = now() where github_repo_id = 1;
select pg_temp.unchanged();
select is(pg_temp.stars(), '1=5 2=7', 'what is in an unchanged list is listed');
select is((select count(*) from private.sync_etags), 1::bigint, 'the ETag stays');
delete from public.github_repositories where github_repo_id = 1;
select pg_temp.unchanged();
select is(
  (select count(*) from private.sync_etags), 0::bigint,
    'unless a repository of that answer is not stored any more'
);

-- What is gone

select pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 5), pg_temp.repo(2, 7), pg_temp.repo(3, 1))
  || pg_temp.listed(1, 2, 3));
select is(pg_temp.record('github', pg_temp.repos(pg_temp.repo(2, 8))), '0',
  'without a whole list nothing is removed');
select is(
  pg_temp.record('github', pg_temp.repos(pg_temp.repo(2, 8)) || pg_temp.listed(2, 3)), '1',
  'what a whole list lacks is'
);
select is(pg_temp.stars(), '1=5 gone 2=8 3=1', 'and its row stays');
select is(pg_temp.readings('github', 'repositories'), '=2', 'but does not count');
select is(
  pg_temp.record('github', pg_temp.repos(pg_temp.repo(9, 1)) || pg_temp.listed(2) || '{"seen_ids": [9, 3]}'),
    '0',
  'what was asked for by itself is not missing in the list'
);
select is(pg_temp.record('github', pg_temp.nothing() || '{"gone_ids": [9]}'), '1',
  'unless it is gone itself');
select is(pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 5)) || pg_temp.listed(1, 2, 3)), '0',
  'back again');
select is(pg_temp.stars(), '1=5 2=8 3=1 9=1 gone', 'it counts');

-- A list that can't be true

create function pg_temp.empty() returns text language sql as $$
  select pg_temp.record('github', pg_temp.nothing() || '{"listed_ids": []}')
$$;
delete from private.metric_readings where true;
select is(pg_temp.empty(), '0 suspect', 'an empty list is not believed');
select is(pg_temp.readings('github', 'repositories'), 'none', 'and does not count as zero');
select is(pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 5)) || pg_temp.listed(1, 2, 3)), '0',
  'a list as before');
select is(pg_temp.empty(), '0 suspect', 'makes the next one the first again');
select is(pg_temp.empty(), '3', 'twice in a row it is believed');
select is(pg_temp.readings('github', 'repositories'), '=0', 'and there are none');
select pg_temp.record('github', jsonb_build_object('repositories', (
  select jsonb_agg(pg_temp.repo(n, 1)) from generate_series(1, 10) as n
), 'listed_ids', (select jsonb_agg(n) from generate_series(1, 10) as n)));
select is(
  pg_temp.record('github', pg_temp.nothing() || pg_temp.listed(1, 2, 3, 4, 5)), '5', 'half of ten may go'
);
select pg_temp.record('github', jsonb_build_object('repositories', (
  select jsonb_agg(pg_temp.repo(n, 1)) from generate_series(1, 10) as n
), 'listed_ids', (select jsonb_agg(n) from generate_series(1, 10) as n)));
select is(pg_temp.record('github', pg_temp.nothing() || pg_temp.listed(1, 2, 3, 4)), '0 suspect',
  'but not more');

update public.github_repositories set removed_at = now() - interval '801 days' where github_repo_id = 3;
select is(private.prune_removed_resources(), 1, 'what was removed long ago is deleted');

-- Names of monitors

insert into public.monitors (user_id, platform, platform_connection_id, monitor_type, platform_resource_id)
select pg_temp.account('stranger'), 'github', github, 'repository', 'acme/lib' from c;
select pg_temp.record('github', pg_temp.nothing() || jsonb_build_object('resolved', jsonb_build_array(
  jsonb_build_object('monitor_id', m.id, 'resource_id', '77'),
  jsonb_build_object('monitor_id', o.id, 'resource_id', '88')
)))
from public.monitors as m, public.monitors as o
where m.platform_resource_id = 'acme/lib' and o.platform_connection_id = (select other from c);
select is(
  (select string_agg(platform_resource_id, ' ') from public.monitors), '77',
    'are replaced by ids, one''s own only'
);

-- YouTube

create function pg_temp.video(p_id text, p_views bigint, p_likes integer) returns jsonb language sql as $$
  select jsonb_build_object('youtube_video_id', p_id, 'title', p_id, 'view_count', p_views, 'like_count',
    p_likes,
    'comment_count', 0, 'published_at', '2026-01-01T00:00:00Z')
$$;
select is(
  pg_temp.record('youtube', jsonb_build_object(
    'channel', '{"subscribers": 12300000000, "views": 5, "videos": 2}'::jsonb,
    'videos', jsonb_build_array(pg_temp.video('a', 3000000000, 4), pg_temp.video('b', 1, null)),
    'listed_ids', '["a", "b"]'::jsonb, 'cursor', '{"video_count": 2}'::jsonb
  )), '0', 'a channel and its videos are stored'
);
select is(
  (select row(subscriber_count, total_views, video_count)::text from public.youtube_channel_stats),
  '(12300000000,5,2)', 'with the day''s numbers'
);
select is(
  pg_temp.readings('youtube', 'likes') || ' ' || pg_temp.readings('youtube', 'views'), 'a=4 a=3000000000 b=1',
  'what is hidden leaves no reading'
);
select pg_temp.record('youtube', '{"channel": {"subscribers": null, "views": 6, "videos": 2}}');
select is(
  (select row(subscriber_count, total_views)::text from public.youtube_channel_stats), '(12300000000,6)',
  'and the last number stays'
);
select is(
  pg_temp.record('youtube', '{"listed_ids": [], "cursor": {"video_count": 0}}')
    || (select ' ' || cursor::text from private.sync_schedule, c where connection_id = youtube),
  '0 suspect {"video_count": 2}', 'of a list that is not believed, the next run reads the whole again'
);
select is(pg_temp.record('youtube', '{"listed_ids": []}'), '2', 'which then is');

-- Dev.to

select is(
  pg_temp.record('devto', '{"articles": [{"devto_article_id": 1, "title": "One", "view_count": 3,
    "reaction_count": null, "comment_count": 2, "url": "https://dev.to/maya/one", "tags": ["a"]}],
    "listed_ids": [1]}'), '0', 'articles are stored'
);
select is(
  pg_temp.readings('devto', 'views') || ' ' || pg_temp.readings('devto', 'reactions') || ' '
    || pg_temp.readings('devto', 'articles'), '1=3 none =1', 'with their readings'
);

-- Numbers that the database can't store

select throws_ok(
  $$ select pg_temp.record('github', pg_temp.repos(pg_temp.repo(1, 5, '{"stars_count": 3000000000}'))) $$,
    '22003',
  null, 'are refused, and with them all that came with them'
);

select * from finish();
rollback;
