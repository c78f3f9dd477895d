-- Comments: who wrote them, and who may change them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(11);

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

insert into public.issues (id, title) values ('10000000-0000-4000-8000-000000000001', 'One');

select is(
  pg_temp.as_persona('agent', $$ insert into comments (issue_id, body)
    values ('10000000-0000-4000-8000-000000000001', 'Mine')
      returning concat_ws('|', author_name, author_user_id) $$),
  'Agnes Agent|00000000-0000-4000-8000-00000000000c', 'without a name, the author is the caller'
);
select is(
  pg_temp.as_persona('second', $$ insert into comments (issue_id, author_name, body, author_user_id)
    values ('10000000-0000-4000-8000-000000000001', 'Ana Ruiz', 'For Ana',
      '00000000-0000-4000-8000-00000000000c')
    returning concat_ws('|', author_name, author_user_id) $$),
  'Ana Ruiz|00000000-0000-4000-8000-00000000000e', 'the account is the caller''s, whatever was sent'
);
select is(
  pg_temp.as_persona('agent', $$ with u as (update comments set body = 'Changed' where body = 'For Ana'
    returning 1)
    select count(*) from u $$),
  '0', 'an agent can''t change what another one wrote'
);
select is(
  pg_temp.as_persona('agent', $$ with d as (delete from comments where body = 'For Ana' returning 1)
    select count(*) from d $$),
  '0', 'or delete it'
);
select is(
  pg_temp.as_persona('agent', $$ update comments set body = 'Mine, edited',
    author_user_id = '00000000-0000-4000-8000-00000000000d' where body = 'Mine' returning author_user_id $$),
  '00000000-0000-4000-8000-00000000000c', 'an author edits, and stays the author'
);
select is(
  pg_temp.as_persona('admin', $$ update comments set body = 'Moderated' where body = 'For Ana'
    returning author_name $$),
  'Ana Ruiz', 'an admin may change any'
);
select matches(
  pg_temp.as_persona('agent', $$ insert into comments (issue_id, body)
    values ('10000000-0000-4000-8000-000000000001', ' ') returning id $$),
  '^23514 .*comments_body_is_not_blank', 'a comment says something'
);
select is(
  pg_temp.as_persona('agent', $$ update comments set issue_id = gen_random_uuid() where body like 'Mine%'
    returning id $$),
  'PT422 key_change_refused', 'a comment stays with its issue'
);
select is(
  pg_temp.as_persona('viewer', 'select count(*) from comments'), '2', 'a viewer reads them all'
);

select matches(
  pg_temp.as_persona('agent', $$ insert into comments (issue_id, body)
    values ('10000000-0000-4000-8000-000000000001', e'\t\n' || U&'\00A0') returning id $$),
  '^23514 .*comments_body_is_not_blank', 'invisible characters are nothing'
);
select matches(
  pg_temp.as_persona('agent', $$ insert into comments (issue_id, body, created_at)
    values ('10000000-0000-4000-8000-000000000001', 'x', 'infinity') returning id $$),
  '^23514 .*comments_created_at_is_finite', 'a comment is made at some time'
);

select * from finish();
rollback;
