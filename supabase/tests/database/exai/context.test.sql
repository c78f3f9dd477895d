-- exai_issue_context: one document of bounded size. And upserts as clients send them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(19);

\ir ../helpers/personas.psql

insert into exai_issues (id, title, file_path, line_start, line_end, conversation_id, description) values
  ('10000000-0000-4000-8000-000000000001', 'One', 'src/a.py', 3, 9, 'found-1', 'short'),
  ('10000000-0000-4000-8000-000000000002', 'Two', null, null, null, null, '');
insert into exai_issue_relations (from_issue_id, to_issue_id, kind) values
  ('10000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001', 'blocks'),
  ('10000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000002', 'discovered_from');
insert into exai_issue_checklist (issue_id, description, conversation_id, status) values
  ('10000000-0000-4000-8000-000000000001', 'First', 'step-1', 'complete'),
  ('10000000-0000-4000-8000-000000000001', 'Second', null, 'pending');
insert into exai_issue_updates (issue_id, content, conversation_id) values
  ('10000000-0000-4000-8000-000000000001', 'Said', 'found-1');
create function pg_temp.context(p_path text, p_title text default 'One') returns jsonb language sql as $$
  select pg_temp.as_persona('viewer', format('select exai_issue_context(%s)',
    (select issue_number from exai_issues where title = p_title)))::jsonb #> p_path::text[]
$$;
select is(
  (select string_agg(k, ',' order by k) from jsonb_object_keys(pg_temp.context('{}')) as k),
  'conversations,cut,issue,location,relations,steps,updates', 'its parts'
);
select is(pg_temp.context('{issue,title}') || pg_temp.context('{issue,is_ready}'), '["One", false]',
  'the issue');
select is(
  pg_temp.context('{location}'), '{"file_path": "src/a.py", "line_start": 3, "line_end": 9}',
    'the location in the code'
);
select is(pg_temp.context('{location}', 'Two'), 'null', 'no location');
select is(
  pg_temp.context('{steps,0,status}') || pg_temp.context('{steps,1,step_number}'), '["complete", 2]',
    'the steps'
);
select is(pg_temp.context('{updates,0,content}'), '"Said"', 'the updates');
select results_eq(
  $$ select r ->> 'title', r ->> 'kind', r ->> 'direction', r ->> 'status'
     from jsonb_array_elements(pg_temp.context('{relations}')) as r $$,
  $$ values ('Two', 'blocks', 'from', 'open'), ('Two', 'discovered_from', 'to', 'open') $$, 'the relations'
);
select is(
  (select jsonb_object_agg(c ->> 'conversation_id', c -> 'roles')
   from jsonb_array_elements(pg_temp.context('{conversations}')) as c),
  '{"found-1": ["discovered", "updated"], "step-1": ["worked_on_step"]}', 'the conversations'
);
select is(pg_temp.context('{cut}'), '{}', 'nothing is cut');
update exai_issues set description = repeat('d', 9000), root_cause = repeat('r', 90000) where title = 'One';
insert into exai_issue_checklist (issue_id, description)
select '10000000-0000-4000-8000-000000000001', repeat('s', 5000) from generate_series(1, 300);
insert into exai_issue_updates (issue_id, content, conversation_id)
select '10000000-0000-4000-8000-000000000001', repeat('u', 9000), 'c' || n from generate_series(1, 60) as n;
insert into exai_issues (title, status) select 'Other', 'closed' from generate_series(1, 150);
insert into exai_issue_relations (from_issue_id, to_issue_id, kind)
select '10000000-0000-4000-8000-000000000001', id, 'duplicates' from exai_issues where title = 'Other';
select is(
  pg_temp.context('{cut}'),
  '{"texts": ["description", "root_cause"], "steps": 102, "updates": 41, "relations": 52,
    "conversations": "the latest 50 only"}', 'cut lists what was left out'
);
select ok(length(pg_temp.context('{}')::text) < 400000, 'the size is limited');
select is(
  pg_temp.as_persona('viewer', 'select exai_issue_context(99999999)'), 'PT404 exai_issue_unknown',
  'an unknown number'
);
select is(
  pg_temp.as_persona('stranger', 'select exai_issue_context(1)'), 'PT403 team_role_required',
  'people outside the team are rejected'
);

-- The statement that PostgREST sends for a POST with resolution=merge-duplicates.
create function pg_temp.upsert(p_table text, p_row jsonb) returns text language sql as $$
  select format(
    'insert into public.%1$I (%2$s) select %2$s from jsonb_populate_record(null::public.%1$I, %3$L) as r '
      || 'on conflict (id) do update set %4$s returning to_jsonb(public.%1$I.*)',
    p_table, string_agg(format('%I', k), ', '), p_row, string_agg(format('%1$I = excluded.%1$I', k), ', ')
  )
  from jsonb_object_keys(p_row) as k
$$;
update exai_issues set status = 'fixed', fix_date = '2025-05-05', severity = 'high' where title = 'Two';
create temp table sent as select to_jsonb(i) as r from exai_issues as i where title = 'Two';
select is(
  pg_temp.as_persona('agent', pg_temp.upsert('exai_issues', r))::jsonb - 'updated_at', r - 'updated_at',
  'an upsert of an unchanged row changes nothing'
) from sent;
select is(
  (select jsonb_agg(u -> k order by k)
   from (select pg_temp.as_persona('agent', pg_temp.upsert('exai_issues', r || '{"title": "Two again",
       "severity": null, "category": null, "status": null, "fix_date": null, "description": null,
       "created_by": null, "issue_number": null, "affected_components": null, "blocks_issues": null,
       "related_issues": null, "blocked_by_issues": null, "discovery_date": null,
       "created_at": null}'))::jsonb as u) as v,
     unnest(array['severity', 'status', 'title']) as k),
  '["high", "fixed", "Two again"]', 'nulls keep the stored values'
) from sent;
select is(
  (select concat_ws('|', fix_date::date, cardinality(blocks_issues), i.issue_number = (r ->>
    'issue_number')::integer,
    created_by) from exai_issues as i, sent where title = 'Two again'), '2025-05-05|1|t|system',
      'also of dates and relations'
);
select is(
  pg_temp.as_persona('agent', pg_temp.upsert('exai_issues', '{"id": "10000000-0000-4000-8000-0000000000aa",
    "title": "New", "severity": null, "status": "verified", "blocks_issues": null}'))::jsonb ->> 'severity',
  'medium', 'a new row gets the defaults'
);
select is(
  pg_temp.as_persona('agent', pg_temp.upsert('exai_issue_checklist', to_jsonb(c)
    || '{"description": "First again", "completed_at": null, "step_number": null}'))::jsonb - 'updated_at',
  to_jsonb(c) - 'updated_at'::text || '{"description": "First again"}',
    'a step keeps its completed_at and number'
) from exai_issue_checklist as c where description = 'First';
select is(
  pg_temp.as_persona('agent', pg_temp.upsert('exai_issue_updates', to_jsonb(u)
    || '{"content": "Said again", "created_by": null, "update_type": null}')),
  '42501 new row violates row-level security policy (USING expression) for table "exai_issue_updates"',
  'only its author may upsert an update'
) from exai_issue_updates as u where content = 'Said';

select * from finish();
rollback;
