-- Issues opened and resolved by week: for issue_trends.

create table private.issue_week_counts (
  week date not null,
  segment text not null,
  opened_count bigint not null,
  resolved_count bigint not null,
  median_hours double precision,
  p90_hours double precision,
  constraint issue_week_counts_pkey primary key (week, segment)
);
comment on table private.issue_week_counts is
  'The number of issues opened and resolved in a week, which begins on Monday, UTC, and how long they took.';
alter table private.issue_week_counts enable row level security;

create or replace function private.count_issue_weeks() returns setof private.issue_week_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select e.week, e.segment, count(*) filter (where e.is_opening), count(e.hours),
    percentile_cont(0.5) within group (order by e.hours), percentile_cont(0.9) within group (order by e.hours)
  from (
    select c.opened_week as week, c.segment, true as is_opening, null::double precision as hours
    from private.counted_issues as c where c.space_number = 1
    union all
    select c.resolved_week, c.segment, false, c.hours
    from private.counted_issues as c where c.space_number = 1 and c.hours is not null
  ) as e
  group by e.week, e.segment;
end;
$$;
comment on function private.count_issue_weeks is 'issue_week_counts, counted from counted_issues.';

-- The percentiles of a week are computed again when an issue that was resolved in it changes.
create or replace function private.sum_issue_weeks(p_changes private.issue_count_changes)
returns setof private.issue_week_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  -- Without issues that are counted as before, such as those with another title.
  with changed as materialized (
    select sum(s.sign) as sign, (s.part).opened_week, (s.part).resolved_week, (s.part).segment, (s.part).hours
    from private.signed_parts(p_changes) as s
    where (s.part).space_number = 1
    group by (s.part).issue_id, (s.part).opened_week, (s.part).resolved_week, (s.part).segment, (s.part).hours
    having sum(s.sign) <> 0
  ),
  total as (
    select e.week, e.segment, sum(e.opened_count)::bigint as opened_count,
      sum(e.resolved_count)::bigint as resolved_count, max(e.median_hours) as median_hours,
      max(e.p90_hours) as p90_hours, bool_or(e.is_changed) as is_changed
    from (
      select w.*, false as is_changed from private.issue_week_counts as w
      union all
      select c.opened_week, c.segment, c.sign, 0, null, null, false from changed as c
      union all
      select c.resolved_week, c.segment, 0, c.sign, null, null, true
      from changed as c where c.hours is not null
    ) as e
    group by e.week, e.segment
    having sum(e.opened_count) > 0 or sum(e.resolved_count) > 0
  )
  select t.week, t.segment, t.opened_count, t.resolved_count,
    case when t.is_changed then p.hours[1] else t.median_hours end,
    case when t.is_changed then p.hours[2] else t.p90_hours end
  from total as t
  left join lateral (
    select percentile_cont(array[0.5, 0.9]) within group (order by h.hours) as hours
    from (
      select c.hours from private.counted_issues as c
      where t.is_changed and c.segment = t.segment and c.resolved_week = t.week and c.space_number = 1
        and c.hours is not null and c.issue_id <> all (p_changes.issue_ids)
      union all
      select u.hours from unnest(p_changes.parts) as u
      where t.is_changed and u.segment = t.segment and u.resolved_week = t.week and u.space_number = 1
    ) as h
  ) as p on true;
end;
$$;
comment on function private.sum_issue_weeks is 'issue_week_counts with changes added.';

create or replace function private.add_to_issue_weeks(p_changes private.issue_count_changes) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  merge into private.issue_week_counts as w
  using private.sum_issue_weeks(p_changes) as s on s.week = w.week and s.segment = w.segment
  when matched and row(w.*) is distinct from row(s.*) then update set
    opened_count = s.opened_count, resolved_count = s.resolved_count, median_hours = s.median_hours,
    p90_hours = s.p90_hours
  when not matched then insert values (
    s.week, s.segment, s.opened_count, s.resolved_count, s.median_hours, s.p90_hours
  )
  when not matched by source then delete;
end;
$$;
comment on function private.add_to_issue_weeks is 'Adds changes to issue_week_counts.';

create or replace function private.load_issue_trends()
returns table (
  week date, segment text, opened_count bigint, resolved_count bigint, median_hours numeric, p90_hours numeric
)
language plpgsql stable security definer set search_path = '' as $$
begin
  if not private.may_read_counts() then
    return;
  end if;
  return query
  select s.week, s.segment, s.opened_count, s.resolved_count, round(s.median_hours::numeric, 2),
    round(s.p90_hours::numeric, 2)
  from private.sum_issue_weeks(private.load_waiting_issue_changes()) as s;
end;
$$;
comment on function private.load_issue_trends is
  'What issue_trends contains; nothing for callers who may not read issues.';
grant execute on function private.load_issue_trends to authenticated, service_role;
