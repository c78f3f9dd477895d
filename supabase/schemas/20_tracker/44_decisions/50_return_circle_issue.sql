-- A person takes a decision about a message back.

-- The issue is archived, not deleted: its comments stay, and importing the message again restores it.
create or replace function private.return_circle_issue(p_circle_issue_id uuid, p_notes text) returns void
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message constant public.circle_issues := private.lock_circle_issue(p_circle_issue_id);
begin
  update public.circle_issues as c set
    mapped_to_issue_id = null, is_triaged = false, triaged_by = private.actor_name(),
    triaged_by_user_id = auth.uid(), triaged_at = clock_timestamp(),
    triage_confidence = (
      private.triage_circle_message(c.sender_verdict, c.is_verdict_unreadable, c.title, c.body)
    ).likelihood,
    triage_notes = coalesce(private.non_blank(p_notes), c.triage_notes)
  where c.id = p_circle_issue_id;
  update public.issues as i set status = 'archived'
  where i.status <> 'archived' and i.id = v_message.mapped_to_issue_id
    and i.id = (select m.issue_id from private.circle_imports as m where m.circle_issue_id = v_message.id)
    and not exists (select from public.circle_issues as o where o.mapped_to_issue_id = i.id);
end;
$$;
grant execute on function private.return_circle_issue to authenticated, service_role;

create or replace function public.return_circle_issue(circle_issue_id uuid, notes text default null)
returns void
language sql volatile security invoker set search_path = ''
begin atomic
  select private.return_circle_issue(return_circle_issue.circle_issue_id, return_circle_issue.notes);
end;
comment on function public.return_circle_issue is
  'Returns a message to circle_triage_queue, whether it was imported or dismissed. The issue that an import '
  'created of it, and of no other message, is archived. From then on only a person decides. Agents and '
  'servers. Errors: sign_in_required (401), team_role_required (403), tracker_circle_issue_unknown (404).';
grant execute on function public.return_circle_issue to authenticated, service_role;
