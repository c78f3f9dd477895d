-- The shape of an element, told apart by its keys.

-- Envelopes whose keys came through a form, a table or a tool that spells keys in its own way: issue_details,
-- `Parent Message`. A thread of Circle's API has parent_message and replies too, but an id and a chat_room.
create or replace function private.spell_envelope_key(p_key text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when p_key !~* '^(parent.?message|issue.?details|replies|type)$' then null
    when p_key ~* '^p' then 'Parent_Message' when p_key ~* '^i' then 'Issue_Details'
    when p_key ~* '^r' then 'Replies' else 'Type'
  end;
end;
$$;
comment on function private.spell_envelope_key is
  'The key of an envelope that a key in any spelling stands for; null for another key.';

create or replace function private.spell_envelope_keys(p_element jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_names jsonb;
  v_is_envelope boolean;
begin
  if jsonb_typeof(p_element) <> 'object' then
    return p_element;
  end if;
  select jsonb_object_agg(k.key, n.name) into v_names
  from jsonb_object_keys(p_element) as k (key)
  cross join lateral (select private.spell_envelope_key(k.key) as name) as n
  where n.name is not null
  having bool_or(n.name <> k.key);
  if v_names is null then
    return p_element;
  end if;
  v_is_envelope := v_names - 'parent_message' @? '$.* ? (@ == "Parent_Message")'
    or v_names ? 'parent_message' and not p_element ?| array['id', 'chat_room']
      and v_names @? '$.* ? (@ == "Issue_Details" || @ == "Type")';
  return (
    select jsonb_object_agg(
      case when v_is_envelope or v_names ->> e.key = 'Issue_Details' then coalesce(v_names ->> e.key, e.key)
        else e.key end,
      e.value order by not private.is_blank(e.value), v_names ->> e.key = e.key
    )
    from jsonb_each(p_element) as e
  );
end;
$$;
comment on function private.spell_envelope_keys is
  'An element with the keys Type, Parent_Message, Replies and Issue_Details where it has them in another '
  'spelling; all else as it came.';

-- Circle's own webhook has ids alone; of others, {type, data} is a wrapper like any.
create or replace function private.is_hint_of_ids(p_data jsonb) returns boolean
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return jsonb_typeof(p_data) = 'object' and not p_data ? 'Parent_Message' and not (
    jsonb_strip_nulls(p_data)
      ?| array['parent_message', 'parent_body', 'body', 'rich_text_body', 'tiptap_body']
    and private.circle_shape(p_data) not in ('hint', 'unrecognised')
  );
end;
$$;
comment on function private.is_hint_of_ids is
  'Whether the data of {type, data} only names what happened to what, without the content of a message.';

create or replace function private.circle_shape(p_element jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if jsonb_typeof(p_element) is distinct from 'object' then
    return 'unrecognised';
  end if;
  return case
    when jsonb_typeof(p_element -> 'Parent_Message') = 'object' then 'envelope'
    when jsonb_typeof(p_element -> 'type') = 'string' and private.is_hint_of_ids(p_element -> 'data')
      then 'hint'
    when jsonb_typeof(p_element -> 'parent_message') = 'object' then 'chat_thread'
    when p_element ? 'parent_message_id'
      and (p_element ?| array['parent_body', 'parent_sender']
        or not p_element ? 'id' and jsonb_typeof(p_element -> 'replies') = 'array')
      then 'flat_thread'
    when jsonb_typeof(p_element #> '{message,content}') = 'object' then 'message_content'
    when not p_element ? 'id' then 'unrecognised'
    when p_element ?| array['chat_room_uuid', 'chat_room_participant_id'] then 'chat_message'
    when p_element #>> '{body,record_type}' = 'Comment' or p_element ?| array['post_id', 'post']
      then 'comment'
    when p_element #>> '{body,record_type}' = 'Post'
      or p_element ?| array['body_plain_text', 'display_title']
      or p_element ?& array['slug', 'space_id', 'name'] then 'post'
    else 'unrecognised'
  end;
end;
$$;
comment on function private.circle_shape is
  'envelope: n8n''s {Type, Parent_Message, …}. flat_thread, message_content: n8n''s older ones. '
  'chat_message, chat_thread, post, comment: records of Circle''s APIs. hint: Circle''s {type, data}, ids '
  'only. Else unrecognised.';

create or replace function private.source_of_shape(p_shape text) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case when p_shape in ('envelope', 'flat_thread', 'message_content') then 'n8n_webhook'
    else 'circle_api' end;
end;
$$;
comment on function private.source_of_shape is
  'issue_import_logs.import_source of a shape: n8n_webhook for n8n''s, circle_api for records of the APIs.';
