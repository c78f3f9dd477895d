-- A visitor's account: the conversation that comes along, the address that is confirmed, and the end of both.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(33);
\ir ../helpers/personas.psql

insert into support.conversations (id, session_id) values
  ('e1000000-0000-4000-8000-000000000001', private.session_digest('one')),
  ('e1000000-0000-4000-8000-000000000002', private.session_digest('two'));
create function pg_temp.claim(p_persona text, p_session text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format('select support.claim_conversation(%L)', p_session))
$$;

select is(pg_temp.claim('stranger', 'one'), 'e1000000-0000-4000-8000-000000000001', 'who has it claims it');
select is(pg_temp.claim('stranger', 'one'), 'e1000000-0000-4000-8000-000000000001', 'also again');
select is(pg_temp.claim('second', 'one'), 'PT404 support_conversation_unknown', 'nobody else');
select is(pg_temp.claim('second', 'none'), 'PT404 support_conversation_unknown',
  'as if it did not exist');
select matches(pg_temp.claim('anon', 'two'), '^42501 ', 'an account is needed');
select is(pg_temp.claim('service_role', 'two'), 'PT401 sign_in_required', 'a person''s');
select is(
  pg_temp.as_persona('stranger', 'select id from support.conversations'),
  'e1000000-0000-4000-8000-000000000001', 'the account sees it'
);
select is(
  pg_temp.as_persona('anon', $$ select (support.send_message('one', 'From the old page')).content $$),
  'From the old page', 'the session goes on'
);
select is(
  pg_temp.as_persona('stranger', 'select content from support.messages'), 'From the old page',
  'into the same conversation'
);
select is(
  pg_temp.as_persona('second', 'select count(*) from support.messages where content like ''From%'''), '1',
  'which the team reads'
);

-- Its own row

select is(
  (select (email, name, phone)::text from support.users where id = '00000000-0000-4000-8000-00000000000a'),
  '(stranger@example.com,,)', 'a row with the confirmed address is made'
);
select is(
  pg_temp.as_persona('stranger', $$ update support.users set name = 'Sam', phone = '1' where true
    returning name $$),
  'Sam', 'a visitor edits it'
);
select is(
  pg_temp.as_persona('stranger', $$ update support.users set email = 'boss@example.com'
    where id = '00000000-0000-4000-8000-00000000000a' $$),
  'PT403 support_user_email_forbidden', 'without taking an address that nobody confirmed'
);
insert into support.users (email) values ('known@example.com');
select is(
  pg_temp.as_persona('stranger', $$ update support.users set email = 'known@example.com'
    where id = '00000000-0000-4000-8000-00000000000a' $$),
  'PT403 support_user_email_forbidden', 'one that is taken gets the same answer'
);
select is(
  pg_temp.as_persona('stranger', $$ update support.users set email = 'stranger@example.com', name = 'Sam S.'
    where id = '00000000-0000-4000-8000-00000000000a' returning name $$),
  'Sam S.', 'the whole row may be sent back'
);
select matches(
  pg_temp.as_persona('stranger', $$ insert into support.users (id, name)
    values ('00000000-0000-4000-8000-00000000000b', 'Not me') $$),
  '^42501 ', 'a row of another account can''t be made'
);
select is(
  pg_temp.as_persona('stranger', $$ with u as (
      update support.users set name = 'X' where email = 'known@example.com' returning 1
    ) select count(*) from u $$),
  '0', 'nor changed'
);
select is(
  pg_temp.as_persona('stranger', 'select count(*) from support.users'), '1', 'nor seen'
);
select is(
  pg_temp.as_persona('agent', $$ update support.users set email = 'new@example.com', name = 'Known'
    where email = 'known@example.com' returning email $$),
  'new@example.com', 'the team sets addresses'
);

-- The address follows the account

insert into auth.users (id, is_anonymous) values ('00000000-0000-4000-8000-000000000011', true);
create function pg_temp.as_anonymous(p_statement text) returns text language plpgsql as $$
declare
  v_value text;
begin
  perform set_config('request.jwt.claims',
    '{"role": "authenticated", "is_anonymous": true, "sub": "00000000-0000-4000-8000-000000000011"}', true);
  set local role authenticated;
  execute p_statement into v_value;
  reset role;
  return v_value;
exception
  when insufficient_privilege or sqlstate 'PT401' or sqlstate 'PT404' then
    return sqlstate || ' ' || sqlerrm;
end;
$$;
select is(
  pg_temp.as_anonymous('insert into support.conversations default values returning user_id'),
  '00000000-0000-4000-8000-000000000011', 'an anonymous account starts a conversation'
);
select is(
  pg_temp.as_anonymous($$ insert into support.messages (conversation_id, role, content)
    select id, 'user', 'Hello' from support.conversations returning content $$),
  'Hello', 'and writes'
);
create function pg_temp.visitor_email() returns text language sql as $$
  select u.email from support.users as u where u.id = '00000000-0000-4000-8000-000000000011'
$$;
select is(pg_temp.visitor_email(), null, 'it has no address');
update auth.users set email = 'later@example.com' where id = '00000000-0000-4000-8000-000000000011';
select is(pg_temp.visitor_email(), null, 'nor one that is not confirmed');
update auth.users set email_confirmed_at = now() where id = '00000000-0000-4000-8000-000000000011';
select is(pg_temp.visitor_email(), 'later@example.com', 'until it is');
update auth.users set email = 'new@example.com' where id = '00000000-0000-4000-8000-000000000011';
select is(pg_temp.visitor_email(), null,
  'an address that the team has registered with another visitor stays there, and the old one is nobody''s');
update auth.users set email = 'Other@example.com' where id = '00000000-0000-4000-8000-000000000011';
select is(pg_temp.visitor_email(), 'Other@example.com', 'the next one that is free is taken over');

-- A ban, and the end

update auth.users set banned_until = now() + interval '1 hour'
where id = '00000000-0000-4000-8000-000000000011';
select is(pg_temp.as_anonymous('select count(*) from support.conversations'), '0',
  'a banned account sees nothing');
select matches(pg_temp.as_anonymous('insert into support.conversations default values'), '^(42501|PT4)',
  'and starts nothing');
select is(pg_temp.as_anonymous('select (support.start_conversation()).session_id'), 'PT401 sign_in_required',
  'not by the function');
select is(pg_temp.as_anonymous($$ select support.claim_conversation('two') $$), 'PT401 sign_in_required',
  'and claims nothing');
update support.conversations set user_id = '00000000-0000-4000-8000-000000000011'
where id = 'e1000000-0000-4000-8000-000000000002';
select is(
  pg_temp.as_persona('anon', $$ select (support.send_message('two', 'Hello')).content $$),
  'PT404 support_conversation_unknown', 'its session ends with it'
);
update auth.users set banned_until = null where id = '00000000-0000-4000-8000-000000000011';
select is(
  pg_temp.as_persona('anon', $$ select (support.send_message('two', 'Hello')).content $$), 'Hello',
  'and is back when the ban is over'
);
delete from auth.users where id = '00000000-0000-4000-8000-000000000011';
select is(
  pg_temp.as_persona('anon', $$ select (support.send_message('two', 'Hello')).content $$),
  'PT404 support_conversation_unknown', 'with the account it is deleted'
);

select * from finish();
rollback;
