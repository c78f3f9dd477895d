-- The way in for when storing and processing in one transaction failed.

create or replace function private.receive_circle_event(p_body text) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
begin
  return (private.receive_inbox_event(
    'circle', private.decode_inbox_body('circle', p_body), null, null
  )).id;
end;
$$;
grant execute on function private.receive_circle_event to service_role;

create or replace function public.receive_circle_event(body text) returns uuid
language sql volatile security invoker set search_path = ''
begin atomic
  select private.receive_circle_event(receive_circle_event.body);
end;
comment on function public.receive_circle_event is
  'Stores a raw request body, given as base64, and returns the event''s id; the same bytes again are the '
  'same event. The scheduler processes it. Service role only. Errors: inbox_body_too_large (413), '
  'inbox_body_invalid (422).';
grant execute on function public.receive_circle_event to service_role;
