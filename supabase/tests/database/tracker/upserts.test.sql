-- PostgREST's upsert with nulls: stored values are kept.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(9);

\ir ../helpers/personas.psql

insert into public.issues (id, title, segment, submitted_by, tags, status, resolved_by, description) values (
  '10000000-0000-4000-8000-000000000001', 'One', 'tool', 'Ana Ruiz', '{ape,bee}', 'resolved', 'Lee Park',
  'Text'
);
insert into public.comments (id, issue_id, author_name, body) values (
  '20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Ana Ruiz', 'Hello'
);
-- the statement that PostgREST runs for a POST with resolution=merge-duplicates
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
  'New title|tool|Ana Ruiz|["ape", "bee"]|Lee Park|Text', 'null in an agent''s upsert keeps the stored values'
) from nulls;
select is(
  pg_temp.people(pg_temp.as_persona('service_role', pg_temp.upsert('issues', r))),
  'New title|tool|Ana Ruiz|["ape", "bee"]|Lee Park|Text', 'so it does in a server''s'
) from nulls;
select is(
  pg_temp.people(pg_temp.as_persona('agent', $$ update issues set segment = null, submitted_by = null,
    tags = null, resolved_by = null, description = null, title = 'Third' where true
    returning to_jsonb(issues.*) $$)),
  'Third|tool|Ana Ruiz|["ape", "bee"]|Lee Park|Text', 'and in an update'
);
select is(
  pg_temp.people(pg_temp.as_persona('agent', pg_temp.upsert('issues',
    '{"id": "10000000-0000-4000-8000-000000000001", "title": "Fourth", "status": "resolved",
      "segment": "code", "submitted_by": "Kim", "tags": [], "resolved_by": "Mia", "description": ""}'))),
  'Fourth|code|Kim|[]|Mia|', 'other values are written'
);
select is(
  pg_temp.people(pg_temp.as_persona('agent', pg_temp.upsert('issues',
    '{"id": "10000000-0000-4000-8000-000000000002", "title": "My login", "segment": null,
      "submitted_by": null, "tags": null}'))),
  'My login|auth|Agnes Agent|[]|', 'null in a new row becomes the default'
);
select is(
  pg_temp.people(pg_temp.as_persona('admin', pg_temp.upsert('comments',
    '{"id": "20000000-0000-4000-8000-000000000001", "issue_id": "10000000-0000-4000-8000-000000000001",
      "author_name": null, "body": "Moderated"}'))),
  'Ana Ruiz', 'a comment keeps its author'
);
select is((select body from public.comments), 'Moderated', 'and gets the new body');
select is(
  pg_temp.as_persona('agent', pg_temp.upsert('issues',
    '{"id": "10000000-0000-4000-8000-000000000001", "title": "x", "is_test": true}')),
  'PT403 team_role_required', 'an upsert can''t do what an update may not'
);
select results_eq(
  $$ select count(*) from public.issue_status_logs group by issue_id $$, $$ values (1::bigint), (1) $$,
  'none of these is logged as a change of status'
);

select * from finish();
rollback;
