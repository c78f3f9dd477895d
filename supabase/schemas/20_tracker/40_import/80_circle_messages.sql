-- The row of a message: inserted by its first snapshot, merged with each further one.

-- A verdict that cannot be read is a value of the register too, and the greatest one.
create or replace function private.message_fields(p_fields jsonb, p_is_verdict_unreadable boolean)
returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return p_fields
    - array['message_id', 'reply_index', 'is_thread', 'is_verdict_unreadable', 'is_edit_undated', 'unread']
    || case when p_is_verdict_unreadable then '{"sender_verdict": "unreadable"}' else '{}' end::jsonb;
end;
$$;
comment on function private.message_fields is 'The registers of a message, of its row or of a snapshot.';

create or replace function private.merge_circle_message(
  p_message public.circle_issues, p_root private.circle_snapshot
) returns public.circle_issues
language plpgsql stable security definer set search_path = '' as $$
declare
  v_merged record;
  v public.circle_issues;
begin
  v_merged := private.merge_circle_fields(
    private.message_fields(to_jsonb(p_message), p_message.is_verdict_unreadable), p_message.field_versions,
    private.message_fields(to_jsonb(p_root), p_root.is_verdict_unreadable), private.snapshot_version(p_root)
  );
  v := jsonb_populate_record(p_message, v_merged.o_values || case v_merged.o_values ->> 'sender_verdict'
    when 'unreadable' then '{"sender_verdict": null, "is_verdict_unreadable": true}'
    else '{"is_verdict_unreadable": false}' end::jsonb);
  v.field_versions := v_merged.o_versions;
  v.title := coalesce(v.title, private.circle_title(null, v.body));
  v.body := coalesce(v.body, '');
  v.author_name := coalesce(v.author_name, 'Unknown');
  v.attachments := coalesce(v.attachments, '[]');
  v.raw_data := coalesce(v.raw_data, '{}');
  v.is_thread := p_message.is_thread or coalesce(p_root.is_thread, false);
  -- What was filled in for a chat room stays as long as the message stays in it.
  if v.chat_room_uuid is not distinct from p_message.chat_room_uuid then
    if v.space_id is null and p_message.space_id is not null then
      v.space_id := p_message.space_id;
      v.field_versions := v.field_versions || '{"space_id": null}';
    end if;
    if v.space_name is null and p_message.space_name is not null then
      v.space_name := p_message.space_name;
      v.field_versions := v.field_versions || '{"space_name": null}';
    end if;
  end if;
  return v;
end;
$$;
comment on function private.merge_circle_message is
  'The row of a message with a snapshot merged into it; nothing is written.';

create or replace function private.insert_circle_message(
  p_root private.circle_snapshot, p_triage private.circle_triage, p_issue_id uuid,
  out o_message public.circle_issues
)
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.circle_issues (
    message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
    is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
    edited_at, removed_at, segment, sender_verdict, is_verdict_unreadable, field_versions
  )
  values (
    p_root.message_id, p_root.thread_id, private.circle_title(p_root.title, p_root.body),
    coalesce(p_root.body, ''), coalesce(p_root.author_name, 'Unknown'), p_root.author_email,
    p_root.space_name, p_root.space_id, p_root.link, coalesce(p_root.is_thread, false),
    p_triage.is_triaged, p_triage.confidence,
    coalesce(p_root.raw_data, '{}'), p_issue_id, coalesce(p_root.attachments, '[]'), p_root.chat_room_uuid,
    p_root.posted_at, p_root.edited_at, p_root.removed_at, p_root.segment, p_root.sender_verdict,
    coalesce(p_root.is_verdict_unreadable, false),
    case when p_root.is_edit_undated then private.undated_versions(
        private.message_fields(to_jsonb(p_root), p_root.is_verdict_unreadable),
        private.snapshot_version(p_root)
      ) else '{}' end
      || case when p_root.title is null then '{"title": null}' else '{}' end::jsonb
      || case when p_root.body is null then '{"body": null}' else '{}' end::jsonb
      || case when p_root.author_name is null then '{"author_name": null}' else '{}' end::jsonb
      || case when p_root.attachments is null then '{"attachments": null}' else '{}' end::jsonb
      || case when p_root.raw_data is null then '{"raw_data": null}' else '{}' end::jsonb
  )
  on conflict on constraint circle_issues_message_id_key do nothing
  returning * into o_message;
end;
$$;
comment on function private.insert_circle_message is
  'Inserts the first snapshot of a message and returns its row; null where the message exists already.';

-- A message whose issue a person deleted is not imported again, and one that a person returned to triage
-- waits for a person.
create or replace function private.has_been_imported(p_circle_issue_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from private.circle_imports as m where m.circle_issue_id = p_circle_issue_id);
end;
$$;
comment on function private.has_been_imported is 'Whether an issue was created of the message before.';

create or replace function private.raise_message_id_conflict(
  p_stored public.circle_issues, p_root private.circle_snapshot
) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  raise exception using
    errcode = 'PT409', message = 'tracker_message_id_conflict',
    detail = format(
      'Message %s is by %s, posted at %s; this one is by %s, posted at %s.', p_stored.message_id,
      p_stored.author_name, p_stored.posted_at, p_root.author_name, p_root.posted_at
    ),
    hint = 'Send each message under the id that Circle gave it.';
end;
$$;
comment on function private.raise_message_id_conflict is
  'Raises that a snapshot is of another message than the row with its id. Errors: '
  'tracker_message_id_conflict (409).';

create or replace function private.update_circle_message(
  p_root private.circle_snapshot, p_triage private.circle_triage,
  out o_message public.circle_issues, out o_is_stale boolean
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.circle_issues;
  v_merged private.circle_triage;
begin
  select * into v_stored from public.circle_issues as c where c.message_id = p_root.message_id for update;
  if private.is_other_person(v_stored.author_name, v_stored.posted_at, v_stored.raw_data, p_root) then
    perform private.raise_message_id_conflict(v_stored, p_root);
  end if;
  o_message := v_stored;
  o_is_stale := private.snapshot_version(p_root) < greatest(
    private.circle_version(v_stored.edited_at, v_stored.posted_at),
    case when jsonb_typeof(v_stored.field_versions -> 'raw_data') = 'number'
      then (v_stored.field_versions ->> 'raw_data')::numeric end
  );
  if v_stored.raw_data is distinct from p_root.raw_data then
    o_message := private.merge_circle_message(v_stored, p_root);
  end if;
  if v_stored.mapped_to_issue_id is not null then
    o_message.triage_confidence := case when p_triage.is_sure
      then greatest(v_stored.triage_confidence, p_triage.confidence) else v_stored.triage_confidence end;
  elsif v_stored.triaged_by is null and not private.has_been_imported(v_stored.id) then
    v_merged := private.triage_circle_message(
      o_message.sender_verdict, o_message.is_verdict_unreadable, o_message.title, o_message.body
    );
    o_message.is_triaged := p_triage.is_sure or v_merged.is_triaged and not v_merged.is_sure;
    o_message.triage_confidence := case when p_triage.is_sure then p_triage.confidence
      else v_merged.confidence end;
  elsif not v_stored.is_triaged then
    -- Returned to triage by a person, who decides, with what is known by now.
    v_merged := private.triage_circle_message(
      o_message.sender_verdict, o_message.is_verdict_unreadable, o_message.title, o_message.body
    );
    o_message.triage_confidence := v_merged.likelihood;
  end if;
  if o_message is not distinct from v_stored then
    return;
  end if;
  update public.circle_issues as c set
    thread_id = o_message.thread_id, title = o_message.title, body = o_message.body,
    author_name = o_message.author_name, author_email = o_message.author_email,
    space_name = o_message.space_name, space_id = o_message.space_id, link = o_message.link,
    is_thread = o_message.is_thread, is_triaged = o_message.is_triaged,
    triage_confidence = o_message.triage_confidence, raw_data = o_message.raw_data,
    attachments = o_message.attachments, chat_room_uuid = o_message.chat_room_uuid,
    posted_at = o_message.posted_at, edited_at = o_message.edited_at, removed_at = o_message.removed_at,
    segment = o_message.segment,
    sender_verdict = o_message.sender_verdict, is_verdict_unreadable = o_message.is_verdict_unreadable,
    field_versions = o_message.field_versions
  where c.id = v_stored.id
  returning * into o_message;
end;
$$;
comment on function private.update_circle_message is
  'Merges a snapshot into the existing message and decides on it again, unless a person has decided or it '
  'has an issue. o_is_stale: the stored version is newer. Errors: tracker_message_id_conflict (409).';

-- The message gets the issue's id before the issue exists, which saves writing the message twice.
create or replace function private.store_circle_message(
  p_root private.circle_snapshot, p_triage private.circle_triage,
  out o_message public.circle_issues, out o_action text, out o_is_stale boolean
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
  v_updated record;
begin
  if p_triage.is_sure then
    set constraints public.circle_issues_mapped_to_issue_id_fkey deferred;
    v_issue_id := gen_random_uuid();
  end if;
  o_is_stale := false;
  o_message := private.insert_circle_message(p_root, p_triage, v_issue_id);
  if o_message.id is not null then
    o_action := case when v_issue_id is null then 'stored' else 'created' end;
    return;
  end if;
  v_updated := private.update_circle_message(p_root, p_triage);
  o_message := v_updated.o_message;
  o_is_stale := v_updated.o_is_stale;
  o_action := case when o_message.mapped_to_issue_id is null then 'stored' else 'updated' end;
  if o_action = 'stored' and p_triage.is_sure and o_message.triaged_by is null
    and not private.has_been_imported(o_message.id)
  then
    o_action := 'created';
    update public.circle_issues as c set mapped_to_issue_id = v_issue_id where c.id = o_message.id
    returning * into o_message;
  end if;
end;
$$;
comment on function private.store_circle_message is
  'Stores a snapshot of a message. o_action is created where its issue is to be created now, with the id '
  'that mapped_to_issue_id holds already; updated where it has one, else stored.';
