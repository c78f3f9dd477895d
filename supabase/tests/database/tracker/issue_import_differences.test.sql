-- What a team member wrote stays, and what an import would have written is shown next to it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(20);

\ir ../helpers/personas.psql
\ir ../helpers/envelopes.psql

create function pg_temp.send(p_title text, p_body text, p_type text, p_more jsonb) returns text
language sql as $$
  select handle_circle_webhook(pg_temp.single(
    '1', p_body, jsonb_build_object('is_issue', true, 'issue_title', p_title, 'type', p_type), p_more
  )) #>> '{imported,0,action}'
$$;
create function pg_temp.edit(p_set text) returns text language sql as $$
  select pg_temp.as_persona('agent', 'update issues set ' || p_set || ' returning 1')
$$;
select pg_temp.send('First', 'One', 'Auth', '{}');
select is((select count(*) from issue_import_differences), 0::bigint, 'nothing differs at first');

select pg_temp.edit($$title = 'By hand', segment = 'code', submitted_by = 'Ana R.'$$);
select results_eq(
  $$ select field, current_value, imported_value from issue_import_differences order by field $$,
  $$ values ('segment', 'code', 'auth'), ('submitted_by', 'Ana R.', 'Ana Ruiz'),
    ('title', 'By hand', 'First') $$, 'each field that a person changed'
);
select results_eq(
  $$ select d.issue_id, d.circle_issue_id, d.imported_at <= clock_timestamp()
     from issue_import_differences as d where d.field = 'title' $$,
  $$ select c.mapped_to_issue_id, c.id, true from circle_issues as c $$,
  'with the issue, the message, and when it was imported'
);
select pg_temp.send('Second', 'Two', 'Tool',
  '{"edited_at": "2026-03-05T00:00:00Z", "sender": "Ana M. Ruiz"}');
select results_eq(
  $$ select title, segment, submitted_by, split_part(description, e'\n', 1), tags from issues $$,
  $$ values ('By hand', 'code', 'Ana R.', 'Two', array['auth', 'circle']) $$,
  'a later import leaves these alone, and brings the rest up to date'
);
select results_eq(
  $$ select field, imported_value from issue_import_differences order by field $$,
  $$ values ('segment', 'tool'), ('submitted_by', 'Ana M. Ruiz'), ('title', 'Second') $$,
  'and the view shows what it would have made of them'
);
select pg_temp.edit($$description = 'Mine'$$);
select is((select split_part(imported_value, e'\n', 1) from issue_import_differences
  where field = 'description'), 'Two', 'a description too');

-- taken over

select pg_temp.as_persona('agent', $$ update issues as i set title = d.imported_value
  from issue_import_differences as d where d.issue_id = i.id and d.field = 'title' returning 1 $$);
select is((select count(*) from issue_import_differences where field = 'title'), 0::bigint,
  'who takes the imported value over');
select pg_temp.send('Third', 'Three', 'Auth', '{"edited_at": "2026-03-06T00:00:00Z"}');
select results_eq(
  $$ select title, description, segment from issues $$, $$ values ('Third', 'Mine', 'code') $$,
  'has later imports follow again'
);

-- people

select is(pg_temp.as_persona('viewer', 'select count(*) from issue_import_differences'), '3',
  'viewers see it');
select is(pg_temp.as_persona('stranger', 'select count(*) from issue_import_differences'), '0',
  'strangers don''t');
select matches(pg_temp.as_persona('anon', 'select count(*) from issue_import_differences'), '^42501 ',
  'nor does anybody else');
select matches(pg_temp.as_persona('admin', 'delete from private.circle_imports returning 1'), '^42501 ',
  'what is known of imports is nobody''s to change');

-- no way to have an import write over what a person wrote

select pg_temp.as_persona('agent', $$ update circle_issues set
  field_versions = '{"title": 1e300, "body": "x", "segment": {}, "raw_data": "NaN", "link": [1], "y": null}'
  returning 1 $$);
select is(
  pg_temp.send('Fourth', 'Four', 'Auth', '{"edited_at": "2026-03-07T00:00:00Z"}'), 'updated',
  'rubbish in field_versions refuses no message'
);
select results_eq(
  $$ select description, segment from issues $$, $$ values ('Mine', 'code') $$, 'and writes over nothing'
);
select is((select body from circle_issues), 'Four', 'the message goes on');
select pg_temp.as_persona('agent', $$ update circle_replies
  set field_versions = '{"body": "x"}' returning 1 $$);
select is(
  handle_circle_webhook(pg_temp.thread('1', 'Four', null, jsonb_build_array(
    pg_temp.reply(1, '11', 'Lee', 'Hi')))) ->> 'errors', '[]', 'nor are replies refused'
);

-- the stored flag is what a comparison of all texts finds

create function pg_temp.missed() returns bigint language sql as $$
  select count(*) from private.circle_imports as m join issues as i on i.id = m.issue_id
  where m.differs <> ((m.title, m.description, m.segment, coalesce(m.submitted_by, i.submitted_by))
    <> (i.title, i.description, i.segment, i.submitted_by))
$$;
select is(pg_temp.missed(), 0::bigint, 'after edits and imports in turn');
update issues set title = 'Fourth', description = 'Four', segment = 'auth', submitted_by = 'Ana M. Ruiz'
where true;
select pg_temp.send('Fifth', 'Five', 'Auth', '{"edited_at": "2026-03-08T00:00:00Z"}');
select results_eq(
  'select differs, pg_temp.missed() from private.circle_imports',
  $$ select exists (select from issue_import_differences), 0::bigint $$,
  'after a server wrote the imported values back'
);
select return_circle_issue(id) from circle_issues;
update issues set title = 'While it waits' where true;
select import_circle_issue(id) from circle_issues;
select results_eq(
  $$ select current_value, pg_temp.missed() from issue_import_differences where field = 'title' $$,
  $$ values ('While it waits', 0::bigint) $$, 'after an edit between two decisions'
);
update issues set title = (select m.title from private.circle_imports as m) where true;
select is(pg_temp.missed() + (select count(*) from issue_import_differences where field = 'title'), 0::bigint,
  'and after it was taken over');

select * from finish();
rollback;
