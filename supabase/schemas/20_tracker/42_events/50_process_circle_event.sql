-- One stored event, processed now.

create or replace function private.process_circle_event(p_event_id uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.circle_answer(private.process_inbox_event('circle', p_event_id, false));
end;
$$;
grant execute on function private.process_circle_event to service_role;

create or replace function public.process_circle_event(event_id uuid) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.process_circle_event(process_circle_event.event_id);
end;
comment on function public.process_circle_event is
  'Processes a stored event and records how it ended; again with the same result. Returns {event_id, status, '
  'processed, imported[], errors[], hints, unrecognised}; status is processed, failed, hint, unrecognised '
  'or unreadable. Service role only. Errors: inbox_event_unknown (404).';
grant execute on function public.process_circle_event to service_role;
