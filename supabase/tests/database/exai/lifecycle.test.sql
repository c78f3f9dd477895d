-- What the database enforces for issues, updates and steps, whoever writes them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(45);

\ir ../helpers/personas.psql

insert into exai_issues (id, title, conversation_id) values
  ('10000000-0000-4000-8000-000000000001', 'One', 'found-1'),
  ('10000000-0000-4000-8000-000000000002', 'Two', 'found-2');

-- defaults and refusals
select results_eq(
  $$ select severity, category, status, description, cardinality(affected_components), created_by,
       discovery_date = created_at from exai_issues where title = 'One' $$,
  $$ values ('medium', 'other', 'open', '', 0, 'system', true) $$, 'columns that are left out get defaults'
);
create function pg_temp.refusal(p_statement text) returns text language plpgsql as $$
declare
  v_hint text;
begin
  execute p_statement;
  return 'accepted';
exception
  when integrity_constraint_violation or sqlstate 'PT409' or sqlstate 'PT422' or sqlstate 'PT404' then
    get stacked diagnostics v_hint = pg_exception_hint;
    return concat_ws(' ', sqlstate, case when sqlstate like 'PT%' then sqlerrm
      else substring(sqlerrm from 'constraint "(.*?)"') end, nullif(v_hint, ''));
end;
$$;
select is(
  pg_temp.refusal($$ update exai_issues set severity = 'urgent' where title = 'One' $$),
  'PT422 exai_severity_invalid Use one of: critical, high, medium, low.', 'an unknown severity'
);
select is(
  pg_temp.refusal($$ insert into exai_issues (title, category) values ('x', 'bug') $$),
  'PT422 exai_category_invalid Use one of: timeout, architecture, configuration, performance, security, '
    'other.', 'an unknown category'
);
select is(
  pg_temp.refusal($$ update exai_issues set status = 'done' where title = 'One' $$),
  'PT422 exai_status_invalid Use one of: open, in_progress, fixed, verified, closed, wont_fix.',
  'an unknown status'
);
select is(
  pg_temp.refusal($$ insert into exai_issue_updates (issue_id, update_type, content)
    values ('10000000-0000-4000-8000-000000000001', 'note', 'x') $$),
  'PT422 exai_update_type_invalid Use one of: comment, status_change, fix_applied, verification, '
    'conversation_link.', 'an unknown type of update'
);
select is(
  pg_temp.refusal($$ insert into exai_issue_checklist (issue_id, description, status)
    values ('10000000-0000-4000-8000-000000000001', 'x', 'done') $$),
  'PT422 exai_step_status_invalid Use one of: pending, in_progress, complete, skipped.',
  'an unknown status of a step'
);
select is(
  pg_temp.refusal(format('insert into exai_issues (title, line_start, line_end) values (%L, %L, %L)', r.title,
    r.line_start, r.line_end)), r.expected, r.name
)
from (
  values
    ('x', 5, 5, 'accepted', 'one line is a range'),
    ('x', 5, null, 'accepted', 'a line without an end'),
    ('x', 0, null, '23514 exai_issues_line_start_is_positive', 'line_start is at least 1'),
    ('x', 5, 4, '23514 exai_issues_line_end_follows_line_start', 'line_end is not before line_start'),
    ('x', null, 4, '23514 exai_issues_line_end_follows_line_start', 'no line_end without line_start'),
    (e' \u200b', null, null, '23514 exai_issues_title_is_not_blank', 'no invisible title')
) as r (title, line_start, line_end, expected, name);

-- statuses and their dates
create function pg_temp.dates(p_title text) returns text language sql as $$
  select concat_ws('|', status, fix_date is not null, verification_date is not null) from exai_issues
  where title = p_title
$$;
select is_empty(
  $$ select a.status, b.status from unnest(array['open', 'in_progress', 'fixed', 'verified', 'closed',
       'wont_fix']) as a (status) cross join unnest(array['open', 'in_progress', 'fixed', 'verified',
         'closed',
       'wont_fix']) as b (status)
     where pg_temp.refusal(format('update exai_issues set status = %L where title = ''Two''', a.status))
         <> 'accepted'
       or pg_temp.refusal(format('update exai_issues set status = %L where title = ''Two''', b.status))
         <> 'accepted' $$,
  'any status may follow any other'
);
delete from exai_issue_updates;
update exai_issues set status = 'fixed', fix_date = null where title = 'One';
select is(pg_temp.dates('One'), 'fixed|t|f', 'fixed sets fix_date');
update exai_issues set fix_date = '2025-01-01' where title = 'One';
select is((select fix_date from exai_issues where title = 'One'), '2025-01-01', 'fix_date may be sent');
update exai_issues set fix_date = null where title = 'One';
select is((select fix_date from exai_issues where title = 'One'), '2025-01-01',
  'and cannot be cleared while the issue is fixed');
update exai_issues set status = 'verified' where title = 'One';
select is(pg_temp.dates('One'), 'verified|t|t', 'verified sets verification_date');
update exai_issues set status = 'fixed' where title = 'One';
select is(pg_temp.dates('One'), 'fixed|t|f', 'which fixed clears');
update exai_issues set status = 'verified', verification_date = '2025-02-02' where title = 'One';
update exai_issues set status = 'closed' where title = 'One';
select is(
  (select concat_ws('|', status, fix_date::date, verification_date::date) from exai_issues
   where title = 'One'),
  'closed|2025-01-01|2025-02-02', 'closing keeps the dates'
);
update exai_issues set status = 'in_progress', actual_fix = 'tried', fix_conversation_id = 'fix-1'
where title = 'One';
select is(pg_temp.dates('One'), 'in_progress|f|f', 'reopening clears them');
update exai_issues set status = 'wont_fix' where title = 'One';
update exai_issues set status = 'open' where title = 'One';
select is(
  (select concat_ws('|', actual_fix, fix_conversation_id) from exai_issues where title = 'One'),
    'tried|fix-1',
  'and keeps what was tried'
);

-- each change of status is logged, also in bulk
select results_eq(
  $$ select content, conversation_id from exai_issue_updates
     where issue_id = '10000000-0000-4000-8000-000000000001' order by created_at, id $$,
  $$ values ('open → fixed', 'found-1'), ('fixed → verified', 'found-1'), ('verified → fixed', 'found-1'),
    ('fixed → verified', 'found-1'), ('verified → closed', 'found-1'), ('closed → in_progress', 'fix-1'),
    ('in_progress → wont_fix', 'found-1'), ('wont_fix → open', 'found-1') $$,
  'the history has each change of status, with its conversation'
);
delete from exai_issue_updates;
insert into exai_issues (title) select 'Bulk' from generate_series(1, 50);
select set_config('app.conversation_id', 'bulk-conversation', true);
update exai_issues set status = 'in_progress' where title = 'Bulk';
update exai_issues set status = 'in_progress' where title = 'Bulk';
select is(
  (select string_agg(distinct content || '|' || conversation_id, ',') || count(*) from exai_issue_updates),
  'open → in_progress|bulk-conversation50',
  'a bulk change writes an entry per issue, and an unchanged status none'
);
select set_config('app.conversation_id', '', true);
select is(
  (select count(*) from exai_issue_updates where update_type <> 'status_change'), 0::bigint,
  'all entries have the type status_change'
);
select is(
  pg_temp.as_persona('agent', $$ select concat_ws('|', s.status, s.fix_conversation_id)
    from exai_issues as i, set_exai_issue_status(i.issue_number, 'fixed', 'conv-9') as s
    where i.title = 'One' $$),
  'fixed|conv-9', 'set_exai_issue_status sets the status and the conversation'
);
select is(
  (select u.conversation_id || ' ' || u.created_by from exai_issue_updates as u
   join exai_issues as i on i.id = u.issue_id where i.title = 'One' order by u.created_at desc limit 1),
  'conv-9 Agnes Agent', 'the entry has the conversation and the author'
);
select is(
  current_setting('app.conversation_id', true), '', 'the setting is restored'
);
select is(
  pg_temp.as_persona('agent', $$ select status from set_exai_issue_status(999999, 'fixed', 'x') $$),
  'PT404 exai_issue_unknown', 'an unknown issue'
);

-- numbers: above what the sequence has come to, which no rollback sets back
create temp table brought on commit drop as
select (last_value + 1000)::integer as number from public.exai_issues_issue_number_seq;
select is(
  pg_temp.as_persona('agent', format($$ insert into exai_issues (title, issue_number) values ('Numbered', %s)
    returning issue_number < %1$s $$, (select number from brought))), 'true', 'people can''t choose a number'
);
select is(
  pg_temp.as_persona('service_role', format($$ insert into exai_issues (title, issue_number)
    values ('Brought', %s) returning issue_number $$, (select number from brought))),
  (select number::text from brought), 'servers can'
);
select is(
  pg_temp.as_persona('agent', $$ insert into exai_issues (title) values ('Next') returning issue_number $$),
  (select (number + 1)::text from brought), 'and the next number follows it'
);
select is(
  pg_temp.refusal($$ update exai_issues set issue_number = 3000000 where title = 'Next' $$),
  'PT422 key_change_forbidden Insert a new row and delete the old one.', 'a number cannot change'
);

-- people
select is(
  pg_temp.as_persona('agent', $$ insert into exai_issues (title, created_by_user_id, claimed_by, claimed_at,
      lease_expires_at) values ('Mine', '00000000-0000-4000-8000-00000000000d', 'x', now(), now())
    returning concat_ws('|', created_by, created_by_user_id, claimed_by) $$),
  'Agnes Agent|00000000-0000-4000-8000-00000000000c',
  'the author is the caller, and a claim that is sent is dropped'
);
select is(
  pg_temp.as_persona('agent', $$ update exai_issues set created_by_user_id = null, claimed_by = 'x',
      claimed_at = now(), lease_expires_at = now() where title = 'Mine'
    returning concat_ws('|', created_by_user_id, claimed_by) $$),
  '00000000-0000-4000-8000-00000000000c', 'in an update too'
);

-- updates belong to their author
insert into exai_issue_updates (id, issue_id, content, created_by_user_id) values
  ('20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Said',
   '00000000-0000-4000-8000-00000000000c');
select is(
  pg_temp.as_persona('second', $$ update exai_issue_updates set content = 'No' where content = 'Said'
    returning 1 $$), null, 'another agent cannot change an update'
);
select is(
  pg_temp.as_persona('agent', $$ update exai_issue_updates set content = 'Meant' where content = 'Said'
    returning content $$), 'Meant', 'its author can'
);
select is(
  pg_temp.as_persona('admin', $$ update exai_issue_updates set content = 'Corrected' where content = 'Meant'
    returning content $$), 'Corrected', 'and an admin'
);
select is(
  pg_temp.as_persona('agent', $$ delete from exai_issue_updates
    where update_type = 'status_change' and created_by_user_id = '00000000-0000-4000-8000-00000000000c'
    returning 1 $$), null, 'only an admin can delete an entry of type status_change'
);

-- steps
insert into exai_issue_checklist (issue_id, description)
select '10000000-0000-4000-8000-000000000001', s from unnest(array['a', 'b', 'c', 'd']) as s;
select results_eq(
  $$ select step_number, description, status, completed_at from exai_issue_checklist order by step_number $$,
  $$ values (1, 'a', 'pending', null::timestamptz), (2, 'b', 'pending', null), (3, 'c', 'pending', null),
    (4, 'd', 'pending', null) $$, 'steps get the next number'
);
update exai_issue_checklist set status = 'complete', completed_at = '2025-03-03' where description = 'a';
update exai_issue_checklist set status = 'complete' where description = 'b';
select is(
  (select string_agg(concat_ws('|', description, completed_at::date = '2025-03-03'), ',' order by description)
   from exai_issue_checklist where completed_at is not null),
  'a|t,b|f', 'complete sets completed_at: the value that was sent, else the time of the change'
);
update exai_issue_checklist set completed_at = null where description = 'a';
select is(
  (select completed_at::date::text from exai_issue_checklist where description = 'a'), '2025-03-03',
  'which cannot be cleared'
);
update exai_issue_checklist set status = 'skipped', completed_at = now() where description = 'b';
select is((select completed_at from exai_issue_checklist where description = 'b'), null,
  'another status clears it');
select is(
  pg_temp.refusal($$ insert into exai_issue_checklist (issue_id, step_number, description)
    values ('10000000-0000-4000-8000-000000000001', 2, 'x') $$),
  '23505 exai_issue_checklist_issue_id_step_number_key', 'a number is unique in its issue'
);
select is(
  pg_temp.refusal($$ insert into exai_issue_checklist (issue_id, step_number, description)
    values ('10000000-0000-4000-8000-000000000001', 0, 'x') $$),
  '23514 exai_issue_checklist_step_number_is_in_range', 'step_number is at least 1'
);
update exai_issue_checklist set step_number = step_number + 1;
select is(
  (select array_agg(step_number order by description) from exai_issue_checklist), '{2,3,4,5}',
  'one statement can shift all steps'
);

select * from finish();
rollback;
