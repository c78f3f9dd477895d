-- Changes the status of an issue and records the conversation, in one call.

create or replace function private.set_exai_issue_status(
  p_issue_number integer, p_status text, p_conversation_id text
) returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
begin
  return (
    private.change_exai_issue(p_issue_number, jsonb_build_object('status', p_status), p_conversation_id)
  ).issue;
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
  'becomes fix_conversation_id if the new status is fixed. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), exai_issue_unknown (404), exai_claim_conflict (409), '
  'exai_status_invalid (422).';
grant execute on function public.set_exai_issue_status to authenticated, service_role;
