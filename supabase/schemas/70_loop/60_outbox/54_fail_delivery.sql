-- An attempt has failed: when the next one is due, and when a delivery or an endpoint is given up.

-- The schedule of Standard Webhooks: ten attempts over three days.
create or replace function private.delivery_wait(p_attempt integer) returns interval
language plpgsql volatile security invoker set search_path = '' as $$
declare
  c_waits constant interval[] := array[
    interval '5 seconds', '5 minutes', '30 minutes', '2 hours', '5 hours', '10 hours', '14 hours', '20 hours',
    '24 hours'
  ];
begin
  return c_waits[p_attempt] * (1 + random() / 5);
end;
$$;
comment on function private.delivery_wait is
  'How long a delivery waits after this failed attempt, counted from 1, and up to a fifth longer; null after '
  'the tenth, which was the last.';

create or replace function private.end_deliveries(p_ids bigint[], p_status text, p_error text) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  with ended as (
    delete from private.delivery_queue as q where q.delivery_id = any (p_ids)
    returning q.delivery_id, q.attempts_count
  )
  update public.deliveries as d set
    status = p_status, attempts_count = e.attempts_count, last_error = coalesce(p_error, d.last_error)
  from ended as e where d.id = e.delivery_id and d.status = 'pending';
end;
$$;
comment on function private.end_deliveries is
  'Ends pending deliveries as dead or cancelled, and why.';

-- Whoever reads notifications elsewhere learns of it: endpoints that ask for it, and all of Slack.
create or replace function private.disable_webhook_endpoint(p_id uuid, p_reason text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_endpoint public.webhook_endpoints;
begin
  update public.webhook_endpoints as e set is_active = false, disabled_reason = p_reason
  where e.id = p_id and e.is_active
  returning e.* into v_endpoint;
  if not found then
    return;
  end if;
  insert into public.deliveries (channel, kind, endpoint_id, dedupe_key, payload)
  select e.kind, 'endpoint_disabled', e.id,
    format('endpoint_disabled:%s:%s:%s', p_id, v_endpoint.disabled_at, e.id),
    jsonb_build_object(
      'type', 'endpoint.disabled', 'timestamp', v_endpoint.disabled_at, 'data', jsonb_build_object(
        'endpoint_id', p_id, 'name', v_endpoint.name, 'reason', p_reason,
        'failing_since', v_endpoint.failing_since
      )
    )
  from public.webhook_endpoints as e
  where e.is_active and e.id <> p_id and (
    e.kind = 'slack' or 'endpoint_disabled' = any (e.events) or exists (
      select from public.notification_rules as r
      where r.endpoint_id = e.id and r.is_active and r.event = 'endpoint_disabled'
    )
  )
  on conflict on constraint deliveries_dedupe_key_key do nothing;
end;
$$;
comment on function private.disable_webhook_endpoint is
  'Switches an endpoint off, and tells the other ones.';

-- Those that are under way end by themselves; to wait for them could be a deadlock.
create or replace function private.end_deliveries_of_endpoint() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.end_deliveries(
    array(
      select q.delivery_id from private.delivery_queue as q
      join public.deliveries as d on d.id = q.delivery_id
      where d.endpoint_id = new.id and not q.is_leased
      for update of q skip locked
    ),
    'dead', 'The endpoint was switched off.'
  );
  return null;
end;
$$;
comment on function private.end_deliveries_of_endpoint is
  'After-update trigger of an endpoint that is switched off: what waits for it is dead.';

create trigger _200_end_deliveries_of_endpoint after update on public.webhook_endpoints
  for each row when (old.is_active and not new.is_active)
  execute function private.end_deliveries_of_endpoint();

create or replace function private.note_endpoint_failure(
  p_endpoint_id uuid, p_status_code integer, p_retry_after interval
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_failing_since timestamptz;
begin
  update public.webhook_endpoints as e set
    failing_since = case when p_status_code = 429 then e.failing_since
      else coalesce(e.failing_since, clock_timestamp()) end,
    rests_until = case when p_retry_after is null then e.rests_until
      else greatest(e.rests_until, clock_timestamp() + p_retry_after) end
  where e.id = p_endpoint_id
  returning e.failing_since into v_failing_since;
  if p_status_code = 410 then
    perform private.disable_webhook_endpoint(p_endpoint_id, 'gone');
  elsif v_failing_since < clock_timestamp() - interval '5 days' then
    perform private.disable_webhook_endpoint(p_endpoint_id, 'failing');
  end if;
end;
$$;
comment on function private.note_endpoint_failure is
  'Notes since when an endpoint fails and until when it rests, and switches it off after 410 or five days.';

create or replace function private.record_delivery_attempt(
  p_id bigint, p_fencing_token bigint, p_status_code integer, p_error text, p_is_counted boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into private.delivery_attempts (delivery_id, fencing_token, status_code, error, is_counted)
  values (p_id, p_fencing_token, p_status_code, p_error, p_is_counted);
  delete from private.delivery_attempts as a
  where a.delivery_id = p_id and a.id <= (
    select o.id from private.delivery_attempts as o where o.delivery_id = p_id
    order by o.id desc offset 20 limit 1
  );
end;
$$;
comment on function private.record_delivery_attempt is
  'Keeps an attempt that failed, and of its delivery the last 20.';

-- What is not the delivery's fault does not use up its attempts, for a week since it was to be sent.
create or replace function private.fail_delivery(
  p_id bigint, p_fencing_token bigint, p_error text, p_status_code integer, p_retry_after interval,
  p_counted boolean, p_final boolean
) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_error constant text := left(coalesce(private.non_blank(p_error), 'unknown'), 500);
  v_queued private.delivery_queue;
  v_delivery public.deliveries;
  v_counted boolean;
  v_wait interval;
begin
  select q.* into v_queued from private.delivery_queue as q
  where q.delivery_id = p_id and q.fencing_token = p_fencing_token and q.is_leased for update;
  if not found then
    perform private.raise_delivery_lease_expired(p_id);
  end if;
  select d.* into v_delivery from public.deliveries as d where d.id = p_id;
  v_counted := p_counted is not false or v_delivery.deliver_after < clock_timestamp() - interval '7 days';
  v_wait := case when v_counted then private.delivery_wait(v_queued.attempts_count)
    else coalesce(p_retry_after, interval '30 seconds') end;
  perform private.record_delivery_attempt(p_id, p_fencing_token, p_status_code, v_error, v_counted);
  if v_queued.is_cancelled and (v_queued.sent_at is null or v_wait is null or p_final) then
    perform private.end_deliveries(array[p_id], 'cancelled', v_error);
    return 'cancelled';
  elsif v_wait is null or p_final then
    perform private.end_deliveries(array[p_id], 'dead', v_error);
  else
    update private.delivery_queue as q set
      is_leased = false, attempts_count = q.attempts_count - case when v_counted then 0 else 1 end,
      next_attempt_at = clock_timestamp() + greatest(v_wait, p_retry_after)
    where q.delivery_id = p_id
    returning q.* into v_queued;
    update public.deliveries as d set attempts_count = v_queued.attempts_count, last_error = v_error
    where d.id = p_id;
    perform private.refresh_reply_targets(array[p_id]);
  end if;
  if v_delivery.endpoint_id is not null and (v_counted or p_status_code is not null) then
    perform private.note_endpoint_failure(v_delivery.endpoint_id, p_status_code, p_retry_after);
  end if;
  return (select d.status from public.deliveries as d where d.id = p_id);
end;
$$;
grant execute on function private.fail_delivery to service_role;

create or replace function public.fail_delivery(
  id bigint, fencing_token bigint, error text, status_code integer default null,
  retry_after_seconds integer default null, counted boolean default true, final boolean default false
) returns text
language sql volatile security invoker set search_path = ''
begin atomic
  select private.fail_delivery(
    fail_delivery.id, fail_delivery.fencing_token, fail_delivery.error, fail_delivery.status_code,
    make_interval(secs => least(greatest(fail_delivery.retry_after_seconds, 0), 86400)),
    fail_delivery.counted, fail_delivery.final
  );
end;
comment on function public.fail_delivery is
  'An attempt has failed. It is tried again after 5 s, 5 min, 30 min, 2, 5, 10, 14, 20 and 24 h, and up to a '
  'fifth later; not before retry_after_seconds (up to a day). With counted false it is not one of the ten '
  'attempts: something outside has to pass first. With final there is no further one. An endpoint that '
  'answered 410, or that failed for five days, is switched off. Returns the status: pending, dead or '
  'cancelled. Service role only. Errors: loop_delivery_lease_expired (409).';
grant execute on function public.fail_delivery to service_role;
