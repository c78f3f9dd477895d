-- A person decides that a message is not an issue.

create or replace function private.dismiss_circle_issue(p_circle_issue_id uuid, p_notes text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
begin
  if v_message.mapped_to_issue_id is not null then
    raise exception using
      errcode = 'PT409', message = 'tracker_circle_issue_conflict',
      detail = 'The message has an issue already.',
      hint = 'Return it to triage with return_circle_issue first, or archive the issue.';
  end if;
  if v_message.is_triaged and v_message.triaged_by is not null then
    update public.circle_issues as c set triage_notes = p_notes
    where c.id = p_circle_issue_id and private.non_blank(p_notes) is not null;
    return;
  end if;
  update public.circle_issues as c set
    is_triaged = true, triage_confidence = 1, triaged_by = private.actor_name(),
    triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_notes = coalesce(private.non_blank(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
end;
$$;
grant execute on function private.dismiss_circle_issue to authenticated, service_role;

create or replace function public.dismiss_circle_issue(circle_issue_id uuid, notes text default null)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.dismiss_circle_issue(dismiss_circle_issue.circle_issue_id, dismiss_circle_issue.notes);
end;
comment on function public.dismiss_circle_issue is
  'Decides that a message is not an issue, whatever is imported later; it stays stored. Called again it '
  'changes nothing but the notes. return_circle_issue() undoes it. Agents and servers. Errors: '
  'sign_in_required (401), team_role_required (403), tracker_circle_issue_unknown (404), '
  'tracker_circle_issue_conflict (409).';
grant execute on function public.dismiss_circle_issue to authenticated, service_role;
