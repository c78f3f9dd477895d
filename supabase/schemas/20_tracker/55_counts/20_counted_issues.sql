-- What the counts contain: each issue as it was when it was last counted.

create table private.counted_issues (
  issue_id uuid not null,
  space_number bigint not null,
  space text not null,
  space_id text,
  space_name text,
  status text not null,
  segment text not null,
  is_open boolean not null,
  is_assigned boolean not null,
  created_at timestamptz not null,
  opened_week date not null,
  resolved_week date,
  hours double precision,
  question_key text,
  constraint counted_issues_pkey primary key (issue_id, space_number)
);
comment on table private.counted_issues is
  'One row per issue that is not a test, and space that its messages come from, as the counts contain it. '
  'Written by run_issue_counts() alone.';
comment on column private.counted_issues.space_number is
  '1 to the number of its spaces. What is not counted by space is counted by the rows with 1.';
comment on column private.counted_issues.space is
  '= and the space''s id, else its name; empty for an issue from elsewhere.';
comment on column private.counted_issues.hours is
  'From creation to resolution; null while it is not resolved.';

-- Percentiles of a space and of a week, the latest issue of a space, open issues by age, titles.
create index counted_issues_space_hours_idx on private.counted_issues (space, hours, issue_id)
  where hours is not null;
create index counted_issues_space_created_at_idx on private.counted_issues (space, created_at desc, issue_id);
create index counted_issues_week_hours_idx on private.counted_issues (segment, resolved_week, hours)
  where space_number = 1 and hours is not null;
create index counted_issues_open_created_at_idx on private.counted_issues (created_at)
  where space_number = 1 and is_open;
create index counted_issues_open_status_created_at_idx
  on private.counted_issues (status, segment, created_at) where space_number = 1 and is_open;
create index counted_issues_question_key_idx on private.counted_issues (question_key, created_at)
  where space_number = 1;
alter table private.counted_issues enable row level security;

create type private.issue_count_changes as (issue_ids uuid[], parts private.counted_issues[]);
comment on type private.issue_count_changes is
  'Issues that changed since they were counted, and the rows of counted_issues that they are to have.';

create or replace function private.load_issues_to_count(p_issue_ids uuid[])
returns setof private.counted_issues
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
begin
  return query
  select i.id, coalesce(s.number, 1), coalesce(s.space, ''), s.space_id, s.space_name, i.status, i.segment,
    i.status in ('waiting_for_help', 'in_progress', 'blocked'), i.assigned_to is not null, i.created_at,
    date_trunc('week', i.created_at at time zone 'UTC')::date,
    date_trunc('week', i.resolved_at at time zone 'UTC')::date,
    case when i.resolved_at is not null
      then greatest(extract(epoch from i.resolved_at - i.created_at)::double precision / 3600, 0)
    end,
    q.question_key
  from public.issues as i
  left join private.issue_search as q on q.issue_id = i.id
  left join lateral (
    select row_number() over (order by n.space collate "C") as number, n.space, n.space_id, n.space_name
    from (
      -- One row per space, however many messages of the issue come from it.
      select distinct on (k.space) k.space, c.space_id, c.space_name
      from public.circle_issues as c
      cross join lateral (select coalesce('=' || coalesce(c.space_id, c.space_name), '') as space) as k
      where c.mapped_to_issue_id = i.id
      order by k.space, c.created_at desc, c.id
    ) as n
  ) as s on true
  where not i.is_test and (p_issue_ids is null or i.id = any (p_issue_ids));
end;
$$;
comment on function private.load_issues_to_count is
  'The rows of counted_issues that these issues, or all where null, are to have.';

create or replace function private.load_issue_count_changes(p_issue_ids uuid[])
returns private.issue_count_changes
language plpgsql stable security definer set search_path = '' as $$
declare
  v private.issue_count_changes;
begin
  v.issue_ids := p_issue_ids;
  v.parts := case when p_issue_ids = '{}' then '{}' else
    array(select f from private.load_issues_to_count(p_issue_ids) as f)
  end;
  return v;
end;
$$;
comment on function private.load_issue_count_changes is
  'These issues as they are, by one snapshot.';

create or replace function private.load_waiting_issue_changes() returns private.issue_count_changes
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.load_issue_count_changes(array(select distinct c.issue_id from private.issue_changes as c));
end;
$$;
comment on function private.load_waiting_issue_changes is 'What the counts don''t contain yet.';

create or replace function private.signed_parts(p_changes private.issue_count_changes)
returns table (sign integer, part private.counted_issues)
language plpgsql stable security definer set search_path = '' as $$
begin
  if p_changes.issue_ids <> '{}' then
    return query
    select -1, c from private.counted_issues as c where c.issue_id = any (p_changes.issue_ids)
    union all
    select 1, u from unnest(p_changes.parts) as u;
  end if;
end;
$$;
comment on function private.signed_parts is
  'What to subtract from the counts (sign -1) and to add to them (1).';

-- The functions that views call run with their owner's rights, so they ask for what the policies ask for.
create or replace function private.may_read_counts() returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.is_trusted_caller() or private.has_team_role('viewer');
end;
$$;
comment on function private.may_read_counts is 'Whether the caller may read issues.';
