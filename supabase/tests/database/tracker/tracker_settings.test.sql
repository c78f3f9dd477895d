-- tracker_settings: one row, changed by admins.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(9);

\ir ../helpers/personas.psql

select results_eq(
  $$ select id, triage_threshold, event_retention_days from public.tracker_settings $$,
  $$ values (true, 0.8::double precision, 90) $$, 'the defaults'
);
select is(
  pg_temp.as_persona('admin', $$ update tracker_settings set id = true, triage_threshold = 1,
    event_retention_days = 1, created_at = '2020-01-01', updated_at = '2020-01-01' where id
    returning triage_threshold || ' ' || event_retention_days || (updated_at > created_at) $$),
  '1 1true', 'an admin changes them, sending the whole row'
);
select is(
  pg_temp.as_persona('agent', 'update tracker_settings set triage_threshold = 0.1 where id returning id'),
  'PT403 team_role_required', 'an agent can''t'
);
select is_empty(
  $$ select v.threshold from (values ('0'), ('-0.1'), ('1.01'), ('NaN')) as v (threshold)
     where pg_temp.as_persona('admin', format(
       'update tracker_settings set triage_threshold = %L where id returning id', v.threshold
     )) !~ '^23514 .+tracker_settings_triage_threshold_is_a_share' $$,
  'the threshold must be above 0 and at most 1'
);
select is_empty(
  $$ select v.days from (values (0), (-1), (36501)) as v (days)
     where pg_temp.as_persona('admin', format(
       'update tracker_settings set event_retention_days = %s where id returning id', v.days
     )) !~ '^23514 .+tracker_settings_event_retention_days_is_bounded' $$,
  'the retention must be between 1 day and 100 years'
);
select throws_ok(
  'insert into public.tracker_settings (id) values (false)', '23514', null,
  'a row with another key is rejected'
);
select throws_ok(
  'insert into public.tracker_settings default values', '23505', null,
  'a second row is rejected'
);
select matches(
  pg_temp.as_persona('service_role', 'delete from tracker_settings where id returning id'), '^42501 ',
  'nobody can delete it'
);
select is(pg_temp.as_persona('viewer', 'select triage_threshold from tracker_settings'), '1',
  'viewers read the settings');

select * from finish();
rollback;
