-- What is deleted, and what stays.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(12);

\ir ../helpers/personas.psql

insert into private.inbox_events (source, body, status, processed_at)
select 'circle', convert_to(s.status || ' ' || d.days, 'UTF8'), s.status,
  now() - make_interval(days => d.days)
from unnest(array['processed', 'hint', 'failed', 'unrecognised', 'unreadable']) as s (status)
cross join (values (89), (91), (200)) as d (days);
insert into private.inbox_events (source, body, status, received_at)
values ('circle', 'received', 'received', now() - interval '1 year');
insert into private.inbox_events (source, body, status, processed_at) values
  ('github', 'github 29', 'processed', now() - interval '29 days'),
  ('github', 'github 31', 'processed', now() - interval '31 days');

select is(private.prune_inbox_events(1), '{"circle": 1, "github": 1}', 'a call is bounded for each source');
select bag_eq(
  $$ select convert_from(body, 'UTF8') from private.inbox_events
     where status in ('processed', 'hint') and processed_at < now() - interval '100 days' $$,
  $$ select case when exists (
       select from private.inbox_events where body = 'hint 200'
     ) then 'hint 200' else 'processed 200' end $$,
  'and begins with the oldest'
);
select is(private.prune_inbox_events(), '{"circle": 3, "github": 0}', 'the next one continues');
select bag_eq(
  $$ select convert_from(body, 'UTF8') from private.inbox_events $$,
  $$ select s.status || ' ' || d.days
     from unnest(array['failed', 'unrecognised', 'unreadable']) as s (status)
     cross join (values (89), (91), (200)) as d (days)
     union all values ('processed 89'), ('hint 89'), ('received'), ('github 29') $$,
  'what is younger, or was not processed to the end, stays'
);
update public.tracker_settings set event_retention_days = 30 where id;
select is(
  private.prune_inbox_events(), '{"circle": 2, "github": 0}', 'for how long is a setting of the source'
);
update public.agent_settings set delivery_retention_days = 7 where id;
select is(private.prune_inbox_events(), '{"circle": 0, "github": 1}', 'of each its own');
select is(private.prune_inbox_events(), '{"circle": 0, "github": 0}', 'then nothing is left');
select is(
  pg_temp.as_persona('admin', 'update tracker_settings set event_retention_days = 60 where id returning 1'),
  '1', 'an admin changes it'
);
select is(
  (select retention_days from private.inbox_sources where source = 'circle'), 60, 'with effect on the source'
);

-- Records of cron jobs

delete from cron.job_run_details where true;
insert into cron.job_run_details (runid, status, start_time, end_time) values
  (-1, 'succeeded', now() - interval '8 days', now() - interval '8 days'),
  (-2, 'succeeded', now() - interval '8 days', now() - interval '6 days'),
  (-3, 'failed', now() - interval '8 days', null), (-4, 'running', now(), null), (-5, 'starting', null, null);
select results_eq(
  'select private.prune_cron_runs(1) from generate_series(1, 3)', 'values (1), (1), (0)',
  'records of jobs are deleted after a week, as many as a call is allowed'
);
select bag_eq(
  $$ select runid::integer from cron.job_run_details $$, $$ values (-2), (-4), (-5) $$,
  'and younger ones stay'
);

select is_empty(
  $$ select r.name, f.name from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
     cross join unnest(array[
       'prune_inbox_events(integer)', 'prune_cron_runs(integer)', 'run_inbox_events(text, integer)'
     ]) as f (name)
     where has_function_privilege(r.name, 'private.' || f.name, 'execute') $$,
  'these are the scheduler''s'
);

select * from finish();
rollback;
