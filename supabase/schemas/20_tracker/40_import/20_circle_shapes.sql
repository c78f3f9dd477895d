-- The shape of an element, told apart by its keys.

create or replace function private.circle_shape(p_element jsonb) returns text
language plpgsql immutable security invoker set search_path = '' as $$
begin
  if jsonb_typeof(p_element) is distinct from 'object' then
    return 'unrecognised';
  end if;
  return case
    when jsonb_typeof(p_element -> 'Parent_Message') = 'object' then 'envelope'
    when jsonb_typeof(p_element -> 'type') = 'string' and jsonb_typeof(p_element -> 'data') = 'object'
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
