-- What new objects start with, what the API exposes, and what runs by the clock.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(20);

-- Defaults: an object made by a migration that forgets its grants is closed, not open.

create table public.contract_probe (id integer generated always as identity, name text);
create function public.contract_probe() returns integer language sql as 'select 1';
create sequence public.contract_probe_seq;

select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'])
     as p (name)
   where has_table_privilege(r.name, 'public.contract_probe', p.name)),
  0::bigint, 'a new table is closed to the API roles'
);
select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   where has_function_privilege(r.name, 'public.contract_probe()', 'execute')),
  0::bigint, 'a new function is closed to the API roles'
);
select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   cross join unnest(array['usage', 'select', 'update']) as p (name)
   where has_sequence_privilege(r.name, 'public.contract_probe_seq', p.name)),
  0::bigint, 'a new sequence is closed to the API roles'
);

create function private.contract_probe() returns integer language sql as 'select 1';
select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   where has_function_privilege(r.name, 'private.contract_probe()', 'execute')),
  0::bigint, 'a new function of another schema is closed too'
);
select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   where has_schema_privilege(r.name, 'private', 'usage') or has_schema_privilege(r.name, 'private', 'create')
     or has_schema_privilege(r.name, 'public', 'create')),
  0::bigint, 'the API roles may not use private, nor create in public'
);
drop function public.contract_probe();
drop function private.contract_probe();
drop table public.contract_probe;
drop sequence public.contract_probe_seq;

-- A temporary type called text would be what security-definer functions take for text.
select is_empty(
  $$ select r.name from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
     where has_database_privilege(r.name, current_database(), 'temporary') $$,
  'the API roles make no temporary objects'
);
select is_empty(
  $$ select c.oid::regclass, r.name
     from pg_class as c
     cross join unnest(array['anon', 'authenticated', 'service_role']) as r (name)
     where c.relnamespace in ('public'::regnamespace, 'private'::regnamespace) and c.relkind = 'S'
       and has_sequence_privilege(r.name, c.oid, 'usage, select, update') $$,
  'the API roles hold nothing on sequences'
);

-- The surface

select set_eq(
  $$ select p.oid::regprocedure::text from pg_proc as p
     where p.pronamespace = 'public'::regnamespace
       and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e') $$,
  $$ values
    ('claim_task(text,text[],integer,text,uuid)'), ('heartbeat_task(bigint,bigint,integer,text,text)'),
    ('complete_task(bigint,bigint,text,text,text,jsonb,text,integer,text,text,jsonb,text)'),
    ('fail_task(bigint,bigint,text,boolean,text,text,jsonb,text)'), ('release_task(bigint,bigint,text)'),
    ('cancel_task(bigint)'), ('create_worker_token(text,text[],integer,boolean)'),
    ('revoke_worker_token(uuid)'),
    ('append_task_message(bigint,text,text,text)'), ('set_max_running_tasks(uuid,integer)'),
    ('ingest_github_delivery(uuid,text,text)'),
    ('receive_github_delivery(uuid,text,text)'),
    ('begin_github_sweep(text,integer)'),
    ('finish_github_check(bigint,uuid,text,text,text,timestamp with time zone)'),
    ('record_github_branch(bigint,uuid,text,timestamp with time zone)'),
    ('pause_github_sweep(timestamp with time zone)'),
    ('insert_checklist_step(uuid,integer,text,text,text)'),
    ('move_checklist_step(uuid,integer,integer)'),
    ('relate_exai_issues(uuid,uuid,text)'),
    ('unrelate_exai_issues(uuid,uuid,text)'),
    ('search_exai_issues(text,text[],text[],text[],text,text,integer,integer)'),
    ('claim_exai_issue(integer,text,integer)'),
    ('release_exai_issue(integer,text)'),
    ('next_exai_issue(text,integer)'),
    ('set_exai_issue_status(integer,text,text)'),
    ('exai_issue_context(integer)'),
    ('export_exai_lines()'),
    ('export_exai_issues()'),
    ('import_exai_issues(jsonb)'),
    ('determine_segment(text,text)'),
    ('explain_triage(text,text)'),
    ('upsert_circle_issue(text,text,text,text,text,text,text,text,text,boolean,jsonb)'),
    ('format_circle_message_description(uuid)'),
    ('process_circle_webhook(jsonb,text,text)'),
    ('handle_circle_webhook(jsonb)'),
    ('receive_circle_event(text)'),
    ('process_circle_event(uuid)'),
    ('ingest_circle_event(text)'),
    ('replay_circle_events(timestamp with time zone,timestamp with time zone,integer)'),
    ('import_circle_issue(uuid,uuid,text,text,text)'),
    ('dismiss_circle_issue(uuid,text)'),
    ('return_circle_issue(uuid,text)'),
    ('cleanup_legacy_test_data(integer)'),
    ('add_team_member(text,text)'),
    ('search_issues(text,text[],text[],text,boolean,text[],timestamp with time zone,'
      'timestamp with time zone,boolean,integer,integer)'),
    ('similar_issues(text,text,integer)'),
    ('touch_user_session(text,text)'),
    ('github_token_status()'),
    ('count_github_token_check(uuid)'),
    ('set_github_token(uuid,uuid,text,jsonb)'),
    ('read_secret(uuid,text)'),
    ('mark_secret_checked(uuid,boolean,jsonb)'),
    ('secrets_to_rotate(text,uuid,integer)'),
    ('reseal_secrets(jsonb)'),
    ('secret_key_counts()'),
    ('task_github_token(bigint,bigint)') $$,
  'the API has these functions'
);
select is_empty(
  $$ select conrelid::regclass, conname from pg_constraint
     where connamespace = 'public'::regnamespace and contype = 'c'
       and conname ~ '_check\d*$' $$,
  'check constraints are named as the rule they hold'
);

-- The clock

select set_eq(
  $$ select jobname::text, schedule::text, command::text, active from cron.job $$,
  $$ values
    ('agents-reclaim-tasks', '* * * * *', 'select private.reclaim_expired_tasks()', true),
    ('agents-process-github-deliveries', '* * * * *',
      'select private.process_waiting_github_deliveries()', true),
    ('agents-sweep-github', '*/15 * * * *', 'select private.request_github_sweep()', true),
    ('agents-prune-github-deliveries', '47 3 * * *', 'select private.prune_github_deliveries()', true),
    ('agents-prune-pull-requests', '57 3 * * *', 'select private.prune_pull_requests()', true),
    ('tracker-cleanup-test-data', '17 3 * * *', 'select public.cleanup_legacy_test_data()', true),
    ('tracker-process-circle-events', '* * * * *', 'select private.process_waiting_circle_events()', true),
    ('tracker-prune-history', '37 3 * * *', 'select private.prune_tracker_history()', true) $$,
  'these jobs run, at these times'
);
select lives_ok(
  (select command from cron.job where jobname = 'tracker-cleanup-test-data'),
  'the cleanup runs as the role that the job has'
);

select lives_ok(
  (select command from cron.job where jobname = 'tracker-process-circle-events'), 'and so do second attempts'
);
select lives_ok(
  (select command from cron.job where jobname = 'tracker-prune-history'), 'and the pruning'
);
select lives_ok((select command from cron.job where jobname = j), j) from unnest(array[
  'agents-reclaim-tasks', 'agents-process-github-deliveries', 'agents-sweep-github',
  'agents-prune-github-deliveries'
]) as j;

select results_eq(
  $$ select format('%I.%I', schemaname, tablename) collate "C" from pg_publication_tables
     where pubname = 'supabase_realtime' order by 1 $$,
  $$ values ('public.circle_issues' collate "C"), ('public.comments'), ('public.exai_issue_checklist'),
    ('public.exai_issue_updates'), ('public.exai_issues'), ('public.issues'),
    ('public.pull_requests'), ('public.tasks') $$,
  'these tables can be followed live'
);
select is_empty(
  $$ select t.tablename from pg_publication_tables as t
     join pg_class as c on c.oid = format('%I.%I', t.schemaname, t.tablename)::regclass
     where t.pubname = 'supabase_realtime' and not c.relrowsecurity $$,
  'and row security decides who follows which row'
);
select is_empty(
  $$ select t.tablename from pg_publication_tables as t
     join pg_class as c on c.oid = format('%I.%I', t.schemaname, t.tablename)::regclass
     where t.pubname = 'supabase_realtime' and c.relreplident <> 'd' $$,
  'of the old row only the key is logged, so that what is large is not, where it does not change'
);

select * from finish();
rollback;
