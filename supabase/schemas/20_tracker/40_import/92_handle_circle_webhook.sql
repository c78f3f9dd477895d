-- The entry for whatever a webhook was sent: what can be imported is, and the rest is reported.

create or replace function private.handle_circle_webhook(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_items private.circle_item[];
  v_item private.circle_item;
  v_import record;
  v_hint_count integer := 0;
  v_unrecognised_count integer := 0;
begin
  perform private.require_team_role('agent');
  v_items := private.circle_items(request);
  foreach v_item in array v_items loop
    v_hint_count := v_hint_count + (v_item.shape = 'hint')::integer;
    v_unrecognised_count := v_unrecognised_count + (v_item.shape = 'unrecognised')::integer;
  end loop;
  v_import := private.import_items(v_items, null, private.importer_name(null), false);
  return jsonb_build_object(
    'processed', jsonb_array_length(v_import.o_imported), 'hints', v_hint_count,
    'unrecognised', v_unrecognised_count, 'imported', v_import.o_imported, 'errors', v_import.o_errors
  );
end;
$$;
grant execute on function private.handle_circle_webhook to authenticated, service_role;

create or replace function public.handle_circle_webhook(request jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.handle_circle_webhook(request => handle_circle_webhook.request);
end;
comment on function public.handle_circle_webhook is
  'Imports what a webhook was sent, one object or an array: {processed, imported[], errors[], hints, '
  'unrecognised}. A message that can''t be imported is listed in errors as {index, message_id, code, '
  'message} and stops no other. Codes: tracker_message_id_invalid, tracker_reply_id_invalid, '
  'tracker_replies_invalid, tracker_message_invalid, tracker_items_limit_reached, which counts the elements '
  'after the first 20000 messages and replies. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403).';
grant execute on function public.handle_circle_webhook to authenticated, service_role;
