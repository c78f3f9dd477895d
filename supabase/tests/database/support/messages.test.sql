-- Who writes what, and in which order messages are.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = support, extensions;
select plan(26);
\ir ../helpers/personas.psql
set local search_path = support, extensions;

insert into support.users (id) values
  ('00000000-0000-4000-8000-00000000000a'), ('00000000-0000-4000-8000-00000000000b');
insert into support.conversations (id, user_id) values
  ('e1000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-00000000000a'),
  ('e1000000-0000-4000-8000-000000000002', '00000000-0000-4000-8000-00000000000b'),
  ('e1000000-0000-4000-8000-000000000003', null);

-- Writes a message and returns what was asked for.
create function pg_temp.say(
  p_persona text, p_role text, p_conversation integer default 1, p_returning text default 'role'
) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'insert into support.messages (conversation_id, role, content) values (%L, %L, ''Hi'') returning %s',
    'e1000000-0000-4000-8000-00000000000' || p_conversation, p_role, p_returning
  ))
$$;

-- Roles

select is(pg_temp.say('stranger', 'user'), 'user', 'a visitor writes in their own conversation');
select is(pg_temp.say('stranger', r), 'PT403 support_message_role_forbidden',
  format('a visitor does not write as %s', r))
from unnest(array['assistant', 'agent', 'system']) as r;
select is(pg_temp.say('stranger', 'user', 2), 'PT403 support_message_role_forbidden',
  'nor in another''s conversation');
select is(pg_temp.say('stranger', 'user', 3), 'PT403 support_message_role_forbidden',
  'nor in one without an account');
select is(pg_temp.say('stranger', 'user', 9), 'PT403 support_message_role_forbidden',
  'one that does not exist gets the same answer');
select is(pg_temp.say('agent', 'agent', 1, 'author_user_id'), '00000000-0000-4000-8000-00000000000c',
  'an agent writes in any conversation, and is its author');
select is(pg_temp.say('agent', 'system', 2, 'author_user_id'), '00000000-0000-4000-8000-00000000000c',
  'also notes');
select is(pg_temp.say('agent', r, 2), 'PT403 support_message_role_forbidden',
  format('an agent does not write as %s', r))
from unnest(array['user', 'assistant']) as r;
select is(pg_temp.say('viewer', 'agent', 1), 'PT403 support_message_role_forbidden',
  'a viewer does not answer');
select is(pg_temp.say('viewer', 'user', 2), 'user', 'who is in the team writes as a visitor in their own');
select matches(pg_temp.say('anon', 'user', 3), '^42501 ', 'without an account nobody inserts');
select is(
  pg_temp.as_persona('stranger', $$ insert into support.messages (conversation_id, role, content, created_at)
    values ('e1000000-0000-4000-8000-000000000001', 'user', 'Old', '2001-01-01')
    returning created_at > '2020-01-01' $$),
  'true', 'a visitor does not choose the time'
);
select matches(
  pg_temp.as_persona('stranger', format('insert into support.messages (conversation_id, role, content, %1$s)
    values (''e1000000-0000-4000-8000-000000000001'', ''user'', ''Hi'', %2$s)', c, v)),
  '^42501 ', format('nor %s', c)
) from (values
  ('position', '1'), ('author_user_id', '''00000000-0000-4000-8000-00000000000c'''), ('source', '''{}'''),
  ('confidence', '1'), ('answer_id', '''00000000-0000-4000-8000-00000000000c''')
) as s (c, v);

-- Reading, changing and deleting

select is(
  pg_temp.as_persona('stranger', 'select count(*)::text || '' '' || count(distinct conversation_id)::text
    from support.messages'),
  '3 1', 'a visitor reads the messages of their own conversations, whoever wrote them'
);
select matches(
  pg_temp.as_persona('stranger', $$ update support.messages set content = 'Never said' where true $$),
  '^42501 ', 'nobody edits what was said'
);
select is(
  pg_temp.as_persona('stranger', 'delete from support.messages where true'), 'PT403 team_role_required',
  'nor takes it back'
);
select is(
  pg_temp.as_persona('service_role', $$ update support.messages set position = 1, content = 'Redacted'
    where conversation_id = 'e1000000-0000-4000-8000-000000000002' and role = 'user'
    returning (position > 1, content)::text $$),
  '(t,Redacted)', 'a server redacts a text, and the order stays'
);

-- Order

insert into support.messages (conversation_id, role, content, created_at, position)
select 'e1000000-0000-4000-8000-000000000003', 'user', n::text, now() - make_interval(mins => n), 1000 - n
from generate_series(1, 20) as n;
select results_eq(
  $$ select content from support.messages where conversation_id = 'e1000000-0000-4000-8000-000000000003'
     order by position $$,
  $$ select n::text from generate_series(1, 20) as n $$,
  'the order is the one in which they were written, whatever the clock and the client say'
);
select is(
  (select count(distinct position) = count(*) from support.messages), true, 'a position is used once'
);

select * from finish();
rollback;
