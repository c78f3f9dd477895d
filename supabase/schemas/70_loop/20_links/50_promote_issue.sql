-- An issue of the community becomes an engineering issue.

create or replace function private.promote_issue(
  p_issue_id uuid, p_title text, p_severity text, p_category text, p_description text
) returns public.exai_issues
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_issue public.issues;
  v_exai_issue public.exai_issues;
begin
  perform private.require_team_role('agent');
  perform private.lock_exai_graph_shared();
  -- Of two who promote the same issue the second one waits here, and finds the link.
  v_issue := private.lock_linked_issue(p_issue_id);
  select e.* into v_exai_issue
  from public.issue_links as k join public.exai_issues as e on e.id = k.exai_issue_id
  where k.issue_id = p_issue_id;
  if found then
    return v_exai_issue;
  end if;
  perform private.check_linkable_issue(p_issue_id);
  insert into public.exai_issues (title, description, severity, category)
  values (
    coalesce(private.non_blank(p_title), v_issue.title),
    coalesce(
      private.non_blank(p_description),
      concat_ws(
        E'\n\n', private.non_blank(v_issue.description), format('Reported as issue #%s.', v_issue.seq_id)
      )
    ),
    p_severity, p_category
  )
  returning * into v_exai_issue;
  insert into public.issue_links (issue_id, exai_issue_id, linked_by_user_id)
  values (p_issue_id, v_exai_issue.id, auth.uid());
  return v_exai_issue;
end;
$$;
grant execute on function private.promote_issue to authenticated, service_role;

create or replace function public.promote_issue(
  issue_id uuid, title text default null, severity text default null, category text default null,
  description text default null
) returns public.exai_issues
language sql volatile security invoker set search_path = ''
begin atomic
  select private.promote_issue(
    promote_issue.issue_id, promote_issue.title, promote_issue.severity, promote_issue.category,
    promote_issue.description
  );
end;
comment on function public.promote_issue is
  'Creates an engineering issue from an issue, links the two and returns it. Title and description are the '
  'issue''s where they are left out, severity medium and category other. An issue that is linked already '
  'keeps its engineering issue, which is returned as it is. Agents and servers. Errors: sign_in_required '
  '(401), team_role_required (403), tracker_issue_unknown (404), loop_link_conflict (409), where it is '
  'merged into another issue, exai_severity_invalid, exai_category_invalid (422).';
grant execute on function public.promote_issue to authenticated, service_role;
