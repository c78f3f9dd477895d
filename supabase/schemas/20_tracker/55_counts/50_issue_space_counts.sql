-- Issues by space: for issues_by_space.
--
-- The percentiles are over all issues of a space, which may be a million. So the row of a space also holds
-- which issue was at the rank of each percentile: from there to the rank after some changes it is at most as
-- many steps through the index as there are changes.

create table private.issue_space_counts (
  space text not null,
  issue_count bigint not null,
  open_count bigint not null,
  resolved_count bigint not null,
  median_issue_id uuid,
  median_issue_hours double precision,
  p90_issue_id uuid,
  p90_issue_hours double precision,
  constraint issue_space_counts_pkey primary key (space)
);
comment on table private.issue_space_counts is 'The number of issues from a space, and how long they took.';
comment on column private.issue_space_counts.median_issue_id is
  'Of the resolved issues by hours and id, numbered from 0, the one with the number 0.5 * (resolved_count - '
  '1), rounded down.';
alter table private.issue_space_counts enable row level security;

create or replace function private.count_issue_spaces() returns setof private.issue_space_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select t.space, t.issue_count, t.open_count, t.resolved_count, m.issue_id, m.hours, p.issue_id, p.hours
  from (
    select c.space, count(*) as issue_count, count(*) filter (where c.is_open) as open_count,
      count(c.hours) as resolved_count
    from private.counted_issues as c
    group by c.space
  ) as t
  left join lateral (
    select c.issue_id, c.hours from private.counted_issues as c
    where c.space = t.space and c.hours is not null
    order by c.hours, c.issue_id offset floor(0.5 * greatest(t.resolved_count - 1, 0)) limit 1
  ) as m on t.resolved_count > 0
  left join lateral (
    select c.issue_id, c.hours from private.counted_issues as c
    where c.space = t.space and c.hours is not null
    order by c.hours, c.issue_id offset floor(0.9 * greatest(t.resolved_count - 1, 0)) limit 1
  ) as p on t.resolved_count > 0;
end;
$$;
comment on function private.count_issue_spaces is 'issue_space_counts, counted from counted_issues.';

-- The rank of a percentile moves by at most one for each issue that comes or goes, and so do the ranks of the
-- issues around it: as many on either side, and three more, contain the two that percentile_cont is between.
-- Planned once: with the numbers of rows in sight it would be planned for each space, 1 ms each.
create or replace function private.find_space_percentile(
  p_space text, p_fraction double precision, p_counted bigint, p_from_id uuid, p_from_hours double precision,
  p_removed_ids uuid[], p_removed_hours double precision[], p_added_ids uuid[],
  p_added_hours double precision[], out o_issue_id uuid, out o_issue_hours double precision,
  out o_hours double precision
)
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_generic_plan as $$
declare
  v_changed constant integer := cardinality(p_removed_ids) + cardinality(p_added_ids);
  v_count constant bigint := p_counted - cardinality(p_removed_ids) + cardinality(p_added_ids);
  v_rank constant double precision := p_fraction * (v_count - 1);
  v_from_rank double precision;
begin
  if v_count = 0 then
    return;
  end if;
  v_from_rank := greatest(floor(p_fraction * (p_counted - 1)), 0) - (
    select count(*) from unnest(p_removed_hours, p_removed_ids) as r (hours, id)
    where (r.hours, r.id) < (p_from_hours, p_from_id)
  );
  select r.issue_id, r.hours, r.hours + (v_rank - floor(v_rank)) * (coalesce(r.next_hours, r.hours) - r.hours)
  into o_issue_id, o_issue_hours, o_hours
  from (
    select n.issue_id, n.hours, lead(n.hours) over w as next_hours,
      v_from_rank + row_number() over w - 1 - count(*) filter (where n.is_before) over () as rank
    from (
      (
        select c.issue_id, c.hours, true as is_before from private.counted_issues as c
        where c.space = p_space and c.hours is not null and (c.hours, c.issue_id) < (p_from_hours, p_from_id)
          and c.issue_id <> all (p_removed_ids)
        order by c.hours desc, c.issue_id desc limit v_changed + 3
      )
      union all
      (
        select c.issue_id, c.hours, false from private.counted_issues as c
        where c.space = p_space and c.hours is not null and (c.hours, c.issue_id) >= (p_from_hours, p_from_id)
          and c.issue_id <> all (p_removed_ids)
        order by c.hours, c.issue_id limit v_changed + 3
      )
      union all
      select a.id, a.hours, false from unnest(p_added_hours, p_added_ids) as a (hours, id)
    ) as n
    window w as (order by n.hours, n.issue_id)
  ) as r
  where r.rank = floor(v_rank);
end;
$$;
comment on function private.find_space_percentile is
  'The percentile of the hours of a space, as percentile_cont, after some issues came and went, and the '
  'issue at or below it. p_from_… is the one before that.';

create or replace function private.sum_issue_spaces(p_changes private.issue_count_changes)
returns table (
  counts private.issue_space_counts, median_hours double precision, p90_hours double precision
)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  with delta as (
    select (s.part).space, sum(s.sign) as issue_count,
      coalesce(sum(s.sign) filter (where (s.part).is_open), 0) as open_count,
      coalesce(sum(s.sign) filter (where (s.part).hours is not null), 0) as resolved_count,
      array_agg((s.part).issue_id) filter (where s.sign = -1 and (s.part).hours is not null) as removed_ids,
      array_agg((s.part).hours) filter (where s.sign = -1 and (s.part).hours is not null) as removed_hours,
      array_agg((s.part).issue_id) filter (where s.sign = 1 and (s.part).hours is not null) as added_ids,
      array_agg((s.part).hours) filter (where s.sign = 1 and (s.part).hours is not null) as added_hours
    from private.signed_parts(p_changes) as s
    group by (s.part).space
  )
  select (
    coalesce(c.space, d.space), v.issue_count, coalesce(c.open_count, 0) + coalesce(d.open_count, 0),
    coalesce(c.resolved_count, 0) + coalesce(d.resolved_count, 0), m.o_issue_id, m.o_issue_hours,
    p.o_issue_id, p.o_issue_hours
  )::private.issue_space_counts, m.o_hours, p.o_hours
  from private.issue_space_counts as c
  full join delta as d on d.space = c.space
  cross join lateral (
    select coalesce(c.issue_count, 0) + coalesce(d.issue_count, 0) as issue_count,
      coalesce(c.resolved_count, 0) as counted,
      coalesce(d.removed_ids, '{}') as removed_ids, coalesce(d.removed_hours, '{}') as removed_hours,
      coalesce(d.added_ids, '{}') as added_ids, coalesce(d.added_hours, '{}') as added_hours
  ) as v
  cross join lateral private.find_space_percentile(
    coalesce(c.space, d.space), 0.5, v.counted, c.median_issue_id, c.median_issue_hours, v.removed_ids,
    v.removed_hours, v.added_ids, v.added_hours
  ) as m
  cross join lateral private.find_space_percentile(
    coalesce(c.space, d.space), 0.9, v.counted, c.p90_issue_id, c.p90_issue_hours, v.removed_ids,
    v.removed_hours, v.added_ids, v.added_hours
  ) as p
  where v.issue_count > 0;
end;
$$;
comment on function private.sum_issue_spaces is 'issue_space_counts with changes added, and the percentiles.';

create or replace function private.add_to_issue_spaces(p_changes private.issue_count_changes) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  merge into private.issue_space_counts as c
  using (select (s.counts).* from private.sum_issue_spaces(p_changes) as s) as s on s.space = c.space
  when matched and row(c.*) is distinct from row(s.*) then update set
    issue_count = s.issue_count, open_count = s.open_count, resolved_count = s.resolved_count,
    median_issue_id = s.median_issue_id, median_issue_hours = s.median_issue_hours,
    p90_issue_id = s.p90_issue_id, p90_issue_hours = s.p90_issue_hours
  when not matched then insert values (
    s.space, s.issue_count, s.open_count, s.resolved_count, s.median_issue_id, s.median_issue_hours,
    s.p90_issue_id, s.p90_issue_hours
  )
  when not matched by source then delete;
end;
$$;
comment on function private.add_to_issue_spaces is 'Adds changes to issue_space_counts.';

create or replace function private.load_issues_by_space()
returns table (
  space_id text, space_name text, issue_count bigint, open_count bigint, resolved_count bigint,
  median_hours_to_resolve numeric, p90_hours_to_resolve numeric, last_issue_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_changes private.issue_count_changes;
begin
  if not private.may_read_counts() then
    return;
  end if;
  v_changes := private.load_waiting_issue_changes();
  return query
  select l.space_id, l.space_name, (s.counts).issue_count, (s.counts).open_count, (s.counts).resolved_count,
    round(s.median_hours::numeric, 2), round(s.p90_hours::numeric, 2), l.created_at
  from private.sum_issue_spaces(v_changes) as s
  cross join lateral (
    select n.space_id, n.space_name, n.created_at
    from (
      (
        select c.space_id, c.space_name, c.created_at, c.issue_id from private.counted_issues as c
        where c.space = (s.counts).space and c.issue_id <> all (v_changes.issue_ids)
        order by c.created_at desc, c.issue_id limit 1
      )
      union all
      select u.space_id, u.space_name, u.created_at, u.issue_id from unnest(v_changes.parts) as u
      where u.space = (s.counts).space
    ) as n
    order by n.created_at desc, n.issue_id
    limit 1
  ) as l;
end;
$$;
comment on function private.load_issues_by_space is
  'What issues_by_space contains; nothing for callers who may not read issues.';
grant execute on function private.load_issues_by_space to authenticated, service_role;
