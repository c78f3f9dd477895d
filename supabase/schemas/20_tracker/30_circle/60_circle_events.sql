-- What came in from Circle, byte for byte: stored first, worked on after, and workable on again.

create table private.circle_events (
  id uuid not null default gen_random_uuid(),
  body bytea not null,
  digest bytea not null generated always as (sha256(body)) stored,
  status text not null default 'received',
  result jsonb,
  error text,
  attempts integer not null default 0,
  received_count integer not null default 1,
  received_at timestamptz not null default clock_timestamp(),
  last_received_at timestamptz not null default clock_timestamp(),
  processed_at timestamptz,
  next_attempt_at timestamptz,
  constraint circle_events_pkey primary key (id),
  constraint circle_events_digest_key unique (digest),
  constraint circle_events_status_is_known
    check (status in ('received', 'processed', 'failed', 'unrecognised', 'hint', 'unreadable')),
  constraint circle_events_processed_at_matches_status check ((processed_at is null) = (status = 'received')),
  constraint circle_events_body_is_bounded check (octet_length(body) <= 1048576)
);
comment on table private.circle_events is
  'Raw request bodies from the Circle webhook. The same bytes are the same event.';
comment on column private.circle_events.status is
  'received: not worked on yet. processed: imported. failed: at least one message was refused, or working '
  'on it ended in an error. hint: ids only, nothing to import. unrecognised: no shape that we know. '
  'unreadable: no JSON that can be stored.';
comment on column private.circle_events.result is 'The answer of the handler at the last attempt.';
comment on column private.circle_events.error is 'Why it failed or could not be read.';
comment on column private.circle_events.next_attempt_at is
  'When the scheduler works on it again; null when nobody is to, because it is done or was tried too often.';

create index circle_events_next_attempt_at_idx on private.circle_events (next_attempt_at)
  where next_attempt_at is not null;
-- Events are only ever added at the end.
create index circle_events_received_at_idx on private.circle_events using brin (received_at);
create index circle_events_failed_received_at_idx on private.circle_events (received_at)
  where status in ('failed', 'unreadable', 'unrecognised');

alter table private.circle_events enable row level security;
