-- The numbers of a day on each platform, by what monitors cover.

-- One statement per platform for all days together. A lateral subquery reads the few rows of each day by
-- index: a join would hash all readings.
create type private.counted_unit as (
  unit_id bigint,
  metrics jsonb
);
comment on type private.counted_unit is 'The metrics of the scopes with this unit_id; null for a gap.';

-- The totals are those of the day, so a day that is not stored has none.
create or replace function private.count_contributions(p_scopes private.count_scope[])
returns setof private.counted_unit
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select s.unit_id, jsonb_build_object(
    'commits', t.day_commits, 'pull_requests', t.day_pull_requests, 'issues', t.day_issues,
    'total_commits', case when t.day_commits is not null then t.commits end,
    'total_pull_requests', case when t.day_commits is not null then t.pull_requests end,
    'total_issues', case when t.day_commits is not null then t.issues end
  )
  from unnest(p_scopes) as s
  cross join lateral (
    select
      sum(g.commits_count) as commits, sum(g.commits_count) filter (where g.date = s.day) as day_commits,
      sum(g.pull_requests_count) as pull_requests,
      sum(g.pull_requests_count) filter (where g.date = s.day) as day_pull_requests,
      sum(g.issues_count) as issues, sum(g.issues_count) filter (where g.date = s.day) as day_issues
    from public.github_contributions as g
    where g.platform_connection_id = s.connection_id and g.date <= s.day
  ) as t
  where s.has_contributions;
end;
$$;
comment on function private.count_contributions is
  'Counts the contributions of the day, and those of all stored days up to it.';

create or replace function private.count_repositories(p_scopes private.count_scope[])
returns setof private.counted_unit
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select s.unit_id, jsonb_build_object(
    'total_stars', private.known_sum(s, 'stars', r.stars, r.stars_count, l.resource_ids, r.list_length),
    'total_forks', private.known_sum(s, 'forks', r.forks, r.forks_count, l.resource_ids, r.list_length),
    'total_open_issues', private.known_sum(
      s, 'open_issues', r.open_issues, r.open_issues_count, l.resource_ids, r.list_length
    ),
    'repositories_count', private.known_sum(
      s, 'stars', r.stars_count, r.stars_count, l.resource_ids, r.list_length
    )
  )
  from unnest(p_scopes) as s
  cross join lateral (
    select array_agg(g.github_repo_id::text)
        filter (where g.removed_at is null or g.removed_at at time zone s.timezone >= s.day + 1)
        as resource_ids,
      array_agg(g.github_repo_id::text) filter (where g.removed_at at time zone s.timezone < s.day + 1)
        as removed_ids
    from public.github_repositories as g
    where g.platform_connection_id = s.connection_id
      and (s.resource_ids is null or g.github_repo_id::text = any (s.resource_ids))
  ) as l
  cross join lateral (
    select
      sum(o.value) filter (where o.metric = 'stars') as stars,
      count(*) filter (where o.metric = 'stars') as stars_count,
      sum(o.value) filter (where o.metric = 'forks') as forks,
      count(*) filter (where o.metric = 'forks') as forks_count,
      sum(o.value) filter (where o.metric = 'open_issues') as open_issues,
      count(*) filter (where o.metric = 'open_issues') as open_issues_count,
      max(o.value) filter (where o.metric = 'repositories') as list_length
    from private.metric_readings as o
    where o.connection_id = s.connection_id and o.day = s.day
      and (s.resource_ids is null or o.resource_id = any (s.resource_ids))
      and (l.removed_ids is null or o.resource_id <> all (l.removed_ids))
  ) as r
  where s.resource_ids is distinct from '{}';
end;
$$;
comment on function private.count_repositories is
  'Counts repositories. repositories_count is known where the stars are.';

create or replace function private.count_youtube(p_scopes private.count_scope[])
returns setof private.counted_unit
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select s.unit_id, jsonb_build_object(
    'total_subscribers', r.subscribers, 'total_views', r.views, 'total_videos', r.videos,
    'total_likes', private.known_sum(s, 'likes', r.likes, r.likes_count, l.resource_ids, r.videos),
    'total_comments', private.known_sum(s, 'comments', r.comments, r.comments_count, l.resource_ids, r.videos)
  )
  from unnest(p_scopes) as s
  cross join lateral (
    select array_agg(y.youtube_video_id)
        filter (where y.removed_at is null or y.removed_at at time zone s.timezone >= s.day + 1)
        as resource_ids,
      array_agg(y.youtube_video_id) filter (where y.removed_at at time zone s.timezone < s.day + 1)
        as removed_ids
    from public.youtube_videos as y
    where y.platform_connection_id = s.connection_id
  ) as l
  cross join lateral (
    select
      max(o.value) filter (where o.metric = 'channel_subscribers') as subscribers,
      max(o.value) filter (where o.metric = 'channel_views') as views,
      max(o.value) filter (where o.metric = 'channel_videos') as videos,
      sum(o.value) filter (where o.metric = 'likes') as likes,
      count(*) filter (where o.metric = 'likes') as likes_count,
      sum(o.value) filter (where o.metric = 'comments') as comments,
      count(*) filter (where o.metric = 'comments') as comments_count
    from private.metric_readings as o
    where o.connection_id = s.connection_id and o.day = s.day
      and (l.removed_ids is null or o.resource_id <> all (l.removed_ids))
  ) as r;
end;
$$;
comment on function private.count_youtube is 'Counts the channel, and likes and comments of its videos.';

create or replace function private.count_devto(p_scopes private.count_scope[])
returns setof private.counted_unit
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select s.unit_id, jsonb_build_object(
    'total_views', private.known_sum(s, 'views', r.views, r.views_count, l.resource_ids, r.list_length),
    'total_reactions', private.known_sum(
      s, 'reactions', r.reactions, r.reactions_count, l.resource_ids, r.list_length
    ),
    'total_comments', private.known_sum(
      s, 'comments', r.comments, r.comments_count, l.resource_ids, r.list_length
    ),
    'total_articles', private.known_sum(
      s, 'reactions', r.reactions_count, r.reactions_count, l.resource_ids, r.list_length
    )
  )
  from unnest(p_scopes) as s
  cross join lateral (
    select array_agg(a.devto_article_id::text)
        filter (where a.removed_at is null or a.removed_at at time zone s.timezone >= s.day + 1)
        as resource_ids,
      array_agg(a.devto_article_id::text) filter (where a.removed_at at time zone s.timezone < s.day + 1)
        as removed_ids
    from public.devto_articles as a
    where a.platform_connection_id = s.connection_id
  ) as l
  cross join lateral (
    select
      sum(o.value) filter (where o.metric = 'views') as views,
      count(*) filter (where o.metric = 'views') as views_count,
      sum(o.value) filter (where o.metric = 'reactions') as reactions,
      count(*) filter (where o.metric = 'reactions') as reactions_count,
      sum(o.value) filter (where o.metric = 'comments') as comments,
      count(*) filter (where o.metric = 'comments') as comments_count,
      max(o.value) filter (where o.metric = 'articles') as list_length
    from private.metric_readings as o
    where o.connection_id = s.connection_id and o.day = s.day
      and (l.removed_ids is null or o.resource_id <> all (l.removed_ids))
  ) as r;
end;
$$;
comment on function private.count_devto is
  'Counts articles. total_articles is known where the reactions are, which every article has.';
