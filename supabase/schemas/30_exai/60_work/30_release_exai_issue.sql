-- Releases the claim on an engineering issue before it expires.

create or replace function private.release_exai_issue(p_issue_number integer, p_conversation_id text)
returns boolean
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue_id uuid;
begin
  perform private.require_team_role('agent');
  update public.exai_issues as i
  set claimed_by = null, claimed_by_user_id = null, claimed_at = null, lease_expires_at = null,
    claim_minutes = null
  where i.issue_number = p_issue_number and i.claimed_by is not null
    and (
      i.claimed_by = coalesce(private.non_blank(p_conversation_id), private.actor_name())
        and i.claimed_by_user_id is not distinct from auth.uid()
      or private.is_trusted_caller() or private.has_team_role('admin')
    )
  returning i.id into v_issue_id;
  if found then
    perform private.link_exai_conversation(v_issue_id, private.non_blank(p_conversation_id), 'Released.');
    return true;
  end if;
  if not exists (select from public.exai_issues as i where i.issue_number = p_issue_number) then
    perform private.raise_exai_issue_unknown(p_issue_number);
  end if;
  return false;
end;
$$;
grant execute on function private.release_exai_issue to authenticated, service_role;

create or replace function public.release_exai_issue(issue_number integer, conversation_id text default null)
returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.release_exai_issue(release_exai_issue.issue_number, release_exai_issue.conversation_id);
end;
comment on function public.release_exai_issue is
  'Releases the claim of this conversation and account, and returns whether there was one; admins and '
  'servers release any claim. Agents and servers. Errors: sign_in_required (401), team_role_required (403), '
  'exai_issue_unknown (404).';
grant execute on function public.release_exai_issue to authenticated, service_role;
