-- The entry for whatever a webhook was sent: what can be imported is, and the rest is reported.

-- A payload of nothing but unknown shapes, or of hints, has an outcome of its own. Next to others, an unknown
-- one is an error, so that it is listed.
create or replace function private.errors_of_shapes(p_items private.circle_item[]) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_is_mixed constant boolean := exists (
    select from unnest(p_items) as i where i.shape not in ('unrecognised', 'left_out')
  );
begin
  return case when v_is_mixed then (
    select jsonb_agg(
      jsonb_build_object(
        'index', i.index, 'message_id', null, 'code', 'tracker_element_unsupported',
        'message', 'The element has no known shape.'
      )
      order by i.index
    )
    from unnest(p_items) as i
    where i.shape = 'unrecognised'
  ) end;
end;
$$;
comment on function private.errors_of_shapes is
  'The elements of no known shape, as errors, where a payload has others too; else null.';

create or replace function private.handle_circle_webhook(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_items private.circle_item[];
  v_item private.circle_item;
  v_import record;
  v_errors jsonb;
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
  v_errors := v_import.o_errors;
  if v_unrecognised_count > 0 and cardinality(v_items) > 1 then
    v_errors := private.sorted_by_index(array(
      select e.value from jsonb_array_elements(v_errors || coalesce(private.errors_of_shapes(v_items), '[]'))
        as e
    ));
  end if;
  return jsonb_build_object(
    'processed', jsonb_array_length(v_import.o_imported), 'hints', v_hint_count,
    'unrecognised', v_unrecognised_count, 'imported', v_import.o_imported, 'errors', v_errors
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
  'Imports what a webhook was sent, one object or an array, also as JSON in a text or in a wrapper: '
  '{processed, imported[], errors[], hints, unrecognised}. What can''t be imported is listed in errors as '
  '{index, message_id, code, message} and stops nothing else. Codes: tracker_message_id_invalid, '
  'tracker_message_id_conflict, tracker_message_invalid, tracker_element_unsupported, '
  'tracker_items_limit_reached, which counts the elements after the first 20000 messages and replies; and of '
  'parts of a message that was imported, with field and value, tracker_reply_id_invalid, '
  'tracker_reply_id_conflict and tracker_replies_invalid. What else of a message can''t be read stands in '
  'its unread: [{field, value, reason}]. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403).';
grant execute on function public.handle_circle_webhook to authenticated, service_role;
