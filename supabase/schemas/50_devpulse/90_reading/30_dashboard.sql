-- Everything that a start page shows, in one call.

create or replace function public.dashboard(workspace uuid default null) returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  with snapshot as (
    select p.platform, private.dashboard_snapshot(
      dashboard.workspace, p.platform,
      private.last_snapshot_day(
        dashboard.workspace, p.platform, case when dashboard.workspace is null then '{}'
          else private.incomplete_periods(dashboard.workspace, p.platform, 'daily') end
      ),
      private.list_flow_metrics()
    ) as snapshot
    from unnest(array['github', 'youtube', 'devto', 'all']) as p (platform)
  )
  select jsonb_build_object(
    'connections', private.dashboard_connections(),
    'snapshots', (select jsonb_object_agg(s.platform, s.snapshot) from snapshot as s),
    'top', jsonb_build_object(
      'repositories', private.top_repositories(dashboard.workspace),
      'videos', private.top_videos(dashboard.workspace),
      'articles', private.top_articles(dashboard.workspace)
    ),
    'goals', private.dashboard_goals(dashboard.workspace)
  )
  from private.require_workspace(dashboard.workspace) as r;
end;
comment on function public.dashboard is
  'connections: the caller''s, with their state and without tokens. snapshots: per platform and all, the '
  'last day with its metrics and gaps, and how levels changed within 7 and 30 days; null without one. top: '
  'the five repositories with the most stars, and videos and articles with the most views. goals: up to 50 '
  'open goals with their pace, as goal_progress has them. Of the caller, or of a workspace. Errors: '
  'devpulse_workspace_unknown (404).';
grant execute on function public.dashboard to authenticated, service_role;
