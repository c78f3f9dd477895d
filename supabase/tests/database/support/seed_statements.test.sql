-- The statements of the schema document as it has them, with search_path = support: a server's plain inserts,
-- its queries, its debugging queries, and its example policies.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = support, extensions;
select plan(19);
\ir ../helpers/personas.psql
set local search_path = support, extensions;
-- Statements without a schema, as a persona.
create function pg_temp.as_server(p_statement text) returns text language sql as $$
  select pg_temp.as_persona('service_role', p_statement)
$$;

-- What the document's server does: create, read and update, with the secret key

select matches(
  pg_temp.as_server($$ insert into users (email, name, phone)
    values ('ada@example.com', 'Ada', '+44 20 7946 0000') returning id $$),
  '^[0-9a-f-]{36}$', 'a user'
);
select is(
  pg_temp.as_server($$ insert into conversations (user_id, session_id)
    select id, 'session-1' from users where email = 'ada@example.com' returning status $$),
  'active', 'a conversation with a session id of the server''s own'
);
select is(
  pg_temp.as_server($$ with m as (
    insert into messages (conversation_id, role, content)
    select c.id, v.role, v.content from conversations as c cross join (
      values (1, 'user', 'How do I reset my password?'), (2, 'assistant', 'Use the link on the sign-in page.')
    ) as v (n, role, content)
    where c.session_id = 'session-1' order by v.n returning *
  ) select string_agg(content, ' ' order by position) from m $$),
  'How do I reset my password? Use the link on the sign-in page.', 'messages, in their order'
);
select is(
  pg_temp.as_server($$ insert into escalations
      (conversation_id, issue_type, original_request, contact_info, conversation_context)
    select id, 'account', 'I need a person', '{"email": "ada@example.com"}', 'user: I need a person'
    from conversations where session_id = 'session-1' returning status $$),
  'pending', 'an escalation'
);
select is(
  pg_temp.as_server($$ select concat_ws('|', role, content) from messages
    where conversation_id = (select id from conversations where session_id = 'session-1')
    order by created_at limit 1 $$),
  'user|How do I reset my password?', 'a conversation is found by its session id, and read'
);
select is(
  pg_temp.as_server($$ update users set name = 'Ada L.', updated_at = now() where email = 'ada@example.com'
    returning name $$),
  'Ada L.', 'a user is updated'
);
select is(
  pg_temp.as_server($$ update escalations set status = 'resolved', updated_at = now()
    where issue_type = 'account' returning status $$),
  'resolved', 'an escalation is updated'
);
select is(
  pg_temp.as_server($$ update conversations set status = 'closed', updated_at = now()
    where session_id = 'session-1' returning (status, closed_at is not null)::text $$),
  '(closed,t)', 'a conversation is closed'
);
select is(
  pg_temp.as_server($$ insert into users (email) values ('ada@example.com') $$),
  '23505 duplicate key value violates unique constraint "idx_users_email"', 'an address is one user''s'
);
select is(
  pg_temp.as_server($$ insert into messages (conversation_id, role, content)
    values ('00000000-0000-4000-8000-000000000099', 'user', 'Hello') $$),
  '23503 insert or update on table "messages" violates foreign key constraint '
    '"messages_conversation_id_fkey"', 'a message of no conversation is refused'
);
select is(
  pg_temp.as_server($$ insert into conversations (session_id) values (null) returning length(session_id) $$),
  '43', 'a session id that is left out is made'
);

-- The debugging queries

select set_has(
  $$ SELECT table_name, column_name, data_type
     FROM information_schema.columns
     WHERE table_schema = 'support' $$,
  $$ values ('messages'::information_schema.sql_identifier, 'content'::information_schema.sql_identifier,
    'text'::information_schema.character_data) $$,
  'the table structure, in the schema where the tables are'
);
select lives_ok(
  $$ SELECT table_name, column_name, data_type
     FROM information_schema.columns
     WHERE table_schema = 'public' $$,
  'and as the document has it'
);
select lives_ok(
  $$ SELECT * FROM conversations
     ORDER BY created_at DESC
     LIMIT 10 $$,
  'recent activity'
);
select set_has(
  $$ SELECT c.id, COUNT(m.id) as message_count
     FROM conversations c
     LEFT JOIN messages m ON c.id = m.conversation_id
     GROUP BY c.id $$,
  $$ select c.id, 2::bigint from conversations as c where c.session_id = 'session-1' $$,
  'data integrity'
);
select is(
  pg_temp.as_server($$ with d as (delete from users where email = 'ada@example.com' returning id)
    select count(*) from d $$),
  '1', 'a user is deleted'
);
select is((select count(*) from messages), 0::bigint, 'with conversations and messages');

-- The example policies; kept, the first would let everybody with an account insert any row, see
-- docs/deviations.md.

savepoint policies;
select lives_ok($document$
-- Allow anonymous users to create records
CREATE POLICY "Allow anonymous insert" ON users
    FOR INSERT WITH CHECK (true);

-- Allow users to read their own data
CREATE POLICY "Allow user read own data" ON users
    FOR SELECT USING (auth.uid()::text = id::text);
$document$, 'the example policies');
select is(
  pg_temp.as_persona('stranger', $$ with i as (
      insert into support.users (id) values ('00000000-0000-4000-8000-00000000000a') returning id
    ) select count(*) from i $$),
  '1', 'a user reads their own row, under the example policies as well'
);
rollback to savepoint policies;

select * from finish();
rollback;
