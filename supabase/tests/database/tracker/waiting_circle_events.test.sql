-- Events that were stored and not worked on are worked on by the clock.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(14);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.receive(p_id text) returns uuid language sql as $$
  select public.receive_circle_event(encode(convert_to(
    pg_temp.single(p_id, 'Text', '{"is_issue": true, "issue_title": "Title", "type": "Auth"}')::text, 'UTF8'
  ), 'base64'))
$$;
create temp table event as select pg_temp.receive('1') as id;
select is(private.process_waiting_circle_events(), 0, 'one that has just come is left to its request');
update private.circle_events set received_at = received_at - interval '31 seconds' where true;
select is(private.process_waiting_circle_events(), 1, 'half a minute later it is worked on');
select results_eq(
  $$ select e.status, e.attempts, c.message_id, i.title
     from private.circle_events as e, public.circle_issues as c
     join public.issues as i on i.id = c.mapped_to_issue_id $$,
  $$ values ('processed', 1, '1', 'Title') $$, 'and imported'
);
select is(private.process_waiting_circle_events(), 0, 'a second run finds nothing');
select is((select attempts from private.circle_events), 1, 'and does nothing');

-- one that always fails

create function pg_temp.refuse() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '55P03', message = 'no lock to be had';
end;
$$;
create trigger _999_refuse before insert on public.circle_issues
  for each row when (new.message_id = '2') execute function pg_temp.refuse();
select pg_temp.receive('2');
update private.circle_events set received_at = received_at - interval '1 hour' where status = 'received';
select is(private.process_waiting_circle_events(), 0, 'one that can''t be worked on is no error');
select results_eq(
  $$ select attempts, error, processed_at from private.circle_events where status = 'received' $$,
  $$ values (1, '55P03: no lock to be had', null::timestamptz) $$, 'it waits, with its reason'
);
select pg_temp.receive('3');
update private.circle_events set received_at = received_at - interval '1 minute' where attempts = 0;
select is(private.process_waiting_circle_events(1), 1, 'it holds up no other');
select is((select status from private.circle_events where attempts = 1 and error is null
  and id <> (select id from event)), 'processed', 'which is imported');
select is(sum(private.process_waiting_circle_events()), 0::bigint, 'nine more attempts')
from generate_series(1, 9);
select results_eq(
  $$ select status, attempts, processed_at is not null from private.circle_events where error is not null $$,
  $$ values ('failed', 10, true) $$, 'and it has failed'
);
select private.process_waiting_circle_events();
select is((select max(attempts) from private.circle_events), 10, 'it is not tried again by itself');
drop trigger _999_refuse on public.circle_issues;
select is(
  process_circle_event((select id from private.circle_events where status = 'failed')) ->> 'status',
  'processed', 'but can be by hand'
);
select is((select error from private.circle_events where attempts = 11), null,
  'with nothing left of the error');

select * from finish();
rollback;
