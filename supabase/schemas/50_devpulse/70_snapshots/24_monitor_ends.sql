-- What monitors covered on the days before they ended: such a day counts it also when it is built again.
--
-- An active monitor covers every day, as far as there are readings: what is watched from today on may have
-- contributions of the past. One that ends stops to count on that day, in the user's time zone.

create table private.monitor_ends (
  id bigint not null generated always as identity,
  platform_connection_id uuid not null,
  workspace_id uuid,
  monitor_type text not null,
  platform_resource_id text,
  started_on date not null,
  ended_on date not null,
  constraint monitor_ends_pkey primary key (id),
  constraint monitor_ends_coverage_idx unique nulls not distinct (
    platform_connection_id, workspace_id, monitor_type, platform_resource_id
  ),
  constraint monitor_ends_platform_connection_id_fkey
    foreign key (platform_connection_id) references public.platform_connections (id) on delete cascade,
  constraint monitor_ends_workspace_id_fkey
    foreign key (workspace_id) references public.workspaces (id) on delete cascade
);
create index monitor_ends_workspace_id_idx on private.monitor_ends (workspace_id);
comment on table private.monitor_ends is
  'What monitors covered that were deleted, deactivated or changed, and until when.';
comment on column private.monitor_ends.started_on is
  'When it was created: earlier days without a reading have no snapshot.';
comment on column private.monitor_ends.ended_on is 'The first day that it no longer covers.';
alter table private.monitor_ends enable row level security;

-- A monitor that ends on the day on which it was created has covered no whole day. What is deleted with its
-- connection or workspace has no days left: those are gone by now, and the joins find nothing. What is being
-- deleted is skipped, since whoever deletes it waits for these monitors.
create or replace function private.record_monitor_ends(p_monitors public.monitors[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.monitor_ends as e (
    platform_connection_id, workspace_id, monitor_type, platform_resource_id, started_on, ended_on
  )
  select m.platform_connection_id, m.workspace_id, m.monitor_type, m.platform_resource_id,
    min(private.local_day(p.timezone, m.created_at)), d.today
  from unnest(p_monitors) as m
  join (
    select c.id, c.user_id from public.platform_connections as c
    where c.id in (select o.platform_connection_id from unnest(p_monitors) as o)
    order by c.id for key share skip locked
  ) as c on c.id = m.platform_connection_id
  join public.profiles as p on p.id = c.user_id
  cross join lateral (select private.local_day(p.timezone, now()) as today) as d
  where m.is_active and private.local_day(p.timezone, m.created_at) < d.today and (
    m.workspace_id is null or m.workspace_id in (
      select w.id from public.workspaces as w
      where w.id in (select o.workspace_id from unnest(p_monitors) as o)
      order by w.id for key share skip locked
    )
  )
  group by m.platform_connection_id, m.workspace_id, m.monitor_type, m.platform_resource_id, d.today
  on conflict on constraint monitor_ends_coverage_idx do update
  set started_on = least(e.started_on, excluded.started_on),
    ended_on = greatest(e.ended_on, excluded.ended_on);
end;
$$;
comment on function private.record_monitor_ends is 'Stores that what these monitors covered ends today.';

create or replace function private.sync_new_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_ids constant uuid[] := array(select distinct n.user_id from new_rows as n where n.is_active);
begin
  perform private.sync_snapshot_state(v_user_ids), private.mark_today(v_user_ids);
  return null;
end;
$$;
comment on function private.sync_new_monitors is
  'After-insert-statement trigger of monitors: begins to close days, and marks today.';

create or replace function private.sync_changed_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_changed public.monitors[];
  v_user_ids uuid[];
begin
  select array_agg(o::public.monitors), array_agg(distinct o.user_id) into v_changed, v_user_ids
  from old_rows as o join new_rows as n on n.id = o.id
  where (o.is_active or n.is_active)
    and (o.is_active, o.workspace_id, o.platform_connection_id, o.monitor_type, o.platform_resource_id)
      is distinct from
      (n.is_active, n.workspace_id, n.platform_connection_id, n.monitor_type, n.platform_resource_id);
  if v_user_ids is not null then
    perform private.record_monitor_ends(v_changed), private.sync_snapshot_state(v_user_ids),
      private.mark_today(v_user_ids);
  end if;
  return null;
end;
$$;
comment on function private.sync_changed_monitors is
  'After-update-statement trigger of monitors: records what ends, and marks today, where coverage changes.';

create or replace function private.sync_deleted_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_ids constant uuid[] := array(select distinct o.user_id from old_rows as o where o.is_active);
begin
  perform private.record_monitor_ends(array(select o::public.monitors from old_rows as o)),
    private.sync_snapshot_state(v_user_ids), private.mark_today(v_user_ids);
  return null;
end;
$$;
comment on function private.sync_deleted_monitors is
  'After-delete-statement trigger of monitors: records what ends, and marks today.';

create trigger _600_sync_new_monitors after insert on public.monitors
  referencing new table as new_rows
  for each statement execute function private.sync_new_monitors();
create trigger _610_sync_changed_monitors after update on public.monitors
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.sync_changed_monitors();
create trigger _620_sync_deleted_monitors after delete on public.monitors
  referencing old table as old_rows
  for each statement execute function private.sync_deleted_monitors();
