-- Which days of contributions a run reads.

-- After a pause, the last days that were read before it may have been read before they were over.
create or replace function private.list_contribution_days(
  p_connection_id uuid, p_at timestamptz, p_read_at timestamptz, p_skipped date[]
) returns table (
  day date, is_recent boolean, is_stale boolean, starts_at timestamptz, ends_at timestamptz
)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_days constant integer := (select s.backfill_days from public.devpulse_settings as s);
begin
  return query
  select d.day, d.is_recent, d.is_stale, d.day::timestamp at time zone t.zone,
    (d.day + 1)::timestamp at time zone t.zone
  from (
    select coalesce(p.timezone, 'UTC') as zone, private.local_day(p.timezone, p_at) as today,
      private.local_day(p.timezone, p_read_at) as read_on
    from public.platform_connections as c join public.profiles as p on p.id = c.user_id
    where c.id = p_connection_id
  ) as t
  cross join lateral (
    select t.today - n as day, n < 7 as is_recent,
      n >= 7 and coalesce(t.today - n between t.read_on - 5 and t.read_on, false) as is_stale
    from generate_series(0, v_days - 1) as n
  ) as d
  where d.is_recent or not (d.day = any (coalesce(p_skipped, '{}'::date[]))) and (
    d.is_stale or not exists (
      select from public.github_contributions as g
      where g.platform_connection_id = p_connection_id and g.date = d.day
    )
  )
  order by d.day desc;
end;
$$;
comment on function private.list_contribution_days is
  'The last seven days, the six up to that of p_read_at, and the others that are not stored, the newest '
  'first, each from midnight to midnight where the owner lives: a day may have 23 or 25 hours.';

create or replace function private.plan_github_contributions(
  p_run_id bigint, p_fencing_token bigint, p_at timestamptz
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_schedule private.sync_schedule := private.lock_sync_lease(p_run_id, p_fencing_token);
  v_at constant timestamptz := least(p_at, clock_timestamp());
  v_read_at constant timestamptz := v_schedule.contributions_read_at;
  v_is_due constant boolean := v_read_at is null or v_read_at <= v_at - interval '1 hour'
    or private.local_sync_day(v_schedule.connection_id, v_read_at)
      <> private.local_sync_day(v_schedule.connection_id, v_at);
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object(
      'day', d.day, 'is_recent', d.is_recent, 'is_stale', d.is_stale,
      'from', to_char(d.starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
      -- GitHub's interval contains its end
      'to', to_char((d.ends_at - interval '1 second') at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    ) order by d.day desc)
    from private.list_contribution_days(v_schedule.connection_id, v_at, v_read_at, array(
      select f.key::date from jsonb_each_text(v_schedule.cursor -> 'failed_days') as f
      where f.value::integer >= 3
    )) as d
    where v_is_due or not d.is_recent
  ), '[]'::jsonb);
end;
$$;
grant execute on function private.plan_github_contributions to service_role;

create or replace function public.plan_github_contributions(
  run_id bigint, fencing_token bigint, at timestamptz default now()
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.plan_github_contributions(
    plan_github_contributions.run_id, plan_github_contributions.fencing_token, plan_github_contributions.at
  );
end;
comment on function public.plan_github_contributions is
  'The days whose contributions a run reads, the newest first: an array of {day, is_recent, is_stale, from, '
  'to}. The last seven once an hour, and when a day has begun; after a pause once more the last six that '
  'were read before it; others until they are stored. Service role only. Errors: '
  'devpulse_sync_lease_expired (410).';
grant execute on function public.plan_github_contributions to service_role;
