-- Leases to platform-sync the connections that are due.

create or replace function private.start_sync_runs(p_connection_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  -- a function that was killed has left its run behind
  update public.sync_runs as r
  set state = 'failed', error_code = 'devpulse_run_expired', ended_at = clock_timestamp(),
    next_attempt_at = now()
  from private.sync_schedule as s
  where s.connection_id = any (p_connection_ids) and r.id = s.run_id and r.state = 'running';
  with run as (
    insert into public.sync_runs (platform_connection_id, platform, is_requested, started_at)
    select c.id, c.platform, s.requested_at is not null, clock_timestamp()
    from private.sync_schedule as s join public.platform_connections as c on c.id = s.connection_id
    where s.connection_id = any (p_connection_ids)
    returning id, platform_connection_id, started_at
  )
  update private.sync_schedule as s set
    run_id = r.id, fencing_token = s.fencing_token + 1, started_at = r.started_at, requested_at = null,
    attempts_count = s.attempts_count + 1,
    lease_expires_at = now() + interval '3 minutes',
    -- one that kills its function again and again is tried less and less often
    next_sync_at = now() + interval '3 minutes' + case when s.attempts_count < 3 then interval '0'
      else private.backoff(s.attempts_count - 2, interval '5 minutes', interval '6 hours') end
  from run as r where s.connection_id = r.platform_connection_id;
end;
$$;
comment on function private.start_sync_runs is
  'Leases these connections for three minutes, each with a run of its own.';

create or replace function private.lease_due_connections(p_limit integer) returns uuid[]
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_due uuid[];
  v_usable uuid[];
begin
  -- the connection too, so that it is not deleted meanwhile; in one statement, without waiting for either
  select array_agg(d.connection_id order by d.next_sync_at, d.connection_id) into v_due
  from (
    select s.connection_id, s.next_sync_at
    from private.sync_schedule as s
    join public.platform_connections as c on c.id = s.connection_id
    where s.next_sync_at <= now()
    order by s.next_sync_at
    limit p_limit
    for update of s skip locked for key share of c skip locked
  ) as d;
  select array_agg(u.id) into v_usable from private.usable_connections as u where u.id = any (v_due);
  -- the account is banned, or the token about to be replaced: it is due when that has ended
  update private.sync_schedule as s set next_sync_at = now() + interval '1 hour'
  where s.connection_id = any (v_due) and s.connection_id <> all (coalesce(v_usable, '{}'::uuid[]));
  perform private.start_sync_runs(v_usable);
  return v_usable;
end;
$$;
comment on function private.lease_due_connections is
  'Leases up to p_limit connections that are due, the longest due first.';

create or replace function private.describe_sync_claims(p_connection_ids uuid[]) returns jsonb
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object(
      'run_id', s.run_id, 'fencing_token', s.fencing_token, 'id', u.id, 'user_id', u.user_id,
      'platform', u.platform, 'platform_user_id', u.platform_user_id,
      'platform_username', u.platform_username, 'secret_id', u.secret_id, 'sealed', u.sealed,
      'token_expires_at', u.token_expires_at, 'cursor', s.cursor,
      'resources_limit', (select d.resources_per_connection from public.devpulse_settings as d),
      'monitors', (
        select coalesce(jsonb_agg(jsonb_build_object(
          'id', m.id, 'monitor_type', m.monitor_type, 'platform_resource_id', m.platform_resource_id
        ) order by m.created_at, m.id), '[]'::jsonb)
        from public.monitors as m where m.platform_connection_id = u.id and m.is_active
      ),
      'etags', (
        select coalesce(jsonb_object_agg(e.path, jsonb_build_object(
          'etag', e.etag, 'resource_ids', e.resource_ids, 'has_next', e.has_next
        )), '{}'::jsonb)
        from private.sync_etags as e where e.connection_id = u.id
      ),
      'video_ids', case when u.platform = 'youtube' then (
        select coalesce(jsonb_agg(v.youtube_video_id order by v.published_at desc), '[]'::jsonb)
        from public.youtube_videos as v where v.platform_connection_id = u.id and v.removed_at is null
      ) end
    ) order by s.started_at, s.run_id)
    from private.usable_connections as u join private.sync_schedule as s on s.connection_id = u.id
    where u.id = any (p_connection_ids)
  ), '[]'::jsonb);
end;
$$;
comment on function private.describe_sync_claims is 'What platform-sync needs for these connections.';

create or replace function private.claim_due_monitors(p_ticket text, p_batch_size integer) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids uuid[];
begin
  if p_ticket is not null then
    perform private.use_function_ticket('platform-sync', p_ticket);
  end if;
  -- two statements: the second has to see what the first has changed
  v_ids := private.lease_due_connections(least(greatest(coalesce(p_batch_size, 20), 1), 200));
  return private.describe_sync_claims(v_ids);
end;
$$;
grant execute on function private.claim_due_monitors to service_role;

create or replace function public.claim_due_monitors(ticket text default null, batch_size integer default 20)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.claim_due_monitors(claim_due_monitors.ticket, claim_due_monitors.batch_size);
end;
comment on function public.claim_due_monitors is
  'Leases to platform-sync the connections whose monitors are due, for three minutes, and starts a run for '
  'each: an array of {run_id, fencing_token, id, user_id, platform, platform_user_id, platform_username, '
  'secret_id, sealed, token_expires_at, cursor, resources_limit, monitors: [{id, monitor_type, '
  'platform_resource_id}], etags: {path: {etag, resource_ids, has_next}}, video_ids}. A ticket can be used '
  'once; without one the caller has checked who asks. Service role only. Errors: '
  'function_ticket_invalid (401).';
grant execute on function public.claim_due_monitors to service_role;
