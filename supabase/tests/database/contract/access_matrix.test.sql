-- What each persona may do with each object of the API, tried for real with the statements that PostgREST
-- sends. yes: at least one row. none: no error and no row (row security hides it). no: permission denied.
-- Anything else is the error. An exposed object without its expected rows here fails.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(4);

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'stranger@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'viewer@example.com'),
  ('00000000-0000-4000-8000-00000000000c', 'agent@example.com'),
  ('00000000-0000-4000-8000-00000000000d', 'admin@example.com'),
  ('00000000-0000-4000-8000-00000000000e', 'second-viewer@example.com'),
  ('00000000-0000-4000-8000-00000000000f', 'newcomer@example.com');
update auth.users set email_confirmed_at = now() where email = 'newcomer@example.com';
insert into public.team_members (user_id, role) values
  ('00000000-0000-4000-8000-00000000000b', 'viewer'),
  ('00000000-0000-4000-8000-00000000000c', 'agent'),
  ('00000000-0000-4000-8000-00000000000d', 'admin'),
  ('00000000-0000-4000-8000-00000000000e', 'viewer');
insert into public.issues (id, title) values ('10000000-0000-4000-8000-000000000001', 'Matrix');
insert into public.tags (name) values ('matrix');
insert into public.issue_tags (issue_id, tag_name) values ('10000000-0000-4000-8000-000000000001', 'matrix');
insert into public.comments (id, issue_id, body, author_user_id) values (
  '20000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Mine',
  '00000000-0000-4000-8000-00000000000c'
);
insert into public.issues (title) values ('Asked once and again'), ('Again and once asked');
insert into public.circle_spaces (id, space_name, chat_room_uuid) values (-1, 'Matrix', 'matrix');
insert into public.circle_issues (id, message_id) values ('30000000-0000-4000-8000-000000000001', 'matrix');
insert into public.circle_issues (id, message_id, body) values
  ('30000000-0000-4000-8000-000000000002', 'matrix-waiting', 'Waits');
insert into public.circle_issues (id, message_id, mapped_to_issue_id) values
  ('30000000-0000-4000-8000-000000000003', 'matrix-mapped', '10000000-0000-4000-8000-000000000001');
insert into private.circle_imports (circle_issue_id, issue_id, title, description, segment) values (
  '30000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000001', 'Other', '', 'misc'
);
insert into private.circle_events (body, status, error, processed_at)
values ('\x00', 'unreadable', 'matrix', now());
insert into public.circle_replies (id, message_id, circle_issue_id, reply_index) values (
  '40000000-0000-4000-8000-000000000001', 'matrix-reply', '30000000-0000-4000-8000-000000000001', 1
);
insert into public.issue_import_logs (id, circle_issue_id) values (
  '50000000-0000-4000-8000-000000000001', '30000000-0000-4000-8000-000000000001'
);
insert into public.user_sessions (id, user_id, profile_name) values (
  '60000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000c', 'Agent'
);
insert into public.segment_rules (id, words, segment, priority) values
  ('70000000-0000-4000-8000-000000000001', 'matrix', 'misc', 40);
insert into public.segment_corrections (
  id, issue_id, title, description, old_segment, new_segment, corrected_by
) values (
  '80000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-000000000001', 'Matrix', '', 'misc',
  'code', 'Agent'
);

delete from public.exai_issues;
insert into public.exai_issues (id, issue_number, title) values
  ('70000000-0000-4000-8000-000000000001', 1, 'Matrix'), ('70000000-0000-4000-8000-000000000002', 2, 'Other');
insert into public.exai_issue_updates (id, issue_id, content, created_by_user_id) values (
  '71000000-0000-4000-8000-000000000001', '70000000-0000-4000-8000-000000000001', 'Mine',
  '00000000-0000-4000-8000-00000000000c'
);
insert into public.exai_issue_checklist (id, issue_id, description) values (
  '72000000-0000-4000-8000-000000000001', '70000000-0000-4000-8000-000000000001', 'Step'
);
insert into public.exai_issue_relations (from_issue_id, to_issue_id, kind) values (
  '70000000-0000-4000-8000-000000000001', '70000000-0000-4000-8000-000000000002', 'relates'
);

-- An agent's own project and a task of it that failed.
insert into public.projects (id, user_id, repo_url, repo_name, repo_owner, name) values (
  -1, '00000000-0000-4000-8000-00000000000c', 'https://github.com/matrix/matrix', 'matrix', 'matrix', 'Matrix'
);
insert into public.tasks (id, user_id, project_id, agent, status) values
  (-2, '00000000-0000-4000-8000-00000000000c', -1, 'matrix', 'failed');
delete from public.users where id = '00000000-0000-4000-8000-00000000000f';

-- An agent's own task with a pull request that they may see.
insert into public.tasks (id, user_id, pr_url) values (
  -1, '00000000-0000-4000-8000-00000000000c', 'https://github.com/matrix/matrix/pull/1'
);
update public.pull_requests set opened_at = '2001-01-03' where repo_owner = 'matrix';
select public.set_github_token(
  '00000000-0000-4000-8000-00000000000c', '90000000-0000-4000-8000-000000000001',
  'v1.matrix.AAECAwQFBgcICQoL.AAECAwQFBgcICQoLDA0ODxAR'
);
insert into public.tasks (id, user_id) values (-90, '00000000-0000-4000-8000-00000000000c');
insert into public.task_attempts (task_id, fencing_token, user_id, attempt, worker, agent, lease_expires_at)
values (-90, -90, '00000000-0000-4000-8000-00000000000c', 1, 'matrix', 'claude', now() + interval '1 hour');

-- Tasks that are held and one that waits, and a worker token of an agent's own.
insert into public.tasks (id, user_id, agent) values
  (-91, '00000000-0000-4000-8000-00000000000c', 'matrix'),
  (-92, '00000000-0000-4000-8000-00000000000c', 'waiting');
update public.tasks set status = 'running' where id = -91;
insert into public.task_attempts (task_id, fencing_token, user_id, attempt, worker, agent, lease_expires_at)
values (-91, -91, '00000000-0000-4000-8000-00000000000c', 1, 'matrix', 'matrix', now() + interval '1 hour');
insert into public.worker_tokens (id, user_id, name, agents) values (
  '91000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000c', 'Matrix', '{matrix}'
);

create temp table persona (name text, place int, role text, user_id text) on commit drop;
insert into persona values
  ('anon', 1, 'anon', null),
  ('stranger', 2, 'authenticated', '00000000-0000-4000-8000-00000000000a'),
  ('viewer', 3, 'authenticated', '00000000-0000-4000-8000-00000000000b'),
  ('agent', 4, 'authenticated', '00000000-0000-4000-8000-00000000000c'),
  ('admin', 5, 'authenticated', '00000000-0000-4000-8000-00000000000d'),
  ('service_role', 6, 'service_role', null);

-- A table's existing row (by a filter), the columns of its key, and a row to insert.
create temp table fixture (object text, filter text, key text, new_row json) on commit drop;
insert into fixture values
  ('users', 'id = ''00000000-0000-4000-8000-00000000000c''', 'id',
    '{"id": "00000000-0000-4000-8000-00000000000f", "full_name": "New"}'),
  ('projects', 'id = -1', 'id',
    '{"user_id": "00000000-0000-4000-8000-00000000000c", "repo_url": "https://github.com/matrix/new",
      "repo_name": "new", "repo_owner": "matrix", "name": "New"}'),
  ('tasks', 'id = -2', 'id',
    '{"user_id": "00000000-0000-4000-8000-00000000000c", "project_id": -1, "agent": "claude"}'),
  ('task_list', 'id = -2', null, null),
  ('task_attempts', 'task_id = -91', 'task_id, fencing_token',
    '{"task_id": -92, "fencing_token": -92, "user_id": "00000000-0000-4000-8000-00000000000c", "attempt": 1,
      "worker": "matrix", "agent": "matrix", "lease_expires_at": "2100-01-01T00:00:00Z"}'),
  ('worker_tokens', 'id = ''91000000-0000-4000-8000-000000000001''', 'id',
    '{"user_id": "00000000-0000-4000-8000-00000000000c", "name": "New", "agents": ["matrix"]}'),
  ('agent_settings', 'id', 'id', '{"id": true, "running_tasks_per_user": 2}'),
  ('task_completion_weekly', 'agent = ''matrix''', null, null),
  ('task_errors_weekly', 'agent = ''matrix''', null, null),
  ('user_activity_weekly', 'user_id = ''00000000-0000-4000-8000-00000000000c''', null, null),
  ('pull_requests_weekly', 'week = ''2001-01-01''', null, null),
  ('slow_queries', 'calls_count > 0', null, null),
  ('pull_requests', 'repo_owner = ''matrix''', 'repo_owner, repo_name, number',
    '{"repo_owner": "matrix", "repo_name": "new", "number": 1}'),
  ('task_pull_requests', 'task_id = -1', 'task_id, pull_request_id',
    '{"task_id": -1, "pull_request_id": 1, "user_id": "00000000-0000-4000-8000-00000000000c",
      "source": "owner"}'),
  ('exai_issues', 'id = ''70000000-0000-4000-8000-000000000001''', 'id',
    '{"title": "New", "severity": "high", "category": "other", "file_path": "a.py", "line_start": 1}'),
  ('exai_issue_updates', 'id = ''71000000-0000-4000-8000-000000000001''', 'id',
    '{"issue_id": "70000000-0000-4000-8000-000000000001", "update_type": "comment", "content": "New"}'),
  ('exai_issue_checklist', 'id = ''72000000-0000-4000-8000-000000000001''', 'id',
    '{"issue_id": "70000000-0000-4000-8000-000000000001", "step_number": 9, "description": "New"}'),
  ('exai_issue_relations', 'from_issue_id = ''70000000-0000-4000-8000-000000000001''',
    'from_issue_id, to_issue_id, kind',
    '{"from_issue_id": "70000000-0000-4000-8000-000000000001",
      "to_issue_id": "70000000-0000-4000-8000-000000000002", "kind": "blocks"}'),
  ('exai_active_issues', 'id = ''70000000-0000-4000-8000-000000000001''', null, null),
  ('exai_ready_issues', 'id = ''70000000-0000-4000-8000-000000000001''', null, null),
  ('team_members', 'user_id = ''00000000-0000-4000-8000-00000000000e''', 'user_id',
    '{"user_id": "00000000-0000-4000-8000-00000000000f", "role": "viewer"}'),
  ('issues', 'id = ''10000000-0000-4000-8000-000000000001''', 'id',
    '{"title": "New", "description": "d", "status": "in_progress", "segment": "code"}'),
  ('comments', 'id = ''20000000-0000-4000-8000-000000000001''', 'id',
    '{"issue_id": "10000000-0000-4000-8000-000000000001", "author_name": "Ana", "body": "New"}'),
  ('issue_status_logs', 'issue_id = ''10000000-0000-4000-8000-000000000001''', 'id',
    '{"issue_id": "10000000-0000-4000-8000-000000000001", "new_status": "blocked", "changed_by": "Mallory"}'),
  ('tags', 'name = ''matrix''', 'name', '{"name": "matrix-new"}'),
  ('issue_tags', 'issue_id = ''10000000-0000-4000-8000-000000000001''', 'issue_id, tag_name',
    '{"issue_id": "10000000-0000-4000-8000-000000000001", "tag_name": "matrix-new"}'),
  ('circle_spaces', 'id = -1', 'id', '{"space_name": "New", "chat_room_uuid": "matrix-new"}'),
  ('circle_issues', 'message_id = ''matrix''', 'message_id',
    '{"message_id": "matrix-new", "title": "t", "body": "b", "raw_data": {}}'),
  ('circle_replies', 'message_id = ''matrix-reply''', 'message_id',
    '{"message_id": "r", "circle_issue_id": "30000000-0000-4000-8000-000000000001", "reply_index": 2}'),
  ('issue_import_logs', 'id = ''50000000-0000-4000-8000-000000000001''', 'id',
    '{"circle_issue_id": "30000000-0000-4000-8000-000000000001", "imported_by": "Ana"}'),
  ('user_sessions', 'id = ''60000000-0000-4000-8000-000000000001''', 'id',
    '{"user_id": "00000000-0000-4000-8000-00000000000c", "profile_name": "Agent", "profile_role": "dev"}'),
  ('tracker_settings', 'id', 'id', '{"id": true, "triage_threshold": 0.5}'),
  ('segment_rules', 'id = ''70000000-0000-4000-8000-000000000001''', 'id',
    '{"words": "matrix new", "segment": "code", "priority": 20, "weight": 0.5}'),
  ('segment_corrections', 'id = ''80000000-0000-4000-8000-000000000001''', 'id',
    '{"title": "New", "description": "", "old_segment": "misc", "new_segment": "code",
      "corrected_by": "Mallory"}'),
  ('failed_circle_events', 'error = ''matrix''', null, null),
  ('circle_triage_queue', 'message_id = ''matrix-waiting''', null, null),
  ('issue_import_differences', 'issue_id = ''10000000-0000-4000-8000-000000000001''', null, null),
  ('issue_activity_log', 'id = ''10000000-0000-4000-8000-000000000001''', null, null),
  ('issues_by_space', 'space_name is null', null, null),
  ('open_issues', 'id = ''10000000-0000-4000-8000-000000000001''', null, null),
  ('issue_status_ages', 'status = ''waiting_for_help''', null, null),
  ('issue_trends', 'opened_count > 0', null, null),
  ('repeated_questions', 'issue_count = 2', null, null);

create temp table call (object text, statement text) on commit drop;
insert into call values
  ('claim_task', 'select public.claim_task(''matrix'', ''{waiting}'')'),
  ('heartbeat_task', 'select public.heartbeat_task(-91, -91)'),
  ('complete_task', 'select public.complete_task(-91, -91)'),
  ('fail_task', 'select public.fail_task(-91, -91, ''matrix'')'),
  ('release_task', 'select public.release_task(-91, -91)'),
  ('cancel_task', 'select public.cancel_task(-91)'),
  ('create_worker_token', 'select public.create_worker_token(''New'', ''{claude}'')'),
  ('revoke_worker_token', 'select public.revoke_worker_token(''91000000-0000-4000-8000-000000000001'')'),
  ('append_task_message', 'select public.append_task_message(-2, ''user'', ''New'')'),
  ('set_max_running_tasks',
    'select public.set_max_running_tasks(''00000000-0000-4000-8000-00000000000c'', 1)'),
  ('ingest_github_delivery', 'select public.ingest_github_delivery(
    p_delivery_id := gen_random_uuid(), p_event := ''push'', p_body := ''e30='')'),
  ('receive_github_delivery', 'select public.receive_github_delivery(
    p_delivery_id := gen_random_uuid(), p_event := ''pull_request'', p_body := ''e30='')'),
  ('begin_github_sweep', 'select public.begin_github_sweep()'),
  ('finish_github_check', 'select public.finish_github_check(
    p_pull_request_id := 0, p_user_id := null, p_outcome := ''unseen'')'),
  ('record_github_branch', 'select public.record_github_branch(
    p_task_id := 0, p_user_id := null, p_pull_requests := ''[]'')'),
  ('pause_github_sweep', 'select public.pause_github_sweep(p_until := now())'),
  ('github_token_status', 'select public.github_token_status()'),
  ('count_github_token_check',
    'select public.count_github_token_check(''00000000-0000-4000-8000-00000000000c'')'),
  ('set_github_token', 'select public.set_github_token(''00000000-0000-4000-8000-00000000000b'',
    ''90000000-0000-4000-8000-000000000002'', ''v1.matrix.AAECAwQFBgcICQoL.AAECAwQFBgcICQoLDA0ODxAR'')'),
  ('read_secret', 'select public.read_secret(''00000000-0000-4000-8000-00000000000c'', ''github_token'')'),
  ('mark_secret_checked',
    'select public.mark_secret_checked(''90000000-0000-4000-8000-000000000001'', true)'),
  ('secrets_to_rotate', 'select public.secrets_to_rotate(p_current_key_id := ''new'')'),
  ('reseal_secrets', 'select public.reseal_secrets(''[]'')'),
  ('secret_key_counts', 'select public.secret_key_counts()'),
  ('task_github_token', 'select public.task_github_token(-90, -90)'),
  ('insert_checklist_step', 'select public.insert_checklist_step(
    p_issue_id := ''70000000-0000-4000-8000-000000000001'', p_description := ''New'')'),
  ('move_checklist_step', 'select public.move_checklist_step(
    p_issue_id := ''70000000-0000-4000-8000-000000000001'', p_from := 1, p_to := 1)'),
  ('relate_exai_issues', 'select public.relate_exai_issues(p_kind := ''blocks'',
    p_from := ''70000000-0000-4000-8000-000000000001'', p_to := ''70000000-0000-4000-8000-000000000002'')'),
  ('unrelate_exai_issues', 'select public.unrelate_exai_issues(p_kind := ''relates'',
    p_from := ''70000000-0000-4000-8000-000000000001'', p_to := ''70000000-0000-4000-8000-000000000002'')'),
  ('search_exai_issues', 'select public.search_exai_issues(query := ''matrix'')'),
  ('claim_exai_issue', 'select public.claim_exai_issue(p_issue_number := 1)'),
  ('release_exai_issue', 'select public.release_exai_issue(p_issue_number := 1)'),
  ('next_exai_issue', 'select public.next_exai_issue()'),
  ('set_exai_issue_status', 'select public.set_exai_issue_status(p_issue_number := 1, p_status := ''open'')'),
  ('exai_issue_context', 'select public.exai_issue_context(issue_number := 1)'),
  ('export_exai_lines', 'select public.export_exai_lines()'),
  ('export_exai_issues', 'select public.export_exai_issues()'),
  ('import_exai_issues', 'select public.import_exai_issues(p_document := ''[]'')'),
  ('determine_segment', 'select public.determine_segment(p_title := ''a'', p_description := ''b'')'),
  ('explain_triage', 'select words from public.explain_triage(title := ''Login'', body := null)'),
  ('upsert_circle_issue', 'select public.upsert_circle_issue(p_message_id := ''matrix'')'),
  ('format_circle_message_description',
    'select public.format_circle_message_description(''30000000-0000-4000-8000-000000000001'')'),
  ('process_circle_webhook',
    'select public.process_circle_webhook(p_payload := ''{"Parent_Message": {"message_id": 7}}'')'),
  ('handle_circle_webhook', 'select public.handle_circle_webhook(request := ''[]'')'),
  ('receive_circle_event', 'select public.receive_circle_event(p_body := ''e30='')'),
  ('process_circle_event', 'select public.process_circle_event(public.receive_circle_event(''e30=''))'),
  ('cleanup_legacy_test_data', 'select public.cleanup_legacy_test_data()'),
  ('ingest_circle_event', 'select public.ingest_circle_event(p_body := ''e30='')'),
  ('replay_circle_events', 'select public.replay_circle_events(p_from := now() - interval ''1 day'')'),
  ('import_circle_issue', 'select public.import_circle_issue(''30000000-0000-4000-8000-000000000001'')'),
  ('dismiss_circle_issue', 'select public.dismiss_circle_issue(''30000000-0000-4000-8000-000000000001'')'),
  ('return_circle_issue', 'select public.return_circle_issue(''30000000-0000-4000-8000-000000000001'')'),
  ('search_issues', 'select * from public.search_issues(query := ''matrix'')'),
  ('similar_issues', 'select * from public.similar_issues(title := ''Matrix'')'),
  ('touch_user_session', 'select public.touch_user_session()'),
  ('add_team_member', 'select public.add_team_member(email := ''newcomer@example.com'', role := ''agent'')');

create temp table expected (
  object text, verb text, anon text, stranger text, viewer text, agent text, admin text, service_role text
) on commit drop;
insert into expected values
  ('task_attempts', 'select', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('task_attempts', 'insert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('task_attempts', 'upsert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('task_attempts', 'update', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('task_attempts', 'delete', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('worker_tokens', 'select', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('worker_tokens', 'insert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('worker_tokens', 'upsert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('worker_tokens', 'update', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('worker_tokens', 'delete', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('claim_task', 'call', 'PT401', 'PT401', 'PT401', 'PT401', 'PT401', 'yes'),
  ('heartbeat_task', 'call', 'PT401', 'PT401', 'PT401', 'PT401', 'PT401', 'yes'),
  ('complete_task', 'call', 'PT401', 'PT401', 'PT401', 'PT401', 'PT401', 'yes'),
  ('fail_task', 'call', 'PT401', 'PT401', 'PT401', 'PT401', 'PT401', 'yes'),
  ('release_task', 'call', 'PT401', 'PT401', 'PT401', 'PT401', 'PT401', 'yes'),
  ('cancel_task', 'call', 'no', 'PT404', 'PT404', 'yes', 'PT404', 'yes'),
  ('create_worker_token', 'call', 'no', 'yes', 'yes', 'yes', 'yes', 'PT401'),
  ('revoke_worker_token', 'call', 'no', 'PT404', 'PT404', 'yes', 'PT404', 'yes'),
  ('projects', 'select', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('projects', 'insert', 'no', 'no', 'no', 'yes', 'no', 'yes'),
  ('projects', 'upsert', 'no', 'no', 'no', 'yes', 'no', 'yes'),
  ('projects', 'update', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('projects', 'delete', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('tasks', 'select', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('tasks', 'insert', 'no', 'PT404', 'PT404', 'yes', 'PT404', 'yes'),
  ('tasks', 'upsert', 'no', 'PT404', 'PT404', 'yes', 'PT404', 'yes'),
  ('tasks', 'update', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('tasks', 'delete', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('users', 'select', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('users', 'insert', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('users', 'upsert', 'no', 'no', 'no', 'yes', 'no', 'yes'),
  ('users', 'update', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('users', 'delete', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('agent_settings', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('agent_settings', 'insert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('agent_settings', 'upsert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('agent_settings', 'update', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('agent_settings', 'delete', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('task_list', 'select', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('task_completion_weekly', 'select', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('task_errors_weekly', 'select', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('user_activity_weekly', 'select', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('pull_requests_weekly', 'select', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('slow_queries', 'select', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('append_task_message', 'call', 'no', 'PT404', 'PT404', 'yes', 'PT404', 'yes'),
  ('set_max_running_tasks', 'call', 'no', 'PT403', 'PT403', 'PT403', 'yes', 'yes'),
  ('pull_requests', 'select', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('pull_requests', 'insert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('pull_requests', 'upsert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('pull_requests', 'update', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('pull_requests', 'delete', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('task_pull_requests', 'select', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('task_pull_requests', 'insert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('task_pull_requests', 'upsert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('task_pull_requests', 'update', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('task_pull_requests', 'delete', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('ingest_github_delivery', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('receive_github_delivery', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('begin_github_sweep', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('finish_github_check', 'call', 'no', 'no', 'no', 'no', 'no', 'PT404'),
  ('record_github_branch', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('pause_github_sweep', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('github_token_status', 'call', 'no', 'yes', 'yes', 'yes', 'yes', 'no'),
  ('count_github_token_check', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('set_github_token', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('read_secret', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('mark_secret_checked', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('secrets_to_rotate', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('reseal_secrets', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('secret_key_counts', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('task_github_token', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('exai_issues', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('exai_issues', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('exai_issues', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('exai_issues', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('exai_issues', 'delete', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('exai_issue_updates', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('exai_issue_updates', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('exai_issue_updates', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('exai_issue_updates', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('exai_issue_updates', 'delete', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('exai_issue_checklist', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('exai_issue_checklist', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('exai_issue_checklist', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('exai_issue_checklist', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('exai_issue_checklist', 'delete', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('exai_issue_relations', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('exai_issue_relations', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('exai_issue_relations', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('exai_issue_relations', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('exai_issue_relations', 'delete', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('exai_active_issues', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('exai_ready_issues', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('insert_checklist_step', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('move_checklist_step', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('relate_exai_issues', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('unrelate_exai_issues', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('claim_exai_issue', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('release_exai_issue', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('next_exai_issue', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('set_exai_issue_status', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('search_exai_issues', 'call', 'no', 'PT403', 'yes', 'yes', 'yes', 'yes'),
  ('exai_issue_context', 'call', 'no', 'PT403', 'yes', 'yes', 'yes', 'yes'),
  ('export_exai_lines', 'call', 'no', 'PT403', 'PT403', 'PT403', 'yes', 'yes'),
  ('export_exai_issues', 'call', 'no', 'PT403', 'PT403', 'PT403', 'yes', 'yes'),
  ('import_exai_issues', 'call', 'no', 'PT403', 'PT403', 'PT403', 'yes', 'yes'),
  ('team_members', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('team_members', 'insert', 'no', 'no', 'no', 'no', 'yes', 'yes'),
  ('team_members', 'upsert', 'no', 'no', 'no', 'no', 'yes', 'yes'),
  ('team_members', 'update', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('team_members', 'delete', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('issues', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('issues', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('issues', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('issues', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('issues', 'delete', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('comments', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('comments', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('comments', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('comments', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('comments', 'delete', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('issue_status_logs', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('issue_status_logs', 'insert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('issue_status_logs', 'upsert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('issue_status_logs', 'update', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('issue_status_logs', 'delete', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('tags', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('tags', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('tags', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('tags', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('tags', 'delete', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('issue_tags', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('issue_tags', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('issue_tags', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('issue_tags', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('issue_tags', 'delete', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('circle_spaces', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('circle_spaces', 'insert', 'no', 'no', 'no', 'no', 'yes', 'yes'),
  ('circle_spaces', 'upsert', 'no', 'no', 'no', 'no', 'yes', 'yes'),
  ('circle_spaces', 'update', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('circle_spaces', 'delete', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('circle_issues', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('circle_issues', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('circle_issues', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('circle_issues', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('circle_issues', 'delete', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('circle_replies', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('circle_replies', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('circle_replies', 'upsert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('circle_replies', 'update', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('circle_replies', 'delete', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('issue_import_logs', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('issue_import_logs', 'insert', 'no', 'no', 'no', 'yes', 'yes', 'yes'),
  ('issue_import_logs', 'upsert', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('issue_import_logs', 'update', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('issue_import_logs', 'delete', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('user_sessions', 'select', 'no', 'none', 'none', 'yes', 'yes', 'yes'),
  ('user_sessions', 'insert', 'no', 'no', 'no', 'yes', 'no', 'yes'),
  ('user_sessions', 'upsert', 'no', 'no', 'no', 'yes', 'no', 'yes'),
  ('user_sessions', 'update', 'no', 'none', 'none', 'yes', 'none', 'yes'),
  ('user_sessions', 'delete', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('tracker_settings', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('tracker_settings', 'insert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('tracker_settings', 'upsert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('tracker_settings', 'update', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('tracker_settings', 'delete', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('segment_rules', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('segment_rules', 'insert', 'no', 'no', 'no', 'no', 'yes', 'yes'),
  ('segment_rules', 'upsert', 'no', 'no', 'no', 'no', 'yes', 'yes'),
  ('segment_rules', 'update', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('segment_rules', 'delete', 'no', 'none', 'none', 'none', 'yes', 'yes'),
  ('segment_corrections', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('segment_corrections', 'insert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('segment_corrections', 'upsert', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('segment_corrections', 'update', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('segment_corrections', 'delete', 'no', 'no', 'no', 'no', 'no', 'no'),
  ('issue_activity_log', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('issues_by_space', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('open_issues', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('issue_status_ages', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('issue_trends', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('repeated_questions', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('determine_segment', 'call', 'no', 'yes', 'yes', 'yes', 'yes', 'yes'),
  ('explain_triage', 'call', 'no', 'PT403', 'yes', 'yes', 'yes', 'yes'),
  ('upsert_circle_issue', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('format_circle_message_description', 'call', 'no', 'PT403', 'yes', 'yes', 'yes', 'yes'),
  ('process_circle_webhook', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('handle_circle_webhook', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('receive_circle_event', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('process_circle_event', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('cleanup_legacy_test_data', 'call', 'no', 'PT403', 'PT403', 'PT403', 'yes', 'yes'),
  ('failed_circle_events', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('circle_triage_queue', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('issue_import_differences', 'select', 'no', 'none', 'yes', 'yes', 'yes', 'yes'),
  ('ingest_circle_event', 'call', 'no', 'no', 'no', 'no', 'no', 'yes'),
  ('replay_circle_events', 'call', 'no', 'PT403', 'PT403', 'PT403', 'yes', 'yes'),
  ('import_circle_issue', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('dismiss_circle_issue', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('return_circle_issue', 'call', 'no', 'PT403', 'PT403', 'yes', 'yes', 'yes'),
  ('search_issues', 'call', 'no', 'PT403', 'yes', 'yes', 'yes', 'yes'),
  ('similar_issues', 'call', 'no', 'PT403', 'yes', 'yes', 'yes', 'yes'),
  ('touch_user_session', 'call', 'no', 'PT403', 'yes', 'yes', 'yes', 'PT401'),
  ('add_team_member', 'call', 'no', 'no', 'no', 'no', 'no', 'yes');

-- Where the server has not loaded what counts statements, there are none.
update expected set admin = 'none', service_role = 'none'
where object = 'slow_queries' and current_setting('shared_preload_libraries') !~ 'pg_stat_statements';

create function pg_temp.statement_for(p_object text, p_verb text) returns text language plpgsql as $$
declare
  v_fixture record;
  v_row json;
  v_columns text;
  v_sets text;
begin
  if p_verb = 'call' then
    return (select statement from call where object = p_object);
  end if;
  select * into strict v_fixture from fixture where object = p_object;
  if p_verb in ('select', 'delete') then
    return case p_verb
      when 'select' then format('select * from public.%I where %s', p_object, v_fixture.filter)
      else format('delete from public.%I where %s returning *', p_object, v_fixture.filter)
    end;
  end if;
  v_row := v_fixture.new_row;
  if p_verb <> 'insert' then
    -- a client that read the whole row and sends it back
    execute format('select to_json(t) from public.%I as t where %s', p_object,
      v_fixture.filter) into strict v_row;
  end if;
  select string_agg(format('%I', k), ', '), string_agg(format('%1$I = %2$s.%1$I', k,
    case p_verb when 'upsert' then 'excluded' else 'body' end), ', ')
  into v_columns, v_sets from json_object_keys(v_row) as k;
  if p_verb = 'update' then
    return format(
      'update public.%1$I set %2$s from (select * from json_populate_record(null::public.%1$I, %3$L)) '
        || 'as body where %1$I.%4$s returning %1$I.*', p_object, v_sets, v_row, v_fixture.filter
    );
  end if;
  return format(
    'insert into public.%1$I (%2$s) select %2$s from json_populate_recordset(null::public.%1$I, %3$L) %4$s '
      || 'returning public.%1$I.*', p_object, v_columns, json_build_array(v_row),
    case p_verb when 'upsert' then format('on conflict (%s) do update set %s', v_fixture.key, v_sets) end
  );
end;
$$;

-- Runs a statement as a persona and takes it back.
create function pg_temp.outcome(p_persona text, p_object text, p_verb text) returns text language plpgsql
  as $$
declare
  v_statement constant text := pg_temp.statement_for(p_object, p_verb);
  v_persona record;
  v_count bigint;
begin
  select * into strict v_persona from persona where name = p_persona;
  begin
    perform set_config(
      'request.jwt.claims', json_build_object('role', v_persona.role, 'sub', v_persona.user_id)::text, true
    );
    perform set_config('role', v_persona.role, true);
    execute v_statement;
    get diagnostics v_count = row_count;
    raise exception using errcode = 'TT000', message = case when v_count > 0 then 'yes' else 'none' end;
  exception
    when sqlstate 'TT000' then return sqlerrm;
    when insufficient_privilege then return 'no';
    when integrity_constraint_violation or sqlstate 'PT401' or sqlstate 'PT403' or sqlstate 'PT404'
      or sqlstate 'PT409' or sqlstate 'PT422' then return sqlstate;
  end;
end;
$$;

create temp table actual on commit drop as
select e.object, e.verb, p.name as persona, p.place, pg_temp.outcome(p.name, e.object, e.verb) as outcome
from expected as e cross join persona as p;

select results_eq(
  $$ select object, verb, persona, outcome from actual order by object, verb, place $$,
  $$ select e.object, e.verb, p.name, to_json(e) ->> p.name from expected as e cross join persona as p
     order by e.object, e.verb, p.place $$,
  'each persona may do what the matrix says, and no more'
);

select is_empty(
  $$ select a.object, a.verb, a.persona, a.outcome, to_json(e) ->> a.persona as expected
     from actual as a join expected as e using (object, verb) where a.outcome is distinct
       from to_json(e) ->> a.persona $$,
  'no cell of the matrix differs'
);

select is_empty(
  $$ select n.nspname, c.relname, v.verb
     from pg_class as c
     join pg_namespace as n on n.oid = c.relnamespace
     cross join lateral unnest(
       case when c.relkind in ('v', 'm') then array['select']
       else array['select', 'insert', 'upsert', 'update', 'delete'] end
     ) as v (verb)
     where n.nspname in ('public', 'support', 'graphql_public') and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')
       and not exists (select from expected as e where e.object = c.relname and e.verb = v.verb) $$,
  'every exposed table and view has its rows in the matrix'
);

select is_empty(
  $$ select p.oid::regprocedure
     from pg_proc as p
     join pg_namespace as n on n.oid = p.pronamespace
     where n.nspname in ('public', 'support')
       and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
       and not exists (select from expected as e where e.object = p.proname and e.verb = 'call') $$,
  'every exposed function has its row in the matrix'
);

select * from finish();
rollback;
