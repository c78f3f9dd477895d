-- Circle as a source of the inbox. It signs nothing and gives no delivery id: an event is its bytes.

insert into private.inbox_sources (source, max_body_bytes, retention_days)
values ('circle', 1048576, (select s.event_retention_days from public.tracker_settings as s));

create trigger _200_sync_inbox_retention after update on public.tracker_settings
  for each row when (old.event_retention_days is distinct from new.event_retention_days)
  execute function private.sync_inbox_retention('circle', 'event_retention_days');

create or replace function private.process_circle_payload(p_payload jsonb) returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.inbox_outcome;
begin
  v.result := private.handle_circle_webhook(p_payload);
  if (v.result ->> 'hints')::integer > 0 then
    perform private.apply_circle_hints(p_payload);
  end if;
  v.error := v.result #>> '{errors,0,code}';
  v.status := case
    when v.error is not null then 'failed'
    when v.result #> '{imported,0}' is not null then 'processed'
    when (v.result ->> 'hints')::integer > 0 then 'hint'
    when (v.result ->> 'unrecognised')::integer > 0 then 'unrecognised'
    else 'processed'
  end;
  return v;
end;
$$;
comment on function private.process_circle_payload is
  'Imports the payload of an event from Circle. It failed where anything in it was refused. What a hint in '
  'it is about is read soon.';

create or replace function private.circle_answer(p_event private.inbox_events) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return jsonb_build_object('event_id', p_event.id, 'status', p_event.status) || case
    when p_event.result ? 'imported' then p_event.result
    else '{"processed": 0, "imported": [], "errors": [], "hints": 0, "unrecognised": 0}'
  end;
end;
$$;
comment on function private.circle_answer is 'What a webhook is told about an event from Circle.';
