-- Ends a run: its result, and when the connection is synced next.

-- What the connection did not cause is not counted against it: it is tried again soon, and at the latest
-- after half an hour, unless the provider named a time. What it caused is tried less and less often.
create or replace function private.next_sync_at(
  p_schedule private.sync_schedule, p_state text, p_is_counted boolean, p_retry_at timestamptz
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_every constant interval := make_interval(mins => coalesce(p_schedule.sync_minutes, 15));
begin
  if p_retry_at > v_now then
    -- up to two minutes later: what waits for the same time is not asked for at once
    return least(p_retry_at, v_now + interval '2 days') + random() * interval '2 minutes';
  elsif p_state in ('succeeded', 'partial') then
    -- whoever changes monitors all the time is synced once a minute
    return greatest(v_now, p_schedule.started_at + case
      when p_schedule.requested_at is not null then interval '1 minute' else v_every end);
  elsif p_is_counted then
    return v_now + private.backoff(p_schedule.attempts_count, v_every, interval '6 hours');
  end if;
  return v_now + private.backoff(p_schedule.delays_count + 1, interval '1 minute', interval '30 minutes');
end;
$$;
comment on function private.next_sync_at is 'When a connection is synced after a run with this result.';

create or replace function private.release_sync_lease(
  p_schedule private.sync_schedule, p_state text, p_is_counted boolean, p_retry_at timestamptz
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_is_done constant boolean := p_state in ('succeeded', 'partial');
  v_next_at constant timestamptz := private.next_sync_at(p_schedule, p_state, p_is_counted, p_retry_at);
begin
  update private.sync_schedule as s set
    lease_expires_at = null, run_id = null,
    next_sync_at = case when s.sync_minutes is null then null else v_next_at end,
    not_before = case when v_is_done and p_retry_at is null then null else v_next_at end,
    attempts_count = case when v_is_done then 0
      when p_is_counted then s.attempts_count else greatest(s.attempts_count - 1, 0) end,
    delays_count = case when v_is_done or p_is_counted then 0 else s.delays_count + 1 end
  where s.connection_id = p_schedule.connection_id;
  return v_next_at;
end;
$$;
comment on function private.release_sync_lease is
  'Ends the lease of a run with this result, and returns when the connection is synced next.';

create or replace function private.finish_sync_run(p_run_id bigint, p_fencing_token bigint, p_result jsonb)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_state constant text := p_result ->> 'state';
  v_name constant text := left(private.non_blank(p_result ->> 'platform_username'), 200);
  v_schedule private.sync_schedule;
  v_next_at timestamptz;
begin
  perform from public.platform_connections as c
  join public.sync_runs as r on r.platform_connection_id = c.id
  where r.id = p_run_id for no key update of c;
  select * into v_schedule from private.sync_schedule as s
  where s.run_id = p_run_id and s.fencing_token = p_fencing_token and s.connection_id = (
    select r.platform_connection_id from public.sync_runs as r where r.id = p_run_id
  )
  for update;
  if not found then
    return false;
  end if;
  perform private.store_sync_cursor(v_schedule.connection_id, p_result -> 'cursor');
  v_next_at := private.release_sync_lease(
    v_schedule, v_state, coalesce((p_result ->> 'is_counted')::boolean, false),
    (p_result ->> 'retry_at')::timestamptz
  );
  update public.sync_runs as r set
    state = v_state, ended_at = clock_timestamp(), error_code = left(p_result ->> 'error_code', 100),
    counts = coalesce(p_result -> 'counts', '{}'::jsonb), cost = coalesce((p_result ->> 'cost')::integer, 0),
    next_attempt_at = v_next_at
  where r.id = p_run_id;
  update public.platform_connections as c set
    last_synced_at = case when v_state = 'succeeded' then clock_timestamp() else c.last_synced_at end,
    platform_username = coalesce(v_name, c.platform_username)
  where c.id = v_schedule.connection_id and (v_state = 'succeeded' or v_name <> c.platform_username);
  delete from public.sync_runs as r
  where r.platform_connection_id = v_schedule.connection_id and r.id <= (
    select o.id from public.sync_runs as o where o.platform_connection_id = v_schedule.connection_id
    order by o.id desc limit 1 offset (select s.runs_per_connection from public.devpulse_settings as s)
  );
  return true;
end;
$$;
grant execute on function private.finish_sync_run to service_role;

create or replace function public.finish_sync_run(run_id bigint, fencing_token bigint, result jsonb)
returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.finish_sync_run(
    finish_sync_run.run_id, finish_sync_run.fencing_token, finish_sync_run.result
  );
end;
comment on function public.finish_sync_run is
  'Ends a run with {state: succeeded, partial, failed or deferred, counts, cost, error_code, is_counted '
  '(whether the connection caused the failure), retry_at (when the provider may be asked again), '
  'platform_username (what the account is called now), cursor}, and schedules the next. False when '
  'the run has lost its lease, or has ended already. Service role only.';
grant execute on function public.finish_sync_run to service_role;
