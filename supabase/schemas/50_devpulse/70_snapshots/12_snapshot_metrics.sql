-- The metrics of snapshots, listed once: what each is made of, and the names that goals may use for it.

create table private.snapshot_metrics (
  platform text not null,
  metric text not null,
  coverage text not null,
  fold text not null,
  reading text not null,
  constraint snapshot_metrics_pkey primary key (platform, metric),
  constraint snapshot_metrics_platform_is_known check (platform in ('github', 'youtube', 'devto')),
  constraint snapshot_metrics_coverage_is_known check (coverage in ('resources', 'contributions')),
  constraint snapshot_metrics_fold_fits_coverage check (
    case coverage when 'resources' then fold in ('sum', 'count') else fold in ('flow', 'total') end
  )
);
comment on table private.snapshot_metrics is
  'One row per platform and metric of analytics_snapshots. Written by the schema alone.';
comment on column private.snapshot_metrics.coverage is
  'What a monitor has to cover for the metric: resources (repositories, a channel, articles), '
  'or the contributions.';
comment on column private.snapshot_metrics.fold is
  'sum: of the resources'' readings. count: how many resources were read. flow: of the day in '
  'github_contributions. total: all stored days up to the day. All but flow are levels.';
comment on column private.snapshot_metrics.reading is
  'The metric in metric_readings, or the column of github_contributions without its ending _count.';
alter table private.snapshot_metrics enable row level security;

insert into private.snapshot_metrics (platform, metric, coverage, fold, reading) values
  ('github', 'total_stars', 'resources', 'sum', 'stars'),
  ('github', 'total_forks', 'resources', 'sum', 'forks'),
  ('github', 'total_open_issues', 'resources', 'sum', 'open_issues'),
  ('github', 'repositories_count', 'resources', 'count', 'stars'),
  ('github', 'commits', 'contributions', 'flow', 'commits'),
  ('github', 'pull_requests', 'contributions', 'flow', 'pull_requests'),
  ('github', 'issues', 'contributions', 'flow', 'issues'),
  ('github', 'total_commits', 'contributions', 'total', 'commits'),
  ('github', 'total_pull_requests', 'contributions', 'total', 'pull_requests'),
  ('github', 'total_issues', 'contributions', 'total', 'issues'),
  ('youtube', 'total_subscribers', 'resources', 'sum', 'channel_subscribers'),
  ('youtube', 'total_views', 'resources', 'sum', 'channel_views'),
  ('youtube', 'total_videos', 'resources', 'sum', 'channel_videos'),
  ('youtube', 'total_likes', 'resources', 'sum', 'likes'),
  ('youtube', 'total_comments', 'resources', 'sum', 'comments'),
  ('devto', 'total_views', 'resources', 'sum', 'views'),
  ('devto', 'total_reactions', 'resources', 'sum', 'reactions'),
  ('devto', 'total_comments', 'resources', 'sum', 'comments'),
  ('devto', 'total_articles', 'resources', 'count', 'reactions');

-- The words that people use, such as the seed's goal types, and the metrics that they stand for.
create table private.metric_aliases (
  alias text not null,
  metric text not null,
  constraint metric_aliases_pkey primary key (alias)
);
comment on table private.metric_aliases is 'Other names of metrics. Written by the schema alone.';
alter table private.metric_aliases enable row level security;

insert into private.metric_aliases (alias, metric) values
  ('stars', 'total_stars'), ('forks', 'total_forks'), ('open_issues', 'total_open_issues'),
  ('repositories', 'repositories_count'), ('repos', 'repositories_count'), ('prs', 'pull_requests'),
  ('subscribers', 'total_subscribers'), ('followers', 'total_subscribers'), ('views', 'total_views'),
  ('videos', 'total_videos'), ('likes', 'total_likes'), ('comments', 'total_comments'),
  ('reactions', 'total_reactions'), ('articles', 'total_articles'), ('posts', 'total_articles');

-- What the tracker counts, for members of the team, under the platform `all`.
create or replace function private.is_tracker_metric(p_metric text) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_metric in ('tracker_open_issues', 'tracker_median_hours_to_resolve');
end;
$$;
comment on function private.is_tracker_metric is
  'Whether it is the name of a metric of the tracker: tracker_, and its name in the snapshot.';

create or replace function private.parse_metric(p_platform text, p_name text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_name text := regexp_replace(lower(private.non_blank(p_name)), '[[:space:]-]+', '_', 'g');
begin
  v_name := coalesce((select a.metric from private.metric_aliases as a where a.alias = v_name), v_name);
  if p_platform = 'all' and private.is_tracker_metric(v_name) or exists (
    select from private.snapshot_metrics as m
    where m.metric = v_name and (m.platform = p_platform or p_platform = 'all')
  )
  then
    return v_name;
  end if;
  return null;
end;
$$;
comment on function private.parse_metric is
  'The metric of a platform, or of all, by its name or another name for it, in any case; null for others.';

create or replace function private.known_metrics(p_platform text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select string_agg(distinct k.name, ', ' order by k.name)
    from (
      select m.metric collate "C" as name
      from private.snapshot_metrics as m where m.platform = p_platform or p_platform = 'all'
      union all
      select t.name from unnest(array['tracker_open_issues', 'tracker_median_hours_to_resolve']) as t (name)
      where p_platform = 'all'
    ) as k
  );
end;
$$;
comment on function private.known_metrics is 'The metrics of a platform, or of all, for hints.';

create or replace function private.is_flow_metric(p_metric text) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from private.snapshot_metrics as m where m.metric = p_metric and m.fold = 'flow');
end;
$$;
comment on function private.is_flow_metric is
  'Whether the metric counts what happened in a period, such as commits; other metrics are levels.';

-- NaN is what makes a sum unknown: it stays NaN whatever is added, and null is left out.
create or replace function private.metric_value(p_metrics jsonb, p_platforms text[], p_metric text)
returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_platform text;
  v_cell jsonb;
  v_sum numeric;
begin
  foreach v_platform in array p_platforms loop
    v_cell := p_metrics -> v_platform -> p_metric;
    if v_cell = 'null' then
      return 'NaN'::numeric;
    elsif v_cell is not null then
      v_sum := coalesce(v_sum, 0) + v_cell::numeric;
    end if;
  end loop;
  return v_sum;
end;
$$;
comment on function private.metric_value is
  'A metric of a snapshot, summed over the platforms that have it: NaN for a gap, null where none has it.';
