-- Captures of a message come in any order, any number of times, and in part. Each field is a register: it
-- holds the value of the newest version that has one, and of several of one version the greatest, so that the
-- row is the same whatever order they came in. A version is the time of the edit, else of the posting.

create or replace function private.circle_version(p_edited_at timestamptz, p_posted_at timestamptz)
returns numeric
language plpgsql immutable security invoker set search_path = '' as $$
begin
  -- Before all times that a timestamptz can hold, and unlike -infinity a number in jsonb too.
  return coalesce(extract(epoch from coalesce(p_edited_at, p_posted_at)), -1e15);
end;
$$;
comment on function private.circle_version is
  'The version of a message, in seconds since 1970; one without any time is older than all others.';

-- The time zone, so that times compare as texts by the same rule in every session.
create or replace function private.merge_circle_fields(
  p_stored jsonb, p_versions jsonb, p_capture jsonb, out o_values jsonb, out o_versions jsonb
)
language plpgsql stable security invoker set search_path = '' set timezone = 'UTC' as $$
declare
  v_stored_version constant numeric := private.circle_version(
    (p_stored ->> 'edited_at')::timestamptz, (p_stored ->> 'posted_at')::timestamptz
  );
  v_capture_version constant numeric := private.circle_version(
    (p_capture ->> 'edited_at')::timestamptz, (p_capture ->> 'posted_at')::timestamptz
  );
  v_newest_version numeric;
  v_merged jsonb;
begin
  select coalesce(jsonb_object_agg(w.field, w.register), '{}') into v_merged
  from (
    select distinct on (r.field) r.field, jsonb_build_array(r.version, r.value) as register
    from (
      select
        s.key as field, s.value,
        -- A client may have written something else there.
        case when jsonb_typeof(p_versions -> s.key) = 'number' then (p_versions -> s.key)::numeric
          else v_stored_version end as version
      from jsonb_each(p_stored) as s
      where p_capture ? s.key and p_versions -> s.key is distinct from 'null'
      union all
      select n.key, n.value, v_capture_version from jsonb_each(p_capture) as n
    ) as r
    where r.value <> 'null'
    order by r.field, r.version desc, (r.value #>> '{}') collate "C" desc
  ) as w;
  v_newest_version := private.circle_version(
    (v_merged #>> '{edited_at,1}')::timestamptz, (v_merged #>> '{posted_at,1}')::timestamptz
  );
  select
    jsonb_object_agg(k.field, v_merged -> k.field -> 1),
    coalesce(
      jsonb_object_agg(k.field, v_merged -> k.field -> 0) filter (
        where (v_merged -> k.field ->> 0)::numeric <> v_newest_version
          or not v_merged ? k.field
          and k.field in ('title', 'body', 'author_name', 'attachments', 'raw_data')
      ),
      '{}'
    )
  into o_values, o_versions
  from jsonb_object_keys(p_capture) as k (field);
end;
$$;
comment on function private.merge_circle_fields is
  'Merges a capture into a stored row, both as {field: value}. Returns the values, null where nobody has '
  'sent one, and what field_versions is to hold.';

create or replace function private.check_circle_id(p_message_id text, p_code text) returns void
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if p_message_id is not null and length(p_message_id) <= 255 then
    return;
  end if;
  if p_code = 'tracker_reply_id_invalid' then
    raise exception using
      errcode = 'PT422', message = 'tracker_reply_id_invalid',
      detail = 'Each reply needs an id, a number or text of 1 to 255 characters.',
      hint = 'Send the id that Circle gave the reply.';
  end if;
  raise exception using
    errcode = 'PT422', message = 'tracker_message_id_invalid',
    detail = 'A message needs an id, a number or text of 1 to 255 characters.',
    hint = 'Send the id that Circle gave the message.';
end;
$$;
comment on function private.check_circle_id is
  'Errors: tracker_message_id_invalid, tracker_reply_id_invalid (422).';

create or replace function private.merge_circle_message(
  p_message public.circle_issues, p_root private.circle_snapshot
) returns public.circle_issues
language plpgsql stable security definer set search_path = '' as $$
declare
  v_merged record;
  v public.circle_issues;
begin
  select * into v_merged
  from private.merge_circle_fields(
    to_jsonb(p_message), p_message.field_versions,
    to_jsonb(p_root) - array['message_id', 'reply_index', 'is_thread']
  );
  v := jsonb_populate_record(p_message, v_merged.o_values);
  v.field_versions := v_merged.o_versions;
  v.title := coalesce(v.title, private.circle_title(null, v.body));
  v.body := coalesce(v.body, '');
  v.author_name := coalesce(v.author_name, 'Unknown');
  v.attachments := coalesce(v.attachments, '[]');
  v.raw_data := coalesce(v.raw_data, '{}');
  v.is_thread := p_message.is_thread or coalesce(p_root.is_thread, false);
  -- What was filled in for a room stays as long as the room does.
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
  'The row of a message with a capture merged into it; nothing is written.';

create or replace function private.insert_circle_message(
  p_root private.circle_snapshot, p_triage private.circle_triage, p_issue_id uuid,
  out o_message public.circle_issues
)
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.circle_issues (
    message_id, thread_id, title, body, author_name, author_email, space_name, space_id, link, is_thread,
    is_triaged, triage_confidence, raw_data, mapped_to_issue_id, attachments, chat_room_uuid, posted_at,
    edited_at, segment, sender_verdict, field_versions
  )
  values (
    p_root.message_id, p_root.thread_id, private.circle_title(p_root.title, p_root.body),
    coalesce(p_root.body, ''), coalesce(p_root.author_name, 'Unknown'), p_root.author_email,
    p_root.space_name, p_root.space_id, p_root.link, coalesce(p_root.is_thread, false),
    p_triage.is_triaged, p_triage.confidence,
    coalesce(p_root.raw_data, '{}'), p_issue_id, coalesce(p_root.attachments, '[]'), p_root.chat_room_uuid,
    p_root.posted_at, p_root.edited_at, p_root.segment, p_root.sender_verdict,
    '{}'::jsonb
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
  'Inserts the first capture of a message and returns its row; null where the message is there already.';

create or replace function private.merge_circle_reply(
  p_message public.circle_issues, p_reply private.circle_snapshot
) returns uuid
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_stored public.circle_replies;
  v_parent public.circle_issues;
  v_merged record;
  v public.circle_replies;
begin
  select * into v_stored from public.circle_replies as r where r.message_id = p_reply.message_id for update;
  if v_stored.circle_issue_id = p_message.id and v_stored.raw_data = p_reply.raw_data then
    return null;
  end if;
  select * into v_parent from public.circle_issues as c where c.id = v_stored.circle_issue_id;
  select * into v_merged
  from private.merge_circle_fields(
    to_jsonb(v_stored) || jsonb_build_object('parent', v_parent.message_id), v_stored.field_versions,
    jsonb_build_object(
      'parent', p_message.message_id, 'author_name', p_reply.author_name, 'body', p_reply.body,
      'attachments', p_reply.attachments, 'link', p_reply.link, 'reply_index', p_reply.reply_index,
      'posted_at', p_reply.posted_at, 'edited_at', p_reply.edited_at, 'raw_data', p_reply.raw_data
    )
  );
  v := jsonb_populate_record(v_stored, v_merged.o_values);
  update public.circle_replies as r set
    circle_issue_id = case v_merged.o_values ->> 'parent'
      when p_message.message_id then p_message.id else v_stored.circle_issue_id end,
    reply_index = v.reply_index, author_name = coalesce(v.author_name, 'Unknown'),
    body = coalesce(v.body, ''), attachments = coalesce(v.attachments, '[]'), link = v.link,
    raw_data = coalesce(v.raw_data, '{}'), posted_at = v.posted_at, edited_at = v.edited_at,
    field_versions = v_merged.o_versions
  where r.id = v_stored.id;
  return nullif(v_parent.id, p_message.id);
end;
$$;
comment on function private.merge_circle_reply is
  'Merges a capture of a reply into its row. Returns the other message under which the reply stood before, '
  'whose issue has to be brought up to date; null for none.';

create or replace function private.store_circle_replies(
  p_message public.circle_issues, p_item jsonb, p_shape text, out o_count integer, out o_others uuid[]
)
language plpgsql volatile security definer set search_path = '' as $$
declare
  v private.circle_snapshot;
begin
  o_count := 0;
  o_others := '{}';
  for v in
    select r.* from private.parse_circle_replies(p_item, p_shape) as r order by r.message_id collate "C"
  loop
    perform private.check_circle_id(v.message_id, 'tracker_reply_id_invalid');
    insert into public.circle_replies (
      message_id, circle_issue_id, reply_index, author_name, body, attachments, link, raw_data, posted_at,
      edited_at, created_at, field_versions
    )
    values (
      v.message_id, p_message.id, v.reply_index, coalesce(v.author_name, 'Unknown'), coalesce(v.body, ''),
      coalesce(v.attachments, '[]'), v.link, v.raw_data, v.posted_at, v.edited_at,
      coalesce(v.posted_at, now()),
      '{}'::jsonb
        || case when v.body is null then '{"body": null}' else '{}' end::jsonb
        || case when v.author_name is null then '{"author_name": null}' else '{}' end::jsonb
        || case when v.attachments is null then '{"attachments": null}' else '{}' end::jsonb
    )
    on conflict on constraint circle_replies_message_id_key do nothing;
    if not found then
      o_others := array_remove(o_others || private.merge_circle_reply(p_message, v), null);
    end if;
    o_count := o_count + 1;
  end loop;
end;
$$;
comment on function private.store_circle_replies is
  'Stores the replies of a payload; one that is missing from it stays. Returns how many there were, and the '
  'other messages that had one of them. Errors: tracker_reply_id_invalid (422).';
