-- Export, import into another database and export again: the same bytes.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(24);

\ir ../helpers/personas.psql

delete from exai_issues;
insert into exai_issues (
  id, issue_number, title, description, severity, category, status, file_path, line_start, line_end,
  affected_components, conversation_id, fix_conversation_id, root_cause, discovery_date, fix_date, created_by,
  created_at
)
select ('10000000-0000-4000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid, 100 + n,
  'Issue "' || n || E'" \\ ü', E'\ntwo lines', (array['critical', 'high', 'medium', 'low'])[1 + n % 4],
  'security', (array['open', 'fixed', 'verified', 'wont_fix'])[1 + n % 4], 'src/a.py', n, n + 1,
  array['b', 'a', 'c:' || n],
  'conv ' || n, nullif('fix ' || n, 'fix 3'), 'why', '2026-01-01 10:00:00.123456+02', '2026-02-02', 'Ana',
  '2025-12-31 23:59:59.999999+00'
from generate_series(1, 9) as n;
insert into exai_issue_checklist (issue_id, step_number, description, status, completed_at, created_at)
select i.id, 10 - s, 'Step ' || s, case when s = 2 then 'complete' else 'skipped' end,
  case when s = 2 then '2026-03-03 01:02:03.000004+00'::timestamptz end, '2026-01-01'
from exai_issues as i, generate_series(1, 3) as s;
insert into exai_issue_updates (issue_id, update_type, content, conversation_id, created_by, created_at)
select i.id, 'comment', 'Said ' || s, 'conv', 'Lee', '2026-01-02'
from exai_issues as i, generate_series(1, 3) as s;
insert into exai_issue_relations (from_issue_id, to_issue_id, kind, created_at)
select f.id, t.id, k, '2026-01-05'
from (select i.*, row_number() over (order by i.issue_number) as position from exai_issues as i) as f
join exai_issues as t on t.issue_number = f.issue_number + 1
cross join unnest(array['blocks', 'parent', 'relates', 'duplicates', 'discovered_from']) as k
where k not in ('blocks', 'parent', 'duplicates') or (k = 'blocks') = (f.position < 5);

create temp table exported as select export_exai_issues() as document,
  (select jsonb_agg(l::jsonb) from export_exai_lines() as l) as lines,
  (select string_agg(l, e'\n') from export_exai_lines() as l) as text;
select is(jsonb_array_length(document -> 'issues'), 9, 'all issues are exported') from exported;
select is(jsonb_array_length(document -> 'relations'), 28, 'all relations are exported') from exported;
select is(
  (select string_agg(distinct k, ',') from exported, jsonb_array_elements(document -> 'issues') as i,
   jsonb_object_keys(i) as k where k ~ 'user_id|claim|lease|updated_at|_issues$'), null,
  'accounts, claims and other data of this database are left out'
);
set local timezone = 'Asia/Kolkata';
set local datestyle = 'German';
select is(export_exai_issues()::text, document::text, 'the session settings do not change the bytes')
from exported;

select is(
  import_exai_issues(document), '{"issues": 9, "relations": 28, "issues_written": 0, "relations_written": 0}',
  'an import into the same database changes nothing'
) from exported;
delete from exai_issues;
select is(
  import_exai_issues(document),
  '{"issues": 9, "relations": 28, "issues_written": 9, "relations_written": 28}',
  'an import into an empty database'
) from exported;
select is(export_exai_issues()::text, document::text, 'exports the same bytes again') from exported;
select is_empty('select * from private.verify_exai_issue_counts()', 'and the counts are correct');
select is(
  (select array_agg(
     concat(cardinality(blocks_issues), cardinality(blocked_by_issues), cardinality(related_issues))
     order by issue_number
   ) from exai_issues),
  '{101,112,112,112,012,002,002,002,001}', 'arrays and edges agree'
);
delete from exai_issues;
select is(
  import_exai_issues(lines) ->> 'relations_written', '28', 'an import of lines'
) from exported;
select is(
  (select string_agg(l, e'\n') from export_exai_lines() as l), text, 'exports the same lines again'
) from exported;
select is(
  (select count(*) from exai_issue_updates where update_type = 'status_change'), 0::bigint,
  'an import writes no update of type status_change'
);
insert into exai_issues (title) values ('After');
select ok((select issue_number > 109 from exai_issues where title = 'After'),
  'new numbers follow the imported ones');
delete from exai_issues where title = 'After';
update exai_issues set title = 'Changed', status = 'closed' where issue_number = 101;
delete from exai_issue_checklist where description = 'Step 1';
delete from exai_issue_updates where update_type = 'status_change';
select is(import_exai_issues(document) ->> 'issues_written', '1',
  'a changed issue is updated to the document')
from exported;
select is(
  (select concat_ws('|', title, status,
     (select count(*) from exai_issue_checklist as c where c.issue_id = i.id))
   from exai_issues as i where issue_number = 101), E'Issue "1" \\ ü|fixed|3', 'its steps too'
);
create function pg_temp.imported(p_document text) returns text language sql as $$
  select pg_temp.as_persona(
    'admin', format('select import_exai_issues(%L) ->> ''issues_written''', p_document)
  )
$$;
select is(
  pg_temp.imported('{"issues": [
    {"id": "10000000-0000-4000-8000-0000000000aa", "issue_number": 101, "title": "x"}]}'),
  'PT409 exai_import_conflict', 'a number that belongs to another issue'
);
select is(
  pg_temp.imported('{"issues": [
    {"id": "10000000-0000-4000-8000-0000000000aa", "issue_number": 900, "title": "x"},
    {"id": "10000000-0000-4000-8000-0000000000ab", "issue_number": 901, "title": " "}]}'),
  'PT422 exai_import_invalid', 'a document with one invalid issue is rejected'
);
select is((select count(*) from exai_issues where issue_number >= 900), 0::bigint,
  'and nothing of it is imported');
select is(pg_temp.imported('{"issues": [{"id": "x"}]}'), 'PT422 exai_import_invalid', 'an invalid id');
select is(pg_temp.imported('[3]'), 'PT422 exai_import_invalid', 'an array element that is not a line');
select is(
  pg_temp.imported('{"relations": [{"from_issue_id": "10000000-0000-4000-8000-000000000009", "kind": "blocks",
    "to_issue_id": "10000000-0000-4000-8000-000000000001"}]}'),
  'PT409 exai_relation_cycle_conflict', 'a cycle'
);
select is(
  pg_temp.imported('{"issues": [{"id": "10000000-0000-4000-8000-0000000000ac", "issue_number": 777,
    "title": "Imported", "created_by": "Elsewhere"}]}'), '1', 'an admin imports issues'
);
select is(
  (select concat_ws('|', created_by, issue_number, created_by_user_id) from exai_issues
   where title = 'Imported'),
  'Elsewhere|777', 'with their numbers and names'
);
select is(
  pg_temp.as_persona('agent', 'select import_exai_issues(''{}'')') || ', '
    || pg_temp.as_persona('agent', 'select export_exai_issues()'),
  'PT403 team_role_required, PT403 team_role_required', 'agents may neither import nor export'
);

select * from finish();
rollback;
