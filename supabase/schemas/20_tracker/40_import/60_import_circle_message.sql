-- Turns one element of a payload into a message, its replies, and an issue if it is one.
--
-- Lock order, for everything that imports or deletes: event, the turn of each message and reply, issues by
-- id, messages by message id, replies by message id, tags. Deleting an issue locks it and then reaches its
-- messages, so an import has to lock the issues that its messages have before the first message; and since
-- it learns which those are from the messages, imports of the same message take turns before they look.

create or replace function private.reply_ids_of_item(p_item private.circle_item) returns text[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_item.shape = 'envelope' and p_item.item #> '{Replies,0}' is null then
    return '{}'::text[];
  end if;
  return array(
    select coalesce(e.value ->> 'message_id', e.value ->> 'reply_id', e.value ->> 'id')
    from jsonb_array_elements(private.circle_replies_of(p_item.item, p_item.shape)) as e (value)
  );
end;
$$;
comment on function private.reply_ids_of_item is
  'The ids of the replies that an element of a payload brings; null for one without.';

create or replace function private.payload_lock_keys(p_items private.circle_item[]) returns integer[]
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_item private.circle_item;
  v_message_ids text[] := '{}'::text[];
begin
  foreach v_item in array p_items loop
    v_message_ids := v_message_ids || v_item.message_id || private.reply_ids_of_item(v_item);
  end loop;
  return private.message_lock_keys(v_message_ids);
end;
$$;
comment on function private.payload_lock_keys is 'The turns of the messages and replies in a payload.';

create or replace function private.message_lock_keys(p_message_ids text[]) returns integer[]
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- 1024 turns for all messages there are, so that no payload runs out of locks.
  return array(select hashtext(u.message_id) & 1023 from unnest(p_message_ids) as u (message_id));
end;
$$;
comment on function private.message_lock_keys is
  'The turns of messages and replies, in no order, some of them several times.';

create or replace function private.lock_message_keys(p_turns integer[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_turns integer[] := p_turns;
  v_turn integer;
begin
  if cardinality(v_turns) > 1 then
    v_turns := array(select distinct u.turn from unnest(v_turns) as u (turn) order by u.turn);
  end if;
  foreach v_turn in array v_turns loop
    perform pg_advisory_xact_lock(hashtext('public.circle_issues'), v_turn);
  end loop;
end;
$$;
comment on function private.lock_message_keys is
  'Imports that have a message or reply in common take turns, from here to the end of their transactions.';

-- A message that has one of the replies until now loses it, and its issue is written then.
create or replace function private.issues_of_messages(p_items private.circle_item[]) returns uuid[]
language plpgsql stable security definer set search_path = '' as $$
declare
  v_item private.circle_item;
  v_reply_ids text[];
  v_issue_id uuid;
  v_issue_ids uuid[] := '{}'::uuid[];
begin
  foreach v_item in array p_items loop
    select c.mapped_to_issue_id into v_issue_id
    from public.circle_issues as c where c.message_id = v_item.message_id;
    if v_issue_id is not null then
      v_issue_ids := v_issue_ids || v_issue_id;
    end if;
    v_reply_ids := private.reply_ids_of_item(v_item);
    continue when v_reply_ids = '{}';
    v_issue_ids := v_issue_ids || array(
      select c.mapped_to_issue_id
      from public.circle_replies as r
      join public.circle_issues as c on c.id = r.circle_issue_id
      where r.message_id = any (v_reply_ids) and c.mapped_to_issue_id is not null
    );
  end loop;
  return v_issue_ids;
end;
$$;
comment on function private.issues_of_messages is
  'The issues of the messages in a payload and of those that have their replies, in no order.';

create or replace function private.lock_issues(p_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_issue_ids <> '{}' then
    perform from public.issues as i where i.id = any (p_issue_ids) order by i.id for no key update;
  end if;
end;
$$;
comment on function private.lock_issues is
  'Locks issues, in the order of their ids, before any message is locked.';

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
  o_message := v_stored;
  o_is_stale := private.circle_version(p_root.edited_at, p_root.posted_at)
    < private.circle_version(v_stored.edited_at, v_stored.posted_at);
  if v_stored.raw_data is distinct from p_root.raw_data then
    o_message := private.merge_circle_message(v_stored, p_root);
  end if;
  if v_stored.mapped_to_issue_id is not null then
    o_message.triage_confidence := case when p_triage.is_sure
      then greatest(v_stored.triage_confidence, p_triage.confidence) else v_stored.triage_confidence end;
  elsif v_stored.triaged_by is null and not private.has_been_imported(v_stored.id) then
    v_merged := private.triage_circle_message(o_message.sender_verdict, o_message.title, o_message.body);
    o_message.is_triaged := p_triage.is_sure or v_merged.is_triaged and not v_merged.is_sure;
    o_message.triage_confidence := case when p_triage.is_sure then p_triage.confidence
      else v_merged.confidence end;
  elsif not v_stored.is_triaged then
    -- Put back by a person: theirs to decide, with what is known by now.
    v_merged := private.triage_circle_message(o_message.sender_verdict, o_message.title, o_message.body);
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
    posted_at = o_message.posted_at, edited_at = o_message.edited_at, segment = o_message.segment,
    sender_verdict = o_message.sender_verdict, field_versions = o_message.field_versions
  where c.id = v_stored.id
  returning * into o_message;
end;
$$;
comment on function private.update_circle_message is
  'Merges a capture into the message that is there and decides on it again, unless a person has or it has '
  'an issue. o_is_stale: what we had is newer.';

-- A message whose issue a person deleted is not imported again, and one whose issue was taken back waits for
-- a person.
create or replace function private.has_been_imported(p_circle_issue_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (select from private.circle_imports as m where m.circle_issue_id = p_circle_issue_id);
end;
$$;
comment on function private.has_been_imported is 'Whether a message was made an issue before.';

-- The issue may have been merged, edited or deleted since: only what still says what an import wrote is
-- updated.
create or replace function private.refresh_imported_issue(p_message public.circle_issues, p_segment text)
returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant text := private.circle_title(p_message.title, p_message.body);
  v_description constant text := private.format_circle_message(p_message);
  v_last private.circle_imports;
begin
  -- The issue first: an import of this very message has it before it comes here.
  perform from public.issues as i where i.id = p_message.mapped_to_issue_id for no key update;
  select * into v_last from private.circle_imports as m
  where m.circle_issue_id = p_message.id and m.issue_id = p_message.mapped_to_issue_id
  for update;
  if not found or (v_last.title, v_last.description, v_last.segment, v_last.submitted_by)
    is not distinct from (v_title, v_description, p_segment, p_message.author_name)
  then
    return;
  end if;
  perform set_config('app.import', 'on', true);
  update public.issues as i set
    title = case when i.title = v_last.title then v_title else i.title end,
    description = case when i.description = v_last.description then v_description else i.description end,
    segment = case when i.segment = v_last.segment then p_segment else i.segment end,
    submitted_by = case when i.submitted_by = v_last.submitted_by then p_message.author_name
      else i.submitted_by end,
    tags = case when i.segment = v_last.segment then array_replace(i.tags, i.segment, p_segment)
      else i.tags end
  where i.id = p_message.mapped_to_issue_id;
  perform set_config('app.import', 'off', true);
  update private.circle_imports as m set
    title = v_title, description = v_description, segment = p_segment,
    submitted_by = p_message.author_name, imported_at = clock_timestamp()
  where m.circle_issue_id = p_message.id;
end;
$$;
comment on function private.refresh_imported_issue is
  'Brings an imported issue up to its message, except where a team member changed it.';

create or replace function private.create_imported_issue(
  p_message public.circle_issues, p_issue_id uuid, p_segment text, p_import_source text, p_imported_by text,
  p_is_automatic boolean
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_title constant text := private.circle_title(p_message.title, p_message.body);
  v_description constant text := private.format_circle_message(p_message);
begin
  insert into public.issues (id, title, description, status, segment, submitted_by, tags)
  values (
    p_issue_id, v_title, v_description, 'waiting_for_help', p_segment, p_message.author_name,
    array[p_segment, 'circle']
  );
  insert into private.circle_imports (circle_issue_id, issue_id, title, description, segment, submitted_by)
  values (p_message.id, p_issue_id, v_title, v_description, p_segment, p_message.author_name)
  on conflict on constraint circle_imports_pkey do update set
    issue_id = excluded.issue_id, title = excluded.title, description = excluded.description,
    segment = excluded.segment, submitted_by = excluded.submitted_by, imported_at = clock_timestamp();
  insert into public.issue_import_logs (circle_issue_id, issue_id, imported_by, import_source, is_automatic)
  values (p_message.id, p_issue_id, p_imported_by, p_import_source, p_is_automatic);
end;
$$;
comment on function private.create_imported_issue is
  'Makes the issue of a message, remembers what it wrote and logs the import.';

-- For when the last element about a message is refused, after others that were not.
create or replace function private.refresh_after_refusal(p_message_id text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  select * into v_message from public.circle_issues as c
  where c.message_id = p_message_id and c.mapped_to_issue_id is not null;
  if found then
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  end if;
exception
  when sqlstate 'PT422' or data_exception or integrity_constraint_violation or program_limit_exceeded then
    -- The refusal is reported already; the issue stays as it was.
    null;
end;
$$;
comment on function private.refresh_after_refusal is
  'Brings the issue of a message up to what was stored of it before an element was refused.';

create or replace function private.refresh_other_messages(p_circle_issue_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message public.circle_issues;
begin
  if p_circle_issue_ids = '{}' then
    return;
  end if;
  for v_message in
    select c.* from public.circle_issues as c
    where c.id = any (p_circle_issue_ids) and c.mapped_to_issue_id is not null
    order by c.message_id collate "C"
  loop
    perform private.refresh_imported_issue(v_message, private.segment_of_message(v_message));
  end loop;
end;
$$;
comment on function private.refresh_other_messages is
  'Brings the issues of messages up to date that have lost a reply, or whose reply has changed.';

create or replace function private.segment_of_message(p_message public.circle_issues) returns text
language plpgsql stable security definer set search_path = '' as $$
begin
  return coalesce(p_message.segment, private.determine_segment(p_message.title, p_message.body));
end;
$$;
comment on function private.segment_of_message is
  'The segment that its sender named, else the one of its words.';

-- The issue's id is given to the message before there is the issue, which saves writing the message twice.
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
  select * into v_updated from private.update_circle_message(p_root, p_triage);
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
  'Stores a capture of a message. o_action is created where its issue is to be made now, with the id that '
  'mapped_to_issue_id holds already; updated where it has one, else stored.';

-- Of several elements about one message the last one refreshes the issue: the description of a long thread
-- is not written anew for each of its replies.
create or replace function private.import_circle_item(
  p_item jsonb, p_shape text, p_import_source text, p_imported_by text, p_is_last boolean
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_root constant private.circle_snapshot := private.parse_circle_root(p_item, p_shape);
  v_stored record;
  v_message public.circle_issues;
  v_replies record;
  v_reply_count integer := 0;
  v_segment text;
begin
  if p_shape = 'envelope' and jsonb_typeof(p_item -> 'Replies') not in ('array', 'null') then
    raise exception using
      errcode = 'PT422', message = 'tracker_replies_invalid', detail = 'Replies has to be an array.',
      hint = 'Send [] for a message without replies.';
  end if;
  perform private.check_circle_id(v_root.message_id, 'tracker_message_id_invalid');
  perform set_config('app.import', 'on', true);
  select * into v_stored from private.store_circle_message(
    v_root, private.triage_circle_message(v_root.sender_verdict, v_root.title, v_root.body)
  );
  v_message := v_stored.o_message;
  if private.circle_replies_of(p_item, p_shape) <> '[]' then
    select * into v_replies from private.store_circle_replies(v_message, p_item, p_shape);
    v_reply_count := v_replies.o_count;
    perform private.refresh_other_messages(v_replies.o_others);
  end if;
  if v_stored.o_action <> 'stored' then
    v_segment := private.segment_of_message(v_message);
  end if;
  if v_stored.o_action = 'created' then
    perform private.create_imported_issue(
      v_message, v_message.mapped_to_issue_id, v_segment, p_import_source, p_imported_by, true
    );
  elsif v_stored.o_action = 'updated' and p_is_last then
    perform private.refresh_imported_issue(v_message, v_segment);
  end if;
  perform set_config('app.import', 'off', true);
  return jsonb_build_object(
    'circle_issue_id', v_message.id, 'message_id', v_message.message_id,
    'message_type', case when v_message.is_thread then 'thread' else 'single' end,
    'title', v_message.title, 'segment', v_segment, 'replies_processed', v_reply_count,
    'issue_id', v_message.mapped_to_issue_id, 'action', v_stored.o_action,
    'is_stale', v_stored.o_is_stale, 'is_triaged', v_message.is_triaged,
    'triage_confidence', v_message.triage_confidence
  );
end;
$$;
comment on function private.import_circle_item is
  'Imports one element of a payload. Errors: tracker_message_id_invalid, '
  'tracker_reply_id_invalid, tracker_replies_invalid (422).';
