-- Second chances: an event that was stored and not worked on, because time ran out or two transactions met,
-- is worked on later.

create or replace function private.process_waiting_circle_events(batch integer default 20) returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_max_attempts constant integer := 10;
  v_event record;
  v_error text;
  v_processed_count integer := 0;
begin
  -- Younger ones are with the request that brought them. The fewest attempts first, so that one that always
  -- fails holds up no other.
  for v_event in
    select e.id, e.attempts
    from private.circle_events as e
    where e.status = 'received' and e.received_at < clock_timestamp() - interval '30 seconds'
    order by e.attempts, e.received_at
    limit process_waiting_circle_events.batch
    for update skip locked
  loop
    begin
      perform private.process_circle_event(v_event.id);
      v_processed_count := v_processed_count + 1;
    exception
      when data_exception or integrity_constraint_violation or program_limit_exceeded
        or insufficient_resources or deadlock_detected or lock_not_available or serialization_failure
        or sqlstate 'PT401' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422'
      then
        get stacked diagnostics v_error = message_text;
        update private.circle_events as e set
          attempts = e.attempts + 1, error = format('%s: %s', sqlstate, v_error),
          status = case when e.attempts + 1 < v_max_attempts then 'received' else 'failed' end,
          processed_at = case when e.attempts + 1 < v_max_attempts then null else clock_timestamp() end
        where e.id = v_event.id;
    end;
  end loop;
  return v_processed_count;
end;
$$;
comment on function private.process_waiting_circle_events(integer) is
  'Works on up to so many events that have waited for over 30 seconds and returns how many succeeded. One '
  'that fails is tried again by the next call, and is `failed` after ten attempts. For the scheduler.';
