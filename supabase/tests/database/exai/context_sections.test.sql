-- Sections of exai_issue_context: what is asked for, and where to continue.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(14);

\ir ../helpers/personas.psql

insert into exai_issues (id, title, description) values
  ('10000000-0000-4000-8000-000000000001', 'One', repeat('d', 45000) || 'end');
insert into exai_issue_checklist (issue_id, step_number, description, status)
select '10000000-0000-4000-8000-000000000001', n, n || repeat('s', 2000),
  case when n <= 150 then 'complete' else 'pending' end
from generate_series(1, 250) as n;
insert into exai_issue_updates (issue_id, content, conversation_id, created_at)
select '10000000-0000-4000-8000-000000000001', n || repeat('u', 5000), 'c' || n,
  '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 hour'
from generate_series(1, 30) as n;

create function pg_temp.context(p_path text, p_arguments text default '') returns jsonb language sql as $$
  select pg_temp.as_persona('viewer', format('select exai_issue_context(%s%s)',
    (select issue_number from exai_issues where title = 'One'), p_arguments))::jsonb #> p_path::text[]
$$;

select is(
  (select string_agg(k, ',' order by k)
   from jsonb_object_keys(pg_temp.context('{}', ', ''{updates}''')) as k),
  'cut,updates', 'only the sections that are asked for'
);
select is(
  (select string_agg(k, ',' order by k)
   from jsonb_object_keys(pg_temp.context('{}', ', ''{description,issue}''')) as k),
  'cut,issue,location,texts', 'a text has a part of its own'
);
select is(
  length(pg_temp.context('{texts}', ', ''{description}''') ->> 'description'), 40000, 'its beginning'
);
select is(pg_temp.context('{cut}', ', ''{description}'''), '{"texts": ["description"]}', 'it goes on');
select is(
  right(pg_temp.context('{texts}', ', ''{description}'', skip_items := 40000') ->> 'description', 4), 'dend',
  'its end'
);
select is(pg_temp.context('{cut}', ', ''{description}'', skip_items := 40000'), '{}', 'nothing follows it');
select is(
  (select string_agg(s ->> 'step_number', ',' order by (s ->> 'step_number')::integer)
   from jsonb_array_elements(pg_temp.context('{steps}', ', ''{steps}'', skip_items := 100')) as s),
  (select string_agg(n::text, ',' order by n) from generate_series(1, 150) as n),
  'steps that are not done come before those that are'
);
select is(
  (select (array_agg(u ->> 'created_at' order by number))[1]
   from jsonb_array_elements(pg_temp.context('{updates}', ', ''{updates}'', skip_items := 20'))
     with ordinality as u (u, number)), '2026-01-01T01:00:00+00:00', 'older updates follow'
);
select is(
  pg_temp.context('{cut}', ', ''{updates,steps}'', max_items := 3'), '{"steps": 247, "updates": 27}',
  'a limit, and what it leaves out'
);
select is(
  pg_temp.context('{updates,0}', ', ''{updates}''') ->> 'text_length', '5002',
  'the length of a text that is cut'
);
select is(
  length(pg_temp.context('{updates,0,content}', ', ''{updates}'', max_items := 1') #>> '{}'), 5002,
  'an update alone has the whole text'
);
select is(
  pg_temp.context('{cut}', ', ''{updates}'', since := ''2026-01-02T00:00:00Z'''), '{}',
  'since: the rest is not cut'
);
select is(
  jsonb_array_length(pg_temp.context('{updates}', ', ''{updates}'', since := ''2026-01-02T00:00:00Z''')), 7,
  'since: only what is newer'
);
select is(
  pg_temp.as_persona('viewer', format('select exai_issue_context(%s, ''{all}'')',
    (select issue_number from exai_issues where title = 'One'))), 'PT422 exai_section_unknown',
  'an unknown section'
);

select * from finish();
rollback;
