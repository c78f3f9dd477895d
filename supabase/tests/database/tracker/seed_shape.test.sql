-- The tables, columns and types of the seed document, and statements of its clients.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(9);

\ir ../helpers/personas.psql

create temp table named (table_name text, column_name text, type text, nullable boolean) on commit drop;
insert into named values
  ('issues', 'id', 'uuid', false), ('issues', 'seq_id', 'integer', false), ('issues', 'title', 'text', false),
  ('issues', 'description', 'text', false), ('issues', 'status', 'text', false),
  ('issues', 'segment', 'text', false),
  ('issues', 'submitted_by', 'text', false), ('issues', 'assigned_to', 'text', true),
  ('issues', 'tags', 'text[]', false),
  ('issues', 'created_at', 'timestamp with time zone', false),
  ('issues', 'updated_at', 'timestamp with time zone', false),
  ('issues', 'resolved_by', 'text', true), ('issues', 'resolved_at', 'timestamp with time zone', true),
  ('issues', 'archived_at', 'timestamp with time zone', true),
  ('issues', 'ready_for_delivery', 'boolean', true),
  ('issues', 'is_test', 'boolean', false),
  ('comments', 'id', 'uuid', false), ('comments', 'issue_id', 'uuid', false),
  ('comments', 'author_name', 'text', false),
  ('comments', 'body', 'text', false), ('comments', 'created_at', 'timestamp with time zone', false),
  ('issue_status_logs', 'id', 'uuid', false), ('issue_status_logs', 'issue_id', 'uuid', false),
  ('issue_status_logs', 'old_status', 'text', true), ('issue_status_logs', 'new_status', 'text', false),
  ('issue_status_logs', 'changed_by', 'text', true),
  ('issue_status_logs', 'changed_at', 'timestamp with time zone', false),
  ('tags', 'name', 'text', false), ('tags', 'created_at', 'timestamp with time zone', false),
  ('issue_tags', 'issue_id', 'uuid', false), ('issue_tags', 'tag_name', 'text', false),
  ('circle_issues', 'id', 'uuid', false), ('circle_issues', 'message_id', 'text', false),
  ('circle_issues', 'thread_id', 'text', true), ('circle_issues', 'title', 'text', false),
  ('circle_issues', 'body', 'text', false), ('circle_issues', 'author_name', 'text', false),
  ('circle_issues', 'author_email', 'text', true), ('circle_issues', 'space_name', 'text', true),
  ('circle_issues', 'space_id', 'text', true), ('circle_issues', 'link', 'text', true),
  ('circle_issues', 'is_thread', 'boolean', false), ('circle_issues', 'is_triaged', 'boolean', false),
  ('circle_issues', 'triage_confidence', 'double precision', false),
  ('circle_issues', 'raw_data', 'jsonb', false),
  ('circle_issues', 'mapped_to_issue_id', 'uuid', true),
  ('circle_issues', 'created_at', 'timestamp with time zone', false),
  ('circle_issues', 'updated_at', 'timestamp with time zone', false),
  ('circle_spaces', 'id', 'integer', false), ('circle_spaces', 'space_id', 'bigint', true),
  ('circle_spaces', 'space_name', 'text', false), ('circle_spaces', 'chat_room_uuid', 'text', false),
  ('circle_spaces', 'space_member_id', 'bigint', true),
  ('circle_spaces', 'created_at', 'timestamp with time zone', false),
  ('issue_import_logs', 'id', 'uuid', false), ('issue_import_logs', 'circle_issue_id', 'uuid', false),
  ('issue_import_logs', 'issue_id', 'uuid', true), ('issue_import_logs', 'imported_by', 'text', false),
  ('issue_import_logs', 'import_source', 'text', false), ('issue_import_logs', 'import_notes', 'text', true),
  ('issue_import_logs', 'is_automatic', 'boolean', false),
  ('issue_import_logs', 'imported_at', 'timestamp with time zone', false),
  ('user_sessions', 'id', 'uuid', false), ('user_sessions', 'profile_name', 'text', false),
  ('user_sessions', 'profile_role', 'text', true),
  ('user_sessions', 'created_at', 'timestamp with time zone', false),
  ('user_sessions', 'last_active', 'timestamp with time zone', false);
select is_empty(
  $$ select n.* from named as n
     left join pg_attribute as a on a.attrelid = ('public.' || n.table_name)::regclass
       and a.attname = n.column_name
     where a.attname is null or format_type(a.atttypid,
       a.atttypmod) <> n.type or a.attnotnull = n.nullable $$,
  'every column exists with its type and nullability'
);
select set_eq(
  $$ select conrelid::regclass::text, conname::text from pg_constraint
     where contype = 'u' and connamespace = 'public'::regnamespace
       and conrelid::regclass::text in (
         select table_name from named union values ('segment_rules'), ('circle_replies')
       ) $$,
  $$ values ('issues', 'issues_seq_id_key'), ('circle_issues', 'circle_issues_message_id_key'),
    ('circle_spaces', 'circle_spaces_chat_room_uuid_key'),
    ('circle_replies', 'circle_replies_message_id_key'), ('segment_rules', 'segment_rules_words_key') $$,
  'the unique constraints'
);

-- statements of the seed's clients, as an agent

select is(
  pg_temp.as_persona('agent', $$ with i as (
      insert into issues (title, description, segment, status, submitted_by, tags)
      values ('Login loop', 'It loops', 'auth', 'waiting_for_help', 'Ana Ruiz', '{urgent}') returning *
    ) select concat_ws('|', title, status, submitted_by, tags) from i $$),
  'Login loop|waiting_for_help|Ana Ruiz|{urgent}', 'insert returning'
);
select is(
  pg_temp.as_persona('agent', $$ with u as (
      update issues set status = 'resolved', resolved_by = 'Kim', resolved_at = now(), updated_at = now()
      where title = 'Login loop' returning *
    ) select concat_ws('|', status, resolved_by, resolved_at is not null) from u $$),
  'resolved|Kim|t', 'a status update that sends its times'
);
select is(
  pg_temp.as_persona('agent', $$ with u as (
      update issues set status = 'archived', archived_at = now(), updated_at = now()
        where title = 'Login loop' returning *
    ) select concat_ws('|', status, resolved_by, archived_at is not null) from u $$),
  'archived|Kim|t', 'archiving that sends its time'
);
select is(
  pg_temp.as_persona('agent', $$ insert into comments (issue_id, author_name, body)
    select id, 'Kim', 'Fixed' from issues where title = 'Login loop' returning author_name $$),
  'Kim', 'a comment with its author''s name'
);
select is(
  pg_temp.as_persona('viewer', $$ select string_agg(title, ',') from (
    select * from issues where status in ('archived') and segment = 'auth' order by created_at desc limit 10)
      as i $$),
  'Login loop', 'a list with filters and order'
);
select is(
  pg_temp.as_persona('viewer', $$ select concat_ws('|', issue_title, last_commenter) from issue_activity_log
    order by last_comment_at desc limit 1 $$),
  'Login loop|Kim', 'the activity log'
);
select is(
  pg_temp.as_persona('agent', $$ insert into issue_import_logs
      (circle_issue_id, issue_id, imported_by, import_source, import_notes, is_automatic)
    select upsert_circle_issue('1', null, 't', 'b', 'Ana', null, null, null, null, false, '{}'), id, 'Kim',
    'manual', '', false
    from issues returning imported_by $$),
  'Agnes Agent', 'a manual import with its log'
);

select * from finish();
rollback;
