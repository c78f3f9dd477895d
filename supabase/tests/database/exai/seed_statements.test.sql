-- Every statement of the seed document, unchanged, as an operator and as an agent of the team.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(33);

\ir ../helpers/personas.psql

-- The three issues of the document, as in supabase/seed.sql.
insert into public.exai_issues (
  issue_number, title, severity, category, file_path, line_start, line_end, conversation_id
)
values
  (1, 'AsyncGLM Provider NO Timeout', 'critical', 'timeout', 'src/providers/async_glm.py', 48, 51,
    'debb44af-15b9-456d-9b88-6a2519f81427'),
  (2, 'AsyncKimi Provider 300s Default', 'high', 'timeout', 'src/providers/async_kimi.py', 58, 60,
    'debb44af-15b9-456d-9b88-6a2519f81427'),
  (3, 'AsyncProviderConfig Hardcoded', 'medium', 'configuration', 'src/providers/async_base.py', 19, 22,
    'debb44af-15b9-456d-9b88-6a2519f81427');
insert into public.exai_issue_checklist (issue_id, step_number, description)
select i.id, s.number, 'Step ' || s.number
from public.exai_issues as i, generate_series(1, 7) as s (number) where i.issue_number = 1;

create temp table statement (position integer, name text, text text) on commit drop;
insert into statement values
  (1, 'all active issues', $s$
SELECT * FROM exai_active_issues
ORDER BY
    CASE severity
        WHEN 'critical' THEN 1
        WHEN 'high' THEN 2
        WHEN 'medium' THEN 3
        WHEN 'low' THEN 4
    END,
    issue_number;
$s$),
  (2, 'an issue with its checklist', $s$
SELECT
    i.*,
    json_agg(
        json_build_object(
            'step', c.step_number,
            'description', c.description,
            'status', c.status,
            'completed_at', c.completed_at
        ) ORDER BY c.step_number
    ) as checklist
FROM exai_issues i
LEFT JOIN exai_issue_checklist c ON i.id = c.issue_id
WHERE i.issue_number = 1
GROUP BY i.id;
$s$),
  (3, 'issues of a conversation', $s$
SELECT * FROM exai_issues
WHERE conversation_id = 'debb44af-15b9-456d-9b88-6a2519f81427'
ORDER BY severity, issue_number;
$s$),
  (4, 'a change of status', $s$
UPDATE exai_issues
SET status = 'in_progress'
WHERE issue_number = 1;
$s$),
  (5, 'completing a step, with a conversation id', $s$
UPDATE exai_issue_checklist
SET status = 'complete',
    completed_at = NOW(),
    conversation_id = 'debb44af-15b9-456d-9b88-6a2519f81427'
WHERE issue_id = (SELECT id FROM exai_issues WHERE issue_number = 1)
  AND step_number = 1;
$s$),
  (6, 'adding a comment', $s$
INSERT INTO exai_issue_updates (issue_id, update_type, content, conversation_id)
VALUES (
    (SELECT id FROM exai_issues WHERE issue_number = 1),
    'comment',
    'Started implementing AsyncGLM timeout fix',
    'debb44af-15b9-456d-9b88-6a2519f81427'
);
$s$),
  (7, 'issue details', $s$
SELECT * FROM exai_active_issues WHERE issue_number = 1;
$s$),
  (8, 'starting work', $s$
UPDATE exai_issues SET status = 'in_progress' WHERE issue_number = 1;
$s$),
  (9, 'adding a comment, with another conversation id', $s$
INSERT INTO exai_issue_updates (issue_id, update_type, content, conversation_id)
VALUES (
    (SELECT id FROM exai_issues WHERE issue_number = 1),
    'comment',
    'Starting work on AsyncGLM timeout fix',
    'current-conversation-id'
);
$s$),
  (10, 'completing a step', $s$
UPDATE exai_issue_checklist
SET status = 'complete',
    completed_at = NOW(),
    conversation_id = 'current-conversation-id'
WHERE issue_id = (SELECT id FROM exai_issues WHERE issue_number = 1)
  AND step_number = 1;
$s$),
  (11, 'marking it fixed', $s$
UPDATE exai_issues
SET status = 'fixed',
    fix_conversation_id = 'current-conversation-id',
    fix_date = NOW()
WHERE issue_number = 1;
$s$);

-- The number of rows, or the error.
create function pg_temp.rows_of(p_role text, p_user_id text, p_statement text) returns text
language plpgsql as $$
declare
  v_count bigint;
begin
  perform set_config('request.jwt.claims', case when p_user_id is null then ''
    else json_build_object('role', p_role, 'sub', p_user_id)::text end, true);
  perform set_config('role', p_role, true);
  execute p_statement;
  get diagnostics v_count = row_count;
  perform set_config('role', 'none', true);
  perform set_config('request.jwt.claims', '', true);
  return v_count;
exception
  when insufficient_privilege or integrity_constraint_violation or sqlstate 'PT422' then
    return sqlstate || ' ' || sqlerrm;
end;
$$;

create function pg_temp.run_all(p_role text, p_user_id text) returns setof text language plpgsql as $$
declare
  v_statement record;
begin
  for v_statement in select * from statement order by position loop
    return next is(
      pg_temp.rows_of(p_role, p_user_id, v_statement.text),
      case v_statement.position when 1 then '3' when 3 then '3' else '1' end,
      format('%s, as %s', v_statement.name, coalesce(p_role, 'postgres'))
    );
  end loop;
end;
$$;

select * from pg_temp.run_all('none', null);
select is(
  (select concat_ws('|', status, fix_conversation_id, fix_date = now()) from exai_issues
   where issue_number = 1),
  'fixed|current-conversation-id|t', 'the issue is fixed, with the conversation and the time that were sent'
);
select is(
  (select concat_ws('|', status, conversation_id, completed_at = now()) from exai_issue_checklist
   where step_number = 1),
  'complete|current-conversation-id|t',
    'the step is complete, with the conversation and the time that were sent'
);
select results_eq(
  $$ select update_type, content, conversation_id from exai_issue_updates order by created_at, id $$,
  $$ values ('status_change', 'open → in_progress', 'debb44af-15b9-456d-9b88-6a2519f81427'),
    ('comment', 'Started implementing AsyncGLM timeout fix', 'debb44af-15b9-456d-9b88-6a2519f81427'),
    ('comment', 'Starting work on AsyncGLM timeout fix', 'current-conversation-id'),
    ('status_change', 'in_progress → fixed', 'current-conversation-id') $$,
  'the history'
);

update exai_issues set status = 'open' where issue_number = 1;
update exai_issue_checklist set status = 'pending' where step_number = 1;
select * from pg_temp.run_all('authenticated', '00000000-0000-4000-8000-00000000000c');
select is(
  (select concat_ws('|', status, fix_conversation_id, fix_date is not null) from exai_issues
   where issue_number = 1),
  'fixed|current-conversation-id|t', 'an agent can do the same'
);
select is(
  (select string_agg(distinct created_by, ',' order by created_by) from exai_issue_updates),
  'Agnes Agent,system', 'and the history has the agent''s name'
);
select results_eq(
  $$ select issue_number from exai_active_issues ORDER BY CASE severity WHEN 'critical' THEN 1
     WHEN 'high' THEN 2 WHEN 'medium' THEN 3 WHEN 'low' THEN 4 END, issue_number $$,
  $$ values (2), (3) $$, 'a fixed issue is not active'
);

-- columns and types
create temp table named (table_name text, columns text[]) on commit drop;
insert into named values
  ('exai_issues', array['id uuid', 'issue_number integer', 'title text', 'description text', 'severity text',
    'category text', 'status text', 'file_path text', 'line_start integer', 'line_end integer',
    'affected_components text[]', 'conversation_id text', 'fix_conversation_id text', 'root_cause text',
    'impact_description text', 'recommended_fix text', 'actual_fix text', 'related_issues uuid[]',
    'blocks_issues uuid[]', 'blocked_by_issues uuid[]', 'discovery_date timestamp with time zone',
    'fix_date timestamp with time zone', 'verification_date timestamp with time zone']),
  ('exai_issue_updates', array['issue_id uuid', 'update_type text', 'content text', 'conversation_id text']),
  ('exai_issue_checklist', array['issue_id uuid', 'step_number integer', 'description text', 'status text',
    'conversation_id text', 'completed_at timestamp with time zone']),
  ('exai_active_issues', array['id uuid', 'issue_number integer', 'title text', 'severity text',
    'conversation_id text', 'completed_steps integer', 'total_steps integer', 'progress_percentage integer']);
select is_empty(
  $$ select n.table_name, c.name from named as n cross join lateral unnest(n.columns) as c (name)
     where not exists (
       select from pg_attribute as a where a.attrelid = ('public.' || n.table_name)::regclass
         and a.attname || ' ' || format_type(a.atttypid, a.atttypmod) = c.name
     ) $$,
  'every column of the document exists, with its type'
);
select is(
  pg_temp.as_persona('agent', $$ insert into exai_issues (title, severity, category, status)
    select 'All of them', s, c, t from unnest(array['critical', 'high', 'medium', 'low']) as s,
    unnest(array['timeout', 'architecture', 'configuration', 'performance', 'security', 'other']) as c,
    unnest(array['open', 'in_progress', 'fixed', 'verified', 'closed', 'wont_fix']) as t returning 'yes' $$),
  'yes', 'every severity, category and status is allowed'
);
select is(
  pg_temp.as_persona('agent', $$ insert into exai_issue_updates (issue_id, update_type, content)
    select i.id, t, 'x' from exai_issues as i,
    unnest(array['comment', 'status_change', 'fix_applied', 'verification', 'conversation_link']) as t
    where i.issue_number = 1 returning 'yes' $$),
  'yes', 'every type of update is allowed'
);
select is(
  pg_temp.as_persona('agent', $$ insert into exai_issue_checklist (issue_id, step_number, description, status)
    select i.id, 10 + s.position, 'x', s.name from exai_issues as i,
    unnest(array['pending', 'in_progress', 'complete', 'skipped']) with ordinality as s (name, position)
    where i.issue_number = 2 returning 'yes' $$),
  'yes', 'every status of a step is allowed'
);
select is(
  pg_temp.as_persona('viewer', $$ update exai_issues set status = 'closed' where issue_number = 2
    returning 1 $$),
  'PT403 team_role_required', 'a viewer cannot update'
);

select * from finish();
rollback;
