-- seq_id: 1, 2, 3 …, given by the database, whatever a client sends.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(10);

\ir ../helpers/personas.psql

alter sequence public.issues_seq_id_seq restart;
insert into public.issues (title) values ('One'), ('Two');
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, seq_id) values ('Three', 4) returning seq_id $$),
  '3', 'a person''s issue has the next number, whatever was sent'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title, seq_id) values ('Four', null)
    returning seq_id $$),
  '4', 'so the next one finds its number free'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (id, title, seq_id) select id, 'Four again', seq_id
    from issues where title = 'Four' on conflict (id) do update
    set id = excluded.id, title = excluded.title, seq_id = excluded.seq_id returning seq_id $$),
  '4', 'an upsert of a row that is there, as it was read, keeps its number'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (id, title, seq_id) select id, 'x', 9
    from issues where title = 'One' on conflict (id) do update
    set id = excluded.id, title = excluded.title, seq_id = excluded.seq_id returning seq_id $$),
  'PT422 key_change_forbidden', 'one with another number is refused'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title) values ('Five') returning seq_id $$),
  '5', 'and neither used a number up'
);
select is(
  pg_temp.as_persona('service_role', $$ insert into issues (title, seq_id) values ('Import', 8)
    returning seq_id $$), '8', 'a server may bring a number along'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title) values ('Nine') returning seq_id $$),
  '9', 'and the next one comes after it'
);
insert into public.issues (title, seq_id) values ('Far', 500000), ('Past', 7);
select is(
  pg_temp.as_persona('agent', $$ insert into issues (title) values ('After far') returning seq_id $$),
  '500001', 'a number far away, and then one that is behind'
);
select throws_ok($$ insert into public.issues (title, seq_id) values ('Minus', -1) $$, '23514', null,
  'numbers are positive');
select results_eq(
  $$ select r.name from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
     where has_sequence_privilege(r.name, 'public.issues_seq_id_seq', 'usage, select, update') $$,
  $$ select null::text where false $$, 'no API role reaches the sequence'
);

select * from finish();
rollback;
