-- Events that were stored and not processed, or not completely, are processed by the job.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(21);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.body(p_id text) returns text language sql as $$
  select encode(convert_to(
    pg_temp.single(p_id, 'Text', '{"is_issue": true, "issue_title": "Title", "type": "Auth"}')::text, 'UTF8'
  ), 'base64')
$$;
create function pg_temp.bring_forward() returns void language sql as $$
  update private.inbox_events set next_attempt_at = clock_timestamp() where next_attempt_at is not null
$$;
create temp table event as select public.receive_circle_event(pg_temp.body('1')) as id;
select is(private.run_inbox_events('circle'), 0, 'one that has just come is left to its request');
select is(
  (select next_attempt_at - received_at between interval '29 seconds' and interval '31 seconds'
   from private.inbox_events), true, 'for half a minute'
);
select pg_temp.bring_forward();
select is(private.run_inbox_events('circle'), 1, 'then it is processed');
select results_eq(
  $$ select e.status, e.attempts_count, c.message_id, i.title
     from private.inbox_events as e, public.circle_issues as c
     join public.issues as i on i.id = c.mapped_to_issue_id $$,
  $$ values ('processed', 1, '1', 'Title') $$, 'and imported'
);
select is(private.run_inbox_events('circle'), 0, 'a second run finds nothing');
select is((select attempts_count from private.inbox_events), 1, 'and does nothing');

-- one that always ends in an error

create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '55006', message = 'it is in use';
end;
$$;
create trigger _999_refuse before insert on public.circle_issues
  for each row when (new.message_id = '2') execute function pg_temp.refuse();
select public.receive_circle_event(pg_temp.body('2'));
select pg_temp.bring_forward();
select is(private.run_inbox_events('circle'), 0, 'one that cannot be processed is not an error');
select results_eq(
  $$ select status, attempts_count, error from private.inbox_events
     where attempts_count = 1 and error is not null $$,
  $$ values ('failed', 1, '55006: it is in use') $$, 'it is listed with its reason'
);
select is(
  (select next_attempt_at - clock_timestamp() between interval '59 seconds' and interval '73 seconds'
   from private.inbox_events where status = 'failed'), true, 'and tried again after a minute'
);
select public.receive_circle_event(pg_temp.body('3'));
select pg_temp.bring_forward();
select is(private.run_inbox_events('circle', 2), 1, 'it holds up no other');
select is(
  (select next_attempt_at - clock_timestamp() between interval '119 seconds' and interval '145 seconds'
   from private.inbox_events where status = 'failed'), true, 'the second time after two minutes'
);
do $$
begin
  for v_attempt in 3..12 loop
    perform pg_temp.bring_forward();
    perform private.run_inbox_events('circle');
  end loop;
end;
$$;
select results_eq(
  $$ select attempts_count, next_attempt_at, processed_at is not null from private.inbox_events
     where status = 'failed' $$,
  $$ values (10, null::timestamptz, true) $$, 'up to ten times'
);
drop trigger _999_refuse on public.circle_issues;
select is(
  process_circle_event((select id from private.inbox_events where status = 'failed')) ->> 'status',
  'processed', 'by hand it can be tried again'
);
select is((select error from private.inbox_events where attempts_count = 11), null,
  'with nothing left of the error');

-- one of which a message is refused

create temp table refused as
select public.ingest_circle_event(encode('{"Parent_Message": {"body": "no id"}}', 'base64')) as answer;
select is((select answer ->> 'status' from refused), 'failed', 'an event with a refused message has failed');
select is(
  (select count(*) from private.inbox_events where status = 'failed' and next_attempt_at is not null),
    0::bigint,
  'and is not tried again by itself: it would be refused again'
);
select is(
  (select error from private.inbox_events where status = 'failed'), 'tracker_message_id_invalid',
  'it says why'
);
select is(
  public.ingest_circle_event(encode('{"Parent_Message": {"body": "no id"}}', 'base64')) ->> 'event_id',
  (select answer ->> 'event_id' from refused), 'the same bytes are the same event'
);
select results_eq(
  $$ select attempts_count, received_count from private.inbox_events where status = 'failed' $$,
  $$ values (2, 2) $$, 'which is processed again immediately'
);
select results_eq(
  $$ select
       private.next_inbox_attempt('circle', 'failed', 9) - clock_timestamp() between interval '255 minutes'
         and interval '308 minutes',
       private.next_inbox_attempt('circle', 'failed', 10),
       private.next_inbox_attempt('circle', 'processed', 1),
       private.next_inbox_attempt('circle', 'unreadable', 1) $$,
  $$ values (true, null::timestamptz, null::timestamptz, null::timestamptz) $$,
  'the waits double, and end'
);

-- one that is too complex

create or replace function private.circle_elements(p_payload jsonb) returns jsonb language plpgsql as $$
begin
  raise exception using errcode = '54001', message = 'stack depth limit exceeded';
end;
$$;
select public.receive_circle_event(encode('[{}]', 'base64'));
select pg_temp.bring_forward();
select private.run_inbox_events('circle');
select results_eq(
  $$ select error, attempts, next_attempt_at from failed_circle_events where error like '54001%' $$,
  $$ values ('54001: stack depth limit exceeded', 1, null::timestamptz) $$,
  'one that is too complex is listed, and not tried again'
);

select * from finish();
rollback;
