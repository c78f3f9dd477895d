-- The way in for the webhook's function: stored and processed in one transaction.

create or replace function private.ingest_circle_event(p_body text) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.circle_answer(private.ingest_inbox_event(
    'circle', private.decode_inbox_body('circle', p_body), null, null, null, false
  ));
end;
$$;
grant execute on function private.ingest_circle_event to service_role;

create or replace function public.ingest_circle_event(body text) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.ingest_circle_event(ingest_circle_event.body);
end;
comment on function public.ingest_circle_event is
  'Stores a raw request body, given as base64, and processes it, in one transaction; the same bytes again '
  'are the same event, which changes nothing once it is done. Returns what process_circle_event does. After '
  'an error nothing is stored: call receive_circle_event. Service role only. Errors: inbox_body_too_large '
  '(413), inbox_body_invalid (422).';
grant execute on function public.ingest_circle_event to service_role;
