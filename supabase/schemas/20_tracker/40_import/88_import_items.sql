-- The import: locks what a payload's items are about, then imports one item after the other.

-- Of several items about one message the last one updates the issue: the description of a long thread is not
-- written again for each of its replies.
create or replace function private.import_circle_item(
  p_item private.circle_item, p_import_source text, p_imported_by text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_root constant private.circle_snapshot := p_item.root;
  v_stored record;
  v_message public.circle_issues;
  v_segment text;
  v_replies record;
  v_unread jsonb := p_item.unread;
  v_replies_count integer := cardinality(p_item.replies);
begin
  if p_item.error_code is not null then
    perform private.raise_circle_item_error(p_item);
  end if;
  perform set_config('app.import', 'on', true);
  v_stored := private.store_circle_message(
    v_root, private.triage_circle_message(
      v_root.sender_verdict, v_root.is_verdict_unreadable, v_root.title, v_root.body
    )
  );
  v_message := v_stored.o_message;
  if v_replies_count > 0 then
    v_replies := private.store_circle_replies(v_message, p_item.replies);
    perform private.refresh_other_messages(v_replies.o_others);
    if v_replies.o_conflicts is not null then
      v_unread := coalesce(v_unread, '[]') || v_replies.o_conflicts;
      v_replies_count := v_replies_count - jsonb_array_length(v_replies.o_conflicts);
    end if;
  end if;
  if v_stored.o_action <> 'stored' then
    v_segment := private.segment_of_message(v_message);
  end if;
  if v_stored.o_action = 'created' then
    perform private.create_imported_issue(
      v_message, v_message.mapped_to_issue_id, v_segment, p_import_source, p_imported_by, true
    );
  elsif v_stored.o_action = 'updated' and p_item.is_last then
    perform private.refresh_imported_issue(v_message, v_segment);
  end if;
  perform set_config('app.import', 'off', true);
  return jsonb_build_object(
    'index', p_item.index,
    'circle_issue_id', v_message.id, 'message_id', v_message.message_id,
    'message_type', case when v_message.is_thread then 'thread' else 'single' end,
    'title', v_message.title, 'segment', v_segment, 'replies_processed', v_replies_count,
    'issue_id', v_message.mapped_to_issue_id, 'action', v_stored.o_action,
    'is_stale', v_stored.o_is_stale, 'is_triaged', v_message.is_triaged,
    'triage_confidence', v_message.triage_confidence
  ) || case when v_unread is null then '{}' else jsonb_build_object('unread', v_unread) end;
end;
$$;
comment on function private.import_circle_item is
  'Imports one item of a payload. What in it cannot be read stands in unread. Errors: '
  'tracker_message_id_conflict (409), tracker_message_id_invalid, tracker_items_limit_reached (422).';

create or replace function private.try_circle_item(
  p_item private.circle_item, p_import_source text, p_imported_by text, out o_imported jsonb,
  out o_error jsonb
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_state text;
  v_message text;
  v_detail text;
begin
  o_imported := private.import_circle_item(p_item, p_import_source, p_imported_by);
exception
  when sqlstate 'PT409' or sqlstate 'PT422' or data_exception or integrity_constraint_violation
    or program_limit_exceeded
    or statement_too_complex then
    get stacked diagnostics
      v_state = returned_sqlstate, v_message = message_text, v_detail = pg_exception_detail;
    o_error := jsonb_build_object(
      'index', p_item.index, 'message_id', left((p_item.root).message_id, 255),
      'code', case when v_state like 'PT%' then v_message else 'tracker_message_invalid' end,
      'message', case when v_state like 'PT%' then v_detail else v_message end
    );
    if p_item.is_last and (p_item.root).message_id is not null then
      perform private.refresh_after_rejection((p_item.root).message_id);
    end if;
end;
$$;
comment on function private.try_circle_item is
  'Imports one item of a payload, or returns why it is rejected, with nothing of it written: {index, '
  'message_id, code, message}.';

-- What is left out of a message that was imported is an error too, so that it is listed.
create or replace function private.errors_of_unread(p_imported jsonb) returns jsonb[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return array(
    select jsonb_build_object(
      'index', p_imported -> 'index', 'message_id', p_imported -> 'message_id', 'code', u.value -> 'code',
      'message', format('%s %s.', u.value ->> 'field', u.value ->> 'reason'), 'field', u.value -> 'field',
      'value', u.value -> 'value'
    )
    from jsonb_array_elements(p_imported -> 'unread') as u
    where u.value ? 'code'
  );
end;
$$;
comment on function private.errors_of_unread is
  'The parts of an imported message that were left out, as errors: {index, message_id, code, '
  'message, field, value}.';

create or replace function private.sorted_by_index(p_items jsonb[]) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return coalesce(
    (select jsonb_agg(i.item order by i.item -> 'index') from unnest(p_items) as i (item)), '[]'
  );
end;
$$;
comment on function private.sorted_by_index is 'An array of results in the order of what was sent.';

create or replace function private.import_items(
  p_items private.circle_item[], p_import_source text, p_imported_by text, p_is_atomic boolean,
  out o_imported jsonb, out o_errors jsonb
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_item private.circle_item;
  v_source text;
  v_tried record;
  v_imported jsonb[] := array[]::jsonb[];
  v_errors jsonb[] := array[]::jsonb[];
  v_error jsonb;
begin
  perform private.lock_circle_items(p_items);
  foreach v_item in array p_items loop
    continue when v_item.shape in ('hint', 'unrecognised');
    v_source := coalesce(p_import_source, private.source_of_shape(v_item.shape));
    if p_is_atomic then
      v_imported := v_imported || private.import_circle_item(v_item, v_source, p_imported_by);
      continue;
    end if;
    v_tried := private.try_circle_item(v_item, v_source, p_imported_by);
    if v_tried.o_error is null then
      v_imported := v_imported || v_tried.o_imported;
      if v_tried.o_imported ? 'unread' then
        foreach v_error in array private.errors_of_unread(v_tried.o_imported) loop
          v_errors := v_errors || v_error;
        end loop;
      end if;
    else
      v_errors := v_errors || v_tried.o_error;
    end if;
  end loop;
  if cardinality(p_items) = 1 then
    o_imported := to_jsonb(v_imported);
    o_errors := to_jsonb(v_errors);
  else
    o_imported := private.sorted_by_index(v_imported);
    o_errors := private.sorted_by_index(v_errors);
  end if;
end;
$$;
comment on function private.import_items is
  'Imports the items of a payload, all or nothing where p_is_atomic; otherwise a rejected one stops no '
  'other. Returns two arrays in the order in which the elements were sent: what was imported, and what was '
  'rejected with its reason. Where p_import_source is null, the shape decides.';
