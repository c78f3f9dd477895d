-- Rules over every function of ours: how it is made, and who may call it. What is not listed is closed.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(12);

create temp view our_function as
select p.oid, n.nspname as schema, p.proname as name, p.prosecdef, p.proconfig, p.proacl, p.proowner,
p.prosrc,
  p.prosqlbody, p.prorettype
from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
where n.nspname !~ '^pg_' and n.nspname <> all (array[
  'information_schema', 'auth', 'storage', 'extensions', 'cron', 'net', 'vault', 'graphql', 'graphql_public',
  'realtime', '_realtime', '_analytics', 'pgbouncer', 'pgsodium', 'pgsodium_masks', 'supabase_migrations',
  'supabase_functions'
])
  and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e');

select set_eq(
  $$ select f.schema || '.' || f.name, a.grantee::regrole::text from our_function as f
     cross join lateral aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) as a
     where a.grantee <> f.proowner $$,
  $$ values
    -- the queue: a worker has no account, so it calls as anon and shows its token
    ('public.claim_task', 'anon'), ('private.claim_task', 'anon'),
    ('public.claim_task', 'authenticated'), ('private.claim_task', 'authenticated'),
    ('public.claim_task', 'service_role'), ('private.claim_task', 'service_role'),
    ('public.heartbeat_task', 'anon'), ('private.heartbeat_task', 'anon'),
    ('public.heartbeat_task', 'authenticated'), ('private.heartbeat_task', 'authenticated'),
    ('public.heartbeat_task', 'service_role'), ('private.heartbeat_task', 'service_role'),
    ('public.complete_task', 'anon'), ('private.complete_task', 'anon'),
    ('public.complete_task', 'authenticated'), ('private.complete_task', 'authenticated'),
    ('public.complete_task', 'service_role'), ('private.complete_task', 'service_role'),
    ('public.fail_task', 'anon'), ('private.fail_task', 'anon'),
    ('public.fail_task', 'authenticated'), ('private.fail_task', 'authenticated'),
    ('public.fail_task', 'service_role'), ('private.fail_task', 'service_role'),
    ('public.release_task', 'anon'), ('private.release_task', 'anon'),
    ('public.release_task', 'authenticated'), ('private.release_task', 'authenticated'),
    ('public.release_task', 'service_role'), ('private.release_task', 'service_role'),
    ('public.cancel_task', 'authenticated'), ('private.cancel_task', 'authenticated'),
    ('public.cancel_task', 'service_role'), ('private.cancel_task', 'service_role'),
    ('public.create_worker_token', 'authenticated'), ('private.create_worker_token', 'authenticated'),
    ('public.create_worker_token', 'service_role'), ('private.create_worker_token', 'service_role'),
    ('public.revoke_worker_token', 'authenticated'), ('private.revoke_worker_token', 'authenticated'),
    ('public.revoke_worker_token', 'service_role'), ('private.revoke_worker_token', 'service_role'),
    -- GitHub
    ('public.ingest_github_delivery', 'service_role'), ('private.ingest_github_delivery', 'service_role'),
    ('public.receive_github_delivery', 'service_role'), ('private.receive_github_delivery', 'service_role'),
    ('public.begin_github_sweep', 'service_role'), ('private.begin_github_sweep', 'service_role'),
    ('public.finish_github_check', 'service_role'), ('private.finish_github_check', 'service_role'),
    ('public.record_github_branch', 'service_role'), ('private.record_github_branch', 'service_role'),
    ('public.pause_github_sweep', 'service_role'), ('private.pause_github_sweep', 'service_role'),
    ('private.my_pull_request_ids', 'authenticated'), ('private.my_pull_request_ids', 'service_role'),
    -- the API
    ('public.append_task_message', 'authenticated'), ('public.append_task_message', 'service_role'),
    ('public.set_max_running_tasks', 'authenticated'), ('public.set_max_running_tasks', 'service_role'),
    ('public.insert_checklist_step', 'authenticated'), ('public.insert_checklist_step', 'service_role'),
    ('public.move_checklist_step', 'authenticated'), ('public.move_checklist_step', 'service_role'),
    ('public.relate_exai_issues', 'authenticated'), ('public.relate_exai_issues', 'service_role'),
    ('public.unrelate_exai_issues', 'authenticated'), ('public.unrelate_exai_issues', 'service_role'),
    ('public.search_exai_issues', 'authenticated'), ('public.search_exai_issues', 'service_role'),
    ('public.claim_exai_issue', 'authenticated'), ('public.claim_exai_issue', 'service_role'),
    ('public.release_exai_issue', 'authenticated'), ('public.release_exai_issue', 'service_role'),
    ('public.next_exai_issue', 'authenticated'), ('public.next_exai_issue', 'service_role'),
    ('public.set_exai_issue_status', 'authenticated'), ('public.set_exai_issue_status', 'service_role'),
    ('public.exai_issue_context', 'authenticated'), ('public.exai_issue_context', 'service_role'),
    ('public.export_exai_lines', 'authenticated'), ('public.export_exai_lines', 'service_role'),
    ('public.export_exai_issues', 'authenticated'), ('public.export_exai_issues', 'service_role'),
    ('public.import_exai_issues', 'authenticated'), ('public.import_exai_issues', 'service_role'),
    ('public.determine_segment', 'authenticated'), ('public.determine_segment', 'service_role'),
    ('public.explain_triage', 'authenticated'), ('public.explain_triage', 'service_role'),
    ('public.upsert_circle_issue', 'authenticated'), ('public.upsert_circle_issue', 'service_role'),
    ('public.format_circle_message_description', 'authenticated'),
    ('public.format_circle_message_description', 'service_role'),
    ('public.process_circle_webhook', 'authenticated'), ('public.process_circle_webhook', 'service_role'),
    ('public.handle_circle_webhook', 'authenticated'), ('public.handle_circle_webhook', 'service_role'),
    ('public.cleanup_legacy_test_data', 'authenticated'), ('public.cleanup_legacy_test_data', 'service_role'),
    ('public.search_issues', 'authenticated'), ('public.search_issues', 'service_role'),
    ('public.similar_issues', 'authenticated'), ('public.similar_issues', 'service_role'),
    ('public.touch_user_session', 'authenticated'), ('public.touch_user_session', 'service_role'),
    ('public.receive_circle_event', 'service_role'), ('public.process_circle_event', 'service_role'),
    ('public.add_team_member', 'service_role'),
    ('public.ingest_circle_event', 'service_role'),
    ('public.replay_circle_events', 'authenticated'), ('public.replay_circle_events', 'service_role'),
    ('public.import_circle_issue', 'authenticated'), ('public.import_circle_issue', 'service_role'),
    ('public.dismiss_circle_issue', 'authenticated'), ('public.dismiss_circle_issue', 'service_role'),
    ('public.return_circle_issue', 'authenticated'), ('public.return_circle_issue', 'service_role'),
    ('public.count_github_token_check', 'service_role'),
    ('public.set_github_token', 'service_role'), ('public.read_secret', 'service_role'),
    ('public.mark_secret_checked', 'service_role'), ('public.secrets_to_rotate', 'service_role'),
    ('public.reseal_secrets', 'service_role'), ('public.secret_key_counts', 'service_role'),
    ('public.task_github_token', 'service_role'), ('public.github_token_status', 'authenticated'),
    -- the bodies behind it
    ('private.append_own_task_message', 'authenticated'),
    ('private.append_own_task_message', 'service_role'),
    ('private.set_max_running_tasks', 'authenticated'), ('private.set_max_running_tasks', 'service_role'),
    ('private.task_completion_weekly', 'authenticated'),
    ('private.task_completion_weekly', 'service_role'), ('private.task_errors_weekly', 'authenticated'),
    ('private.task_errors_weekly', 'service_role'), ('private.user_activity_weekly', 'authenticated'),
    ('private.user_activity_weekly', 'service_role'), ('private.pull_requests_weekly', 'authenticated'),
    ('private.pull_requests_weekly', 'service_role'), ('private.slow_queries', 'authenticated'),
    ('private.slow_queries', 'service_role'),
    ('private.insert_checklist_step', 'authenticated'), ('private.insert_checklist_step', 'service_role'),
    ('private.move_checklist_step', 'authenticated'), ('private.move_checklist_step', 'service_role'),
    ('private.relate_exai_issues', 'authenticated'), ('private.relate_exai_issues', 'service_role'),
    ('private.unrelate_exai_issues', 'authenticated'), ('private.unrelate_exai_issues', 'service_role'),
    ('private.search_exai_issues', 'authenticated'), ('private.search_exai_issues', 'service_role'),
    ('private.claim_exai_issue', 'authenticated'), ('private.claim_exai_issue', 'service_role'),
    ('private.release_exai_issue', 'authenticated'), ('private.release_exai_issue', 'service_role'),
    ('private.next_exai_issue', 'authenticated'), ('private.next_exai_issue', 'service_role'),
    ('private.set_exai_issue_status', 'authenticated'), ('private.set_exai_issue_status', 'service_role'),
    ('private.exai_issue_context', 'authenticated'), ('private.exai_issue_context', 'service_role'),
    ('private.export_exai_lines', 'authenticated'), ('private.export_exai_lines', 'service_role'),
    ('private.export_exai_issues', 'authenticated'), ('private.export_exai_issues', 'service_role'),
    ('private.import_exai_issues', 'authenticated'), ('private.import_exai_issues', 'service_role'),
    ('private.ingest_circle_event', 'service_role'),
    ('private.replay_circle_events', 'authenticated'), ('private.replay_circle_events', 'service_role'),
    ('private.import_circle_issue', 'authenticated'), ('private.import_circle_issue', 'service_role'),
    ('private.dismiss_circle_issue', 'authenticated'), ('private.dismiss_circle_issue', 'service_role'),
    ('private.return_circle_issue', 'authenticated'), ('private.return_circle_issue', 'service_role'),
    ('private.determine_segment', 'authenticated'), ('private.determine_segment', 'service_role'),
    ('private.explain_triage', 'authenticated'), ('private.explain_triage', 'service_role'),
    ('private.upsert_circle_issue', 'authenticated'), ('private.upsert_circle_issue', 'service_role'),
    ('private.format_circle_message_description', 'authenticated'),
    ('private.format_circle_message_description', 'service_role'),
    ('private.process_circle_webhook', 'authenticated'), ('private.process_circle_webhook', 'service_role'),
    ('private.handle_circle_webhook', 'authenticated'), ('private.handle_circle_webhook', 'service_role'),
    ('private.cleanup_legacy_test_data', 'authenticated'),
    ('private.cleanup_legacy_test_data', 'service_role'),
    ('private.search_issues', 'authenticated'), ('private.search_issues', 'service_role'),
    ('private.similar_issues', 'authenticated'), ('private.similar_issues', 'service_role'),
    ('private.touch_user_session', 'authenticated'), ('private.touch_user_session', 'service_role'),
    ('private.receive_circle_event', 'service_role'), ('private.process_circle_event', 'service_role'),
    ('private.add_team_member', 'service_role'),
    ('private.count_github_token_check', 'service_role'),
    ('private.set_github_token', 'service_role'), ('private.read_secret', 'service_role'),
    ('private.mark_secret_checked', 'service_role'), ('private.secrets_to_rotate', 'service_role'),
    ('private.reseal_secrets', 'service_role'), ('private.secret_key_counts', 'service_role'),
    ('private.task_github_token', 'service_role'), ('private.github_token_status', 'authenticated'),
    -- what policies and column defaults call
    ('private.team_role', 'authenticated'), ('private.team_role', 'service_role'),
    ('private.has_team_role', 'authenticated'), ('private.has_team_role', 'service_role'),
    ('private.is_trusted_caller', 'authenticated'), ('private.is_trusted_caller', 'service_role'),
    ('private.actor_name', 'authenticated'), ('private.actor_name', 'service_role') $$,
  'each function may be called by those who are listed here and by nobody else'
);
select is_empty(
  $$ select oid::regprocedure from our_function where schema in ('public', 'support') and prosecdef $$,
  'no function of an exposed schema is security definer'
);
select is_empty(
  $$ select oid::regprocedure from our_function
     where not coalesce(proconfig, '{}') @> array['search_path=""'] $$,
  'every function has an empty search_path'
);
select is_empty(
  $$ select f.oid::regprocedure from our_function as f
     where f.schema in ('public', 'support') and f.prosqlbody is null and f.prosrc ~ 'private\.' $$,
  'an exposed function that calls private ones has a parsed body'
);
select is_empty(
  $$ select f.oid::regprocedure from our_function as f
     where obj_description(f.oid, 'pg_proc') is null
       and not (f.schema = 'private' and exists (
         select from our_function as p where p.schema in ('public', 'support') and p.name = f.name)) $$,
  'every function has a comment, or is the body of an exposed one that has'
);
select is_empty(
  $$ select oid::regprocedure from our_function where schema <> 'private'
    and prorettype = 'trigger'::regtype $$,
  'trigger functions are in private'
);
select is_empty(
  $$ select f.oid::regprocedure, e.code from our_function as f
     cross join lateral (
       select m[1] as code from regexp_matches(f.prosrc, 'errcode = ''PT\d{3}'',\s+message = ''(\w+)''', 'g')
         as m
     ) as e
     where obj_description(f.oid, 'pg_proc') !~ ('\m' || e.code || '\M')
       and not exists (
         select from our_function as w
         where w.schema = 'public' and w.name = f.name
           and obj_description(w.oid, 'pg_proc') ~ ('\m' || e.code || '\M')
       ) $$,
  'a function''s comment names the errors that it raises'
);
select is_empty(
  $$ select oid::regprocedure from our_function where prosrc ~* 'when\s+others' $$,
  'no function catches whatever comes'
);
select is_empty(
  $$ select oid::regprocedure from our_function
     where prosrc ~ 'errcode = ' and prosrc !~ 'errcode = ''PT[45]\d\d'', message = ''[a-z0-9_]+'''
       and prosrc !~ 'errcode = ''PT[45]\d\d'',\s+message = ''[a-z0-9_]+''' $$,
  'errors are raised as PT<http status> with a snake_case code'
);
select is_empty(
  $$ select p.oid::regprocedure from pg_proc as p
     where p.prosecdef and p.pronamespace = (select oid from pg_namespace where nspname = 'graphql_public')
       and pg_get_userbyid(p.proowner) = 'postgres' $$,
  'we put no security definer into graphql_public'
);

-- Supabase's API roles have safeupdate loaded, which refuses an UPDATE or DELETE without WHERE even inside a
-- security-definer function. Comments and strings are taken out, and then parentheses from the inside out, so
-- that the WHERE of a subquery is not taken for the statement's; what stood in them is looked at by itself.
create function pg_temp.unfiltered_writes(p_source text) returns setof text language sql as $$
  with recursive code as (
    select regexp_replace(
      regexp_replace(p_source, '--[^\n]*|/\*.*?\*/', '', 'g'), '''(?:[^'']|'''')*''', '''''', 'g'
    ) as text
    union
    select regexp_replace(c.text, '\([^()]*\)', '', 'g') from code as c
  ),
  statement as (
    select m[1] as text from code as c cross join lateral regexp_matches(c.text, '\(([^()]*)\)', 'g') as m
    union
    select s.text from code as c cross join lateral regexp_split_to_table(c.text, ';') as s (text)
    where c.text !~ '[()]'
  )
  select s.text from statement as s
  where s.text ~* (
    '\m(update\s+(only\s+)?(?!set\M)[\w."]+(\s+as)?(\s+(?!set\M)\w+)?\s+set|delete\s+from)\M'
      || '(?!.*\mwhere\M)'
  )
$$;
select is_empty(
  $$ select f.oid::regprocedure, w.text
     from our_function as f
     cross join lateral pg_temp.unfiltered_writes(pg_get_functiondef(f.oid)) as w (text) $$,
  'no function updates or deletes without a WHERE'
);
select is(
  (select count(*) from unnest(array[
    'begin delete from public.t; end', 'update public.t as t set a = 1 -- where',
    'update t set a = (select 1 where true);', 'with d as (delete from t returning 1) select 1 where true',
    'update t set a = 1 where b; delete from t where c', 'insert into t on conflict do update set a = 1',
    'select 1 from t for update', 'update t set a = '' where '' '
  ]) as s (text) where exists (select from pg_temp.unfiltered_writes(s.text))),
  5::bigint, 'the pattern finds what it is there for, and no more'
);

select * from finish();
rollback;
