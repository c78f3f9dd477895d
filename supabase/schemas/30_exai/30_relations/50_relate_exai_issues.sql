-- Relates two engineering issues.

create or replace function private.link_exai_relation(
  p_from_issue_id uuid, p_to_issue_id uuid, p_conversation_id text, p_content text
) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  perform private.link_exai_conversation(
    f.id, private.non_blank(p_conversation_id), format(p_content, f.issue_number, t.issue_number)
  )
  from public.exai_issues as f cross join public.exai_issues as t
  where f.id = p_from_issue_id and t.id = p_to_issue_id;
end;
$$;
comment on function private.link_exai_relation is
  'Records in the history of the first issue what a conversation did to a relation. p_content is a format '
  'for the numbers of both issues.';

create or replace function private.relate_exai_issues(
  p_from_issue_id uuid, p_to_issue_id uuid, p_kind text, p_conversation_id text
) returns public.exai_issue_relations
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_edge public.exai_issue_relations;
  v_is_swapped constant boolean := p_kind = 'relates' and p_to_issue_id < p_from_issue_id;
begin
  perform private.require_team_role('agent');
  perform private.lock_exai_graph();
  perform private.require_exai_issue(p_from_issue_id);
  perform private.require_exai_issue(p_to_issue_id);
  if p_from_issue_id = p_to_issue_id then
    raise exception using
      errcode = 'PT422', message = 'exai_relation_invalid',
      detail = 'An issue cannot be related to itself.',
      hint = 'Give two different issues.';
  end if;
  insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind)
  values (p_from_issue_id, p_to_issue_id, p_kind)
  on conflict on constraint exai_issue_relations_pkey do nothing;
  select e.* into v_edge from public.exai_issue_relations as e
  where e.from_issue_id = case when v_is_swapped then p_to_issue_id else p_from_issue_id end
    and e.to_issue_id = case when v_is_swapped then p_from_issue_id else p_to_issue_id end
    and e.kind = p_kind;
  perform private.link_exai_relation(
    p_from_issue_id, p_to_issue_id, p_conversation_id, format('Related: #%%s %s #%%s.', p_kind)
  );
  return v_edge;
end;
$$;
grant execute on function private.relate_exai_issues to authenticated, service_role;

create or replace function public.relate_exai_issues(
  from_issue_id uuid, to_issue_id uuid, kind text, conversation_id text default null
) returns public.exai_issue_relations
language sql volatile security invoker set search_path = ''
begin atomic
  select private.relate_exai_issues(
    relate_exai_issues.from_issue_id, relate_exai_issues.to_issue_id, relate_exai_issues.kind,
    relate_exai_issues.conversation_id
  );
end;
comment on function public.relate_exai_issues is
  'Adds a relation: from_issue_id blocks, relates to, duplicates, is the parent of (parent), or was '
  'discovered_from to_issue_id. If the relation exists, nothing changes. A conversation is recorded in the '
  'history of from_issue_id. Returns the edge as it is stored. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), exai_issue_unknown (404), exai_relation_cycle_conflict, '
  'exai_relation_limit_reached, exai_isolation_unsupported (409), exai_relation_kind_invalid, '
  'exai_relation_invalid (422).';
grant execute on function public.relate_exai_issues to authenticated, service_role;
