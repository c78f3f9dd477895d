-- seq_id: 1, 2, 3 …, assigned by the database, whatever a client sends.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(10);

\ir ../helpers/personas.psql

alter sequence public.issues_seq_id_seq restart;
insert into public.issues (title) values ('One'), ('Two');
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, seq_id) values ('Three', 4) returning seq_id $$),
  '3', 'a person''s issue gets the next number, whatever was sent'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, seq_id) values ('Four', null)
    returning seq_id $$),
  '4', 'the next insert gets the next number'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (id, title, seq_id) select id, 'Four again', seq_id
    from issues where title = 'Four' on conflict (id) do update
    set id = excluded.id, title = excluded.title, seq_id = excluded.seq_id returning seq_id $$),
  '4', 'an upsert of an existing row keeps its number'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (id, title, seq_id) select id, 'x', 9
    from issues where title = 'One' on conflict (id) do update
    set id = excluded.id, title = excluded.title, seq_id = excluded.seq_id returning seq_id $$),
  'PT422 key_change_forbidden', 'an upsert with another number is rejected'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title) values ('Five') returning seq_id $$),
  '5', 'neither used up a number'
);
select is(
  pg_temp.as_persona('service_role', $$ insert into issues (title, seq_id) values ('Import', 8)
    returning seq_id $$), '8', 'a server may set the number'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title) values ('Nine') returning seq_id $$),
  '9', 'the next number comes after it'
);
insert into public.issues (title, seq_id) values ('Far', 500000), ('Past', 7);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title) values ('After far') returning seq_id $$),
  '500001', 'after a number far ahead and one behind, the next follows the highest'
);
select throws_ok($$ insert into public.issues (title, seq_id) values ('Minus', -1) $$, '23514', null,
  'a number must be positive');
select results_eq(
  $$ select r.name from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
     where has_sequence_privilege(r.name, 'public.issues_seq_id_seq', 'usage, select, update') $$,
  $$ select null::text where false $$, 'no API role has privileges on the sequence'
);

select * from finish();
rollback;
