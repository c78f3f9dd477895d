-- Moves a step to another position; the steps in between move by one.

create or replace function private.move_checklist_step(
  p_issue_id uuid, p_from_step_number integer, p_to_step_number integer
) returns setof public.exai_issue_checklist
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_to integer;
begin
  perform private.require_team_role('agent');
  perform private.require_exai_issue(p_issue_id);
  if p_to_step_number is null or p_to_step_number < 1 then
    raise exception using
      errcode = 'PT422', message = 'exai_step_number_invalid', detail = 'Steps are numbered from 1.',
      hint = 'Give the new number of the step in to_step_number.';
  end if;
  perform private.lock_exai_steps(p_issue_id);
  if not exists (
    select from public.exai_issue_checklist as c
    where c.issue_id = p_issue_id and c.step_number = p_from_step_number
  ) then
    raise exception using
      errcode = 'PT404', message = 'exai_step_unknown',
      detail = format('The issue has no step %s.', coalesce(p_from_step_number::text, 'without a number')),
      hint = 'Use the step_number of a row in exai_issue_checklist.';
  end if;
  v_to := least(
    p_to_step_number,
    (select max(c.step_number) from public.exai_issue_checklist as c where c.issue_id = p_issue_id)
  );
  update public.exai_issue_checklist as c set step_number = case
    when c.step_number = p_from_step_number then v_to
    when p_from_step_number < v_to then c.step_number - 1
    else c.step_number + 1
  end
  where c.issue_id = p_issue_id and v_to <> p_from_step_number
    and c.step_number between least(p_from_step_number, v_to) and greatest(p_from_step_number, v_to);
  return query
  select c.* from public.exai_issue_checklist as c where c.issue_id = p_issue_id order by c.step_number;
end;
$$;
grant execute on function private.move_checklist_step to authenticated, service_role;

create or replace function public.move_checklist_step(
  issue_id uuid, from_step_number integer, to_step_number integer
) returns setof public.exai_issue_checklist
language sql volatile security invoker set search_path = ''
begin atomic
  select m.id, m.issue_id, m.step_number, m.description, m.status, m.conversation_id, m.completed_at,
    m.created_at, m.updated_at
  from private.move_checklist_step(
    move_checklist_step.issue_id, move_checklist_step.from_step_number, move_checklist_step.to_step_number
  ) as m;
end;
comment on function public.move_checklist_step is
  'Gives the step from_step_number the number to_step_number, at most the highest existing one; the steps in '
  'between move by one. Returns all steps of the issue in their order. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), exai_issue_unknown, exai_step_unknown (404), '
  'exai_step_number_invalid (422).';
grant execute on function public.move_checklist_step to authenticated, service_role;
