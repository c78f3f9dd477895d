-- What waits for the team: all that is open, and what was forgotten.

create view support.open_escalations with (security_invoker = true) as
select
  e.id, e.conversation_id, e.issue_type::text as issue_type, e.original_request, e.status::text as status,
  e.reason, e.contact_info,
  e.assigned_to_user_id, private.member_name(e.assigned_to_user_id) as assigned_to, e.created_at, e.taken_at,
  e.first_answered_at, e.notified_count, e.raised_count, e.issue_id,
  case when w.is_answered then w.since else e.created_at end as waiting_since
from support.escalations as e
-- The first message of the visitor that the person has not answered: reads what was said since.
left join lateral (
  select true as is_answered, min(m.created_at) as since
  from support.messages as m
  where m.conversation_id = e.conversation_id and m.role = 'user' and m.position > (
    select a.position from support.messages as a
    where a.conversation_id = e.conversation_id and a.role = 'agent'
    order by a.position desc limit 1
  )
) as w on e.status = 'in_progress' and e.first_answered_at is not null
where e.status <> 'resolved'
order by (e.status <> 'in_progress') desc, e.raised_count desc, e.created_at;
comment on view support.open_escalations is
  'The escalations that are not resolved: those that nobody has taken first, among them those that were '
  'raised most often, then the oldest.';
comment on column support.open_escalations.waiting_since is
  'Since when the visitor waits: for somebody to take it, or for an answer to their first message that has '
  'none; null where nothing is unanswered.';
comment on column support.open_escalations.assigned_to is 'The display name of who has taken it.';
grant select on support.open_escalations to authenticated, service_role;

create view support.forgotten_escalations with (security_invoker = true) as
select
  o.id, o.conversation_id, o.issue_type, o.original_request, o.status, o.assigned_to_user_id, o.assigned_to,
  o.raised_count, o.waiting_since, now() - o.waiting_since as age
from support.open_escalations as o
cross join support.settings as s
where o.waiting_since < now() - make_interval(mins => s.escalation_due_minutes)
order by o.waiting_since;
comment on view support.forgotten_escalations is
  'Where a visitor has waited longer than escalation_due_minutes: nobody has taken the escalation, or who '
  'did has not answered. The longest wait first.';
comment on column support.forgotten_escalations.age is 'How long the visitor has waited.';
grant select on support.forgotten_escalations to authenticated, service_role;
