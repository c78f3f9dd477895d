-- Second chances: events that could not be worked on are tried again by the clock, are listed with their
-- errors, and can all be replayed.

create or replace function private.retry_circle_event(p_event_id uuid) returns text
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_error text;
begin
  return private.process_circle_event(p_event_id) ->> 'status';
exception
  -- A mistake in the import too: it must not hold up what comes after the event that shows it.
  when data_exception or integrity_constraint_violation or cardinality_violation or feature_not_supported
    or syntax_error_or_access_rule_violation or plpgsql_error or program_limit_exceeded
    or insufficient_resources or transaction_rollback or object_not_in_prerequisite_state
    or with_check_option_violation or internal_error
    or sqlstate 'PT401' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422'
  then
    get stacked diagnostics v_error = message_text;
    update private.circle_events as e set
      attempts = e.attempts + 1, error = format('%s: %s', sqlstate, v_error), status = 'failed',
      processed_at = clock_timestamp(),
      next_attempt_at = private.next_circle_attempt('failed', e.attempts + 1)
    where e.id = p_event_id;
    return 'failed';
end;
$$;
comment on function private.retry_circle_event is
  'Works on an event, records an error that it ends in, and returns its status.';

-- A body that can't be parsed is reported when its event is processed.
create or replace function private.circle_ids_of_body(p_body bytea)
returns table (message_id text, is_reply boolean)
language plpgsql stable security definer set search_path = '' as $$
declare
  v_items private.circle_item[];
begin
  v_items := private.circle_items((private.load_circle_event(p_body)).o_payload);
  return query
    select (i.root).message_id, false from unnest(v_items) as i
    union all
    select r.message_id, true from unnest(v_items) as i cross join lateral unnest(i.replies) as r;
exception
  when data_exception or program_limit_exceeded or syntax_error_or_access_rule_violation or plpgsql_error then
    return;
end;
$$;
comment on function private.circle_ids_of_body is
  'The ids of the messages and replies in a raw body, null for elements without one. It raises nothing.';

-- Several events in one transaction: the keys of all of them first, then the issues, as one payload locks its
-- own.
create or replace function private.lock_circle_events(p_event_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_root_ids text[];
  v_reply_ids text[];
begin
  select
    coalesce(array_agg(distinct i.message_id) filter (where not i.is_reply), '{}'),
    coalesce(array_agg(distinct i.message_id) filter (where i.is_reply), '{}')
  into v_root_ids, v_reply_ids
  from private.circle_events as e
  cross join lateral private.circle_ids_of_body(e.body) as i
  where e.id = any (p_event_ids) and i.message_id is not null;
  perform private.lock_circle_messages(v_root_ids, v_reply_ids);
end;
$$;
comment on function private.lock_circle_events is
  'Locks what these events are about, which are locked already: one lock order for all of them.';

create or replace function private.process_waiting_circle_events(batch integer default 20) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event_ids constant uuid[] := array(
    select e.id
    from private.circle_events as e
    where e.next_attempt_at <= clock_timestamp()
    order by e.next_attempt_at
    limit process_waiting_circle_events.batch
    for update skip locked
  );
  v_event_id uuid;
  v_processed_count integer := 0;
begin
  perform private.lock_circle_events(v_event_ids);
  foreach v_event_id in array v_event_ids loop
    v_processed_count := v_processed_count + (private.retry_circle_event(v_event_id) <> 'failed')::integer;
  end loop;
  return v_processed_count;
end;
$$;
comment on function private.process_waiting_circle_events is
  'Works on up to so many events whose time has come, and returns how many succeeded. One that fails is '
  'tried again later, ten times in all: after 1, 2, 4 … minutes. For the scheduler.';

create or replace function private.replay_circle_events(
  p_from timestamptz, p_to timestamptz, p_limit integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := least(greatest(coalesce(p_limit, 1000), 1), 10000);
  v_event_ids uuid[];
  v_event_id uuid;
  v_last_at timestamptz;
  v_counts jsonb := '{}'::jsonb;
  v_status text;
begin
  perform private.require_team_role('admin');
  if p_from is null or p_to is null or p_from > p_to then
    raise exception using
      errcode = 'PT422', message = 'inbox_range_invalid', detail = 'p_from has to come before p_to.',
      hint = 'Give the times between which the events were received.';
  end if;
  -- All events before the first turn of a message, as the order of locks has it. Those of one moment stay
  -- together, so that next_from is always later than the last.
  select array_agg(o.id order by o.received_at, o.id), max(o.received_at) into v_event_ids, v_last_at
  from (
    select e.id, e.received_at from private.circle_events as e
    where e.received_at >= p_from and e.received_at < p_to
    order by e.received_at
    fetch first v_limit rows with ties
    for update
  ) as o;
  perform private.lock_circle_events(v_event_ids);
  foreach v_event_id in array coalesce(v_event_ids, '{}') loop
    v_status := private.retry_circle_event(v_event_id);
    v_counts := v_counts || jsonb_build_object(v_status, coalesce((v_counts ->> v_status)::integer, 0) + 1);
  end loop;
  return jsonb_build_object(
    'replayed', coalesce(cardinality(v_event_ids), 0),
    'next_from', (
      select min(e.received_at) from private.circle_events as e
      where e.received_at > v_last_at and e.received_at < p_to
    )
  ) || v_counts;
end;
$$;
grant execute on function private.replay_circle_events
  to authenticated, service_role;

create or replace function public.replay_circle_events(
  p_from timestamptz, p_to timestamptz default now(), p_limit integer default 1000
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.replay_circle_events(
    p_from => replay_circle_events.p_from, p_to => replay_circle_events.p_to,
    p_limit => replay_circle_events.p_limit
  );
end;
comment on function public.replay_circle_events is
  'Works again on every event received from p_from up to p_to, in the order in which they came, with the '
  'same result as before. Returns {replayed, next_from, <status>: count}; next_from is where to go on when '
  'there were more than p_limit (at most 10000), else null. Admins and servers. Errors: sign_in_required '
  '(401), team_role_required (403), inbox_range_invalid (422).';
grant execute on function public.replay_circle_events
  to authenticated, service_role;

-- Reads a table of schema private with the caller's rights, which a view may: nobody needs USAGE for it. The
-- body stays where it is.
create policy circle_events_select_viewer on private.circle_events
  for select to authenticated using ((select private.has_team_role('viewer')));
grant select (
  id, status, error, result, attempts, received_count, received_at, last_received_at, processed_at,
  next_attempt_at
) on private.circle_events to authenticated, service_role;

create view public.failed_circle_events with (security_invoker = true) as
select
  e.id, e.status, e.error, e.result -> 'errors' as errors, e.attempts, e.received_count, e.received_at,
  e.processed_at, e.next_attempt_at
from private.circle_events as e
where e.status in ('failed', 'unreadable', 'unrecognised');
comment on view public.failed_circle_events is
  'Events from Circle that are not imported, or not all of them, with the reason. For the team.';
comment on column public.failed_circle_events.errors is
  'The messages that were refused: an array of {index, message_id, code, message}.';
comment on column public.failed_circle_events.next_attempt_at is
  'When it is tried again; null when it isn''t: replay_circle_events() does.';
grant select on public.failed_circle_events to authenticated, service_role;
