-- What a payload contains: its elements, the shape of each, told apart by its keys, and the replies in it.

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

-- Lists of the APIs come as pages: {records: […]}.
create or replace function private.circle_elements(p_payload jsonb) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return case
    when jsonb_typeof(p_payload) = 'array' then p_payload
    when jsonb_typeof(p_payload -> 'records') = 'array' then p_payload -> 'records'
    else jsonb_build_array(p_payload)
  end;
end;
$$;
comment on function private.circle_elements is
  'The elements of a payload, which is one element, an array, or a page {records}, as an array.';

create or replace function private.circle_replies_of(p_element jsonb, p_shape text) returns jsonb
language plpgsql immutable security invoker set search_path = '' as $$
declare
  v_replies constant jsonb := p_element -> case p_shape when 'envelope' then 'Replies' else 'replies' end;
  v_is_reply constant boolean := p_shape = 'comment'
    or p_shape = 'chat_message' and private.parse_id(p_element -> 'parent_message_id') is not null;
begin
  return case when v_is_reply then jsonb_build_array(p_element) else '[]' end
    || case jsonb_typeof(v_replies) when 'array' then v_replies else '[]' end;
end;
$$;
comment on function private.circle_replies_of is
  'The replies in an element of this shape: an array, often empty. A comment, and a chat message that '
  'answers another one, is a reply itself.';

create or replace function private.circle_element_size(p_element jsonb) returns integer
language plpgsql immutable security invoker set search_path = '' as $$
begin
  return 1
    + case jsonb_typeof(p_element -> 'replies')
        when 'array' then jsonb_array_length(p_element -> 'replies') else 0 end
    + case jsonb_typeof(p_element -> 'Replies')
        when 'array' then jsonb_array_length(p_element -> 'Replies') else 0 end;
end;
$$;
comment on function private.circle_element_size is
  'What an element counts for in the limit of a payload: 1, and 1 for each of its replies.';
