-- Syncs a monitor's connection now, for its impatient owner.

create table private.sync_requests (
  user_id uuid not null,
  counted_since timestamptz not null,
  requests_count integer not null,
  constraint sync_requests_pkey primary key (user_id),
  constraint sync_requests_user_id_fkey
    foreign key (user_id) references public.profiles (id) on delete cascade,
  constraint sync_requests_requests_count_is_positive check (requests_count >= 1)
);
comment on table private.sync_requests is
  'How many times a user has called sync_now in the hour that began with the first.';
alter table private.sync_requests enable row level security;

create or replace function private.count_sync_request(p_user_id uuid) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := (select s.sync_now_per_hour from public.devpulse_settings as s);
  v_hour constant interval := interval '1 hour';
begin
  insert into private.sync_requests as q (user_id, counted_since, requests_count)
  select p_user_id, now(), 1 where v_limit > 0
  on conflict on constraint sync_requests_pkey do update set
    counted_since = case when q.counted_since <= now() - v_hour then now() else q.counted_since end,
    requests_count = case when q.counted_since <= now() - v_hour then 1 else q.requests_count + 1 end
  where q.requests_count < v_limit or q.counted_since <= now() - v_hour;
  if not found then
    raise exception using
      errcode = 'PT429', message = 'devpulse_sync_rate_limited',
      detail = format('sync_now may be called %s times an hour.', v_limit),
      hint = 'Wait: the connection is synced by itself.';
  end if;
end;
$$;
comment on function private.count_sync_request is
  'Counts a call of sync_now. Errors: devpulse_sync_rate_limited (429).';

create or replace function private.describe_sync(p_state text, p_schedule private.sync_schedule) returns jsonb
language plpgsql stable security invoker set search_path = '' as $$
begin
  return jsonb_build_object(
    'state', p_state, 'platform_connection_id', p_schedule.connection_id, 'run_id', p_schedule.run_id,
    'next_attempt_at', case when p_state = 'running' then null else p_schedule.next_sync_at end
  );
end;
$$;
comment on function private.describe_sync is 'The answer of sync_now.';

create or replace function private.sync_now(p_monitor_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_monitor public.monitors;
  v_schedule private.sync_schedule;
begin
  if auth.uid() is not null and not private.is_person_account(auth.uid()) then
    raise exception using
      errcode = 'PT401', message = 'sign_in_required',
      detail = 'The account is anonymous, banned or deleted.', hint = 'Sign in with an e-mail address.';
  end if;
  select * into v_monitor from public.monitors as m
  where m.id = p_monitor_id and (m.user_id = auth.uid() or private.is_trusted_caller());
  if not found then
    raise exception using
      errcode = 'PT404', message = 'devpulse_monitor_unknown',
      detail = 'The monitor does not exist, or is not yours.', hint = 'Use the id of one of your monitors.';
  end if;
  select * into v_schedule from private.sync_schedule as s
  where s.connection_id = v_monitor.platform_connection_id for update;
  if not v_monitor.is_active or v_schedule.next_sync_at is null then
    raise exception using
      errcode = 'PT422', message = 'devpulse_sync_conflict',
      detail = 'The monitor or its connection is paused, or not connected.',
      hint = 'Set is_active to true, or connect again.';
  elsif v_schedule.lease_expires_at > clock_timestamp() then
    return private.describe_sync('running', v_schedule);
  elsif v_schedule.next_sync_at <= clock_timestamp() then
    return private.describe_sync('due', v_schedule);
  elsif v_schedule.not_before > clock_timestamp() then
    return private.describe_sync('waiting', v_schedule);
  end if;
  perform private.count_sync_request(v_monitor.user_id);
  update private.sync_schedule as s set next_sync_at = now(), requested_at = now()
  where s.connection_id = v_schedule.connection_id returning * into v_schedule;
  perform private.request_platform_sync();
  return private.describe_sync('due', v_schedule);
end;
$$;
grant execute on function private.sync_now to authenticated, service_role;

create or replace function public.sync_now(monitor_id uuid) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.sync_now(sync_now.monitor_id);
end;
comment on function public.sync_now is
  'Syncs the connection of a monitor of the caller''s: {state, platform_connection_id, run_id, '
  'next_attempt_at}. due: it begins within seconds, or within a minute. running: a run is on its way. '
  'waiting: the provider''s limit, or our wait after a failure, lasts until next_attempt_at. The last two, '
  'and one that is due already, are not counted; of the others a user has '
  'devpulse_settings.sync_now_per_hour. Errors: sign_in_required (401), devpulse_monitor_unknown (404), '
  'devpulse_sync_conflict (422), devpulse_sync_rate_limited (429).';
grant execute on function public.sync_now to authenticated, service_role;
