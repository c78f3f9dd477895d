-- A conversation as text: what an escalation contains of it.

-- Read from the newest message back, until the limit: the cost is that of the text, not of the conversation.
create or replace function private.format_support_transcript(
  p_conversation_id uuid, p_max_bytes integer default 32768
) returns text
language plpgsql stable security definer set search_path = '' as $$
declare
  c_left_out constant text := '[earlier messages are left out]';
  v_message record;
  v_line text;
  v_text text;
  v_count integer := 0;
  v_rest integer := p_max_bytes - 100;
begin
  for v_message in
    select m.role, m.content, m.created_at, private.member_name(m.author_user_id) as author
    from support.messages as m
    where m.conversation_id = p_conversation_id
    order by m.position desc
    limit 501
  loop
    v_count := v_count + 1;
    v_line := format(
      '[%s] %s: %s', to_char(v_message.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'),
      case v_message.role
        when 'user' then 'Visitor' when 'assistant' then 'Assistant'
        when 'agent' then coalesce(v_message.author, 'Team') else 'Note'
      end, v_message.content
    );
    if v_count > 500 or octet_length(v_line) > v_rest then
      v_line := case when v_count <= 500 then private.left_bytes(v_line, v_rest) || ' [cut]' end;
      return concat_ws(E'\n', c_left_out, v_line, v_text);
    end if;
    v_rest := v_rest - octet_length(v_line) - 1;
    v_text := concat_ws(E'\n', v_line, v_text);
  end loop;
  return v_text;
end;
$$;
comment on function private.format_support_transcript is
  'The newest messages of a conversation, oldest first, one line each with time (UTC) and speaker, up to '
  'p_max_bytes and 500 messages; the first line says where earlier ones are left out. Null without messages.';
