-- What a conversation did, for the history of an issue, where no column has it.

-- Once per conversation and content: a repeated call records nothing. The caller has locked the issue, or the
-- graph.
create or replace function private.link_exai_conversation(
  p_issue_id uuid, p_conversation_id text, p_content text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into public.exai_issue_updates (issue_id, update_type, content, conversation_id)
  select p_issue_id, 'conversation_link', p_content, p_conversation_id
  where p_conversation_id is not null and not exists (
    select from public.exai_issue_updates as u
    where u.issue_id = p_issue_id and u.update_type = 'conversation_link' and u.content = p_content
      and u.conversation_id = p_conversation_id
  );
end;
$$;
comment on function private.link_exai_conversation is
  'Records in the history of an issue what a conversation did, for what has no column for it.';
