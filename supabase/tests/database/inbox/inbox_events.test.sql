-- The inbox, whatever the source: stored once, processed, retried with backoff, replayed.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(45);

\ir ../helpers/personas.psql
\ir ../helpers/github.psql

create function pg_temp.receive(p_source text, p_body text, p_delivery_id text default null) returns uuid
language sql as $$
  select (private.receive_inbox_event(p_source, convert_to(p_body, 'UTF8'), p_delivery_id, 'test')).id
$$;
create function pg_temp.ingest(p_source text, p_body text, p_delivery_id text default null) returns uuid
language sql as $$
  select (private.ingest_inbox_event(
    p_source, convert_to(p_body, 'UTF8'), null, p_delivery_id, 'test', true
  )).id
$$;
create function pg_temp.row_of(p_id uuid) returns text language sql as $$
  select concat_ws(' ', source, status, error, attempts_count, received_count,
    case when next_attempt_at is not null then 'again' end)
  from private.inbox_events where id = p_id
$$;

-- Reading a body

select is(private.decode_inbox_body('circle', 'e30='), '\x7b7d'::bytea, 'a body is decoded from base64');
select throws_ok(
  format('select private.decode_inbox_body(%L, %L)', s, b), 'PT422', 'inbox_body_invalid',
  s || ' rejects ' || w
)
from unnest(array['circle', 'github']) as s
cross join (values ('not base64!', 'what is not base64'), (null, 'null')) as v (b, w);
select throws_ok(
  format(
    'select private.decode_inbox_body(%L, encode(decode(repeat(%L, %s), %L), %L))', s.source, '78',
    s.max_body_bytes + 1, 'hex', 'base64'
  ), 'PT413', 'inbox_body_too_large', s.source || ' has a limit of its own'
)
from private.inbox_sources as s order by s.source;
select is(
  (private.parse_inbox_body('\xefbbbf7b2261223a317d')).value, '{"a": 1}',
  'a byte order mark is skipped, whatever the source'
);
select is(
  (private.parse_inbox_body(convert_to('{"a": "\u0000\ud800"}', 'UTF8'))).value ->> 'a', U&'\FFFD\FFFD',
  'and escapes that jsonb cannot hold are replaced'
);
select results_eq(
  $$ select (private.parse_inbox_body(b)).error from (values
       ('\xff'::bytea), ('{'), (convert_to(repeat('[', 500000), 'UTF8')), ('{"n" 1}')
     ) as v (b) $$,
  $$ values ('inbox_encoding_invalid'), ('inbox_json_invalid'), ('inbox_json_unsupported'),
    ('inbox_json_invalid') $$,
  'the rest has a reason'
);

select throws_ok(s, 'P0004', m, 'a source without a row is an error')
from (values
  ($$ select private.decode_inbox_body('discord', 'e30=') $$, '''discord'' is not a source of the inbox'),
  ($$ select private.run_inbox_events(null, 1) $$, 'NULL is not a source of the inbox')
) as v (s, m);

-- Stored once

create temp table first as select pg_temp.receive('circle', '{"a": 1}') as id;
select is(pg_temp.receive('circle', '{"a": 1}'), (select id from first), 'the same bytes are the same event');
select isnt(pg_temp.receive('github', '{"a": 1}'), (select id from first), 'from another source another one');
select is(pg_temp.row_of((select id from first)), 'circle received 0 2 again', 'it is counted');
create temp table delivery as select pg_temp.receive('github', '{"a": 2}', 'd-1') as id;
select is(pg_temp.receive('github', '{"a": 3}', 'd-1'), (select id from delivery),
  'the same delivery id is the same event');
select is(pg_temp.receive('github', '{"a": 2}', 'd-2'), (select id from delivery),
  'and so are its bytes again');
select isnt(pg_temp.receive('circle', '{"a": 4}', 'd-1'), (select id from delivery),
  'another source may use the same id');
select throws_ok(
  $$ select private.process_inbox_event('github', (select id from first), true) $$, 'PT404',
  'inbox_event_unknown', 'an event is processed as one of its source'
);

-- The jobs process their sources

delete from private.inbox_events;
create temp table event (name text, id uuid);
insert into event values
  ('hint', pg_temp.receive('circle', '{"type": "x", "data": {}}')),
  ('unreadable', pg_temp.receive('circle', '{')),
  ('rejected', pg_temp.receive('circle', '{"Parent_Message": {}}')),
  ('delivery', pg_temp.receive('github', convert_from(decode(
    pg_temp.body(pg_temp.pull(1, '2026-03-01T10:00:00Z')), 'base64'
  ), 'UTF8'), 'd-3')),
  ('invalid', pg_temp.receive('github', '{"b": 1}', 'd-4'));
select is(
  private.run_inbox_events('circle') + private.run_inbox_events('github'), 0,
  'what has just arrived is left to its request'
);
update private.inbox_events set next_attempt_at = now();
select is(private.run_inbox_events(s), 1, 'then the job processes it, and counts what succeeded: ' || s)
from unnest(array['circle', 'github']) as s;
select results_eq(
  $$ select name, pg_temp.row_of(id) from event order by name $$,
  $$ values ('delivery', 'github processed 1 1'), ('hint', 'circle hint 1 1'),
    ('invalid', 'github failed PT422: agents_github_payload_invalid 1 1 again'),
    ('rejected', 'circle failed tracker_message_id_invalid 1 1'),
    ('unreadable', 'circle unreadable inbox_json_invalid 1 1') $$,
  'each by its source'
);
select is((select count(*) from public.pull_requests where number = 1), 1::bigint, 'with its effect');
update private.inbox_events set next_attempt_at = now() where next_attempt_at is not null;
update private.inbox_sources set batch_size = 1;
insert into event
select 'more', pg_temp.receive('circle', format('{"Parent_Message": {"a": %s}}', n))
from generate_series(1, 2) as n;
update private.inbox_events set next_attempt_at = now() - interval '1 hour' where next_attempt_at > now();
select private.run_inbox_events('circle'), private.run_inbox_events('github');
select is(
  (select count(*) from private.inbox_events where next_attempt_at <= now()), 1::bigint,
  'a run takes a batch of each source, so that none waits for another one''s'
);

-- Retries

update private.inbox_sources set max_attempts = 3, retry_base = '10 s', retry_cap = '15 s'
where source = 'circle';
select results_eq(
  $$ select private.next_inbox_attempt('circle', 'failed', n) - clock_timestamp() between w and w * 1.2
     from (values (1, interval '10 s'), (2, interval '15 s')) as v (n, w) $$,
  $$ values (true), (true) $$, 'a source has its own waits'
);
select is(private.next_inbox_attempt('circle', 'failed', 3), null, 'and its own number of attempts');

-- Replays

select is(
  private.replay_inbox_events('github', '-infinity', 'infinity', null),
  '{"replayed": 2, "next_from": null, "processed": 1, "failed": 1}', 'a replay is of one source'
);
select throws_ok(
  $$ select private.replay_inbox_events('github', 'infinity', '-infinity', 1) $$, 'PT422',
  'inbox_range_invalid', 'a period begins before it ends'
);

-- Who sees what

select results_eq(
  $$ select p, pg_temp.as_persona(p, 'select count(*) from failed_github_deliveries'),
       pg_temp.as_persona(p, 'select count(*) from failed_circle_events')
     from unnest(array['admin', 'agent', 'viewer', 'stranger']) as p $$,
  $$ values ('admin', '1', '3'), ('agent', '0', '3'), ('viewer', '0', '3'), ('stranger', '0', '0') $$,
  'the team sees what failed of Circle''s, admins of GitHub''s too'
);
select is(
  pg_temp.as_persona('admin', $$
    select concat_ws(' ', delivery_id, event_type, status, error, next_attempt_at is not null)
    from failed_github_deliveries $$),
  'd-4 test failed PT422: agents_github_payload_invalid t', 'with its delivery id and the reason'
);
select matches(pg_temp.as_persona(p, 'select ' || s), '^42501 ', format('%s: %s', p, s))
from unnest(array['admin', 'service_role']) as p
cross join unnest(array['count(body) from private.inbox_events', 'count(*) from private.inbox_sources']) as s;

-- Arriving again

select pg_temp.ingest(s, '[', 'd-5') from unnest(array['circle', 'github']) as s;
select is(
  pg_temp.row_of(pg_temp.ingest(s, '[', 'd-5')), s || ' unreadable inbox_json_invalid 2 2',
  s || ': what could not be read is processed again'
) from unnest(array['circle', 'github']) as s;
select pg_temp.ingest('circle', '{"Parent_Message": {"b": 1}}');
update private.inbox_events set next_attempt_at = null where body = '{"Parent_Message": {"b": 1}}';
select is(
  pg_temp.row_of(pg_temp.receive('circle', '{"Parent_Message": {"b": 1}}')),
  'circle failed tracker_message_id_invalid 1 2 again', 'what was attempted too often has one more attempt'
);

-- Stored by another transaction just before: the same bytes, or others with the same delivery id

create function pg_temp.store_earlier() returns trigger language plpgsql as $$
begin
  insert into private.inbox_events (source, delivery_id, body, next_attempt_at)
  values (
    new.source, new.delivery_id, coalesce(convert_to(to_json(new.delivery_id)::text, 'UTF8'), new.body), now()
  );
  return new;
end;
$$;
create trigger _000_store_earlier before insert on private.inbox_events
  for each row when (pg_trigger_depth() = 0) execute function pg_temp.store_earlier();
select is(
  pg_temp.row_of(pg_temp.receive('circle', '{"c": 1}')), 'circle received 0 2 again',
  'the same bytes are counted'
);
select is(
  pg_temp.row_of(pg_temp.ingest('circle', '{"c": 2}')), 'circle unrecognised 1 2',
  'and have the outcome of the transaction that processed them'
);
select is(
  pg_temp.row_of(pg_temp.receive('github', '{"c": 3}', 'd-6')), 'github received 0 2 again',
  'others with the same delivery id are counted too'
);
select is(
  pg_temp.row_of(pg_temp.ingest('github', '{"c": 4}', 'd-7')),
  'github failed PT422: agents_github_payload_invalid 1 2 again', 'and the stored ones are processed'
);
drop trigger _000_store_earlier on private.inbox_events;

-- A job of its own for each source

create function pg_temp.run_job(p_source text) returns text language plpgsql as $$
declare
  v_result text;
begin
  execute (select j.command from cron.job as j where j.jobname = 'inbox-process-' || p_source) into v_result;
  return v_result;
exception
  when query_canceled then
    return sqlstate;
end;
$$;
create function pg_temp.cancel() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '57014', message = 'canceled';
end;
$$;
select is_empty(
  $$ select s.source from private.inbox_sources as s
     where not exists (select from cron.job as j where j.jobname = 'inbox-process-' || s.source) $$,
  'each source has a job'
);
delete from private.inbox_events;
select pg_temp.receive('circle', '{"d": 1}');
select pg_temp.receive('github', convert_from(decode(
  pg_temp.body(pg_temp.pull(2, '2026-03-01T10:00:00Z')), 'base64'
), 'UTF8'), 'd-8');
update private.inbox_events set next_attempt_at = now();
create trigger _000_cancel before update on private.inbox_events
  for each row when (new.source = 'circle') execute function pg_temp.cancel();
select is(pg_temp.run_job('circle'), '57014', 'a run that is canceled');
select is(pg_temp.run_job('github'), '1', 'holds up no other source');

select * from finish();
rollback;
