-- The open issues by the day of their creation: for issue_status_ages.

create table private.issue_age_counts (
  created_on date not null,
  status text not null,
  segment text not null,
  issue_count bigint not null,
  unassigned_count bigint not null,
  constraint issue_age_counts_pkey primary key (created_on, status, segment)
);
comment on table private.issue_age_counts is 'The number of open issues by the day (UTC) of their creation.';
alter table private.issue_age_counts enable row level security;

create or replace function private.count_issue_ages() returns setof private.issue_age_counts
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select (c.created_at at time zone 'UTC')::date, c.status, c.segment, count(*),
    count(*) filter (where not c.is_assigned)
  from private.counted_issues as c
  where c.space_number = 1 and c.is_open
  group by 1, 2, 3;
end;
$$;
comment on function private.count_issue_ages is 'issue_age_counts, counted from counted_issues.';

create or replace function private.add_to_issue_ages(p_changes private.issue_count_changes) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.issue_age_counts as a (created_on, status, segment, issue_count, unassigned_count)
  select ((s.part).created_at at time zone 'UTC')::date, (s.part).status, (s.part).segment, sum(s.sign),
    coalesce(sum(s.sign) filter (where not (s.part).is_assigned), 0)
  from private.signed_parts(p_changes) as s
  where (s.part).space_number = 1 and (s.part).is_open
  group by 1, 2, 3
  on conflict on constraint issue_age_counts_pkey do update set
    issue_count = a.issue_count + excluded.issue_count,
    unassigned_count = a.unassigned_count + excluded.unassigned_count;
  delete from private.issue_age_counts as a where a.issue_count = 0;
end;
$$;
comment on function private.add_to_issue_ages is 'Adds changes to issue_age_counts.';

create or replace function private.signed_open_parts(p_changes private.issue_count_changes)
returns table (sign integer, status text, segment text, created_at timestamptz, is_assigned boolean)
language plpgsql stable security definer set search_path = '' as $$
begin
  return query
  select s.sign, (s.part).status, (s.part).segment, (s.part).created_at, (s.part).is_assigned
  from private.signed_parts(p_changes) as s
  where (s.part).space_number = 1 and (s.part).is_open;
end;
$$;
comment on function private.signed_open_parts is 'What changes about open issues.';

-- A day that begins in one age and ends in another is read issue by issue.
create or replace function private.sum_issue_ages(
  p_changes private.issue_count_changes, p_bounds timestamptz[]
) returns table (
  status text, segment text, age_number integer, issue_count bigint, unassigned_count bigint
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_split_days constant date[] := array(
    select distinct (u.at at time zone 'UTC')::date from unnest(p_bounds) as u (at) where isfinite(u.at)
  );
begin
  return query
  select p.status, p.segment, width_bucket(p.created_at, p_bounds), sum(p.issue_count)::bigint,
    sum(p.unassigned_count)::bigint
  from (
    select a.status, a.segment, a.created_on::timestamp at time zone 'UTC' as created_at, a.issue_count,
      a.unassigned_count
    from private.issue_age_counts as a
    where a.created_on <> all (v_split_days)
    union all
    select c.status, c.segment, c.created_at, 1, (not c.is_assigned)::integer
    from unnest(v_split_days) as d (day)
    join private.counted_issues as c on c.created_at >= d.day::timestamp at time zone 'UTC'
      and c.created_at < (d.day + 1)::timestamp at time zone 'UTC'
    where c.space_number = 1 and c.is_open
    union all
    select c.status, c.segment, c.created_at, c.sign, c.sign * (not c.is_assigned)::integer
    from private.signed_open_parts(p_changes) as c
  ) as p
  group by 1, 2, 3
  having sum(p.issue_count) > 0;
end;
$$;
comment on function private.sum_issue_ages is
  'The number of open issues by age, with changes added: 1 for those created from p_bounds[1] on, and so on.';

create or replace function private.load_issue_status_ages()
returns table (
  status text, segment text, age_bucket text, issue_count bigint, unassigned_count bigint,
  oldest_created_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_names constant text[] := array[
    'over 30 days', '7 to 30 days', '3 to 7 days', '1 to 3 days', 'under 1 day'
  ];
  -- Where each begins. An issue of exactly 30 days is over 30 days: the next one begins a microsecond later.
  v_bounds constant timestamptz[] := array[
    '-infinity', now() - interval '30 days' + interval '1 microsecond',
    now() - interval '7 days' + interval '1 microsecond',
    now() - interval '3 days' + interval '1 microsecond', now() - interval '1 day' + interval '1 microsecond'
  ];
  v_changes private.issue_count_changes;
begin
  if not private.may_read_counts() then
    return;
  end if;
  v_changes := private.load_waiting_issue_changes();
  return query
  select t.status, t.segment, v_names[t.age_number], t.issue_count, t.unassigned_count, least(
    (
      select c.created_at from private.counted_issues as c
      where c.space_number = 1 and c.is_open and c.status = t.status and c.segment = t.segment
        and c.created_at >= v_bounds[t.age_number]
        and c.created_at < coalesce(v_bounds[t.age_number + 1], 'infinity')
        and c.issue_id <> all (v_changes.issue_ids)
      order by c.created_at limit 1
    ),
    (
      select min(c.created_at) from private.signed_open_parts(v_changes) as c
      where c.sign = 1 and c.status = t.status and c.segment = t.segment
        and width_bucket(c.created_at, v_bounds) = t.age_number
    )
  )
  from private.sum_issue_ages(v_changes, v_bounds) as t;
end;
$$;
comment on function private.load_issue_status_ages is
  'What issue_status_ages contains; nothing for callers who may not read issues.';
grant execute on function private.load_issue_status_ages to authenticated, service_role;
