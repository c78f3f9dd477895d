-- The messages that wait for a person's decision.

create view public.circle_triage_queue with (security_invoker = true) as
select
  c.id, c.message_id, c.title, c.body, c.author_name, c.author_email, c.space_id, c.space_name, c.link,
  c.is_thread, c.triage_confidence, c.sender_verdict, c.segment, c.triage_notes, c.posted_at, c.created_at,
  c.is_verdict_unreadable, c.removed_at
from public.circle_issues as c
-- Without those of which only a reply has arrived.
where not c.is_triaged
  and (c.body <> '' or c.attachments <> '[]' or c.field_versions -> 'raw_data' is distinct from 'null');
comment on view public.circle_triage_queue is
  'Messages for which triage was not sure enough whether they are issues, for a person to decide: '
  'import_circle_issue() or dismiss_circle_issue(). The most likely ones first is `order by '
  'triage_confidence desc`, the oldest first `order by created_at`.';
comment on column public.circle_triage_queue.triage_confidence is 'How likely it is an issue, 0 to 1.';
comment on column public.circle_triage_queue.segment is
  'The segment that its sender named; where null, determine_segment(title, body) returns one.';
comment on column public.circle_triage_queue.is_verdict_unreadable is
  'Whether it waits because its sender''s verdict cannot be read: raw_data of circle_issues has it.';
comment on column public.circle_triage_queue.removed_at is
  'When it was removed in Circle; null if it was not.';
grant select on public.circle_triage_queue to authenticated, service_role;
