-- Turns one n8n envelope into a message, its replies, and an issue if it is one.
--
-- Lock order, for everything that imports or deletes: event, issues by id, messages by message id, replies
-- by message id, tags. Deleting an issue locks it and then reaches its messages, so an import locks the
-- issues that its messages have before the first message. The message's row is the lock of its import: ten
-- imports of the same message at once take turns from there on. The version of a message is its edit time,
-- else its posting time; one older than what we have changes no text.

create or replace function private.lock_issues_of_messages(p_payload jsonb) returns void
language sql volatile security definer set search_path = '' as $$
  select from public.issues as i
  where i.id in (
    select c.mapped_to_issue_id
    from jsonb_array_elements(
      case jsonb_typeof(lock_issues_of_messages.p_payload)
        when 'array' then lock_issues_of_messages.p_payload
        else jsonb_build_array(lock_issues_of_messages.p_payload)
      end
    ) as e (item)
    join public.circle_issues as c on c.message_id = btrim(e.item #>> '{Parent_Message,message_id}')
  )
  order by i.id
  for no key update
$$;
comment on function private.lock_issues_of_messages(jsonb) is
  'Locks the issues of all messages in a payload, in the order of their ids, before any message is locked.';

-- That it is a thread is news however old the text is; and a decision is one where there was none.
create or replace function private.take_late_circle_message(
  p_message_id text, p_thread_id text, p_is_thread boolean, p_is_issue boolean,
  out o_id uuid, out o_is_issue boolean
)
language plpgsql volatile security definer set search_path = '' as $$
begin
  select case when not c.is_triaged then p_is_issue end into o_is_issue
  from public.circle_issues as c
  where c.message_id = p_message_id
  for update;
  update public.circle_issues as c set
    thread_id = coalesce(c.thread_id, p_thread_id), is_thread = c.is_thread or p_is_thread,
    is_triaged = c.is_triaged or o_is_issue is not null,
    triage_confidence = case when o_is_issue is null then c.triage_confidence else 1 end
  where c.message_id = p_message_id
  returning c.id into o_id;
end;
$$;
comment on function private.take_late_circle_message(text, text, boolean, boolean) is
  'What an older payload may still change; o_is_issue is its decision, null where one was made before.';

-- o_is_issue is the decision that counts.
create or replace function private.store_circle_message(
  p_envelope jsonb, p_title text, p_is_issue boolean,
  out o_id uuid, out o_is_stale boolean, out o_is_issue boolean
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_new record;
  v_is_thread constant boolean := coalesce(lower(p_envelope ->> 'Type') = 'thread', false)
    or (p_envelope #> '{Replies,0}') is not null;
begin
  select * into v_new from private.read_circle_message(p_envelope -> 'Parent_Message');
  if v_new.message_id is null or length(v_new.message_id) > 255 then
    raise exception using
      errcode = 'PT422', message = 'circle_message_id_invalid',
      detail = 'Parent_Message.message_id has to be a number or text of 1 to 255 characters.',
      hint = 'Send the id that Circle gave the message.';
  end if;
  insert into public.circle_issues as c (
    message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
    is_triaged, triage_confidence, raw_data, attachments, chat_room_uuid, posted_at, edited_at
  )
  values (
    v_new.message_id, v_new.thread_id, private.circle_title(p_title, v_new.body), coalesce(v_new.body, ''),
    coalesce(v_new.author_name, 'Unknown'), v_new.author_email, v_new.space_name, v_new.space_id, v_new.link,
    v_is_thread, p_is_issue is not null, (p_is_issue is not null)::integer, p_envelope,
    coalesce(v_new.attachments, '[]'), v_new.chat_room_uuid, v_new.posted_at, v_new.edited_at
  )
  on conflict on constraint circle_issues_message_id_key do update set
    thread_id = coalesce(excluded.thread_id, c.thread_id),
    title = case when p_is_issue is null then c.title else excluded.title end,
    body = coalesce(v_new.body, c.body),
    author_name = coalesce(v_new.author_name, c.author_name),
    author_email = coalesce(excluded.author_email, c.author_email),
    space_name = coalesce(v_new.space_name, c.space_name),
    space_id = coalesce(v_new.space_id, c.space_id),
    link = coalesce(excluded.link, c.link),
    is_thread = c.is_thread or excluded.is_thread,
    is_triaged = c.is_triaged or excluded.is_triaged,
    triage_confidence = case when p_is_issue is null then c.triage_confidence else 1 end,
    raw_data = excluded.raw_data,
    attachments = coalesce(v_new.attachments, c.attachments),
    chat_room_uuid = coalesce(excluded.chat_room_uuid, c.chat_room_uuid),
    posted_at = coalesce(excluded.posted_at, c.posted_at),
    edited_at = coalesce(excluded.edited_at, c.edited_at)
  where coalesce(c.edited_at, c.posted_at) is null
    or coalesce(excluded.edited_at, excluded.posted_at) >= coalesce(c.edited_at, c.posted_at)
  returning c.id into o_id;
  o_is_stale := not found;
  o_is_issue := p_is_issue;
  if o_is_stale then
    select l.o_id, l.o_is_issue into o_id, o_is_issue
    from private.take_late_circle_message(v_new.message_id, v_new.thread_id, v_is_thread, p_is_issue) as l;
  end if;
end;
$$;
comment on function private.store_circle_message(jsonb, text, boolean) is
  'Stores the envelope''s message and locks its row; where what we have is newer, only the decision, if '
  'there was none. '
  'Errors: circle_message_id_invalid (422).';

create or replace function private.store_circle_replies(p_circle_issue_id uuid, p_replies jsonb)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored_count integer;
begin
  if exists (
    select from jsonb_array_elements(p_replies) as e (reply)
    cross join lateral private.read_circle_message(e.reply) as m
    where m.message_id is null or length(m.message_id) > 255
  ) then
    raise exception using
      errcode = 'PT422', message = 'circle_reply_id_invalid',
      detail = 'Each reply needs a message_id, a number or text of 1 to 255 characters.',
      hint = 'Send the id that Circle gave the reply.';
  end if;
  insert into public.circle_replies as r (
    message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
    edited_at, created_at
  )
  -- Once a reply: the newest of those that one payload repeats.
  select distinct on (m.message_id collate "C")
    m.message_id, p_circle_issue_id, coalesce(m.reply_index, e.place::integer),
    coalesce(m.author_name, 'Unknown'), coalesce(m.body, ''), coalesce(m.attachments, '[]'), m.link, e.reply,
    m.posted_at, m.edited_at, coalesce(m.posted_at, now())
  from jsonb_array_elements(p_replies) with ordinality as e (reply, place)
  cross join lateral private.read_circle_message(e.reply) as m
  order by m.message_id collate "C", coalesce(m.edited_at, m.posted_at) desc nulls last, e.place desc
  on conflict on constraint circle_replies_message_id_key do update set
    reply_index = excluded.reply_index,
    author_name = coalesce(nullif(excluded.author_name, 'Unknown'), r.author_name),
    body = coalesce(nullif(excluded.body, ''), r.body),
    attachments = case
      when excluded.raw_data ? 'attachments' then excluded.attachments else r.attachments
    end,
    link = coalesce(excluded.link, r.link),
    raw_data = excluded.raw_data,
    posted_at = coalesce(excluded.posted_at, r.posted_at),
    edited_at = coalesce(excluded.edited_at, r.edited_at)
  where r.circle_issue_id = excluded.circle_issue_id and (
    coalesce(r.edited_at, r.posted_at) is null
    or coalesce(excluded.edited_at, excluded.posted_at) >= coalesce(r.edited_at, r.posted_at)
  );
  get diagnostics v_stored_count = row_count;
  return v_stored_count;
end;
$$;
comment on function private.store_circle_replies(uuid, jsonb) is
  'Stores replies by their message ids and returns how many; one that is missing from the payload stays, '
  'and one that is another message''s stays with it. '
  'Errors: circle_reply_id_invalid (422).';

-- The issue may have been merged, edited or deleted since: only what still says what an import wrote is
-- updated.
create or replace function private.refresh_imported_issue(
  p_message public.circle_issues, p_title text, p_segment text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_description constant text := private.format_circle_message(p_message);
  v_last private.circle_imports;
begin
  select * into v_last from private.circle_imports as m where m.circle_issue_id = p_message.id for update;
  if not found then
    return;
  end if;
  update public.issues as i set
    title = case when i.title = v_last.title then coalesce(p_title, i.title) else i.title end,
    description = case when i.description = v_last.description then v_description else i.description end,
    segment = case when i.segment = v_last.segment then coalesce(p_segment, i.segment) else i.segment end,
    tags = case when i.segment = v_last.segment and p_segment is not null
      then array_replace(i.tags, i.segment, p_segment) else i.tags end
  where i.id = p_message.mapped_to_issue_id
    and (v_last.title, v_last.description, v_last.segment)
    is distinct from (coalesce(p_title, v_last.title), v_description, coalesce(p_segment, v_last.segment));
  update private.circle_imports as m set
    title = coalesce(p_title, m.title), description = v_description, segment = coalesce(p_segment, m.segment),
    imported_at = clock_timestamp()
  where m.circle_issue_id = p_message.id;
end;
$$;
comment on function private.refresh_imported_issue(public.circle_issues, text, text) is
  'Brings an imported issue up to its message, except where a team member changed it.';

create or replace function private.create_imported_issue(
  p_message public.circle_issues, p_title text, p_segment text, p_import_source text, p_imported_by text
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_description constant text := private.format_circle_message(p_message);
  v_issue_id uuid;
begin
  insert into public.issues (title, description, status, segment, submitted_by, tags)
  values (
    p_title, v_description, 'waiting_for_help', p_segment, p_message.author_name, array[p_segment, 'circle']
  )
  returning id into v_issue_id;
  update public.circle_issues as c set mapped_to_issue_id = v_issue_id where c.id = p_message.id;
  insert into private.circle_imports (circle_issue_id, title, description, segment)
  values (p_message.id, p_title, v_description, p_segment);
  insert into public.issue_import_logs (circle_issue_id, issue_id, imported_by, import_source, is_automatic)
  values (p_message.id, v_issue_id, p_imported_by, p_import_source, true);
  return v_issue_id;
end;
$$;
comment on function private.create_imported_issue(public.circle_issues, text, text, text, text) is
  'Makes the issue of a message, remembers what it wrote and logs the import.';

create or replace function private.import_circle_message(
  p_envelope jsonb, p_import_source text, p_imported_by text
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_details constant jsonb := p_envelope -> 'Issue_Details';
  v_stored record;
  v_message public.circle_issues;
  v_title text;
  v_segment text;
  v_issue_id uuid;
  v_replies_count integer := 0;
  v_action text := 'stored';
begin
  if jsonb_typeof(p_envelope -> 'Replies') not in ('array', 'null') then
    raise exception using
      errcode = 'PT422', message = 'circle_replies_invalid', detail = 'Replies has to be an array.',
      hint = 'Send [] for a message without replies.';
  end if;
  select * into v_stored
  from private.store_circle_message(
    p_envelope, v_details ->> 'issue_title', private.parsed_boolean(v_details ->> 'is_issue')
  );
  select * into v_message from public.circle_issues as c where c.id = v_stored.o_id;
  if jsonb_typeof(p_envelope -> 'Replies') = 'array' then
    v_replies_count := private.store_circle_replies(v_message.id, p_envelope -> 'Replies');
  end if;
  if v_stored.o_is_issue then
    v_title := private.circle_title(v_details ->> 'issue_title', v_message.body);
    v_segment := coalesce(
      private.segment_of_type(v_details ->> 'type'), public.determine_segment(v_title, v_message.body)
    );
  end if;
  v_issue_id := v_message.mapped_to_issue_id;
  if v_issue_id is not null then
    perform private.refresh_imported_issue(
      v_message, case when not v_stored.o_is_stale then v_title end,
      case when not v_stored.o_is_stale then v_segment end
    );
    v_action := 'updated';
  elsif v_stored.o_is_issue and not exists (
    select from private.circle_imports as m where m.circle_issue_id = v_message.id
  ) then
    v_issue_id := private.create_imported_issue(
      v_message, v_title, v_segment, p_import_source, p_imported_by
    );
    v_action := 'created';
  end if;
  return jsonb_build_object(
    'circle_issue_id', v_message.id, 'message_id', v_message.message_id,
    'message_type', case when v_message.is_thread then 'thread' else 'single' end,
    'title', coalesce(v_title, v_message.title), 'segment', v_segment, 'replies_processed', v_replies_count,
    'issue_id', v_issue_id, 'action', v_action, 'is_stale', v_stored.o_is_stale
  );
end;
$$;
comment on function private.import_circle_message(jsonb, text, text) is
  'Imports one envelope. Errors: circle_message_id_invalid, circle_reply_id_invalid, circle_replies_invalid'
  ' (422).';
