-- Builds the snapshots of the marked days: for everyone together, by a handful of statements.

create or replace function private.claim_snapshot_marks(p_limit integer)
returns table (user_id uuid, day date)
language plpgsql volatile security definer set search_path = '' as $$
begin
  return query
  with claimed as (
    delete from private.snapshot_marks as m
    where m.id in (
      select o.id from private.snapshot_marks as o order by o.id limit p_limit for update skip locked
    )
    returning m.user_id, m.day, m.is_cumulative
  ),
  asked as (
    select c.user_id, c.day from claimed as c
    union
    select c.user_id, s.snapshot_date
    from (
      select o.user_id, min(o.day) as day from claimed as o where o.is_cumulative group by o.user_id
    ) as c
    join public.analytics_snapshots as s
      on s.user_id = c.user_id and s.platform = 'github' and s.snapshot_type = 'daily'
        and s.snapshot_date > c.day
  )
  select a.user_id, a.day
  from asked as a
  join public.profiles as p on p.id = a.user_id
  cross join public.devpulse_settings as t
  where a.day > private.local_day(p.timezone, now()) - t.snapshot_retention_days
  order by a.user_id, a.day;
end;
$$;
comment on function private.claim_snapshot_marks is
  'Removes the oldest marks and returns their days, each once; of days older than daily snapshots '
  'are kept, none.';

create or replace function private.build_snapshots(p_user_ids uuid[], p_days date[], p_now timestamptz)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_type text;
  v_user_ids uuid[];
  v_starts date[];
  v_retention_days constant integer := (select s.snapshot_retention_days from public.devpulse_settings as s);
begin
  perform private.store_daily(p_user_ids, p_days, p_now);
  foreach v_type in array array['daily', 'weekly', 'monthly'] loop
    -- of the oldest week and month not all days may be left
    select array_agg(k.user_id), array_agg(k.starts_on) into v_user_ids, v_starts
    from (
      select distinct a.user_id, private.period_start(v_type, a.day) as starts_on
      from unnest(p_user_ids, p_days) as a (user_id, day)
    ) as k
    where k.starts_on > (p_now at time zone 'UTC')::date - v_retention_days;
    if v_user_ids is not null then
      perform private.store_periods(v_type, v_user_ids, v_starts, p_now);
    end if;
  end loop;
  perform private.store_goals(p_user_ids, p_days, p_now);
end;
$$;
comment on function private.build_snapshots is
  'Builds these days of these users, the weeks and months that contain them, and their goals.';

-- The marks go first: each statement sees what is committed when it begins, so what is counted contains all
-- that the removed marks stand for, and a mark that is committed later stays for the next run. One run at a
-- time: an older count must not replace a newer one.
create or replace function private.run_snapshots(
  p_batch integer default 5000, p_now timestamptz default now()
) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_ids uuid[];
  v_days date[];
begin
  if not pg_try_advisory_xact_lock(hashtextextended('private.run_snapshots', 0)) then
    return 0;
  end if;
  perform private.close_days(p_now, p_batch);
  select array_agg(c.user_id), array_agg(c.day) into v_user_ids, v_days
  from private.claim_snapshot_marks(p_batch) as c;
  if v_user_ids is null then
    return 0;
  end if;
  perform private.build_snapshots(v_user_ids, v_days, p_now);
  return cardinality(v_days);
end;
$$;
comment on function private.run_snapshots is
  'Closes the days that have ended, and builds the snapshots of up to p_batch marks. Returns how many days '
  'of users it built. For the scheduler.';
