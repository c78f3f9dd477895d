-- All events of a period once more, for example after a fix.

create or replace function private.replay_inbox_events(
  p_source text, p_from timestamptz, p_to timestamptz, p_limit integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := least(greatest(coalesce(p_limit, 1000), 1), 10000);
  v_event_ids uuid[];
  v_last_at timestamptz;
  v_counts jsonb := '{}'::jsonb;
  v_status text;
begin
  if p_from is null or p_to is null or p_from > p_to then
    raise exception using
      errcode = 'PT422', message = 'inbox_range_invalid',
      detail = 'The period has to begin before it ends.',
      hint = 'Give the times between which the events were received.';
  end if;
  -- All events before what they are about, as the lock order has it. Those of one moment stay together, so
  -- that next_from is always later than the last.
  select array_agg(o.id order by o.received_at, o.id), max(o.received_at) into v_event_ids, v_last_at
  from (
    select e.id, e.received_at from private.inbox_events as e
    where e.source = p_source and e.received_at >= p_from and e.received_at < p_to
    order by e.received_at
    fetch first v_limit rows with ties
    for update
  ) as o;
  foreach v_status in array private.process_inbox_events(p_source, coalesce(v_event_ids, '{}'), true) loop
    v_counts := v_counts || jsonb_build_object(v_status, coalesce((v_counts ->> v_status)::integer, 0) + 1);
  end loop;
  return jsonb_build_object(
    'replayed', coalesce(cardinality(v_event_ids), 0),
    'next_from', (
      select min(e.received_at) from private.inbox_events as e
      where e.source = p_source and e.received_at > v_last_at and e.received_at < p_to
    )
  ) || v_counts;
end;
$$;
comment on function private.replay_inbox_events is
  'Processes every event of a source received from p_from up to p_to again, in the order in which they '
  'arrived. Returns {replayed, next_from, <status>: count}; next_from is where to continue when there were '
  'more than p_limit (1000 where null, at most 10000), else null. Those that need what somebody else has '
  'locked are counted as received: the scheduler processes them. Errors: inbox_range_invalid (422).';
