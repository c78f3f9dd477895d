-- An issue of the community is fixed by an engineering issue that exists.

create or replace function private.link_issue(p_issue_id uuid, p_issue_number integer)
returns public.issue_links
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_exai_issue_id uuid;
  v_link public.issue_links;
begin
  perform private.require_team_role('agent');
  v_exai_issue_id := private.lock_exai_issue(p_issue_number);
  perform private.lock_linked_issue(p_issue_id);
  select * into v_link from public.issue_links as k where k.issue_id = p_issue_id;
  if found and v_link.exai_issue_id <> v_exai_issue_id then
    raise exception using
      errcode = 'PT409', message = 'loop_link_conflict',
      detail = format('The issue is linked to EXAI-%s.', (
        select e.issue_number from public.exai_issues as e where e.id = v_link.exai_issue_id
      )),
      hint = 'Unlink it first: unlink_issue.';
  end if;
  if not found then
    perform private.check_linkable_issue(p_issue_id);
    insert into public.issue_links (issue_id, exai_issue_id, linked_by_user_id)
    values (p_issue_id, v_exai_issue_id, auth.uid())
    returning * into v_link;
  end if;
  return v_link;
end;
$$;
grant execute on function private.link_issue to authenticated, service_role;

create or replace function public.link_issue(issue_id uuid, issue_number integer) returns public.issue_links
language sql volatile security invoker set search_path = ''
begin atomic
  select private.link_issue(link_issue.issue_id, link_issue.issue_number);
end;
comment on function public.link_issue is
  'Links an issue to the engineering issue that fixes it, and returns the link; called again it returns the '
  'same. Agents and servers. Errors: sign_in_required (401), team_role_required (403), '
  'tracker_issue_unknown, exai_issue_unknown (404), loop_link_conflict (409).';
grant execute on function public.link_issue to authenticated, service_role;
