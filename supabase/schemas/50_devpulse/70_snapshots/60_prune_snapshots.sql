-- Keeps what snapshots leave behind small.

create or replace function private.prune_snapshots() returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_settings public.devpulse_settings;
  v_count integer;
begin
  select s.* into v_settings from public.devpulse_settings as s;
  -- in the order of the table's index over dates, so that a run does what it can before it is canceled
  delete from public.analytics_snapshots as d
  where d.id in (
    select s.id from public.analytics_snapshots as s
    where s.snapshot_date < (now() at time zone 'UTC')::date - v_settings.snapshot_retention_days
      and s.snapshot_type = 'daily'
    order by s.snapshot_date
    limit 100000
  );
  get diagnostics v_count = row_count;
  delete from private.tracker_readings as r
  where r.day < (now() at time zone 'UTC')::date - v_settings.reading_retention_days;
  delete from private.monitor_ends as e
  where e.id in (
    select o.id
    from (
      select n.id, n.ended_on,
        row_number() over (
          partition by n.platform_connection_id order by n.ended_on desc, n.id desc
        ) as number
      from private.monitor_ends as n
    ) as o
    where o.number > 1000
      or o.ended_on < (now() at time zone 'UTC')::date - v_settings.reading_retention_days
  );
  return v_count;
end;
$$;
comment on function private.prune_snapshots is
  'Deletes daily snapshots that are older than snapshot_retention_days, up to 100,000 per run; and what '
  'monitors covered, and the tracker''s readings, from before reading_retention_days, or more than 1,000 '
  'former monitors of a connection. Returns the number of snapshots. For the scheduler.';
