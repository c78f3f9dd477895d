-- seq_id: 1, 2, 3 …, given by the database, whatever a client sends.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(10);

-- The tests' own data only, until the rollback.
delete from public.issues;
delete from public.circle_issues;
delete from public.circle_spaces;
delete from public.tags;
delete from public.user_sessions;
delete from public.team_members;
delete from private.circle_events;

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'stranger@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'viewer@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'agent@example.com'),
  ('00000000-0000-4000-8000-00000000000d', 'admin@example.com'),
  ('00000000-0000-4000-8000-00000000000e', 'second@example.com');
insert into public.team_members (user_id, role, display_name) values
  ('00000000-0000-4000-8000-00000000000b', 'viewer', 'Vera Viewer'),
  ('00000000-0000-4000-8000-00000000000c', 'agent', 'Agnes Agent'),
  ('00000000-0000-4000-8000-00000000000d', 'admin', 'Adam Admin'),
  ('00000000-0000-4000-8000-00000000000e', 'agent', null);

-- Runs a statement as the API would for this person: its first value, or its SQLSTATE and message.
create function pg_temp.as_persona(p_persona text, p_statement text) returns text language plpgsql as $$
declare
  v_id constant text := case p_persona
    when 'stranger' then '00000000-0000-4000-8000-00000000000a'
    when 'viewer' then '00000000-0000-4000-8000-00000000000b'
    when 'agent' then '00000000-0000-4000-8000-00000000000c'
    when 'admin' then '00000000-0000-4000-8000-00000000000d'
    when 'second' then '00000000-0000-4000-8000-00000000000e'
  end;
  v_role constant text := case when v_id is null then p_persona else 'authenticated' end;
  v_value text;
begin
  perform set_config('request.jwt.claims', json_build_object('role', v_role, 'sub', v_id)::text, true);
  perform set_config('role', v_role, true);
  execute p_statement into v_value;
  perform set_config('role', 'none', true);
  perform set_config('request.jwt.claims', '', true);
  return v_value;
exception
  -- what else goes wrong is no answer that a test expects, and ends it
  when insufficient_privilege or integrity_constraint_violation or sqlstate 'PT401' or sqlstate 'PT403'
    or sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT422' then
    return sqlstate || ' ' || sqlerrm;
end;
$$;

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
  'PT422 key_change_refused', 'one with another number is refused'
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
