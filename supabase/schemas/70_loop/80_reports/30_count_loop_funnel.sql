-- Counts how many issues of the last four weeks reached each hop, and how long they took.

create index loop_events_reported_at_idx on public.loop_events (at) include (issue_id)
  where hop = 'reported' and generation = 1;

create table private.funnel_counts (
  id bigint not null generated always as identity,
  dimension text not null,
  key text,
  label text,
  hop_number integer not null,
  hop text not null,
  issues_count bigint not null,
  share numeric not null,
  conversion numeric,
  median_seconds numeric,
  p90_seconds numeric,
  median_total_seconds numeric,
  p90_total_seconds numeric,
  constraint funnel_counts_pkey primary key (id),
  constraint funnel_counts_dimension_key_hop_number_key
    unique nulls not distinct (dimension, key, hop_number)
);
comment on table private.funnel_counts is
  'The rows of loop_funnel, as of counted_at of loop_report_runs. Written by run_loop_funnel() alone.';
alter table private.funnel_counts enable row level security;

create or replace function private.load_funnel_hops(p_since timestamptz)
returns table (
  issue_id uuid, segment text, space_id text, space_name text, week date, hop text, hop_number integer,
  had_last boolean, seconds double precision, total_seconds double precision
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_hops constant text[] := array[
    'reported', 'triaged', 'promoted', 'dispatched', 'started', 'opened', 'merged', 'fixed', 'shipped',
    'resolved', 'answered'
  ];
begin
  return query
  with hop as (
    select e.issue_id, e.hop, array_position(v_hops, e.hop) as number, min(e.at) as at
    from public.loop_events as e
    where e.generation = 1 and e.hop = any (v_hops) and e.issue_id in (
      select r.issue_id from public.loop_events as r
      where r.hop = 'reported' and r.generation = 1 and r.at >= p_since
    )
    group by e.issue_id, e.hop
  ),
  timed as (
    select h.*, lag(h.number) over w = h.number - 1 as had_last,
      min(h.at) filter (where h.number = 1) over (partition by h.issue_id) as reported_at,
      max(h.at) over (
        partition by h.issue_id order by h.number rows between unbounded preceding and 1 preceding
      ) as last_at
    from hop as h window w as (partition by h.issue_id order by h.number)
  )
  select t.issue_id, i.segment, s.space_id, s.space_name,
    date_trunc('week', t.reported_at at time zone 'UTC')::date, t.hop, t.number, coalesce(t.had_last, false),
    case when t.last_at is not null
      then greatest(extract(epoch from t.at - t.last_at), 0)::double precision
    end,
    case when t.last_at is not null
      then greatest(extract(epoch from t.at - t.reported_at), 0)::double precision
    end
  from timed as t
  join public.issues as i on i.id = t.issue_id and not i.is_test
    and not exists (select from public.issue_merges as m where m.source_issue_id = i.id)
  left join (
    select distinct on (c.mapped_to_issue_id) c.mapped_to_issue_id as issue_id, c.space_id, c.space_name
    from public.circle_issues as c
    where c.mapped_to_issue_id in (select h.issue_id from hop as h)
    order by c.mapped_to_issue_id, coalesce(c.posted_at, c.created_at), c.id
  ) as s on s.issue_id = t.issue_id
  where t.reported_at >= p_since;
end;
$$;
comment on function private.load_funnel_hops is
  'The hops of the first generation of issues that were first reported since a time, with the time since the '
  'latest hop before, and since the report.';

create or replace function private.count_loop_funnel(p_since timestamptz)
returns setof private.funnel_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with counted as (
    select
      case grouping(h.space_id, h.segment, h.week)
        when 7 then 'all' when 3 then 'space' when 5 then 'segment' else 'week'
      end as dimension,
      coalesce(h.space_id, h.segment, h.week::text) as key,
      case when grouping(h.space_id) = 0 then max(h.space_name) end as label,
      h.hop_number, h.hop, count(*) as issues_count, count(*) filter (where h.had_last) as continued_count,
      percentile_cont(array[0.5, 0.9]) within group (order by h.seconds) as seconds,
      percentile_cont(array[0.5, 0.9]) within group (order by h.total_seconds) as total_seconds
    from private.load_funnel_hops(p_since) as h
    group by grouping sets (
      (h.hop_number, h.hop), (h.hop_number, h.hop, h.space_id), (h.hop_number, h.hop, h.segment),
      (h.hop_number, h.hop, h.week)
    )
  )
  select null::bigint, c.dimension, c.key, c.label, c.hop_number, c.hop, c.issues_count,
    round(c.issues_count::numeric / first_value(c.issues_count) over w, 4),
    case when lag(c.hop_number) over w = c.hop_number - 1
      then round(c.continued_count::numeric / lag(c.issues_count) over w, 4)
    end,
    round(c.seconds[1]::numeric, 1), round(c.seconds[2]::numeric, 1), round(c.total_seconds[1]::numeric, 1),
    round(c.total_seconds[2]::numeric, 1)
  from counted as c
  -- each has its reports, as the first hop
  window w as (partition by c.dimension, c.key order by c.hop_number);
end;
$$;
comment on function private.count_loop_funnel is
  'Counts the funnel of the issues that were first reported since a time.';
