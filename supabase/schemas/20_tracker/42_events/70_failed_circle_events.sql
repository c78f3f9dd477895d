-- What could not be imported, for the team.

create view public.failed_circle_events with (security_invoker = true) as
select
  e.id, e.status, e.error, e.result -> 'errors' as errors, e.attempts_count as attempts, e.received_count,
  e.received_at, e.processed_at, e.next_attempt_at
from private.inbox_events as e
where e.source = 'circle' and e.status in ('failed', 'unreadable', 'unrecognised');
comment on view public.failed_circle_events is
  'Events from Circle that are not imported, or not all of them, with the reason. For the team.';
comment on column public.failed_circle_events.errors is
  'What was refused: an array of {index, message_id, code, message}, with field and value where it is a part '
  'of a message that was imported.';
comment on column public.failed_circle_events.next_attempt_at is
  'When it is tried again; null when it isn''t: replay_circle_events() does.';
grant select on public.failed_circle_events to authenticated, service_role;
