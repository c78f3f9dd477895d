-- prune_tracker_history: what it deletes and what it keeps.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(8);

\ir ../helpers/personas.psql

insert into private.circle_events (body, status, processed_at)
select convert_to(s.status || ' ' || d.days, 'UTF8'), s.status, now() - make_interval(days => d.days)
from unnest(array['processed', 'hint', 'failed', 'unrecognised', 'unreadable']) as s (status)
cross join (values (89), (91), (200)) as d (days);
insert into private.circle_events (body, status, received_at)
  values ('received', 'received', now() - interval '1 year');
delete from cron.job_run_details where true;
insert into cron.job_run_details (runid, status, start_time, end_time) values
  (-1, 'succeeded', now() - interval '8 days', now() - interval '8 days'),
  (-2, 'succeeded', now() - interval '8 days', now() - interval '6 days'),
  (-3, 'failed', now() - interval '8 days', null), (-4, 'running', now(), null), (-5, 'starting', null, null);

select is(
  private.prune_tracker_history(1), '{"circle_events": 1, "cron_runs": 1}',
  'a call deletes at most p_batch rows of each'
);
select bag_eq(
  $$ select convert_from(body, 'UTF8') from private.circle_events
     where status in ('processed', 'hint') and processed_at < now() - interval '100 days' $$,
  $$ select case when exists (
       select from private.circle_events where body = 'hint 200'
     ) then 'hint 200' else 'processed 200' end $$,
  'the oldest first'
);
select is(
  private.prune_tracker_history(), '{"circle_events": 3, "cron_runs": 1}', 'the next call continues'
);
select bag_eq(
  $$ select convert_from(body, 'UTF8') from private.circle_events $$,
  $$ select s.status || ' ' || d.days
     from unnest(array['failed', 'unrecognised', 'unreadable']) as s (status)
     cross join (values (89), (91), (200)) as d (days)
     union all values ('processed 89'), ('hint 89'), ('received') $$,
  'newer events, and events that were not processed completely, stay'
);
select bag_eq(
  $$ select runid::integer from cron.job_run_details $$, $$ values (-2), (-4), (-5) $$,
  'records of jobs are kept for a week'
);
update public.tracker_settings set event_retention_days = 30 where id;
select is(
  private.prune_tracker_history(), '{"circle_events": 2, "cron_runs": 0}',
  'the retention of events is a setting'
);
select is(
  private.prune_tracker_history(), '{"circle_events": 0, "cron_runs": 0}',
  'a further call deletes nothing'
);
select is_empty(
  $$ select r.name from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
     where has_function_privilege(r.name, 'private.prune_tracker_history(integer)', 'execute') $$,
  'clients can''t call it'
);

select * from finish();
rollback;
