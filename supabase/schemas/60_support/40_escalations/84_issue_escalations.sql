-- The other end of the link: which visitors wait for an issue.

create view public.issue_escalations with (security_invoker = true) as
select
  i.id as issue_id, i.seq_id, i.title, i.status as issue_status, e.id as escalation_id, e.conversation_id,
  e.issue_type::text as issue_type, e.status::text as escalation_status, e.created_at as escalated_at,
  e.resolved_at
from support.escalations as e
join public.issues as i on i.id = e.issue_id;
comment on view public.issue_escalations is
  'One row per escalation of the support system that is linked to an issue, by escalation_to_issue().';
comment on column public.issue_escalations.conversation_id is
  'In support.conversations; null for an escalation without one.';
grant select on public.issue_escalations to authenticated, service_role;
