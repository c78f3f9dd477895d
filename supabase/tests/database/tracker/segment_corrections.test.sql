-- Corrections: kept when a person changes a segment, over any client, and by nothing else.

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
  'which is kept with the text that it was judged by'
);
select pg_temp.as_persona('agent', $$ update issues set segment = 'misc' where title = 'One!'
  returning segment $$);
select results_eq(
  $$ select old_segment, new_segment from public.segment_corrections order by corrected_at $$,
  $$ values ('misc', 'code'), ('code', 'misc') $$, 'a change back is another, and takes nothing away'
);
delete from public.segment_corrections;

select pg_temp.as_persona('agent', $$ update issues set segment = segment, title = title || '!' where true
  returning segment $$);
select pg_temp.as_persona('agent', $$ update issues set segment = null where true returning segment $$);
select pg_temp.as_persona('agent', $$ insert into issues (title, segment) values ('Three', 'code')
  returning segment $$);
select is_empty(
  'select * from public.segment_corrections', 'the same segment, none, and a new issue are no corrections'
);
select is(
  pg_temp.as_persona('admin', $$ with u as (update issues set segment = 'auth' where true returning 1)
    select count(*) from u $$), '3', 'an admin moves all at once'
);
select results_eq(
  $$ select title, old_segment, new_segment, corrected_by from public.segment_corrections order by 1 $$,
  $$ values ('One!!', 'misc', 'auth', 'Adam Admin'), ('Three', 'code', 'auth', 'Adam Admin'),
    ('Two!', 'misc', 'auth', 'Adam Admin') $$, 'a row an issue'
);
delete from public.segment_corrections;
select pg_temp.as_persona('agent', $$ insert into issues (id, title, segment)
  values ('10000000-0000-4000-8000-000000000002', 'Two', 'tool')
  on conflict (id) do update set title = excluded.title, segment = excluded.segment returning segment $$);
select results_eq(
  'select old_segment, new_segment from public.segment_corrections', $$ values ('auth', 'tool') $$,
  'an upsert counts'
);
delete from public.segment_corrections;

-- What no person did

update public.issues set segment = 'misc' where title = 'Two';
select is_empty('select * from public.segment_corrections', 'an operator corrects nothing');
select is(
  pg_temp.as_persona('service_role', $$ update issues set segment = 'code' where title = 'Two'
    returning segment $$), 'code', 'a server changes a segment'
);
select is_empty('select * from public.segment_corrections', 'which is no correction');
select set_config('app.import', 'on', true);
select is(
  pg_temp.as_persona('agent', $$ update issues set segment = 'auth' where title = 'Two' returning segment $$),
  'auth', 'an import by an agent changes one'
);
select is_empty('select * from public.segment_corrections', 'which is none either');
select set_config('app.import', 'off', true);
select pg_temp.as_persona('agent', $$ update issues set segment = 'misc' where title = 'Two'
  returning segment $$);
select results_eq(
  'select old_segment, new_segment from public.segment_corrections', $$ values ('auth', 'misc') $$,
  'after it, their changes count again'
);
delete from public.segment_corrections;
select pg_temp.as_persona('agent', $$ insert into issues (title, segment, is_test)
  values ('Test', 'misc', true) returning id $$);
select pg_temp.as_persona('agent', $$ update issues set segment = 'code' where is_test returning segment $$);
select is_empty('select * from public.segment_corrections', 'test data is no example');

-- How long it stays, and how long it gets

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
  $$ values (null::uuid, null::uuid, 'Agnes Agent') $$, 'it outlives the issue and the account'
);
select is(
  pg_temp.as_persona('agent', $$ update issues set segment = 'code' where true returning segment $$), null,
  'an account that is gone corrects nothing'
);
select is(pg_temp.as_persona('viewer', 'select count(*) from segment_corrections'), '1', 'a viewer reads it');
select matches(
  pg_temp.as_persona('admin', 'delete from segment_corrections where true returning id'), '^42501 ',
  'an admin takes nothing away'
);
select matches(
  pg_temp.as_persona('service_role', $$ insert into segment_corrections (title, description, old_segment,
    new_segment, corrected_by) values ('a', '', 'misc', 'code', 'Mallory') returning id $$), '^42501 ',
  'and a server adds nothing'
);

select * from finish();
rollback;
