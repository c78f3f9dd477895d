-- PostgRESTs upsert with nulls in it: what is there already is not rewritten.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(9);

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

insert into public.issues (id, title, segment, submitted_by, tags, status, resolved_by, description) values (
  '10000000-0000-4000-8000-000000000001', 'One', 'tool', 'Ana Ruiz', '{ape,bee}', 'resolved', 'Lee Park',
  'Text'
);
insert into public.comments (id, issue_id, author_name, body) values (
  '20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Ana Ruiz', 'Hello'
);
-- the statement that PostgREST makes of a POST with resolution=merge-duplicates
create function pg_temp.upsert(p_table text, p_row json) returns text language sql as $$
  select format(
    'insert into public.%1$I (%2$s) select %2$s from json_populate_record(null::public.%1$I, %3$L) as r '
      || 'on conflict (id) do update set %4$s returning to_jsonb(public.%1$I.*)',
    p_table, string_agg(format('%I', k), ', '), p_row, string_agg(format('%1$I = excluded.%1$I', k), ', ')
  )
  from json_object_keys(p_row) as k
$$;
create function pg_temp.people(p_result text) returns text language sql as $$
  select concat_ws('|', r ->> 'title', r ->> 'segment', r ->> 'submitted_by', r ->> 'tags',
    r ->> 'resolved_by', r ->> 'description', r ->> 'author_name', r ->> 'author_user_id')
  from (select p_result::jsonb as r) as v
$$;
create temp table nulls as select '{"id": "10000000-0000-4000-8000-000000000001", "title": "New title",
  "status": "resolved", "segment": null, "submitted_by": null, "tags": null, "resolved_by": null,
  "description": null}'::json as r;
select is(
  pg_temp.people(pg_temp.as_persona('agent', pg_temp.upsert('issues', r))),
  'New title|tool|Ana Ruiz|["ape", "bee"]|Lee Park|Text', 'an agent''s upsert leaves what it sends as null'
) from nulls;
select is(
  pg_temp.people(pg_temp.as_persona('service_role', pg_temp.upsert('issues', r))),
  'New title|tool|Ana Ruiz|["ape", "bee"]|Lee Park|Text', 'and so does a server''s'
) from nulls;
select is(
  pg_temp.people(pg_temp.as_persona('agent', $$ update issues set segment = null, submitted_by = null,
    tags = null, resolved_by = null, description = null, title = 'Third' where true
    returning to_jsonb(issues.*) $$)),
  'Third|tool|Ana Ruiz|["ape", "bee"]|Lee Park|Text', 'an update too'
);
select is(
  pg_temp.people(pg_temp.as_persona('agent', pg_temp.upsert('issues',
    '{"id": "10000000-0000-4000-8000-000000000001", "title": "Fourth", "status": "resolved",
      "segment": "code", "submitted_by": "Kim", "tags": [], "resolved_by": "Mia", "description": ""}'))),
  'Fourth|code|Kim|[]|Mia|', 'what is sent is written'
);
select is(
  pg_temp.people(pg_temp.as_persona('agent', pg_temp.upsert('issues',
    '{"id": "10000000-0000-4000-8000-000000000002", "title": "My login", "segment": null,
      "submitted_by": null, "tags": null}'))),
  'My login|auth|Agnes Agent|[]|', 'a row that is new is filled in'
);
select is(
  pg_temp.people(pg_temp.as_persona('admin', pg_temp.upsert('comments',
    '{"id": "20000000-0000-4000-8000-000000000001", "issue_id": "10000000-0000-4000-8000-000000000001",
      "author_name": null, "body": "Moderated"}'))),
  'Ana Ruiz', 'a comment keeps its author'
);
select is((select body from public.comments), 'Moderated', 'and has the new text');
select is(
  pg_temp.as_persona('agent', pg_temp.upsert('issues',
    '{"id": "10000000-0000-4000-8000-000000000001", "title": "x", "is_test": true}')),
  'PT403 team_role_required', 'an upsert is no way round what an update may not do'
);
select results_eq(
  $$ select count(*) from public.issue_status_logs group by issue_id $$, $$ values (1::bigint), (1) $$,
  'none of it was a change of status'
);

select * from finish();
rollback;
