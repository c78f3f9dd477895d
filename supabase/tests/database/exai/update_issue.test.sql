-- update_exai_issue: fields and status of an issue in one call, all of it or nothing.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(21);

\ir ../helpers/personas.psql

insert into exai_issues (id, title, root_cause, line_start)
values ('10000000-0000-4000-8000-000000000001', 'One', 'unknown', 3);
create function pg_temp.change(p_changes text, p_persona text default 'agent') returns text
language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select update_exai_issue(%s, %L, ''conv-a'')', (select issue_number from exai_issues), p_changes
  ))
$$;

select ok(
  pg_temp.change('{"status": "fixed", "actual_fix": "closed the pool", "root_cause": null,
    "line_start": "7", "affected_components": ["a", "b"]}')::jsonb -> 'issue'
    @> '{"title": "One", "status": "fixed", "actual_fix": "closed the pool", "root_cause": null,
      "line_start": 7, "affected_components": ["a", "b"], "fix_conversation_id": "conv-a"}',
  'fields and status are changed'
);
create function pg_temp.history() returns text language sql as $$
  select string_agg(concat_ws(':', content, conversation_id), ' | ' order by created_at, id)
  from exai_issue_updates
$$;
select is(
  pg_temp.history(),
  'Changed affected_components, line_start, root_cause, actual_fix.:conv-a | open → fixed:conv-a',
  'the history records both, with the conversation'
);
select pg_temp.change('{"status": "fixed", "actual_fix": "closed the pool", "root_cause": null,
  "line_start": 7, "affected_components": ["a", "b"]}');
select is((select count(*)::integer from exai_issue_updates), 2, 'a repeated call records nothing');
select is(
  pg_temp.change('{"title": "Two", "status": "done"}'), 'PT422 exai_status_invalid', 'an invalid status'
);
select matches(
  pg_temp.change('{"title": " ", "status": "open"}'), '^23514.*exai_issues_title_is_not_blank',
  'a blank title'
);
select is(
  (select concat_ws('|', title, status) from exai_issues) || (select count(*) from exai_issue_updates),
  'One|fixed2', 'nothing is changed then'
);
select is(pg_temp.change(c.changes), 'PT422 ' || c.code, c.name)
from (
  values
    ('{}', 'exai_change_required', 'no field'),
    ('[]', 'exai_change_required', 'an array'),
    ('{"titel": "x", "title": "y"}', 'exai_change_invalid', 'a misspelt field'),
    ('{"claimed_by": "x"}', 'exai_change_invalid', 'a field that has a function of its own'),
    ('{"line_start": "seven"}', 'exai_change_invalid', 'a value of another type'),
    ('{"line_start": 99999999999}', 'exai_change_invalid', 'a number that is too large'),
    ('{"affected_components": "a"}', 'exai_change_invalid', 'a string in place of an array')
) as c (changes, code, name);
select ok(
  pg_temp.change('{"title": null, "severity": null, "status": null, "file_path": "src/a.py"}')::jsonb
    -> 'issue' @> '{"title": "One", "severity": "medium", "status": "fixed", "file_path": "src/a.py"}',
  'null keeps what cannot be null'
);
select is(current_setting('app.conversation_id', true), '', 'the conversation is that of the call only');
select is(pg_temp.change('{"title": "x"}', 'viewer'), 'PT403 team_role_required', 'viewers change nothing');
select is(
  pg_temp.as_persona('agent', $$ select update_exai_issue(99999999, '{"title": "x"}') $$),
  'PT404 exai_issue_unknown', 'an unknown number'
);
select pg_temp.change('{"status": "open"}');
select is(
  pg_temp.as_persona('second', format(
    'select claimed_by from claim_exai_issue(%s, ''conv-b'')', issue_number
  )), 'conv-b', 'another conversation claims the issue'
) from exai_issues;
select is(
  pg_temp.change('{"status": "closed"}')::jsonb -> 'ended_claim' ->> 'claimed_by', 'conv-b',
  'the answer contains whose claim a status ended'
);
select is(pg_temp.change('{"status": "open"}')::jsonb ->> 'ended_claim', null, 'or null');

select pg_temp.change('{"affected_components": ["b", null, "", "a"]}');
select is((select affected_components from exai_issues), '{b,a}', 'components have names');

select * from finish();
rollback;
