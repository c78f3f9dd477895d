-- What each source's job calls to process what is due: what was stored alone, and what failed.

-- Several events in one transaction lock what they are about in one order.
create or replace function private.lock_inbox_events(p_source text, p_event_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_source = 'circle' then
    perform private.lock_circle_events(p_event_ids);
  end if;
end;
$$;
comment on function private.lock_inbox_events is
  'Locks what these events of a source are about, before the first of them is processed.';

create or replace function private.try_lock_inbox_events(p_source text, p_event_ids uuid[]) returns boolean
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1s' as $$
begin
  perform private.lock_inbox_events(p_source, p_event_ids);
  return true;
exception when lock_not_available or deadlock_detected then
  return false;
end;
$$;
comment on function private.try_lock_inbox_events is
  'Locks what these events are about; false, and nothing is locked, where somebody else holds a part of it.';

-- Somebody who holds a row holds up the events that are about it, and no other: those are processed one by
-- one then, without waiting. The locks of one event are held while the next one asks for its own, in no
-- order, and the timeout, shorter than deadlock_timeout, ends what would be a deadlock.
create or replace function private.process_inbox_events(
  p_source text, p_event_ids uuid[], p_is_waiting boolean
) returns text[]
language plpgsql volatile security definer set search_path = '' set lock_timeout = '20ms' as $$
declare
  v_event_id uuid;
  v_status text;
  v_statuses text[] := array[]::text[];
begin
  if p_is_waiting and private.try_lock_inbox_events(p_source, p_event_ids) then
    perform set_config('lock_timeout', '1s', true);
  end if;
  foreach v_event_id in array p_event_ids loop
    v_status := (private.process_inbox_event(p_source, v_event_id, true)).status;
    v_statuses := v_statuses || v_status;
    -- a lock that could not be foreseen, such as that of a tag: the next event does not wait for it again
    if v_status = 'received' then
      perform set_config('lock_timeout', '20ms', true);
    end if;
  end loop;
  return v_statuses;
end;
$$;
comment on function private.process_inbox_events is
  'Processes stored events, which are locked already, in this order, and returns their statuses. Those that '
  'need a lock that somebody else holds are left for later, received; where p_is_waiting, after a second.';

-- Events that wait for somebody's lock do not count, so that however many they are, others are reached.
create or replace function private.run_inbox_events(p_source text, p_batch integer default null)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source constant private.inbox_sources := private.load_inbox_source(p_source);
  v_batch constant integer := coalesce(p_batch, v_source.batch_size);
  v_event_ids uuid[];
  v_statuses text[];
  v_is_waiting boolean := true;
  v_seen integer := 0;
  v_attempts integer := 0;
  v_count integer := 0;
begin
  while v_attempts < v_batch and v_seen < 20 * v_batch loop
    v_event_ids := array(
      select e.id from private.inbox_events as e
      where e.source = p_source and e.next_attempt_at <= clock_timestamp()
      order by e.next_attempt_at
      limit v_batch - v_attempts
      for update skip locked
    );
    exit when v_event_ids = '{}';
    v_statuses := private.process_inbox_events(p_source, v_event_ids, v_is_waiting);
    v_seen := v_seen + cardinality(v_event_ids);
    select
      v_attempts + count(*)::integer,
      v_count + (count(*) filter (where u.status not in ('failed', 'unreadable')))::integer
    into v_attempts, v_count
    from unnest(v_statuses) as u (status)
    where u.status <> 'received';
    -- what the first events are about stays locked: waiting for more, in another order, could be a deadlock
    v_is_waiting := false;
  end loop;
  return v_count;
end;
$$;
comment on function private.run_inbox_events is
  'Processes the events of a source that are due, up to p_batch, else up to its batch_size, and returns how '
  'many succeeded. One that fails is retried with backoff, up to max_attempts; one that needs what somebody '
  'else has locked is left for later, and does not count. For the scheduler.';
