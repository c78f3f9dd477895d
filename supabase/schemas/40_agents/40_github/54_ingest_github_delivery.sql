-- The way in for the webhook's function: stored and processed in one transaction.

create or replace function private.ingest_github_delivery(p_delivery_id uuid, p_event text, p_body text)
returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_body constant bytea := private.decode_inbox_body('github', p_body);
  v_payload private.inbox_payload;
  v_event private.inbox_events;
begin
  v_payload := private.parse_inbox_body(v_body);
  if (p_event in ('pull_request', 'repository', 'deployment_status')) is not true
    or v_payload.error is null and private.is_known_delivery(v_payload.value) is not true
  then
    return jsonb_build_object('delivery_id', p_delivery_id, 'status', 'ignored'::text);
  end if;
  v_event := private.ingest_inbox_event(
    'github', v_body, v_payload, p_delivery_id::text,
    left(concat_ws('.', p_event, v_payload.value ->> 'action'), 255), true
  );
  return jsonb_build_object(
    'delivery_id', v_event.delivery_id,
    'status', case
      when v_event.status = 'failed' and v_event.error like '%agents_github_time_invalid%' then 'refused'
      -- It arrived again after it was processed.
      when v_event.status = 'processed' and v_event.received_count > 1
        and v_event.last_received_at > v_event.processed_at then 'already_done'
      when v_event.status = 'received' then 'failed'
      else private.github_delivery_status(v_event.status)
    end
  );
end;
$$;
grant execute on function private.ingest_github_delivery to service_role;

create or replace function public.ingest_github_delivery(delivery_id uuid, event text, body text)
returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.ingest_github_delivery(
    ingest_github_delivery.delivery_id, ingest_github_delivery.event, ingest_github_delivery.body
  );
end;
comment on function public.ingest_github_delivery is
  'Stores a delivery of GitHub''s webhook, its JSON given as base64, and processes it, in one transaction. '
  'Returns {delivery_id, status}: done; already_done, where only the arrival is counted; failed, also where '
  'somebody else held a lock for 1.5 s, to be retried by the scheduler or by a redelivery; refused, where a '
  'time in it is more than five minutes ahead; ignored, without writing, where it is another event, or no '
  'project or task here names the repository. Service role only. Errors: inbox_body_too_large (413), '
  'inbox_body_invalid (422).';
grant execute on function public.ingest_github_delivery to service_role;
