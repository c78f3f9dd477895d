-- segment_corrections: a row for each change of a segment by a person, and for nothing else.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(20);

\ir ../helpers/personas.psql

insert into public.issues (id, title, description, segment) values
  ('10000000-0000-4000-8000-000000000001', 'One', 'Text', 'misc'),
  ('10000000-0000-4000-8000-000000000002', 'Two', 'Text', 'misc');

select is(
  pg_temp.as_persona('agent', $$ update issues set segment = 'code', title = 'One!' where title = 'One'
    returning segment $$), 'code', 'an agent corrects a segment'
);
select results_eq(
  $$ select issue_id, title, description, old_segment, new_segment, corrected_by, corrected_by_user_id
     from public.segment_corrections $$,
  $$ values ('10000000-0000-4000-8000-000000000001'::uuid, 'One', 'Text', 'misc', 'code', 'Agnes Agent',
    '00000000-0000-4000-8000-00000000000c'::uuid) $$,
  'the correction contains the text before the change'
);
select pg_temp.as_persona('agent', $$ update issues set segment = 'misc' where title = 'One!'
  returning segment $$);
select results_eq(
  $$ select old_segment, new_segment from public.segment_corrections order by corrected_at $$,
  $$ values ('misc', 'code'), ('code', 'misc') $$, 'changing it back adds another row'
);
delete from public.segment_corrections;

select pg_temp.as_persona('agent', $$ update issues set segment = segment, title = title || '!' where true
  returning segment $$);
select pg_temp.as_persona('agent', $$ update issues set segment = null where true returning segment $$);
select pg_temp.as_persona('agent', $$ insert into issues (title, segment) values ('Three', 'code')
  returning segment $$);
select is_empty(
  'select * from public.segment_corrections', 'the same segment, null and a new issue are not corrections'
);
select is(
  pg_temp.as_persona('admin', $$ with u as (update issues set segment = 'auth' where true returning 1)
    select count(*) from u $$), '3', 'an admin changes three issues in one statement'
);
select results_eq(
  $$ select title, old_segment, new_segment, corrected_by from public.segment_corrections order by 1 $$,
  $$ values ('One!!', 'misc', 'auth', 'Adam Admin'), ('Three', 'code', 'auth', 'Adam Admin'),
    ('Two!', 'misc', 'auth', 'Adam Admin') $$, 'with one row per issue'
);
delete from public.segment_corrections;
select pg_temp.as_persona('agent', $$ insert into issues (id, title, segment)
  values ('10000000-0000-4000-8000-000000000002', 'Two', 'tool')
  on conflict (id) do update set title = excluded.title, segment = excluded.segment returning segment $$);
select results_eq(
  'select old_segment, new_segment from public.segment_corrections', $$ values ('auth', 'tool') $$,
  'an upsert is recorded too'
);
delete from public.segment_corrections;

-- Changes that no person made

update public.issues set segment = 'misc' where title = 'Two';
select is_empty('select * from public.segment_corrections', 'a change by an operator is not a correction');
select is(
  pg_temp.as_persona('service_role', $$ update issues set segment = 'code' where title = 'Two'
    returning segment $$), 'code', 'a server changes a segment'
);
select is_empty('select * from public.segment_corrections', 'which is not recorded');
select set_config('app.import', 'on', true);
select is(
  pg_temp.as_persona('agent', $$ update issues set segment = 'auth' where title = 'Two' returning segment $$),
  'auth', 'an import by an agent changes a segment'
);
select is_empty('select * from public.segment_corrections', 'which is not recorded either');
select set_config('app.import', 'off', true);
select pg_temp.as_persona('agent', $$ update issues set segment = 'misc' where title = 'Two'
  returning segment $$);
select results_eq(
  'select old_segment, new_segment from public.segment_corrections', $$ values ('auth', 'misc') $$,
  'after the import, the agent''s changes are recorded again'
);
delete from public.segment_corrections;
select pg_temp.as_persona('agent', $$ insert into issues (title, segment, is_test)
  values ('Test', 'misc', true) returning id $$);
select pg_temp.as_persona('agent', $$ update issues set segment = 'code' where is_test returning segment $$);
select is_empty('select * from public.segment_corrections', 'changes of test issues are not recorded');

-- Retention and size

update public.issues set title = repeat('t', 20001), description = repeat('d', 20001) where title = 'Two';
select pg_temp.as_persona('agent', $$ update issues set segment = 'tool' where title ~ '^t' returning id $$);
select results_eq(
  'select length(title), length(description) from public.segment_corrections', 'values (20000, 20000)',
  'the first 20,000 characters are kept'
);
delete from public.issues where title ~ '^t';
delete from auth.users where email = 'agent@example.com';
select results_eq(
  'select issue_id, corrected_by_user_id, corrected_by from public.segment_corrections',
  $$ values (null::uuid, null::uuid, 'Agnes Agent') $$, 'the row remains after issue and account are deleted'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set segment = 'code' where true returning segment $$),
  'PT403 team_role_required', 'a deleted account can''t change a segment'
);
select is(
  pg_temp.as_persona('viewer', 'select count(*) from segment_corrections'), '1',
  'viewers read corrections'
);
select matches(
  pg_temp.as_persona('admin', 'delete from segment_corrections where true returning id'), '^42501 ',
  'an admin can''t delete them'
);
select matches(
  pg_temp.as_persona('service_role', $$ insert into segment_corrections (title, description, old_segment,
    new_segment, corrected_by) values ('a', '', 'misc', 'code', 'Mallory') returning id $$), '^42501 ',
  'a server can''t insert them'
);

select * from finish();
rollback;
