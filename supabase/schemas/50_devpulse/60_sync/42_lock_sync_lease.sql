-- Whether a run still has its lease, before anything that it read is stored.

create or replace function private.raise_sync_lease_expired(p_run_id bigint) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT410', message = 'devpulse_sync_lease_expired',
    detail = format('Run %s does not have the lease of its connection any more.', p_run_id),
    hint = 'Stop: the connection was paused or has ended, or another run has it.';
end;
$$;
comment on function private.raise_sync_lease_expired is
  'Errors: devpulse_sync_lease_expired (410), always.';

-- The connection first, as whoever deletes it does.
create or replace function private.lock_sync_lease(p_run_id bigint, p_fencing_token bigint)
returns private.sync_schedule
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule;
begin
  perform from public.platform_connections as c
  join public.sync_runs as r on r.platform_connection_id = c.id
  where r.id = p_run_id for key share of c;
  select s.* into v_schedule from private.sync_schedule as s
  join public.sync_runs as r on r.platform_connection_id = s.connection_id
  where r.id = p_run_id and s.run_id = p_run_id and s.fencing_token = p_fencing_token
    and s.lease_expires_at > clock_timestamp()
  for update of s;
  if not found or not exists (
    select from private.usable_connections as u where u.id = v_schedule.connection_id
  ) then
    perform private.raise_sync_lease_expired(p_run_id);
  end if;
  if v_schedule.lease_expires_at < clock_timestamp() + interval '2 minutes' then
    update private.sync_schedule as s
    set lease_expires_at = clock_timestamp() + interval '3 minutes',
      next_sync_at = clock_timestamp() + interval '3 minutes'
    where s.connection_id = v_schedule.connection_id
    returning s.* into v_schedule;
  end if;
  return v_schedule;
end;
$$;
comment on function private.lock_sync_lease is
  'Locks the schedule of a run''s connection and renews its lease. Errors: '
  'devpulse_sync_lease_expired (410).';

create or replace function private.local_sync_day(p_connection_id uuid, p_at timestamptz) returns date
language plpgsql stable security definer set search_path = '' as $$
begin
  return (
    select (p_at at time zone coalesce(p.timezone, 'UTC'))::date
    from public.platform_connections as c join public.profiles as p on p.id = c.user_id
    where c.id = p_connection_id
  );
end;
$$;
comment on function private.local_sync_day is 'The day of a time where the owner of the connection lives.';

create or replace function private.store_sync_cursor(p_connection_id uuid, p_cursor jsonb) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.sync_schedule as s set cursor = p_cursor
  where s.connection_id = p_connection_id and jsonb_typeof(p_cursor) = 'object' and s.cursor <> p_cursor;
end;
$$;
comment on function private.store_sync_cursor is
  'Stores what the next run needs; null keeps the present one.';
