-- The import log: a persons entries stand under their own name.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(2);

\ir ../helpers/personas.psql

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
