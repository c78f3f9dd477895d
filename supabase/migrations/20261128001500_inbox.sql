-- supabase/schemas/15_inbox, joined.

set local lock_timeout = '5s';
set local statement_timeout = '2min';

-- 15_inbox/10_inbox_sources.sql
-- The outside services that send us raw events, one row per source. A system inserts the row of its own
-- source, and the dispatcher calls its function.

create table private.inbox_sources (
  source text not null,
  max_body_bytes integer not null,
  retention_days integer not null,
  max_attempts integer not null default 10,
  retry_base interval not null default interval '1 minute',
  retry_cap interval not null default interval '6 hours',
  batch_size integer not null default 20,
  is_failed_kept boolean not null default true,
  constraint inbox_sources_pkey primary key (source),
  constraint inbox_sources_source_is_snake_case check (source ~ '^[a-z][a-z0-9_]*$'),
  constraint inbox_sources_max_body_bytes_is_bounded check (max_body_bytes between 65536 and 26214400),
  constraint inbox_sources_retention_days_is_bounded check (retention_days between 1 and 36500),
  constraint inbox_sources_max_attempts_is_bounded check (max_attempts between 1 and 100),
  constraint inbox_sources_retry_base_is_positive check (retry_base > interval '0'),
  constraint inbox_sources_retry_cap_is_not_less_than_base check (retry_cap >= retry_base),
  constraint inbox_sources_batch_size_is_bounded check (batch_size between 1 and 1000)
);
comment on table private.inbox_sources is
  'What may come from each source of raw events, and for how long it is retried and kept.';
comment on column private.inbox_sources.max_body_bytes is 'The largest body that is stored.';
comment on column private.inbox_sources.retention_days is
  'For how many days an event is kept after it was processed. Set by the settings of the source''s system.';
comment on column private.inbox_sources.max_attempts is
  'How many attempts an event has before only a person processes it again.';
comment on column private.inbox_sources.retry_base is
  'The wait after the first failed attempt; twice as long after each further one.';
comment on column private.inbox_sources.retry_cap is 'The longest wait, before jitter.';
comment on column private.inbox_sources.batch_size is 'How many events one run of the job processes.';
comment on column private.inbox_sources.is_failed_kept is
  'Whether an event that failed is kept until a person has looked at it, else as long as the others: where '
  'the source can be asked for what it was about.';
alter table private.inbox_sources enable row level security;

create or replace function private.load_inbox_source(p_source text) returns private.inbox_sources
language plpgsql stable security definer set search_path = '' as $$
declare
  v_source private.inbox_sources;
begin
  select * into v_source from private.inbox_sources as s where s.source = p_source;
  assert found, format('%L is not a source of the inbox', p_source);
  return v_source;
end;
$$;
comment on function private.load_inbox_source is
  'Returns the row of a source. Only our own code names sources: an unknown one is an assert_failure.';

create or replace function private.sync_inbox_retention() returns trigger
language plpgsql volatile security definer set search_path = '' as $$
begin
  update private.inbox_sources as s set retention_days = (to_jsonb(new) ->> tg_argv[1])::integer
  where s.source = tg_argv[0];
  return null;
end;
$$;
comment on function private.sync_inbox_retention is
  'After-row trigger of a settings table, with a source and the name of the setting: the source''s '
  'retention_days is that setting.';

-- 15_inbox/20_inbox_events.sql
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

-- 15_inbox/30_parse_inbox_body.sql
-- From the text that a webhook's function sends to bytes, and from bytes to JSON, for all sources.

create or replace function private.decode_inbox_body(p_source text, p_body text) returns bytea
language plpgsql stable security definer set search_path = '' as $$
declare
  v_max_bytes constant integer := (private.load_inbox_source(p_source)).max_body_bytes;
  v_body bytea;
begin
  begin
    v_body := decode(p_body, 'base64');
  exception
    when invalid_parameter_value then
      v_body := null;
  end;
  if v_body is null then
    raise exception using
      errcode = 'PT422', message = 'inbox_body_invalid', detail = 'The body has to be base64.',
      hint = 'Encode the body as it came, byte for byte.';
  end if;
  if octet_length(v_body) > v_max_bytes then
    raise exception using
      errcode = 'PT413', message = 'inbox_body_too_large',
      detail = format('The body has %s bytes, %s are allowed.', octet_length(v_body), v_max_bytes),
      hint = 'Send less at a time.';
  end if;
  return v_body;
end;
$$;
comment on function private.decode_inbox_body is
  'A body from base64, up to the limit of its source. Errors: inbox_body_too_large (413), '
  'inbox_body_invalid (422).';

create type private.inbox_payload as (
  value jsonb,
  error text
);
comment on type private.inbox_payload is
  'The JSON in a body, or the code of the error that parsing it ended in.';

create or replace function private.parse_inbox_body(p_body bytea) returns private.inbox_payload
language plpgsql stable security invoker set search_path = '' as $$
declare
  v private.inbox_payload;
  v_text text;
begin
  -- A byte order mark is not JSON, but senders write it.
  v_text := convert_from(
    case when substr(p_body, 1, 3) = '\xefbbbf'::bytea then substr(p_body, 4) else p_body end, 'UTF8'
  );
  begin
    v.value := private.repair_json_escapes(v_text)::jsonb;
    return v;
  exception
    when data_exception then
      -- what a template or a language model has written in place of it
      v.value := coalesce(private.parse_json_text(v_text), private.parse_form(v_text));
      v.error := case when v.value is null then 'inbox_json_invalid' end;
      return v;
  end;
exception
  when character_not_in_repertoire then
    v.error := 'inbox_encoding_invalid';
    return v;
  when program_limit_exceeded or statement_too_complex then
    v.value := null;
    v.error := 'inbox_json_unsupported';
    return v;
end;
$$;
comment on function private.parse_inbox_body is
  'The JSON in a body, or in a text around it. It raises nothing: inbox_encoding_invalid, inbox_json_invalid '
  'and inbox_json_unsupported stand in error.';

-- 15_inbox/40_process_inbox_event.sql
-- An event is processed by its source's function, and how that ended is recorded with it.

create type private.inbox_outcome as (
  status text,
  result jsonb,
  error text
);
comment on type private.inbox_outcome is
  'How processing an event ended: columns of inbox_events. One that failed with a result was refused, and is '
  'not processed again by itself; without one, processing it ended in an error, and is repeated. received: '
  'somebody else held a lock that it needs, and nothing was done; it is repeated, and no attempt is counted.';

-- The one dispatcher: a source is a branch here and a row in inbox_sources.
create or replace function private.process_inbox_payload(p_source text, p_payload private.inbox_payload)
returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_payload.error is not null then
    return row('unreadable', '{}', p_payload.error)::private.inbox_outcome;
  end if;
  case p_source
    when 'circle' then
      return private.process_circle_payload(p_payload.value);
    when 'github' then
      return private.process_github_payload(p_payload.value);
  end case;
end;
$$;
comment on function private.process_inbox_payload is
  'Processes a parsed body of a source. It raises what the source''s function raises.';

create or replace function private.try_inbox_payload(
  p_source text, p_payload private.inbox_payload, p_is_caught boolean
) returns private.inbox_outcome
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_message text;
begin
  return private.process_inbox_payload(p_source, p_payload);
exception
  -- Not the event's fault. After a deadlock a caller can try again immediately: the other one has gone on.
  when lock_not_available or deadlock_detected then
    if sqlstate = '40P01' and not p_is_caught then
      raise;
    end if;
    get stacked diagnostics v_message = message_text;
    return row('received', null, format('%s: %s', sqlstate, v_message))::private.inbox_outcome;
  -- Too large or too complex, today and at each further attempt: with a result, it is not repeated.
  when program_limit_exceeded then
    if not p_is_caught then
      raise;
    end if;
    get stacked diagnostics v_message = message_text;
    return row('failed', '{}', left(format('%s: %s', sqlstate, v_message), 1000))::private.inbox_outcome;
  -- A mistake in our own functions too: it must not hold up the events after the one that shows it.
  when data_exception or integrity_constraint_violation or cardinality_violation or feature_not_supported
    or syntax_error_or_access_rule_violation or plpgsql_error or case_not_found
    or insufficient_resources or transaction_rollback or object_not_in_prerequisite_state
    or with_check_option_violation or internal_error
    or sqlstate 'PT401' or sqlstate 'PT403' or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422'
  then
    if not p_is_caught then
      raise;
    end if;
    get stacked diagnostics v_message = message_text;
    return row('failed', null, left(format('%s: %s', sqlstate, v_message), 1000))::private.inbox_outcome;
end;
$$;
comment on function private.try_inbox_payload is
  'Processes a parsed body of a source. Where p_is_caught, an error is an outcome, with nothing else '
  'written; otherwise only a lock is that was not available within lock_timeout.';

create or replace function private.next_inbox_attempt(
  p_source text, p_status text, p_attempts_count integer
) returns timestamptz
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_status not in ('received', 'failed') then
    return null;
  end if;
  return (
    select clock_timestamp() + private.backoff(p_attempts_count, s.retry_base, s.retry_cap)
    from private.inbox_sources as s
    where s.source = p_source and p_attempts_count < s.max_attempts
  );
end;
$$;
comment on function private.next_inbox_attempt is
  'When to process an event again after this many attempts; null when it is done or was attempted too often.';

create or replace function private.record_inbox_outcome(
  p_event private.inbox_events, p_outcome private.inbox_outcome
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.inbox_events;
begin
  if p_outcome.status = 'received' then
    update private.inbox_events as e set
      status = 'received', error = p_outcome.error, processed_at = null,
      next_attempt_at = clock_timestamp() + interval '30 seconds'
    where e.id = p_event.id
    returning * into v_event;
    return v_event;
  end if;
  update private.inbox_events as e set
    status = p_outcome.status, result = coalesce(p_outcome.result, e.result), error = p_outcome.error,
    attempts_count = e.attempts_count + 1, processed_at = clock_timestamp(),
    next_attempt_at = case when p_outcome.result is null
      then private.next_inbox_attempt(e.source, p_outcome.status, e.attempts_count + 1) end
  where e.id = p_event.id
  returning * into v_event;
  return v_event;
end;
$$;
comment on function private.record_inbox_outcome is
  'Records how an attempt to process a stored event ended and returns the row.';

create or replace function private.process_inbox_event(p_source text, p_event_id uuid, p_is_caught boolean)
returns private.inbox_events
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_event private.inbox_events;
  v_payload private.inbox_payload;
  v_outcome private.inbox_outcome;
begin
  select * into v_event from private.inbox_events as e
  where e.id = p_event_id and e.source = p_source
  for update;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'inbox_event_unknown', detail = 'An event with this id does not exist.',
      hint = 'Use the id that was returned when it was received.';
  end if;
  v_payload := private.parse_inbox_body(v_event.body);
  v_outcome := private.try_inbox_payload(p_source, v_payload, p_is_caught);
  return private.record_inbox_outcome(v_event, v_outcome);
end;
$$;
comment on function private.process_inbox_event is
  'Processes a stored event, records how it ended and returns the row. Where p_is_caught, an error is '
  'recorded as the event''s, otherwise it is raised and nothing is recorded. One that needs a lock that is '
  'not available within lock_timeout is left to the scheduler. Errors: inbox_event_unknown (404).';

-- 15_inbox/50_ingest_inbox_event.sql
-- How an event gets in. When all goes well, one transaction stores and processes it; a caller who gets an
-- error from that stores it alone.

create or replace function private.find_inbox_event(p_source text, p_digest bytea, p_delivery_id text)
returns private.inbox_events
language plpgsql stable security definer set search_path = '' as $$
declare
  v_event private.inbox_events;
begin
  if p_delivery_id is not null then
    select * into v_event from private.inbox_events as e
    where e.source = p_source and e.delivery_id = p_delivery_id;
    if found then
      return v_event;
    end if;
  end if;
  select * into v_event from private.inbox_events as e where e.source = p_source and e.digest = p_digest;
  return v_event;
end;
$$;
comment on function private.find_inbox_event is
  'Returns the row of a known event, which has this delivery id or else these bytes; null where it is new.';

create or replace function private.record_inbox_arrival(
  p_source text, p_digest bytea, p_delivery_id text, out o_event private.inbox_events, out o_is_locked boolean
)
language plpgsql volatile security definer set search_path = '' as $$
begin
  o_event := private.find_inbox_event(p_source, p_digest, p_delivery_id);
  if o_event.id is null then
    o_is_locked := false;
    return;
  end if;
  begin
    update private.inbox_events as e set
      received_count = e.received_count + 1, last_received_at = clock_timestamp()
    where e.id = o_event.id
    returning * into o_event;
    o_is_locked := true;
  exception when lock_not_available then
    o_is_locked := false;
  end;
end;
$$;
comment on function private.record_inbox_arrival is
  'Records that a known event has arrived again and returns its row, locked; null where it is new. A row '
  'that somebody else holds for longer than lock_timeout is returned as it is, neither counted nor locked.';

create or replace function private.receive_inbox_event(
  p_source text, p_body bytea, p_delivery_id text, p_event_type text
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1500ms' as $$
declare
  v_digest constant bytea := sha256(p_body);
  -- Whoever stores it is about to process it; if that does not happen, the scheduler does.
  v_next_attempt_at constant timestamptz := clock_timestamp() + interval '30 seconds';
  v_arrival record := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
  v_event private.inbox_events := v_arrival.o_event;
begin
  if v_event.id is null then
    insert into private.inbox_events as e (source, delivery_id, event_type, body, next_attempt_at)
    values (p_source, p_delivery_id, p_event_type, p_body, v_next_attempt_at)
    on conflict do nothing
    returning * into v_event;
    if found then
      return v_event;
    end if;
    -- Another transaction stored the same bytes or the same delivery id.
    v_arrival := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
    v_event := v_arrival.o_event;
  end if;
  -- One that was attempted too often has one more attempt.
  if v_arrival.o_is_locked and v_event.status in ('received', 'failed')
    and v_event.next_attempt_at is null then
    update private.inbox_events as e set next_attempt_at = v_next_attempt_at
    where e.id = v_event.id
    returning * into v_event;
  end if;
  return v_event;
end;
$$;
comment on function private.receive_inbox_event is
  'Only stores an event, for the scheduler to process, and returns its row: the existing one where '
  'it arrived before.';

-- One insert for an event that is new, with its outcome. One that is done is not processed again. A lock is
-- given up before the caller gives up the call: the event is stored then, and the scheduler processes it.
create or replace function private.ingest_inbox_event(
  p_source text, p_body bytea, p_payload private.inbox_payload, p_delivery_id text, p_event_type text,
  p_is_caught boolean
) returns private.inbox_events
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1500ms' as $$
declare
  v_digest constant bytea := sha256(p_body);
  v_arrival record := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
  v_event private.inbox_events := v_arrival.o_event;
  v_payload private.inbox_payload := p_payload;
  v_outcome private.inbox_outcome;
  v_is_attempt boolean;
begin
  if v_event.id is null then
    if v_payload is null then
      v_payload := private.parse_inbox_body(p_body);
    end if;
    v_outcome := private.try_inbox_payload(p_source, v_payload, p_is_caught);
    v_is_attempt := v_outcome.status <> 'received';
    insert into private.inbox_events as e (
      source, delivery_id, event_type, body, status, result, error, attempts_count, processed_at,
      next_attempt_at
    )
    values (
      p_source, p_delivery_id, p_event_type, p_body, v_outcome.status, v_outcome.result, v_outcome.error,
      v_is_attempt::integer, case when v_is_attempt then clock_timestamp() end,
      case
        when not v_is_attempt then clock_timestamp() + interval '30 seconds'
        when v_outcome.result is null then private.next_inbox_attempt(p_source, v_outcome.status, 1)
      end
    )
    on conflict do nothing
    returning * into v_event;
    if found then
      return v_event;
    end if;
    -- Another transaction stored the same bytes, whose outcome this is, or others with the same delivery id.
    v_arrival := private.record_inbox_arrival(p_source, v_digest, p_delivery_id);
    v_event := v_arrival.o_event;
    if v_arrival.o_is_locked and v_event.digest = v_digest
      and v_event.status in ('received', 'failed', 'unreadable') then
      return private.record_inbox_outcome(v_event, v_outcome);
    end if;
  end if;
  if v_arrival.o_is_locked and v_event.status in ('received', 'failed', 'unreadable') then
    return private.process_inbox_event(p_source, v_event.id, p_is_caught);
  end if;
  return v_event;
end;
$$;
comment on function private.ingest_inbox_event is
  'Stores an event and processes it, and returns its row. A known one is processed again where it failed or '
  'could not be read. p_payload is the body where the caller has parsed it, else null. Where p_is_caught, an '
  'error is recorded as the event''s, otherwise it is raised and nothing is stored. Where a lock is not '
  'available within 1.5 s, the event is stored, as received, for the scheduler.';

-- 15_inbox/60_run_inbox_events.sql
-- What each source's job calls to process what is due: what was stored alone, and what failed.

-- Several events in one transaction lock what they are about in one order.
create or replace function private.lock_inbox_events(p_source text, p_event_ids uuid[]) returns void
language plpgsql volatile security definer set search_path = '' as $$
begin
  if p_source = 'circle' then
    perform private.lock_circle_events(p_event_ids);
  end if;
end;
$$;
comment on function private.lock_inbox_events is
  'Locks what these events of a source are about, before the first of them is processed.';

create or replace function private.try_lock_inbox_events(p_source text, p_event_ids uuid[]) returns boolean
language plpgsql volatile security definer set search_path = '' set lock_timeout = '1s' as $$
begin
  perform private.lock_inbox_events(p_source, p_event_ids);
  return true;
exception when lock_not_available or deadlock_detected then
  return false;
end;
$$;
comment on function private.try_lock_inbox_events is
  'Locks what these events are about; false, and nothing is locked, where somebody else holds a part of it.';

-- Somebody who holds a row holds up the events that are about it, and no other: those are processed one by
-- one then, without waiting. The locks of one event are held while the next one asks for its own, in no
-- order, and the timeout, shorter than deadlock_timeout, ends what would be a deadlock.
create or replace function private.process_inbox_events(
  p_source text, p_event_ids uuid[], p_is_waiting boolean
) returns text[]
language plpgsql volatile security definer set search_path = '' set lock_timeout = '20ms' as $$
declare
  v_event_id uuid;
  v_status text;
  v_statuses text[] := array[]::text[];
begin
  if p_is_waiting and private.try_lock_inbox_events(p_source, p_event_ids) then
    perform set_config('lock_timeout', '1s', true);
  end if;
  foreach v_event_id in array p_event_ids loop
    v_status := (private.process_inbox_event(p_source, v_event_id, true)).status;
    v_statuses := v_statuses || v_status;
    -- a lock that could not be foreseen, such as that of a tag: the next event does not wait for it again
    if v_status = 'received' then
      perform set_config('lock_timeout', '20ms', true);
    end if;
  end loop;
  return v_statuses;
end;
$$;
comment on function private.process_inbox_events is
  'Processes stored events, which are locked already, in this order, and returns their statuses. Those that '
  'need a lock that somebody else holds are left for later, received; where p_is_waiting, after a second.';

-- Events that wait for somebody's lock do not count, so that however many they are, others are reached.
create or replace function private.run_inbox_events(p_source text, p_batch integer default null)
returns integer
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source constant private.inbox_sources := private.load_inbox_source(p_source);
  v_batch constant integer := coalesce(p_batch, v_source.batch_size);
  v_event_ids uuid[];
  v_statuses text[];
  v_is_waiting boolean := true;
  v_seen integer := 0;
  v_attempts integer := 0;
  v_count integer := 0;
begin
  while v_attempts < v_batch and v_seen < 20 * v_batch loop
    v_event_ids := array(
      select e.id from private.inbox_events as e
      where e.source = p_source and e.next_attempt_at <= clock_timestamp()
      order by e.next_attempt_at
      limit v_batch - v_attempts
      for update skip locked
    );
    exit when v_event_ids = '{}';
    v_statuses := private.process_inbox_events(p_source, v_event_ids, v_is_waiting);
    v_seen := v_seen + cardinality(v_event_ids);
    select
      v_attempts + count(*)::integer,
      v_count + (count(*) filter (where u.status not in ('failed', 'unreadable')))::integer
    into v_attempts, v_count
    from unnest(v_statuses) as u (status)
    where u.status <> 'received';
    -- what the first events are about stays locked: waiting for more, in another order, could be a deadlock
    v_is_waiting := false;
  end loop;
  return v_count;
end;
$$;
comment on function private.run_inbox_events is
  'Processes the events of a source that are due, up to p_batch, else up to its batch_size, and returns how '
  'many succeeded. One that fails is retried with backoff, up to max_attempts; one that needs what somebody '
  'else has locked is left for later, and does not count. For the scheduler.';

-- 15_inbox/70_replay_inbox_events.sql
-- All events of a period once more, for example after a fix.

create or replace function private.replay_inbox_events(
  p_source text, p_from timestamptz, p_to timestamptz, p_limit integer
) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_limit constant integer := least(greatest(coalesce(p_limit, 1000), 1), 10000);
  v_event_ids uuid[];
  v_last_at timestamptz;
  v_counts jsonb := '{}'::jsonb;
  v_status text;
begin
  if p_from is null or p_to is null or p_from > p_to then
    raise exception using
      errcode = 'PT422', message = 'inbox_range_invalid',
      detail = 'The period has to begin before it ends.',
      hint = 'Give the times between which the events were received.';
  end if;
  -- All events before what they are about, as the lock order has it. Those of one moment stay together, so
  -- that next_from is always later than the last.
  select array_agg(o.id order by o.received_at, o.id), max(o.received_at) into v_event_ids, v_last_at
  from (
    select e.id, e.received_at from private.inbox_events as e
    where e.source = p_source and e.received_at >= p_from and e.received_at < p_to
    order by e.received_at
    fetch first v_limit rows with ties
    for update
  ) as o;
  foreach v_status in array private.process_inbox_events(p_source, coalesce(v_event_ids, '{}'), true) loop
    v_counts := v_counts || jsonb_build_object(v_status, coalesce((v_counts ->> v_status)::integer, 0) + 1);
  end loop;
  return jsonb_build_object(
    'replayed', coalesce(cardinality(v_event_ids), 0),
    'next_from', (
      select min(e.received_at) from private.inbox_events as e
      where e.source = p_source and e.received_at > v_last_at and e.received_at < p_to
    )
  ) || v_counts;
end;
$$;
comment on function private.replay_inbox_events is
  'Processes every event of a source received from p_from up to p_to again, in the order in which they '
  'arrived. Returns {replayed, next_from, <status>: count}; next_from is where to continue when there were '
  'more than p_limit (1000 where null, at most 10000), else null. Those that need what somebody else has '
  'locked are counted as received: the scheduler processes them. Errors: inbox_range_invalid (422).';

-- 15_inbox/80_prune_inbox_events.sql
-- What is done is kept for as long as its source's settings say.

create or replace function private.prune_inbox_events(p_batch integer default 100000) returns jsonb
language plpgsql volatile security definer set search_path = '' as $$
declare
  v_source private.inbox_sources;
  v_count integer;
  v_counts jsonb := '{}'::jsonb;
begin
  for v_source in select s.* from private.inbox_sources as s loop
    -- One that is being processed again just now is left for another night. By ctid, which locked rows keep:
    -- with `id in (…)` a batch of this size is planned as a join with the whole table.
    delete from private.inbox_events as e
    where e.ctid = any (array(
      select o.ctid from private.inbox_events as o
      where o.source = v_source.source and o.status in ('processed', 'hint')
        and o.processed_at < now() - make_interval(days => v_source.retention_days)
      order by o.processed_at
      limit p_batch
      for update skip locked
    ));
    get diagnostics v_count = row_count;
    v_counts := v_counts || jsonb_build_object(v_source.source, v_count);
    delete from private.inbox_events as e
    where not v_source.is_failed_kept and e.ctid = any (array(
      select o.ctid from private.inbox_events as o
      where o.source = v_source.source and o.status in ('failed', 'unreadable', 'unrecognised')
        and o.received_at < now() - make_interval(days => v_source.retention_days)
        and o.next_attempt_at is null
      order by o.received_at
      limit p_batch
      for update skip locked
    ));
    get diagnostics v_count = row_count;
    v_counts := jsonb_set(
      v_counts, array[v_source.source], to_jsonb((v_counts ->> v_source.source)::integer + v_count)
    );
  end loop;
  return v_counts;
end;
$$;
comment on function private.prune_inbox_events is
  'Deletes events that were processed more than retention_days ago, up to p_batch of each source, the oldest '
  'first, and returns how many: {<source>: count}. What failed, could not be read or was not recognised '
  'stays for a person where the source is set so. For the scheduler.';
