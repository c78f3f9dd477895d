-- What a visitor without an account does: start, write, read, leave a contact, and take all of it along.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(62);
\ir ../helpers/personas.psql

create temp table session (name text primary key, session_id text, conversation_id uuid) on commit drop;
grant select on session to anon, authenticated;
create function pg_temp.start(p_name text, p_persona text, p_arguments text default '') returns void
language plpgsql as $$
declare
  v_answer jsonb := pg_temp.as_persona(p_persona, format(
    'select to_jsonb(s) from support.start_conversation(%s) as s', p_arguments
  ));
begin
  insert into session values (p_name, v_answer ->> 'session_id', (v_answer ->> 'conversation_id')::uuid);
end;
$$;
-- Calls a function with the session id as its first argument.
create function pg_temp.call(
  p_name text, p_function text, p_arguments text default '', p_persona text default 'anon'
) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select to_jsonb(f) from support.%s(%L%s) as f', p_function,
    (select s.session_id from session as s where s.name = p_name), p_arguments
  ))
$$;
create function pg_temp.conversation(p_name text) returns support.conversations language sql as $$
  select c.* from support.conversations as c join session as s on s.conversation_id = c.id
  where s.name = p_name
$$;

-- Starting

select pg_temp.start('ada', 'anon');
select pg_temp.start('bob', 'anon', $$name => ' Bob ', email => 'Bob@Example.com', phone => '+49 30 123'$$);
select pg_temp.start('eve', 'stranger', 'null, null, null');
select matches(session_id, '^[A-Za-z0-9_-]{43}$', 'a session id is 32 random bytes') from session
where name = 'ada';
select is((select count(distinct session_id) from session), 3::bigint, 'each another');
select is((pg_temp.conversation('ada')).session_id::text, private.session_digest(session_id),
  'its digest is stored') from session where name = 'ada';
select is(
  (select (user_id, status, visitor_name, visitor_email, visitor_phone)::text
   from pg_temp.conversation('ada')), '(,active,,,)', 'every argument is optional'
);
select is(
  (select (user_id, visitor_name, visitor_email, visitor_phone)::text from pg_temp.conversation('bob')),
  '(,Bob,Bob@Example.com,"+49 30 123")', 'the contact is the conversation''s'
);
select is((pg_temp.conversation('eve')).user_id, '00000000-0000-4000-8000-00000000000a'::uuid,
  'a signed-in visitor''s conversation is theirs');
select is((select email from support.users where id = '00000000-0000-4000-8000-00000000000a')::text,
  'stranger@example.com', 'who has a confirmed address has it as a visitor');

-- Writing

select is(
  (pg_temp.call('ada', 'send_message', $$, 'How do I sign in?'$$)::jsonb - 'id' - 'created_at' - 'position')
    ->> 'content', 'How do I sign in?', 'a message comes back as it is stored'
);
select is(
  (select (role, content, author_user_id, client_key)::text from support.messages
   where conversation_id = (pg_temp.conversation('ada')).id),
  '(user,"How do I sign in?",,)', 'as the visitor''s'
);
create temp table sent on commit drop as
select pg_temp.call('ada', 'send_message', $$, 'It fails', 'key-1'$$)::jsonb as message;
select is(pg_temp.call('ada', 'send_message', $$, 'It fails', 'key-1'$$)::jsonb, message,
  'a retry returns the message') from sent;
select is((select count(*) from support.messages where client_key = 'key-1'), 1::bigint,
  'that was stored once');
select is(pg_temp.call('ada', 'send_message', $$, 'Another', 'key-1'$$), 'PT409 support_message_conflict',
  'another text with the same key is refused');
select matches(pg_temp.call('bob', 'send_message', $$, 'It fails', 'key-1'$$), '"role": "user"',
  'a key is one conversation''s');
select is(pg_temp.call('ada', 'send_message', a), e, n) from (values
  (', null', 'PT422 support_message_invalid', 'no text'),
  (', ''''', 'PT422 support_message_invalid', 'an empty text'),
  (E', E'' \u2003\u200b\n''', 'PT422 support_message_invalid', 'a blank text'),
  (', repeat(''a'', 8193)', 'PT413 support_message_too_large', 'a text of more than 8 kB'),
  (', repeat(''ä'', 4097)', 'PT413 support_message_too_large', 'bytes, not characters'),
  (', ''Hello'', ''''', 'PT422 support_message_invalid', 'an empty key'),
  (', ''Hello'', repeat(''k'', 201)', 'PT422 support_message_invalid', 'a key that is too long')
) as s (a, e, n);
select matches(pg_temp.call('ada', 'send_message', ', repeat(''ä'', 4096)'), '"role": "user"', '8 kB fit');
update support.conversations set status = 'closed' where id = (pg_temp.conversation('bob')).id;
select pg_temp.call('bob', 'send_message', $$, 'I have another question'$$);
select is((pg_temp.conversation('bob')).status, 'active'::varchar, 'a closed conversation opens again');
update support.conversations set status = 'closed' where id = (pg_temp.conversation('bob')).id;
select pg_temp.call('bob', 'send_message', $$, 'It fails', 'key-1'$$);
select is((pg_temp.conversation('bob')).status, 'closed'::varchar, 'a retry does not');

-- Reading

insert into support.messages (conversation_id, role, content, author_user_id)
select (pg_temp.conversation('ada')).id, 'agent', 'Ask me ' || n, '00000000-0000-4000-8000-00000000000c'
from generate_series(1, 60) as n;
create function pg_temp.read(p_name text, p_arguments text default '') returns text language sql as $$
  select pg_temp.as_persona('anon', format(
    'select count(*) || '' '' || min(m.position) || '' '' || max(m.position) || '' '' || count(author_user_id)
     from support.get_messages(%L%s) as m',
    (select s.session_id from session as s where s.name = p_name), p_arguments
  ))
$$;
create temp view ada_messages as
select m.position, row_number() over (order by m.position) as n from support.messages as m
where m.conversation_id = (pg_temp.conversation('ada')).id;
select is(pg_temp.read('ada'), format('50 %s %s 0', min(position), max(position)),
  'the first messages, without the accounts of the team') from ada_messages where n <= 50;
select is(pg_temp.read('ada', format(', %s', (select position from ada_messages where n = 50))),
  format('13 %s %s 0', min(position), max(position)), 'those after the cursor') from ada_messages
where n > 50;
select is(pg_temp.read('ada', ', 9223372036854775807'), null, 'nothing after the last');
select is(pg_temp.read('ada', ', 0, 2'), format('2 %s %s 0', min(position), max(position)),
  'as many as asked for') from ada_messages where n <= 2;
select is(split_part(pg_temp.read('ada', a), ' ', 1), e, 'limits are bounded: ' || a) from (values
  (', null, null', '50'), (', -5, -5', '1'), (', 0, 100000', '63')
) as s (a, e);
select is(
  pg_temp.call('ada', 'get_conversation')::jsonb - 'created_at' - 'last_message_at',
  jsonb_build_object('conversation_id', (pg_temp.conversation('ada')).id, 'status', 'with_human',
    'last_position', (select max(position) from ada_messages)),
  'who answers, and the newest position'
);

-- Contact

select is(pg_temp.call('ada', 'save_contact', $$, 'Ada', 'ada@example.com'$$), null, 'a contact');
select is(pg_temp.call('ada', 'save_contact', $$, phone => '030 / 123-45'$$), null, 'more of it');
select is(
  (select (visitor_name, visitor_email, visitor_phone)::text from pg_temp.conversation('ada')),
  '(Ada,ada@example.com,"030 / 123-45")', 'what is left out stays'
);
select is(
  (select contact_info from support.escalations where conversation_id = (pg_temp.conversation('ada')).id),
  '{"name": "Ada", "email": "ada@example.com", "phone": "030 / 123-45"}', 'an open escalation has it as well'
);
select pg_temp.call('ada', 'save_contact', $$, ' ', null, ''$$);
select is(
  (select (visitor_name, visitor_email, visitor_phone)::text from pg_temp.conversation('ada')),
  '(,ada@example.com,)', 'a blank text removes a value'
);
create function pg_temp.escalated_contact() returns jsonb language sql as $$
  select contact_info from support.escalations where conversation_id = (pg_temp.conversation('ada')).id
$$;
select is(pg_temp.escalated_contact(), '{"email": "ada@example.com"}', 'also from the open escalation');
update support.escalations set status = 'resolved' where conversation_id = (pg_temp.conversation('ada')).id;
select pg_temp.call('ada', 'save_contact', $$, 'Ada L.', ''$$);
select is(pg_temp.escalated_contact(), null, 'and from a resolved one, to which nothing is added');
select is(
  (select (visitor_name, visitor_email, visitor_phone)::text from pg_temp.conversation('ada')),
  '("Ada L.",,)',
  'what is given and what is removed in one call'
);
select is(pg_temp.call('ada', 'save_contact', format(', phone => %L', p)), null, 'a number: ' || p)
from unnest(array[
  '(555) 010-9999', '+1 (555) 010-9999', '(+49) 30 123', '+44 (0)20 7946 0000 ext. 12', '555.010.9999 x5',
  '030/123 45', E'+33\u00a01\u00a023', '5550‑0199', '٠٢٠ ٧٩٤٦', '０３-１２３４', '911'
]) as p;
select pg_temp.call('ada', 'save_contact', format(', phone => %L', U&'\202a+49 30 1\202c'));
select is((pg_temp.conversation('ada')).visitor_phone, '+49 30 1'::varchar,
  'without the invisible marks of an address book');
select is(pg_temp.call('ada', 'save_contact', a), 'PT422 support_contact_invalid', 'refused: ' || a)
from (values
  (', repeat(''x'', 256)'), (', E''a\x01b'''), (', email => ''ada'''), (', email => ''a@b@c.d'''),
  (', email => ''a b@example.com'''), (', phone => ''call me'''), (', phone => repeat(''1'', 51)'),
  (', phone => ''+'''), (', phone => ''()'''), (', phone => ''12 drop table'''), (', phone => ''1<b>2''')
) as s (a);

select * from finish();
rollback;
