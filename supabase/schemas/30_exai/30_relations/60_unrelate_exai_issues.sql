-- Removes a relation between two engineering issues.

create or replace function private.unrelate_exai_issues(
  p_from_issue_id uuid, p_to_issue_id uuid, p_kind text, p_conversation_id text
) returns boolean
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.require_team_role('agent');
  perform private.require_exai_issue(p_from_issue_id);
  perform private.require_exai_issue(p_to_issue_id);
  perform private.require_exai_relation_kind(p_kind);
  delete from public.exai_issue_relations as e
  where e.kind = p_kind
    and (
      e.from_issue_id = p_from_issue_id and e.to_issue_id = p_to_issue_id
      or p_kind = 'relates' and e.from_issue_id = p_to_issue_id and e.to_issue_id = p_from_issue_id
    );
  if not found then
    return false;
  end if;
  perform private.link_exai_relation(
    p_from_issue_id, p_to_issue_id, p_conversation_id, format('No longer: #%%s %s #%%s.', p_kind)
  );
  return true;
end;
$$;
grant execute on function private.unrelate_exai_issues to authenticated, service_role;

create or replace function public.unrelate_exai_issues(
  from_issue_id uuid, to_issue_id uuid, kind text, conversation_id text default null
) returns boolean
language sql volatile security invoker set search_path = ''
begin atomic
  select private.unrelate_exai_issues(
    unrelate_exai_issues.from_issue_id, unrelate_exai_issues.to_issue_id, unrelate_exai_issues.kind,
    unrelate_exai_issues.conversation_id
  );
end;
comment on function public.unrelate_exai_issues is
  'Removes a relation (relates in either direction) and returns whether it existed. A conversation is '
  'recorded in the history of from_issue_id. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), exai_issue_unknown (404), exai_isolation_unsupported (409), '
  'exai_relation_kind_invalid (422).';
grant execute on function public.unrelate_exai_issues to authenticated, service_role;
