-- What came in from outside, byte for byte: stored first, processed afterwards, and again if need be.

create table private.inbox_events (
  id uuid not null default gen_random_uuid(),
  source text not null,
  delivery_id text,
  event_type text,
  body bytea not null,
  digest bytea not null generated always as (sha256(body)) stored,
  status text not null default 'received',
  result jsonb,
  error text,
  attempts_count integer not null default 0,
  received_count integer not null default 1,
  received_at timestamptz not null default clock_timestamp(),
  last_received_at timestamptz not null default clock_timestamp(),
  processed_at timestamptz,
  next_attempt_at timestamptz,
  constraint inbox_events_pkey primary key (id),
  constraint inbox_events_status_is_known
    check (status in ('received', 'processed', 'failed', 'unrecognised', 'hint', 'unreadable')),
  constraint inbox_events_processed_at_matches_status check ((processed_at is null) = (status = 'received')),
  constraint inbox_events_only_open_ones_have_a_next_attempt
    check (next_attempt_at is null or status in ('received', 'failed')),
  constraint inbox_events_delivery_id_is_bounded check (length(delivery_id) between 1 and 255),
  constraint inbox_events_event_type_is_bounded check (length(event_type) <= 255),
  constraint inbox_events_body_is_bounded check (octet_length(body) <= 26214400)
);
comment on table private.inbox_events is
  'Raw bodies of requests to the webhooks. The same bytes from the same source are the same event, and so '
  'is the same delivery id where the source gives one: a signature covers the bytes, not the id.';
-- No foreign key: it would lock the one row of the source for each event, which all writers share.
comment on column private.inbox_events.source is 'A row of inbox_sources.';
comment on column private.inbox_events.delivery_id is
  'The id that the source gave the delivery; a redelivery has the same. Null where it gives none.';
comment on column private.inbox_events.event_type is 'The kind of event that the source states.';
comment on column private.inbox_events.status is
  'received: not processed yet. processed: done. failed: a part of it was rejected, or processing it ended '
  'in an error. hint: ids only, nothing to import. unrecognised: an unknown shape. unreadable: not JSON that '
  'can be stored.';
comment on column private.inbox_events.result is 'What the last attempt that returned a result returned.';
comment on column private.inbox_events.error is 'Why it failed, could not be read or was left for later.';
comment on column private.inbox_events.received_count is 'How often it arrived.';
comment on column private.inbox_events.next_attempt_at is
  'When the scheduler processes it next; null when it is done, was refused or was attempted too often.';

create unique index inbox_events_source_delivery_id_key on private.inbox_events (source, delivery_id)
  where delivery_id is not null;
create index inbox_events_source_next_attempt_at_idx on private.inbox_events (source, next_attempt_at)
  where next_attempt_at is not null;
-- What replays read in order. Events are only ever added at its end.
create index inbox_events_source_received_at_idx on private.inbox_events (source, received_at);
create index inbox_events_failed_source_received_at_idx on private.inbox_events (source, received_at)
  where status in ('failed', 'unreadable', 'unrecognised');
create index inbox_events_done_source_processed_at_idx on private.inbox_events (source, processed_at)
  where status in ('processed', 'hint');
-- Made last: in a table without statistics all indexes cost the same, and the planner takes the newest.
create unique index inbox_events_source_digest_key on private.inbox_events (source, digest);

-- Views of the systems read this table with the caller's rights, for which nobody needs USAGE on the schema.
-- No role may read the bodies. Deliveries of GitHub are about the repositories of single users.
alter table private.inbox_events enable row level security;
create policy inbox_events_select_viewer on private.inbox_events
  for select to authenticated
  using (
    source = 'circle' and (select private.has_team_role('viewer'))
    or source = 'github' and (select private.has_team_role('admin'))
  );
grant select (
  id, source, delivery_id, event_type, status, error, result, attempts_count, received_count, received_at,
  last_received_at, processed_at, next_attempt_at
) on private.inbox_events to authenticated, service_role;
