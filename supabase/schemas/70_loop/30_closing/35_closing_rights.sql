-- Whether what a task or a person has linked may still close its engineering issue.
--
-- In a repository of the loop it may, whoever made the link: who may merge there decides. Elsewhere it may
-- while the task's user, or who linked it, is an agent of the team; what was merged while that held stays.

-- A role that was lost does not close anything with what it was used for before.
create or replace function private.is_team_agent(p_user_id uuid) returns boolean
language plpgsql stable security definer set search_path = '' as $$
begin
  return exists (
    select from public.team_members as m
    where m.user_id = p_user_id and private.is_active_account(m.user_id)
      and private.team_role_rank(m.role) >= private.team_role_rank('agent')
  );
end;
$$;
comment on function private.is_team_agent is
  'Whether an account is in the team with the role agent or admin, and neither banned nor deleted.';

-- Of a deleted task nobody knows whether its user is in the team any more. And what a person has linked is
-- out of sight where its repository has become private.
create or replace function private.has_closing_right(p_link public.exai_issue_pull_requests) returns boolean
language plpgsql stable security definer set search_path = '' as $$
declare
  v_pull public.pull_requests;
begin
  if p_link.source = 'words' or p_link.merged_at is not null then
    return true;
  end if;
  select * into v_pull from public.pull_requests as p where p.id = p_link.pull_request_id;
  return private.is_loop_repository(v_pull.repository_id) or case p_link.source
    when 'person' then private.is_visible_to_team(v_pull, p_link.source)
      and (p_link.is_linked_by_server or private.is_team_agent(p_link.linked_by_user_id))
    else private.is_team_agent((select t.user_id from public.tasks as t where t.id = p_link.task_id)) end;
end;
$$;
comment on function private.has_closing_right is
  'Whether a link closes by its merge and holds a fix up while it is open: not one in another repository '
  'than those of the loop whose task''s user, or who linked it, is not an agent of the team any more, or '
  'whose pull request the team does not see.';

create or replace function private.end_closing_rights(p_pull public.pull_requests) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  update public.exai_issue_pull_requests as l set intent = 'mentions'
  where l.pull_request_id = p_pull.id and l.intent = 'closes' and p_pull.merged_at is not null
    and private.is_visible_to_team(p_pull, l.source) and not private.has_closing_right(l);
end;
$$;
comment on function private.end_closing_rights is
  'A pull request that is merged has only to do with the issues whose links have no right to close them.';

create or replace function private.apply_lost_closing_rights() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_ids constant uuid[] := array(
    select distinct l.exai_issue_id from public.exai_issue_pull_requests as l
    where l.state = 'open' and l.intent = 'closes' and (
      l.linked_by_user_id = old.user_id
      or l.task_id in (select x.task_id from public.exai_issue_tasks as x join public.tasks as t
        on t.id = x.task_id where t.user_id = old.user_id)
    )
  );
  v_id uuid;
begin
  perform private.lock_exai_issues(v_ids);
  foreach v_id in array v_ids loop
    perform private.apply_close_rule(v_id);
  end loop;
  return null;
end;
$$;
comment on function private.apply_lost_closing_rights is
  'After trigger of members who leave the team or change their role: fixes that waited for what they linked '
  'do so no longer.';
create trigger _340_apply_lost_closing_rights after delete on public.team_members
  for each row execute function private.apply_lost_closing_rights();
create trigger _350_apply_lost_closing_rights after update on public.team_members
  for each row when (old.role <> new.role) execute function private.apply_lost_closing_rights();
