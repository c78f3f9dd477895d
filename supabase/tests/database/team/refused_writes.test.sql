-- A write that the caller's role does not allow is refused, whatever it matches; what is written on the
-- caller's behalf is not.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(39);

\ir ../helpers/personas.psql

-- The number of rows written by a statement of PostgREST's shape, or the error.
create function pg_temp.write(p_persona text, p_statement text) returns text language sql as $$
  select pg_temp.as_persona(
    p_persona, format('with w as (%s returning 1) select count(*) from w', p_statement)
  )
$$;

insert into issues (id, title) values
  ('10000000-0000-4000-8000-000000000001', 'One'), ('10000000-0000-4000-8000-000000000002', 'Two');
insert into comments (id, issue_id, body, author_user_id) values
  ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'By Agnes',
    '00000000-0000-4000-8000-00000000000c');
insert into user_sessions (user_id, profile_name) values
  ('00000000-0000-4000-8000-00000000000b', 'Vera'), ('00000000-0000-4000-8000-00000000000c', 'Agnes');

-- Every table and command, where no row matches

create temp table team_table (name text, col text, to_insert text, to_update text, to_delete text)
on commit drop;
insert into team_table values
  ('team_members', 'display_name', 'admin', 'admin', 'admin'),
  ('tracker_settings', 'id', null, 'admin', null),
  ('agent_settings', 'id', null, 'admin', null),
  ('segment_rules', 'words', 'admin', 'admin', 'admin'),
  ('circle_spaces', 'space_name', 'admin', 'admin', 'admin'),
  ('circle_issues', 'title', 'agent', 'agent', 'admin'),
  ('circle_replies', 'body', 'agent', 'agent', 'admin'),
  ('issue_import_logs', 'import_notes', 'agent', null, null),
  ('issues', 'title', 'agent', 'agent', 'admin'),
  ('comments', 'body', 'agent', 'agent', 'agent'),
  ('user_sessions', 'profile_name', 'viewer', 'viewer', 'admin'),
  ('tags', 'name', 'agent', 'agent', 'admin'),
  ('issue_tags', 'tag_name', 'agent', 'agent', 'agent'),
  ('exai_issues', 'title', 'agent', 'agent', 'admin'),
  ('exai_issue_updates', 'content', 'agent', 'agent', 'agent'),
  ('exai_issue_checklist', 'description', 'agent', 'agent', 'agent'),
  ('exai_issue_relations', 'kind', 'agent', 'agent', 'agent');
create temp table attempt on commit drop as
select p.persona, s.statement, s.role, pg_temp.write(p.persona, s.statement) as outcome,
  coalesce(private.team_role_rank(p.persona) >= private.team_role_rank(s.role), false) as is_allowed
from team_table as t
cross join unnest(array['stranger', 'viewer', 'agent', 'admin']) as p (persona)
cross join lateral (values
  (t.to_insert, format('insert into %1$I (%2$I) select %2$I from %1$I where false', t.name, t.col)),
  (t.to_update, format('update %1$I set %2$I = %2$I where %2$I is null and false', t.name, t.col)),
  (t.to_update, format('update %1$I set %2$I = %2$I where %2$I is null and random() < 0', t.name, t.col)),
  (t.to_delete, format('delete from %I where random() < 0', t.name))
) as s (role, statement)
where s.role is not null;
select is_empty(
  $$ select persona, statement, outcome from attempt
     where outcome <> case when is_allowed then '0' else 'PT403 team_role_required' end $$,
  'what a role may not write is refused, what it may changes no row'
);
select is_empty(
  $$ select role from unnest(array['viewer', 'agent', 'admin']) as r (role) where not exists (
       select from attempt as a where a.role = r.role and not a.is_allowed
     ) $$,
  'and each role is needed somewhere'
);
select is(pg_temp.write('anon', s), '42501 permission denied for table issues', 'anon: ' || s)
from unnest(array['delete from issues where true', 'update issues set title = null where true']) as u (s);
select is(pg_temp.write('authenticated', 'delete from issues where true'), 'PT401 sign_in_required',
  'a token without an account');

-- Where a row matches, nothing is changed, not even by another part of the statement

select is(pg_temp.write('viewer', $$ update issues set status = 'resolved' where title = 'One' $$),
  'PT403 team_role_required', 'a viewer doesn''t resolve an issue');
select is(pg_temp.write('stranger', 'delete from comments where true'), 'PT403 team_role_required',
  'a stranger deletes no comment');
select is(pg_temp.write('agent', $$ delete from issues where title = 'One' $$), 'PT403 team_role_required',
  'an agent deletes no issue');
select is(
  pg_temp.as_persona('agent', $$ with u as (update issues set title = 'Changed' where true returning 1),
    d as (delete from tags where true returning 1) select count(*) from u $$),
  'PT403 team_role_required', 'nor a tag, next to what they may do'
);
select is((select string_agg(title || ' ' || status, ', ' order by title) from issues),
  'One waiting_for_help, Two waiting_for_help', 'all is as it was');
delete from team_members where user_id = '00000000-0000-4000-8000-00000000000e';
select is(pg_temp.write('second', 'update issues set title = title where true'), 'PT403 team_role_required',
  'who has left the team is a stranger');
insert into team_members (user_id, role) values ('00000000-0000-4000-8000-00000000000e', 'agent');

-- Where the right depends on the row, zero rows stay zero rows

select is(pg_temp.write('second', $$ update comments set body = 'x' where true $$), '0',
  'another agent''s comment is not changed');
select is(pg_temp.write('second', 'delete from comments where true'), '0', 'nor deleted');
select is(pg_temp.write('agent', $$ update comments set body = 'By Agnes!' where true $$), '1',
  'their own is');
select is(pg_temp.write('viewer', $$ update user_sessions set profile_role = 'pm' where true $$), '1',
  'a viewer changes the session that is theirs');
select is(pg_temp.write('viewer', 'delete from projects where true'), '0',
  'tables with owners hide what is another''s');

-- Upserts: the triggers of UPDATE fire also where nothing is in conflict

select is(
  pg_temp.write('second', $$ insert into comments (id, issue_id, body) values
    ('20000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'New')
    on conflict (id) do update set body = excluded.body $$),
  '1', 'an agent upserts a comment that does not exist'
);
select matches(
  pg_temp.write('second', $$ insert into comments (id, issue_id, body) values
    ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Mine')
    on conflict (id) do update set body = excluded.body $$),
  '^42501 new row violates row-level security', 'and not another''s'
);
insert into circle_issues (id, message_id) values ('30000000-0000-4000-8000-000000000001', 'm');
select is(
  pg_temp.write('agent', $$ insert into issue_import_logs (circle_issue_id)
    values ('30000000-0000-4000-8000-000000000001') on conflict (id) do nothing $$),
  '1', 'an upsert that ignores duplicates needs what an insert needs'
);
select is(
  pg_temp.write('viewer', $$ insert into issue_import_logs (circle_issue_id)
    values ('30000000-0000-4000-8000-000000000001') on conflict (id) do nothing $$),
  'PT403 team_role_required', 'and is refused like one'
);
-- A table that viewers add to and agents change. The triggers of UPDATE ask for what an insert needs.
create table notes (id integer primary key, body text);
create trigger _000_require_viewer before insert or update on notes
  for each statement when (current_user in ('anon', 'authenticated'))
  execute function private.require_role_to_write('viewer');
alter table notes enable row level security;
create policy notes_select_viewer on notes
  for select to authenticated using ((select private.has_team_role('viewer')));
create policy notes_insert_viewer on notes
  for insert to authenticated with check ((select private.has_team_role('viewer')));
create policy notes_update_agent on notes
  for update to authenticated using ((select private.has_team_role('agent')));
grant select, insert, update on notes to authenticated;
select is(
  pg_temp.write(p, 'insert into notes values (1, null) on conflict (id) do update set body = excluded.body'),
  outcome, what
)
from (values
  (1, 'stranger', 'PT403 team_role_required', 'who may not insert may not upsert'),
  (2, 'viewer', '1', 'who may insert but not update may upsert what does not exist'),
  (3, 'viewer', '42501 new row violates row-level security policy (USING expression) for table "notes"',
    'and gets an error where it exists'),
  (4, 'agent', '1', 'who may update may do both')
) as v (n, p, outcome, what)
order by n;

-- Cascades of foreign keys run as the owner, with the claims of who caused them

create table parents (id integer primary key);
grant select, delete on parents to authenticated;
insert into parents values (1);
alter table issues add column parent_id integer references parents (id) on delete cascade;
alter table circle_issues add column parent_id integer references parents (id) on delete set null;
update issues set parent_id = 1 where title = 'Two';
update circle_issues set parent_id = 1 where message_id = 'm';
select is(pg_temp.write('stranger', 'delete from parents where id = 1'), '1',
  'who may delete the referenced row deletes it');
select is((select count(*) from issues where title = 'Two'), 0::bigint, 'what references it is deleted');
select is((select parent_id from circle_issues where message_id = 'm'), null, 'or no longer references it');
select is(pg_temp.write('admin', $$ delete from issues where title = 'One' $$), '1',
  'an admin deletes an issue');
select is((select count(*) from comments), 0::bigint, 'with its comments');

-- Functions of the owner write for the caller, as before

create function close_issues() returns text language sql volatile security definer set search_path = '' as $$
  with u as (update public.issues set status = 'resolved' where title = 'Three' returning status)
  select status from u
$$;
grant execute on function close_issues to authenticated;
create function on_session() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  delete from public.issues as i where i.title = 'Three';
  return null;
end;
$$;
insert into issues (title) values ('Three');
select is(pg_temp.as_persona('stranger', 'select close_issues()'), 'resolved',
  'a definer function writes for a stranger');
create trigger _999_write after insert on user_sessions for each row execute function on_session();
select is(pg_temp.write('viewer', 'insert into user_sessions default values'), '1',
  'so does a trigger, for a viewer');
select is((select count(*) from issues where title = 'Three'), 0::bigint, 'which has deleted an issue');
select isnt(pg_temp.as_persona('viewer', 'select id from touch_user_session()'), null,
  'functions of the API work as they did');

-- Servers, and the deletion of an account

select is(
  (select string_agg(pg_temp.write('service_role', s), ' ' order by n) from unnest(array[
    $$ insert into issues (title) values ('Four') $$,
    $$ update issues set title = 'Five' where title = 'Four' $$,
    $$ delete from issues where title = 'Five' $$,
    $$ update tracker_settings set triage_threshold = 0.9 where id $$
  ]) with ordinality as u (s, n)),
  '1 1 1 1', 'the service role writes'
);
insert into issues (title, assigned_to_user_id) values ('Six', '00000000-0000-4000-8000-00000000000c');
select set_config('request.jwt.claims', json_build_object(
  'role', 'authenticated', 'sub', '00000000-0000-4000-8000-00000000000a')::text, true);
select lives_ok($$ delete from auth.users where id = '00000000-0000-4000-8000-00000000000c' $$,
  'an account is deleted, whoever''s claims are set');
select is((select assigned_to_user_id from issues where title = 'Six'), null, 'and leaves what it did');
select set_config('request.jwt.claims', '', true);

-- A view passes the statement on to its table, with the caller's role

create view titles with (security_invoker) as select id, title from issues;
grant select, insert, update, delete on titles to authenticated;
select is(pg_temp.write(p, 'update titles set title = title where true'), outcome, what)
from (values
  ('viewer', 'PT403 team_role_required', 'a viewer may not write through a view either'),
  ('second', '1', 'an agent may')
) as v (p, outcome, what);
select is(pg_temp.write('second', 'delete from titles where false'), 'PT403 team_role_required',
  'but not delete');

select * from finish();
rollback;
