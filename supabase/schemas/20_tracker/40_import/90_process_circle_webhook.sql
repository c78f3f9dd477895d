-- The entry for messages: all of a payload or nothing.

-- What a person sends is recorded under their own name, whatever name they give.
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
  v_items private.circle_item[];
  v_item private.circle_item;
  v_import record;
begin
  perform private.require_team_role('agent');
  v_items := private.circle_items(p_payload);
  foreach v_item in array v_items loop
    if v_item.shape in ('hint', 'unrecognised') then
      raise exception using
        errcode = 'PT422', message = 'tracker_payload_invalid',
        detail = 'An element is neither an envelope with Parent_Message nor a record of Circle''s API.',
        hint = 'Send {Type, Parent_Message, Replies, Issue_Details}, or call handle_circle_webhook.';
    elsif v_item.shape = 'left_out' then
      perform private.raise_circle_item_error(v_item);
    end if;
  end loop;
  v_import := private.import_items(
    v_items, coalesce(nullif(btrim(p_import_source), ''), 'n8n_webhook'),
    private.importer_name(p_imported_by), true
  );
  if jsonb_typeof(p_payload) <> 'array' and not p_payload ? 'records' and cardinality(v_items) = 1 then
    return (v_import.o_imported -> 0) - 'index';
  end if;
  return v_import.o_imported;
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
  'created|updated|stored, is_stale: the stored version is newer, is_triaged, triage_confidence}, and where '
  'a part cannot be read, unread: [{field, value, reason, code where it is left out}]; an array or a page '
  '{records} all or nothing, with an array of these. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), tracker_message_id_conflict (409), tracker_payload_invalid, '
  'tracker_message_id_invalid, tracker_items_limit_reached (422).';
grant execute on function public.process_circle_webhook to authenticated, service_role;
