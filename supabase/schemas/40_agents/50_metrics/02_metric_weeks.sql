-- Which weeks of the weekly figures are stored, and which of them are to be counted again.
--
-- A week that is over is counted once and stored. The views read the stored weeks, and count the others: the
-- current one, and those of which a task or a pull request was changed since. So they are never stale; how
-- many tasks they read depends on the week, not on the years before it.

create table private.metric_state (
  id boolean not null default true,
  stored_before date not null default '-infinity',
  barrier_week date,
  barrier_xid xid8,
  constraint metric_state_pkey primary key (id),
  constraint metric_state_has_one_row check (id)
);
comment on table private.metric_state is 'One row: how far the weekly figures are stored.';
comment on column private.metric_state.stored_before is 'The first week, a Monday, that is not stored.';
comment on column private.metric_state.barrier_week is
  'The week, a Monday, that can be stored once all transactions with an id below barrier_xid have ended.';
comment on column private.metric_state.barrier_xid is 'See barrier_week.';
insert into private.metric_state (id) values (true);

-- Appended by writers, so that none waits for another; removed by the job.
create table private.metric_marks (
  id bigint not null generated always as identity,
  week date not null,
  user_id uuid not null,
  constraint metric_marks_pkey primary key (id)
);
comment on table private.metric_marks is
  'Weeks that are over and of which a task or pull request of this user was changed.';

alter table private.metric_state enable row level security;
alter table private.metric_marks enable row level security;

create or replace function private.metric_week(p_at timestamptz) returns date
language plpgsql immutable strict security invoker set search_path = '' as $$
begin
  return date_trunc('week', p_at at time zone 'UTC')::date;
end;
$$;
comment on function private.metric_week is 'The Monday of the week, in UTC.';

-- By the time of the write, not of the beginning of its transaction: what a long one writes late is marked.
create or replace function private.is_metric_week_over(p_week date) returns boolean
language plpgsql volatile strict security invoker set search_path = '' as $$
begin
  return p_week < private.metric_week(clock_timestamp() - interval '1 hour');
end;
$$;
comment on function private.is_metric_week_over is
  'Whether a change in this week has to be marked: it ended an hour ago.';

-- What is not marked was written by a transaction that had its id before the hour was over. Once those have
-- ended, the next statement sees all that they wrote. A day later they have, whatever a snapshot says.
create or replace function private.storable_metric_weeks(p_now timestamptz) returns date
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_over constant date := private.metric_week(p_now - interval '1 hour');
  v_long_over constant date := private.metric_week(p_now - interval '1 day');
  v_barrier xid8;
begin
  if v_over = v_long_over then
    return v_long_over;
  end if;
  update private.metric_state as s set barrier_week = v_over, barrier_xid = pg_current_xact_id()
  where s.barrier_week is distinct from v_over;
  select s.barrier_xid into v_barrier from private.metric_state as s;
  return case when v_barrier <= pg_snapshot_xmin(pg_current_snapshot()) then v_over else v_long_over end;
end;
$$;
comment on function private.storable_metric_weeks is
  'The first week, a Monday, that cannot be stored yet at this time.';

create or replace function private.metric_weeks_range(p_from date, p_to date) returns tstzrange
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return tstzrange(p_from::timestamp at time zone 'UTC', p_to::timestamp at time zone 'UTC');
end;
$$;
comment on function private.metric_weeks_range is
  'The time from one Monday until another, in UTC; null for no end.';

create or replace function private.live_metric_weeks(p_user_id uuid) returns tstzmultirange
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan as $$
declare
  v_stored_before constant date := (select s.stored_before from private.metric_state as s);
begin
  return (
    select range_agg(r.range)
    from (
      select private.metric_weeks_range(v_stored_before, null) as range
      union all
      select private.metric_weeks_range(w.week, w.week + 7)
      from (
        select distinct m.week from private.metric_marks as m
        where m.week < v_stored_before and (p_user_id is null or m.user_id = p_user_id)
      ) as w
    ) as r
  );
end;
$$;
comment on function private.live_metric_weeks is
  'The weeks whose figures of this user, for null of everybody, are not stored or not up to date.';

-- Users see their own tasks; figures over everybody's tasks name no user.
create or replace function private.has_all_metrics() returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return private.is_trusted_caller() or private.has_team_role('admin');
end;
$$;
comment on function private.has_all_metrics is
  'Whether the caller''s figures cover everybody''s tasks: for servers and admins of the team. Otherwise '
  'they cover the caller''s own.';

create or replace function private.metrics_user_id() returns uuid
language plpgsql stable security definer set search_path = '' as $$
begin
  if private.has_all_metrics() then
    return null;
  end if;
  return coalesce(auth.uid(), '00000000-0000-0000-0000-000000000000');
end;
$$;
comment on function private.metrics_user_id is
  'Whose figures the caller sees: their own id; null for everybody''s.';
