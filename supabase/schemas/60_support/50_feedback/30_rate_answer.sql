-- How visitors say whether an answer helped.

create or replace function private.rate_answer(
  p_session_id text, p_message_id uuid, p_is_helpful boolean, p_comment text
) returns support.answer_ratings
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_user_id constant uuid := private.visitor_id();
  v_comment constant text := private.left_bytes(private.non_blank(p_comment), 4000);
  v_conversation_id uuid;
  v_rating support.answer_ratings;
begin
  v_conversation_id := case when p_session_id is not null then private.find_session(p_session_id) end;
  select m.conversation_id into v_conversation_id
  from support.messages as m
  join support.conversations as c on c.id = m.conversation_id
  where m.id = p_message_id and m.role = 'assistant'
    and (c.id = v_conversation_id or p_session_id is null and c.user_id = v_user_id);
  if not found then
    raise exception using
      errcode = 'PT404', message = 'support_message_unknown',
      detail = 'The conversation has no answer of the assistant with this id.',
      hint = 'Use the id of a message with role assistant of the visitor''s own conversation.';
  elsif p_is_helpful is null then
    raise exception using
      errcode = 'PT422', message = 'support_rating_invalid', detail = 'is_helpful is missing.',
      hint = 'Send true or false.';
  end if;
  -- ratings of a conversation wait for each other, and a comment counts as what the address has sent
  perform from support.conversations as c where c.id = v_conversation_id for no key update;
  perform private.count_visitor_address(null, 0, 1, coalesce(octet_length(v_comment), 0) + 100::bigint);
  insert into support.answer_ratings as r (message_id, is_helpful, comment)
  values (p_message_id, p_is_helpful, v_comment)
  on conflict on constraint answer_ratings_pkey do update set
    is_helpful = excluded.is_helpful, comment = coalesce(excluded.comment, r.comment)
  returning * into v_rating;
  return v_rating;
end;
$$;
grant execute on function private.rate_answer to anon, authenticated, service_role;

create or replace function support.rate_answer(
  message_id uuid, is_helpful boolean, session_id text default null, comment text default null
) returns support.answer_ratings
language sql volatile security invoker set search_path = ''
begin atomic
  select private.rate_answer(
    rate_answer.session_id, rate_answer.message_id, rate_answer.is_helpful, rate_answer.comment
  );
end;
comment on function support.rate_answer is
  'Rates an answer of the assistant, in the conversation of this session id, or without one in the caller''s '
  'own; again, the new rating replaces the old one, and a comment stays unless there is a new one. Of a '
  'comment the first 4,000 bytes are kept. Errors: support_conversation_unknown, support_message_unknown '
  '(404), support_rating_invalid (422), support_address_limit_reached, support_messages_rate_limited (429).';
grant execute on function support.rate_answer to anon, authenticated, service_role;
