-- Everything that a start page shows, in one call.

create or replace function private.dashboard(p_workspace_id uuid) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
declare
  v_flows constant text[] := private.list_flow_metrics();
begin
  perform private.require_workspace(p_workspace_id);
  return jsonb_build_object(
    'connections', private.dashboard_connections(),
    'snapshots', (
      select jsonb_object_agg(p.platform, private.dashboard_snapshot(
        p_workspace_id, p.platform,
        private.last_snapshot_day(
          p_workspace_id, p.platform, case when p_workspace_id is null then '{}'
            else private.incomplete_periods(p_workspace_id, p.platform, 'daily') end
        ),
        v_flows
      ))
      from unnest(array['github', 'youtube', 'devto', 'all']) as p (platform)
    ),
    'top', jsonb_build_object(
      'repositories', private.top_repositories(p_workspace_id),
      'videos', private.top_videos(p_workspace_id),
      'articles', private.top_articles(p_workspace_id)
    ),
    'goals', private.dashboard_goals(p_workspace_id)
  );
end;
$$;
grant execute on function private.dashboard to authenticated, service_role;

create or replace function public.dashboard(workspace uuid default null) returns jsonb
language sql stable security invoker set search_path = ''
begin atomic
  select private.dashboard(dashboard.workspace);
end;
comment on function public.dashboard is
  'connections: the caller''s, with their state and without tokens. snapshots: per platform and all, the '
  'last day with its metrics and gaps, and how levels changed within 7 and 30 days; null without one. top: '
  'the five repositories with the most stars, and videos and articles with the most views. goals: up to 50 '
  'open goals with their pace, as goal_progress has them. Of the caller, or of a workspace. Errors: '
  'devpulse_workspace_unknown (404).';
grant execute on function public.dashboard to authenticated, service_role;
