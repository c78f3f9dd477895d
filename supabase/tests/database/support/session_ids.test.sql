-- Nobody guesses, finds or borrows a session.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(28);
\ir ../helpers/personas.psql

insert into support.users (id) values ('00000000-0000-4000-8000-00000000000e');
insert into support.conversations (id, session_id, user_id) values
  ('e1000000-0000-4000-8000-000000000001', private.session_digest('secret'), null),
  ('e1000000-0000-4000-8000-000000000002', 'of-a-server', null),
  ('e1000000-0000-4000-8000-000000000003', private.session_digest('claimed'),
    '00000000-0000-4000-8000-00000000000e');

-- Each function of visitors that takes a session id, with it as the first argument.
create temp table visitor_function (name text, more text) on commit drop;
insert into visitor_function values
  ('send_message', ', ''Hello'''), ('get_messages', ''), ('get_conversation', ''),
  ('save_contact', ', ''Name''');
select set_eq(
  $$ select p.proname::text from pg_proc as p
     where p.pronamespace = 'support'::regnamespace and has_function_privilege('anon', p.oid, 'execute')
       and 'session_id' = any (p.proargnames[1:p.pronargs]) and p.proname in ('send_message', 'get_messages',
         'get_conversation', 'save_contact') $$,
  'select name from visitor_function', 'these'
);
create function pg_temp.try(p_function text, p_persona text, p_session text) returns text language sql as $$
  select pg_temp.as_persona(p_persona, format(
    'select to_jsonb(f) from support.%I(%L%s) as f', f.name, p_session, f.more
  )) from visitor_function as f where f.name = p_function
$$;

select is(
  pg_temp.try(f.name, 'anon', s.id), 'PT404 support_conversation_unknown', format('%s: %s', f.name, s.what)
)
from visitor_function as f cross join (values
  ('unknown', 'an id that does not exist'), (null, 'none'), ('', 'an empty one'),
  (private.session_digest('secret'), 'what the column session_id contains'),
  ('of-a-server', 'one that a server has set')
) as s (id, what)
order by f.name, s.what;

-- A member of the team reads the column, and can't speak as the visitor with it.

select is(
  pg_temp.try('send_message', p, (
    select c.session_id from support.conversations as c where c.id = 'e1000000-0000-4000-8000-000000000001'
  )::text), 'PT404 support_conversation_unknown', p || ' does not speak as the visitor'
) from unnest(array['viewer', 'agent', 'admin']) as p;
select is(
  pg_temp.as_persona('service_role', $$ select (support.send_message('of-a-server', 'Hello')).role $$),
  'user', 'a server uses its own session id'
);
select is(
  pg_temp.as_persona('agent', format('insert into support.conversations (session_id)
    values (%1$L) returning session_id = %1$L', private.session_digest('planted'))),
  'false', 'nobody but a server sets one'
);
select is(
  pg_temp.as_persona('stranger', $$ insert into support.conversations (session_id) values ('planted')
    returning session_id = 'planted' $$),
  'false', 'and what a visitor sends is not used'
);
select is(
  (select count(distinct p.oid) from pg_proc as p where p.pronamespace = 'support'::regnamespace),
  (select count(distinct p.proname) from pg_proc as p where p.pronamespace = 'support'::regnamespace),
  'no function has another of its name'
);

select * from finish();
rollback;
