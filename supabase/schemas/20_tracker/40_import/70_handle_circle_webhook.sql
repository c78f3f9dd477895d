-- The ways in for Circle's payloads that are JSON already: messages, or whatever a webhook was sent.

-- What a person sends is written down under their own name, whatever name they give.
create or replace function private.importer_name(p_imported_by text) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return case
    when private.is_trusted_caller() then coalesce(nullif(btrim(p_imported_by), ''), 'system')
    else private.actor_name()
  end;
end;
$$;
comment on function private.importer_name is 'Who an import is by: as given by a server, else the caller.';

create or replace function private.process_circle_webhook(
  p_payload jsonb, p_import_source text, p_imported_by text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source constant text := coalesce(nullif(btrim(p_import_source), ''), 'n8n_webhook');
  v_by constant text := private.importer_name(p_imported_by);
  v_items constant private.circle_item[] := private.circle_items(p_payload);
  v_item private.circle_item;
  v_imported jsonb[] := array[]::jsonb[];
begin
  perform private.require_team_role('agent');
  if exists (select from unnest(v_items) as i where i.shape in ('hint', 'unrecognised')) then
    raise exception using
      errcode = 'PT422', message = 'tracker_payload_invalid',
      detail = 'This is no envelope with an object Parent_Message, and no record of Circle''s API.',
      hint = 'Send {Type, Parent_Message, Replies, Issue_Details}, or call handle_circle_webhook.';
  end if;
  perform private.lock_message_keys(private.payload_lock_keys(v_items));
  perform private.lock_issues(private.issues_of_messages(v_items));
  foreach v_item in array v_items loop
    v_imported := v_imported || (
      jsonb_build_object('index', v_item.index)
      || private.import_circle_item(v_item.item, v_item.shape, v_source, v_by, v_item.is_last)
    );
  end loop;
  if jsonb_typeof(p_payload) = 'object' and not p_payload ? 'records' then
    return v_imported[1] - 'index';
  end if;
  return private.sorted_by_index(v_imported);
end;
$$;
grant execute on function private.process_circle_webhook to authenticated, service_role;

create or replace function public.process_circle_webhook(
  p_payload jsonb, p_import_source text default 'n8n_webhook', p_imported_by text default 'system'
) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.process_circle_webhook(
    p_payload => process_circle_webhook.p_payload, p_import_source => process_circle_webhook.p_import_source,
    p_imported_by => process_circle_webhook.p_imported_by
  );
end;
comment on function public.process_circle_webhook is
  'Imports one message with its replies, an envelope of n8n''s or a record of Circle''s API, and returns '
  '{circle_issue_id, message_id, message_type, title, segment, replies_processed, issue_id, action: '
  'created|updated|stored, is_stale: what we had is newer, is_triaged, triage_confidence}; an array or a '
  'page {records} all or nothing, with an array of these. Agents and servers. Errors: sign_in_required '
  '(401), team_role_required (403), tracker_payload_invalid, tracker_message_id_invalid, '
  'tracker_reply_id_invalid, tracker_replies_invalid (422).';
grant execute on function public.process_circle_webhook to authenticated, service_role;

create or replace function private.source_of_shape(p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case when p_shape in ('envelope', 'flat_thread', 'message_content') then 'n8n_webhook'
    else 'circle_api' end;
end;
$$;
comment on function private.source_of_shape is
  'issue_import_logs.import_source of a payload: n8n_webhook for its envelopes, circle_api for records.';

create or replace function private.handle_circle_webhook(request jsonb) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_by constant text := private.importer_name(null);
  v_items constant private.circle_item[] := private.circle_items(request);
  v_item private.circle_item;
  v_imported jsonb[] := array[]::jsonb[];
  v_errors jsonb[] := array[]::jsonb[];
  v_hint_count integer := 0;
  v_unrecognised_count integer := 0;
  v_state text;
  v_message text;
  v_detail text;
begin
  perform private.require_team_role('agent');
  perform private.lock_message_keys(private.payload_lock_keys(v_items));
  perform private.lock_issues(private.issues_of_messages(v_items));
  foreach v_item in array v_items loop
    v_hint_count := v_hint_count + (v_item.shape = 'hint')::integer;
    v_unrecognised_count := v_unrecognised_count + (v_item.shape = 'unrecognised')::integer;
    continue when v_item.shape in ('hint', 'unrecognised');
    begin
      v_imported := v_imported || (
        jsonb_build_object('index', v_item.index)
        || private.import_circle_item(
          v_item.item, v_item.shape, private.source_of_shape(v_item.shape), v_by, v_item.is_last
        )
      );
    exception
      when sqlstate 'PT422' or data_exception or integrity_constraint_violation or program_limit_exceeded
        or statement_too_complex then
        get stacked diagnostics
          v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
        v_errors := v_errors || jsonb_build_object(
          'index', v_item.index, 'message_id', left(v_item.message_id, 255),
          'code', case v_state when 'PT422' then v_message else 'tracker_message_invalid' end,
          'message', case v_state when 'PT422' then v_detail else v_message end
        );
        if v_item.is_last and v_item.message_id is not null then
          perform private.refresh_after_refusal(v_item.message_id);
        end if;
    end;
  end loop;
  return jsonb_build_object(
    'processed', cardinality(v_imported), 'hints', v_hint_count, 'unrecognised', v_unrecognised_count,
    'imported', private.sorted_by_index(v_imported), 'errors', private.sorted_by_index(v_errors)
  );
end;
$$;
grant execute on function private.handle_circle_webhook to authenticated, service_role;

create or replace function private.sorted_by_index(p_items jsonb[]) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if cardinality(p_items) < 2 then
    return to_jsonb(p_items);
  end if;
  return (select jsonb_agg(i.item order by i.item -> 'index') from unnest(p_items) as i (item));
end;
$$;
comment on function private.sorted_by_index is 'An array of results in the order of what was sent.';

create or replace function public.handle_circle_webhook(request jsonb) returns jsonb
language sql volatile security invoker set search_path = ''
begin atomic
  select private.handle_circle_webhook(request => handle_circle_webhook.request);
end;
comment on function public.handle_circle_webhook is
  'Imports what a webhook was sent, one object or an array: {processed, imported[], errors[], hints, '
  'unrecognised}. A message that can''t be imported lands in errors as {index, message_id, code, message} '
  'and stops no other. Codes: tracker_message_id_invalid, tracker_reply_id_invalid, '
  'tracker_replies_invalid, tracker_message_invalid. Agents and servers. Errors: sign_in_required '
  '(401), team_role_required (403).';
grant execute on function public.handle_circle_webhook to authenticated, service_role;
