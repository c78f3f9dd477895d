-- Takes the link of an issue to its engineering issue back.

create or replace function private.unlink_issue(p_issue_id uuid) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('agent');
  perform private.lock_exai_graph_shared();
  perform from public.exai_issues as e
  where e.id = (select k.exai_issue_id from public.issue_links as k where k.issue_id = p_issue_id)
  for no key update;
  perform private.lock_linked_issue(p_issue_id);
  delete from public.issue_links as k where k.issue_id = p_issue_id;
  return found;
end;
$$;
grant execute on function private.unlink_issue to authenticated, service_role;

create or replace function public.unlink_issue(issue_id uuid) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.unlink_issue(unlink_issue.issue_id);
end;
comment on function public.unlink_issue is
  'Removes the link of an issue to its engineering issue, and returns whether there was one. Both issues and '
  'the ledger stay as they are. Agents and servers. Errors: sign_in_required (401), team_role_required '
  '(403), tracker_issue_unknown (404).';
grant execute on function public.unlink_issue to authenticated, service_role;
