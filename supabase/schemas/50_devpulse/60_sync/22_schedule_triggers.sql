-- The schedule follows connections and monitors.

create or replace function private.schedule_connection() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  if tg_op = 'UPDATE' and old.status <> 'connected' and new.status = 'connected' then
    -- what the old token caused does not delay the new one
    update private.sync_schedule as s set not_before = null, attempts_count = 0, delays_count = 0
    where s.connection_id = new.id;
  end if;
  perform private.schedule_connections(array[new.id], false);
  if not new.is_active or new.status <> 'connected' then
    -- what still runs has lost its lease
    update public.sync_runs as r
    set state = 'failed', error_code = 'devpulse_connection_conflict', ended_at = clock_timestamp()
    from private.sync_schedule as s
    where s.connection_id = new.id and r.id = s.run_id and r.state = 'running';
    update private.sync_schedule as s
    set fencing_token = s.fencing_token + 1, lease_expires_at = null, run_id = null
    where s.connection_id = new.id;
  end if;
  return null;
end;
$$;
comment on function private.schedule_connection is
  'After-row trigger of connections: a new one gets its row of the schedule, one that is paused or ends '
  'loses its lease, and one that is brought back is due.';

create trigger _200_schedule_connection after insert on public.platform_connections
  for each row execute function private.schedule_connection();
create trigger _210_schedule_connection after update on public.platform_connections
  for each row when ((old.is_active, old.status) is distinct from (new.is_active, new.status))
  execute function private.schedule_connection();

create or replace function private.schedule_new_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.schedule_connections(array(
    select distinct n.platform_connection_id from new_rows as n where n.is_active order by 1
  ), true);
  return null;
end;
$$;
comment on function private.schedule_new_monitors is
  'After-insert-statement trigger of monitors: there is something new to read.';

create or replace function private.schedule_changed_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- the id that a sync puts in place of a name is nothing new
  perform private.schedule_connections(array(
    select distinct n.platform_connection_id
    from new_rows as n join old_rows as o on o.id = n.id
    where n.is_active and (
      not o.is_active or o.platform_connection_id <> n.platform_connection_id
      or o.monitor_type <> n.monitor_type
      or o.platform_resource_id is distinct from n.platform_resource_id
        and not (o.platform_resource_id ~ '/' and n.platform_resource_id ~ '^[0-9]+$')
    )
    order by 1
  ), true);
  perform private.schedule_connections(array(
    select distinct c.id
    from new_rows as n join old_rows as o on o.id = n.id
    cross join lateral unnest(array[o.platform_connection_id, n.platform_connection_id]) as c (id)
    where (o.is_active, o.sync_frequency, o.platform_connection_id)
      is distinct from (n.is_active, n.sync_frequency, n.platform_connection_id)
    order by 1
  ), false);
  return null;
end;
$$;
comment on function private.schedule_changed_monitors is
  'After-update-statement trigger of monitors: what they cover, and how often.';

create or replace function private.schedule_deleted_monitors() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.schedule_connections(array(
    select distinct o.platform_connection_id from old_rows as o where o.is_active order by 1
  ), false);
  return null;
end;
$$;
comment on function private.schedule_deleted_monitors is
  'After-delete-statement trigger of monitors: the others may be less frequent.';

create trigger _200_schedule_new_monitors after insert on public.monitors
  referencing new table as new_rows
  for each statement execute function private.schedule_new_monitors();
create trigger _210_schedule_changed_monitors after update on public.monitors
  referencing old table as old_rows new table as new_rows
  for each statement execute function private.schedule_changed_monitors();
create trigger _220_schedule_deleted_monitors after delete on public.monitors
  referencing old table as old_rows
  for each statement execute function private.schedule_deleted_monitors();
