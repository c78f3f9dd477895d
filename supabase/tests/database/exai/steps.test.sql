-- insert_checklist_step and move_checklist_step.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(12);

\ir ../helpers/personas.psql

insert into exai_issues (id, title) values ('10000000-0000-4000-8000-000000000001', 'One');
insert into exai_issue_checklist (issue_id, description)
select '10000000-0000-4000-8000-000000000001', s from unnest(array['a', 'b', 'c', 'd', 'e']) as s;
create function pg_temp.steps() returns text language sql as $$
  select string_agg(step_number || description, ' ' order by step_number) from exai_issue_checklist
$$;
create function pg_temp.move(p_from text, p_to text) returns text language sql as $$
  select pg_temp.as_persona('agent', format(
    'select string_agg(description, '''' order by step_number) from move_checklist_step(
      ''10000000-0000-4000-8000-000000000001'', %s, %s)', p_from, p_to))
$$;
select is(pg_temp.move('2', '4'), 'acdbe', 'moves a step down');
select is(pg_temp.move('4', '1'), 'bacde', 'moves a step up');
select is(pg_temp.move('1', '99'), 'acdeb', 'a number beyond the last step is the last');
select is(pg_temp.move('3', '3'), 'acdeb', 'to its own number');
select is(pg_temp.move('6', '1'), 'PT404 exai_step_unknown', 'an unknown step');
select is(pg_temp.move('1', '0'), 'PT422 exai_step_number_invalid', 'to 0');
select is(pg_temp.move('1', 'null'), 'PT422 exai_step_number_invalid', 'to null');
create function pg_temp.insert_step(p_number text, p_description text) returns text language sql as $$
  select pg_temp.as_persona('agent', format('select step_number from insert_checklist_step(
    ''10000000-0000-4000-8000-000000000001'', %s, %L)', p_number, p_description))
$$;
select is(pg_temp.insert_step('2', 'x') || ' ' || pg_temp.steps(), '2 1a 2x 3c 4d 5e 6b',
  'inserts a step between others');
select is(pg_temp.insert_step('null', 'y') || ' ' || pg_temp.steps(), '7 1a 2x 3c 4d 5e 6b 7y',
  'inserts a step at the end');
delete from exai_issue_checklist where description = 'd';
select is(pg_temp.insert_step('3', 'z') || ' ' || pg_temp.steps(), '3 1a 2x 3z 4c 5e 6b 7y',
  'only the steps up to the next gap move');
select is(
  pg_temp.as_persona('viewer', $$ select insert_checklist_step('10000000-0000-4000-8000-000000000001', 1, 'v')
    $$),
  'PT403 team_role_required', 'a viewer cannot insert'
);
select is(
  pg_temp.as_persona('agent', $$ select insert_checklist_step(gen_random_uuid(), 1, 'v') $$),
  'PT404 exai_issue_unknown', 'an unknown issue'
);

select * from finish();
rollback;
