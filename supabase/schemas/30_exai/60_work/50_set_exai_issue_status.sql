-- Changes the status of an issue and records the conversation, in one call.

create or replace function private.set_exai_issue_status(
  p_issue_number integer, p_status text, p_conversation_id text
) returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_before constant text := coalesce(current_setting('app.conversation_id', true), '');
  v_conversation_id constant text := private.non_blank(p_conversation_id);
  v_issue public.exai_issues;
begin
  perform private.require_team_role('agent');
  perform set_config('app.conversation_id', coalesce(v_conversation_id, v_before), true);
  update public.exai_issues as i
  set status = p_status, fix_conversation_id = case
    when p_status = 'fixed' then coalesce(v_conversation_id, i.fix_conversation_id)
    else i.fix_conversation_id
  end
  where i.issue_number = p_issue_number
  returning i.* into v_issue;
  perform set_config('app.conversation_id', v_before, true);
  if v_issue.id is null then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  return v_issue;
end;
$$;
grant execute on function private.set_exai_issue_status to authenticated, service_role;

create or replace function public.set_exai_issue_status(
  issue_number integer, status text, conversation_id text default null
) returns public.exai_issues
language sql volatile security invoker set search_path = ''
begin atomic
  select private.set_exai_issue_status(
    set_exai_issue_status.issue_number, set_exai_issue_status.status, set_exai_issue_status.conversation_id
  );
end;
comment on function public.set_exai_issue_status is
  'Sets the status of an issue. The conversation is recorded in the update of type status_change, and '
  'becomes fix_conversation_id if the new status is fixed. Agents and servers. Errors: sign_in_required '
  '(401), team_role_required (403), exai_issue_unknown (404), exai_status_invalid (422).';
grant execute on function public.set_exai_issue_status to authenticated, service_role;
