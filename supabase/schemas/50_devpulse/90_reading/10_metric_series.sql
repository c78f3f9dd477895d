-- A metric over time, from the snapshots.

create or replace function private.require_metric(p_platform text, p_metric text) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  v_metric constant text := private.parse_metric(p_platform, p_metric);
begin
  if v_metric is null then
    raise exception using
      errcode = 'PT422', message = 'devpulse_metric_invalid',
      detail = format('%s is not a metric of %s.', coalesce(quote_literal(left(p_metric, 100)), 'Null'),
        coalesce(quote_literal(left(p_platform, 100)), 'null')),
      hint = coalesce(
        'Use one of: ' || private.known_metrics(p_platform) || '.', 'Use github, youtube, devto or all.'
      );
  end if;
  return v_metric;
end;
$$;
comment on function private.require_metric is
  'The metric by its name or another name for it. Errors: devpulse_metric_invalid (422).';

create or replace function private.parse_granularity(p_granularity text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_type constant text := case lower(private.non_blank(p_granularity)) when 'day' then 'daily'
    when 'daily' then 'daily' when 'week' then 'weekly' when 'weekly' then 'weekly'
    when 'month' then 'monthly' when 'monthly' then 'monthly' end;
begin
  if v_type is null then
    raise exception using
      errcode = 'PT422', message = 'devpulse_granularity_invalid',
      detail = format('%s is not a granularity.', coalesce(quote_literal(left(p_granularity, 100)), 'Null')),
      hint = 'Use day, week or month.';
  end if;
  return v_type;
end;
$$;
comment on function private.parse_granularity is
  'The type of the snapshots: daily, weekly or monthly. Errors: devpulse_granularity_invalid (422).';

create or replace function private.require_workspace(p_workspace_id uuid) returns void
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_workspace_id is not null and not exists (
    select from public.workspaces as w
    where w.id = p_workspace_id
      and (private.is_trusted_caller() or w.id in (select private.my_workspace_ids()))
  )
  then
    raise exception using
      errcode = 'PT404', message = 'devpulse_workspace_unknown',
      detail = format('The caller is not in a workspace with the id %s.', p_workspace_id),
      hint = 'Use the id of one of your workspaces.';
  end if;
end;
$$;
comment on function private.require_workspace is
  'Returns for a member of the workspace, for servers, and for null. Errors: '
  'devpulse_workspace_unknown (404).';

create type private.series_request as (
  workspace_id uuid,
  platform text,
  parts text[],
  metric text,
  snapshot_type text,
  starts_on date,
  ends_on date,
  incomplete date[]
);
comment on type private.series_request is
  'The arguments of metric_series, checked. parts and metric: where the metric is in a snapshot. starts_on, '
  'ends_on: the first days of the first and the last period. incomplete: periods that are left out.';

create or replace function private.parse_series(
  p_platform text, p_metric text, p_from date, p_to date, p_granularity text, p_workspace_id uuid
) returns private.series_request
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.series_request;
  v_today constant date := private.local_day(
    (select p.timezone from public.profiles as p where p.id = auth.uid()), now()
  );
begin
  perform private.require_workspace(p_workspace_id);
  v.workspace_id := p_workspace_id;
  v.platform := lower(private.non_blank(p_platform));
  v.metric := private.require_metric(v.platform, p_metric);
  v.parts := case v.platform when 'all' then array['github', 'youtube', 'devto'] else array[v.platform] end;
  if private.is_tracker_metric(v.metric) then
    v.parts := array['tracker'];
    v.metric := substr(v.metric, 9);
  end if;
  v.snapshot_type := private.parse_granularity(p_granularity);
  v.ends_on := coalesce(p_to, v_today);
  v.starts_on := coalesce(
    p_from, v.ends_on - case v.snapshot_type when 'daily' then 29 when 'weekly' then 83 else 364 end
  );
  perform private.raise_range_error(v.starts_on, v.ends_on, 3700);
  v.starts_on := private.period_start(v.snapshot_type, v.starts_on);
  v.ends_on := private.period_start(v.snapshot_type, v.ends_on);
  v.incomplete := case when p_workspace_id is null then '{}'
    else private.incomplete_periods(p_workspace_id, v.platform, v.snapshot_type) end;
  return v;
end;
$$;
comment on function private.parse_series is
  'Checks the arguments of metric_series. Errors: see there.';

-- Without row security: what it reads is the caller's, or of the workspace that parse_series has checked. NaN
-- makes a sum unknown.
create or replace function private.metric_series(
  p_platform text, p_metric text, p_from date, p_to date, p_granularity text, p_workspace_id uuid
) returns table (period date, value numeric, delta numeric, is_gap boolean)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_request constant private.series_request :=
    private.parse_series(p_platform, p_metric, p_from, p_to, p_granularity, p_workspace_id);
begin
  return query
  with cell as (
    select s.snapshot_date, s.metrics -> a.part -> v_request.metric as value
    from public.analytics_snapshots as s cross join unnest(v_request.parts) as a (part)
    where v_request.workspace_id is null and s.workspace_id is null and s.user_id = (select auth.uid())
      and s.platform = v_request.platform and s.snapshot_type = v_request.snapshot_type
      and s.snapshot_date between v_request.starts_on and v_request.ends_on
    union all
    select s.snapshot_date, s.metrics -> a.part -> v_request.metric
    from public.analytics_snapshots as s cross join unnest(v_request.parts) as a (part)
    where s.workspace_id = v_request.workspace_id
      and s.platform = v_request.platform and s.snapshot_type = v_request.snapshot_type
      and s.snapshot_date between v_request.starts_on and v_request.ends_on
      and s.snapshot_date <> all (v_request.incomplete)
  ),
  summed as (
    select c.snapshot_date,
      sum(case when c.value = 'null' then 'NaN'::numeric else c.value::numeric end) as value
    from cell as c where c.value is not null group by c.snapshot_date
  ),
  known as (
    select s.snapshot_date, s.value, s.value - lag(s.value) over (order by s.snapshot_date) as delta
    from summed as s where s.value <> 'NaN'
  )
  select g.starts_at::date, k.value, k.delta, k.value is null
  from generate_series(
    v_request.starts_on::timestamp, v_request.ends_on::timestamp,
    case v_request.snapshot_type when 'daily' then interval '1 day' when 'weekly' then interval '7 days'
      else interval '1 month' end
  ) as g (starts_at)
  left join known as k on k.snapshot_date = g.starts_at::date
  order by g.starts_at;
end;
$$;
grant execute on function private.metric_series to authenticated, service_role;

-- from and to are the API's JSON keys. Both are reserved words, which have no other form in SQL than quoted.
create or replace function public.metric_series(
  platform text, metric text, "from" date default null, "to" date default null,
  granularity text default 'day', workspace uuid default null
) returns table (period date, value numeric, delta numeric, is_gap boolean)
language sql stable security invoker set search_path = ''
begin atomic
  select s.period, s.value, s.delta, s.is_gap
  from private.metric_series(
    metric_series.platform, metric_series.metric, metric_series."from", metric_series."to",
    metric_series.granularity, metric_series.workspace
  ) as s;
end;
comment on function public.metric_series is
  'A metric of github, youtube, devto or all, one row per day, week (its Monday) or month (its first day) '
  'from from to to; by default the last 30 days, 12 weeks or 12 months. delta: the change since the last '
  'known value before it in the range. is_gap: the value is not known. Of the caller, or summed over a '
  'workspace. Errors: devpulse_workspace_unknown (404), devpulse_metric_invalid, '
  'devpulse_granularity_invalid, devpulse_range_invalid, devpulse_range_too_large (422).';
grant execute on function public.metric_series to authenticated, service_role;
