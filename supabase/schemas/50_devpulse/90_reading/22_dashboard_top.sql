-- The top five of the dashboard: see its parts.

create or replace function private.top_repositories(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(t) order by t.stars_count desc, t.full_name collate "C"), '[]')
    from (
      select o.* from (
        -- two members of a workspace may watch the same repository: it is listed once, as it was last read
        select distinct on (g.github_repo_id) g.github_repo_id, g.full_name, g.html_url, g.stars_count,
          g.forks_count, g.open_issues_count
        from (
          select c.id as connection_id, null::text[] as resource_ids from public.platform_connections as c
          where p_workspace_id is null and c.user_id = (select auth.uid()) and c.platform = 'github'
          union all
          select m.platform_connection_id, case when bool_and(m.monitor_type = 'repository')
              then array_agg(m.platform_resource_id) end
          from public.monitors as m
          where m.workspace_id = p_workspace_id and m.is_active and m.platform = 'github'
            and m.monitor_type <> 'user'
          group by m.platform_connection_id
        ) as s
        join public.github_repositories as g on g.platform_connection_id = s.connection_id
        where g.removed_at is null
          and (s.resource_ids is null or g.github_repo_id::text = any (s.resource_ids))
        order by g.github_repo_id, g.synced_at desc
      ) as o
      order by o.stars_count desc, o.full_name collate "C"
      limit 5
    ) as t
  );
end;
$$;
comment on function private.top_repositories is
  'The five repositories with the most stars: of the caller''s connection, or that monitors of '
  'a workspace cover.';

create or replace function private.top_videos(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(t) order by t.view_count desc, t.youtube_video_id), '[]')
    from (
      select y.youtube_video_id, y.title, y.thumbnail_url, y.published_at, y.view_count, y.like_count,
        y.comment_count
      from (
        select c.id as connection_id from public.platform_connections as c
        where p_workspace_id is null and c.user_id = (select auth.uid()) and c.platform = 'youtube'
        union
        select m.platform_connection_id from public.monitors as m
        where m.workspace_id = p_workspace_id and m.is_active and m.platform = 'youtube'
      ) as s
      join public.youtube_videos as y on y.platform_connection_id = s.connection_id
      where y.removed_at is null
      order by y.view_count desc, y.youtube_video_id
      limit 5
    ) as t
  );
end;
$$;
comment on function private.top_videos is
  'The five videos with the most views: of the caller''s connection, or that monitors of a workspace cover.';

create or replace function private.top_articles(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select coalesce(jsonb_agg(to_jsonb(t) order by t.view_count desc, t.devto_article_id), '[]')
    from (
      select d.devto_article_id, d.title, d.url, d.published_at, d.view_count, d.reaction_count,
        d.comment_count
      from (
        select c.id as connection_id from public.platform_connections as c
        where p_workspace_id is null and c.user_id = (select auth.uid()) and c.platform = 'devto'
        union
        select m.platform_connection_id from public.monitors as m
        where m.workspace_id = p_workspace_id and m.is_active and m.platform = 'devto'
      ) as s
      join public.devto_articles as d on d.platform_connection_id = s.connection_id
      where d.removed_at is null
      order by d.view_count desc, d.devto_article_id
      limit 5
    ) as t
  );
end;
$$;
comment on function private.top_articles is
  'The five articles with the most views: of the caller''s connection, or those that monitors of '
  'a workspace cover.';
