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

create or replace function private.run_inbox_events(p_source text, p_batch integer default null)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source constant private.inbox_sources := private.load_inbox_source(p_source);
  v_event private.inbox_events;
  v_event_id uuid;
  v_event_ids uuid[];
  v_count integer := 0;
begin
  v_event_ids := array(
    select e.id from private.inbox_events as e
    where e.source = p_source and e.next_attempt_at <= clock_timestamp()
    order by e.next_attempt_at
    limit coalesce(p_batch, v_source.batch_size)
    for update skip locked
  );
  perform private.lock_inbox_events(p_source, v_event_ids);
  foreach v_event_id in array v_event_ids loop
    v_event := private.process_inbox_event(p_source, v_event_id, true);
    v_count := v_count + (v_event.status not in ('failed', 'unreadable'))::integer;
  end loop;
  return v_count;
end;
$$;
comment on function private.run_inbox_events is
  'Processes the events of a source that are due, up to p_batch, else up to its batch_size, and returns how '
  'many succeeded. One that fails is retried with backoff, up to max_attempts. For the scheduler.';
