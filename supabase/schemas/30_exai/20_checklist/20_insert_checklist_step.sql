-- Inserts a step between others; the following steps move up by one.

create or replace function private.insert_checklist_step(
  p_issue_id uuid, p_step_number integer, p_description text, p_status text, p_conversation_id text
) returns public.exai_issue_checklist
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_step public.exai_issue_checklist;
begin
  perform private.require_team_role('agent');
  perform private.require_exai_issue(p_issue_id);
  if p_step_number < 1 then
    raise exception using
      errcode = 'PT422', message = 'exai_step_number_invalid', detail = 'Steps are numbered from 1.',
      hint = 'Leave step_number out to add the step after the last one.';
  end if;
  perform private.lock_exai_steps(p_issue_id);
  -- Only the steps up to the next gap move.
  update public.exai_issue_checklist as c set step_number = c.step_number + 1
  where c.issue_id = p_issue_id and c.step_number >= p_step_number
    and (
      select count(*) from public.exai_issue_checklist as b
      where b.issue_id = p_issue_id and b.step_number between p_step_number and c.step_number
    ) = c.step_number - p_step_number + 1;
  insert into public.exai_issue_checklist (issue_id, step_number, description, status, conversation_id)
  values (p_issue_id, p_step_number, p_description, p_status, p_conversation_id)
  returning * into v_step;
  return v_step;
end;
$$;
grant execute on function private.insert_checklist_step to authenticated, service_role;

create or replace function public.insert_checklist_step(
  issue_id uuid, step_number integer default null, description text default null,
  status text default 'pending', conversation_id text default null
) returns public.exai_issue_checklist
language sql volatile security invoker set search_path = ''
begin atomic
  select private.insert_checklist_step(
    insert_checklist_step.issue_id, insert_checklist_step.step_number, insert_checklist_step.description,
    insert_checklist_step.status, insert_checklist_step.conversation_id
  );
end;
comment on function public.insert_checklist_step is
  'Inserts a step with this number; the steps from there up to the next gap move up by one. Without a number '
  'the step comes after the last one. Agents and servers. Errors: sign_in_required (401), '
  'team_role_required (403), exai_issue_unknown (404), exai_step_number_invalid, '
  'exai_step_status_invalid (422).';
grant execute on function public.insert_checklist_step to authenticated, service_role;
