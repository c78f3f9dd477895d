-- The way in for when storing and processing in one transaction failed.

create or replace function private.receive_github_delivery(p_delivery_id uuid, p_event text, p_body text)
returns text
language plpgsql volatile security definer set search_path = '' as $$
begin
  return private.github_delivery_status((private.receive_inbox_event(
    'github', private.decode_inbox_body('github', p_body), p_delivery_id::text, left(p_event, 255)
  )).status);
end;
$$;
grant execute on function private.receive_github_delivery to service_role;

create or replace function public.receive_github_delivery(delivery_id uuid, event text, body text)
returns text
language sql volatile security invoker set search_path = ''
begin atomic
  select private.receive_github_delivery(
    receive_github_delivery.delivery_id, receive_github_delivery.event, receive_github_delivery.body
  );
end;
comment on function public.receive_github_delivery is
  'Only stores a delivery of GitHub''s webhook, for when ingest_github_delivery failed; the scheduler '
  'processes it. Returns its status: received, done or failed. Service role only. Errors: '
  'inbox_body_too_large (413), inbox_body_invalid (422).';
grant execute on function public.receive_github_delivery to service_role;
