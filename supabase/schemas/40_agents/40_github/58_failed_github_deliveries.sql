-- What could not be processed, for admins.

create view public.failed_github_deliveries with (security_invoker = true) as
select
  e.id, e.delivery_id, e.event_type, e.status, e.error, e.attempts_count, e.received_count, e.received_at,
  e.processed_at, e.next_attempt_at
from private.inbox_events as e
where e.source = 'github' and e.status in ('failed', 'unreadable', 'unrecognised');
comment on view public.failed_github_deliveries is
  'Deliveries of GitHub''s webhook that could not be processed, with the reason. Admins only, since they are '
  'about the repositories of single users.';
comment on column public.failed_github_deliveries.delivery_id is
  'X-GitHub-Delivery, by which GitHub lists it.';
comment on column public.failed_github_deliveries.event_type is
  'The event and its action, like pull_request.closed; the event alone where the delivery was only stored at '
  'first, or could not be read.';
comment on column public.failed_github_deliveries.next_attempt_at is
  'When the scheduler processes it next; null when it does not. A redelivery, from GitHub''s page of the '
  'webhook, processes it immediately.';
grant select on public.failed_github_deliveries to authenticated, service_role;
