-- The import log: a persons entries stand under their own name.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(2);

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

insert into public.circle_issues (id, message_id) values ('30000000-0000-4000-8000-000000000001', '1');
select is(
  pg_temp.as_persona('agent', $$ insert into issue_import_logs (circle_issue_id, imported_by, imported_at,
    is_automatic, import_source) values ('30000000-0000-4000-8000-000000000001', 'Adam Admin', '1999-01-01',
    true, 'ui') returning concat_ws('|', imported_by, imported_at > '2000-01-01', is_automatic,
      import_source) $$),
  'Agnes Agent|t|f|ui', 'name, time and that it was a person are the database''s'
);
select is(
  pg_temp.as_persona('service_role', $$ insert into issue_import_logs (circle_issue_id, imported_by,
    imported_at, is_automatic) values ('30000000-0000-4000-8000-000000000001', 'Backfill', '1999-01-01', true)
    returning concat_ws('|', imported_by, imported_at < '2000-01-01', is_automatic) $$),
  'Backfill|t|t', 'a server writes down what it knows'
);

select * from finish();
rollback;
