-- Rules over every table and view of ours, those not written yet too.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(21);

-- Ours: every schema that is neither PostgreSQL's nor the platform's.
create temp view our_schema as
select n.oid, n.nspname as name from pg_namespace as n
where n.nspname !~ '^pg_' and n.nspname <> all (array[
  'information_schema', 'auth', 'storage', 'extensions', 'cron', 'net', 'vault', 'graphql', 'graphql_public',
  'realtime', '_realtime', '_analytics', 'pgbouncer', 'pgsodium', 'pgsodium_masks', 'supabase_migrations',
  'supabase_functions'
]);
create temp view our_relation as
select c.oid, s.name as schema, c.relname as name, c.relkind, c.relrowsecurity, c.reloptions, c.relacl,
c.relowner
from pg_class as c join our_schema as s on s.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e');

select bag_eq(
  $$ select format('%s.%s', schema, name) from our_relation $$,
  $$ values
    ('public.users'), ('public.projects'), ('public.tasks'), ('public.task_list'),
    ('public.task_attempts'), ('public.worker_tokens'), ('private.worker_token_hashes'),
    ('public.agent_settings'), ('public.task_completion_weekly'), ('public.task_errors_weekly'),
    ('public.user_activity_weekly'), ('public.pull_requests_weekly'), ('public.slow_queries'),
    ('public.pull_requests'), ('public.task_pull_requests'), ('private.pull_request_checks'),
    ('private.task_github_refs'), ('private.github_repositories'), ('private.github_deliveries'),
    ('private.function_tickets'), ('private.github_sweep'),
    ('public.exai_issues'), ('public.exai_issue_updates'), ('public.exai_issue_checklist'),
    ('public.exai_issue_relations'), ('public.exai_active_issues'), ('public.exai_ready_issues'),
    ('private.exai_issue_counts'), ('private.exai_issue_search'),
    ('public.team_members'), ('public.issues'), ('public.comments'), ('public.issue_status_logs'),
    ('public.tags'), ('public.issue_tags'), ('public.circle_spaces'), ('public.circle_issues'),
    ('public.circle_replies'), ('public.issue_import_logs'), ('public.user_sessions'),
    ('public.issue_activity_log'), ('public.failed_circle_events'),
    ('public.circle_triage_queue'), ('public.issue_import_differences'),
    ('public.issues_by_space'), ('public.open_issues'), ('public.issue_status_ages'),
    ('public.issue_trends'), ('public.repeated_questions'),
    ('private.circle_imports'), ('private.circle_events'), ('private.issue_search'),
    ('public.tracker_settings'), ('public.segment_rules'), ('private.segment_patterns'),
    ('public.segment_corrections'),
    ('private.secrets'), ('private.github_token_checks'),
    ('private.user_capacity'), ('private.project_capacity') $$,
  'the tables and views are those that are listed here'
);

-- Row security

select is_empty(
  $$ select schema, name from our_relation where relkind in ('r', 'p') and not relrowsecurity $$,
  'every table has row level security on'
);
select is_empty(
  $$ select schemaname, tablename, policyname from pg_policies
     where schemaname in (select name from our_schema) and permissive <> 'PERMISSIVE' $$,
  'every policy is permissive'
);
select is_empty(
  $$ select schemaname, tablename, policyname, roles from pg_policies
     where schemaname in (select name from our_schema)
       and (cardinality(roles) <> 1 or roles && array['public', 'anon', 'service_role']::name[]) $$,
  'every policy names one role, and neither public nor anon nor service_role'
);
select is_empty(
  $$ select schemaname, tablename, cmd, roles from pg_policies
     where schemaname in (select name from our_schema) group by 1, 2, 3, 4 having count(*) > 1 $$,
  'there is one policy a table, action and role'
);
select is_empty(
  $$ select schemaname, tablename, policyname from pg_policies
     where schemaname in (select name from our_schema) and cmd = 'ALL' $$,
  'no policy is for all actions at once'
);
select is_empty(
  $$ select schemaname, tablename, policyname from pg_policies
     where schemaname in (select name from our_schema)
       and policyname !~ ('^' || tablename || '_' || lower(cmd) || '_[a-z_]+$') $$,
  'a policy is called <table>_<action>_<who>'
);
select is_empty(
  $$ select schemaname, tablename, policyname
     from pg_policies cross join lateral (values (qual), (with_check)) as e (expression)
     where schemaname in (select name from our_schema)
       and regexp_replace(
         expression, '\( SELECT (auth\.uid\(\)|private\.\w+\([^()]*\)) AS \w+\)', '', 'g'
       ) ~ '(auth|private)\.\w+\(' $$,
  'policies call functions once a statement: (select auth.uid()), (select private.…())'
);
select is_empty(
  $$ select schema, name from our_relation
     where relkind = 'v' and not coalesce(reloptions, '{}') @> array['security_invoker=true'] $$,
  'every view is security_invoker'
);

-- Privileges

select is_empty(
  $$ select r.schema, r.name, a.privilege_type from our_relation as r
     cross join lateral aclexplode(coalesce(r.relacl, acldefault('r', r.relowner))) as a
     where a.grantee = any (array[0::oid, 'anon'::regrole::oid]) $$,
  'nothing is granted to anon or public on tables'
);
select is_empty(
  $$ select r.schema, r.name, t.attname from our_relation as r
     join pg_attribute as t on t.attrelid = r.oid
     cross join lateral aclexplode(t.attacl) as a
     where a.grantee = any (array[0::oid, 'anon'::regrole::oid]) $$,
  'nothing is granted to anon or public on columns'
);
select is_empty(
  $$ select r.schema, r.name, a.privilege_type from our_relation as r
     cross join lateral aclexplode(r.relacl) as a
     where a.grantee = 'authenticated'::regrole and a.privilege_type not in ('SELECT', 'DELETE') $$,
  'authenticated writes by column grants only, and holds no other table privilege'
);
select is_empty(
  $$ select r.schema, r.name, t.attname from our_relation as r
     join pg_attribute as t on t.attrelid = r.oid
     cross join lateral aclexplode(t.attacl) as a
     where r.schema <> 'private' and a.privilege_type not in ('INSERT', 'UPDATE') $$,
  'select is granted on whole tables, never by column'
);
-- Without USAGE on the schema nobody can name these; exposed views read them with the caller's rights.
select set_eq(
  $$ select distinct r.name, a.privilege_type from our_relation as r
     cross join lateral (
       select x.grantee, x.privilege_type from aclexplode(r.relacl) as x
       union all
       select x.grantee, x.privilege_type from pg_attribute as t cross join lateral aclexplode(t.attacl) as x
       where t.attrelid = r.oid
     ) as a
     where r.schema = 'private' and a.grantee <> r.relowner $$,
  $$ values ('exai_issue_counts', 'SELECT'), ('circle_events', 'SELECT'), ('circle_imports', 'SELECT'),
    ('issue_search', 'SELECT') $$,
  'of the tables of the schema private, these are read by views'
);
select is_empty(
  $$ select a.privilege_type from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a
     where n.nspname = 'private' and a.grantee <> n.nspowner $$,
  'no role but the owner reaches the schema private'
);

-- Keys and comments

select is_empty(
  $$ select conrelid::regclass, conname from pg_constraint
     where contype = 'f' and connamespace in (select oid from our_schema) and confdeltype = 'a' $$,
  'every foreign key says what happens on delete'
);
select is_empty(
  $$ select k.conrelid::regclass, k.conname from pg_constraint as k
     where k.contype = 'f' and k.connamespace in (select oid from our_schema)
       and not exists (
         select from pg_index as i
         where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
           and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
       ) $$,
  'every foreign key has an index that leads with it'
);
select is_empty(
  $$ select schema, name from our_relation as r
     where relkind in ('r', 'p') and not exists (
       select from pg_constraint as k where k.conrelid = r.oid and k.contype = 'p'
     ) $$,
  'every table has a primary key'
);
select is_empty(
  $$ select schema, name from our_relation where obj_description(oid, 'pg_class') is null $$,
  'every table and view has a comment'
);
select is_empty(
  $$ select r.schema, r.name, t.attname, format_type(t.atttypid, t.atttypmod) from our_relation as r
     join pg_attribute as t on t.attrelid = r.oid and t.attnum > 0 and not t.attisdropped
     where t.attname ~ '_at$' and t.atttypid <> 'timestamptz'::regtype
       or t.atttypid in ('timestamp'::regtype, 'varchar'::regtype, 'json'::regtype, 'money'::regtype) $$,
  'times are timestamptz, texts text, documents jsonb'
);
select is_empty(
  $$ select t.tgrelid::regclass, t.tgname from pg_trigger as t
     join our_relation as r on r.oid = t.tgrelid
     where not t.tgisinternal and t.tgname !~ '^_\d{3}_[a-z_]+$' $$,
  'triggers carry their order in their name'
);

select * from finish();
rollback;
