-- A visitor is erased everywhere, with a receipt; old conversations are closed, archived and deleted.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(37);
\ir ../helpers/personas.psql
\ir ../helpers/support.psql
delete from support.erasures;

-- Every text of the schemas that contains a word, by table.
create function pg_temp.tables_with(p_word text) returns text language plpgsql as $$
declare
  v_table record;
  v_count bigint;
  v_found text[] := '{}';
begin
  for v_table in
    select c.oid::regclass as name from pg_class as c
    where c.relnamespace in ('support'::regnamespace, 'private'::regnamespace, 'public'::regnamespace)
      and c.relkind = 'r'
    order by c.oid::regclass::text
  loop
    execute format('select count(*) from %s as t where t::text ilike %L', v_table.name, '%' || p_word || '%')
    into v_count;
    if v_count > 0 then
      v_found := v_found || v_table.name::text;
    end if;
  end loop;
  return array_to_string(v_found, ' ');
end;
$$;

insert into support.messages (conversation_id, role, content) values
  (pg_temp.one(), 'user', 'I am Canaria, canaria@example.com'),
  (pg_temp.two(), 'user', 'I am Canaria too');
update support.users set name = 'Canaria', phone = 'canaria'
where id = '00000000-0000-4000-8000-00000000000a';
insert into support.escalations (id, conversation_id, issue_type, original_request) values
  ('d0000000-0000-4000-8000-000000000001', pg_temp.one(), 'x', 'Canaria asks');
select isnt(
  pg_temp.as_persona('agent', $$select support.escalation_to_issue('d0000000-0000-4000-8000-000000000001')$$),
  null, 'her request became an issue'
);
select matches(
  pg_temp.tables_with('canaria'), 'issues.*support.escalations support.messages support.users',
  'she is in several tables'
);

-- Who may.

select is(
  pg_temp.as_persona('anon', 'select support.forget_user()'),
  '42501 permission denied for function forget_user',
  'nobody without an account erases anything'
);
select is(
  pg_temp.as_persona('agent',
    $$select support.forget_user(user_id := '00000000-0000-4000-8000-00000000000a')$$),
  'PT403 team_role_required', 'an agent does not erase a visitor'
);
select is(
  pg_temp.as_persona('stranger', format('select support.forget_user(conversation_id := %L)', pg_temp.two())),
  'PT403 team_role_required', 'a visitor does not erase another''s conversation'
);
select is(
  pg_temp.as_persona('stranger',
    $$select support.forget_user(user_id := '00000000-0000-4000-8000-00000000000d')$$),
  'PT403 team_role_required', 'or another visitor'
);
select is(
  pg_temp.as_persona('admin',
    $$select support.forget_user(user_id := '00000000-0000-4000-8000-0000000000ff')$$),
  'PT404 support_user_unknown', 'an admin is told when there is nobody'
);

-- By themselves.

select is(
  pg_temp.as_persona('stranger', $$select format('%s %s %s %s %s %s', requested_by, conversations_count,
    messages_count, escalations_count, issues_count, edited_issues_count) from support.forget_user()$$),
  'visitor 1 4 1 1 0', 'the visitor gets a receipt'
);
select is(pg_temp.tables_with('canaria@'), '', 'and is in no table any more');
select is(
  (select string_agg(distinct t, ' ') from regexp_split_to_table(pg_temp.tables_with('canaria'), ' ') as t),
  'support.messages', 'but for the words of somebody else'
);
select results_eq(
  'select title, description from public.issues',
  $$ values ('Erased support request', '') $$, 'the issue stays, without her words'
);
select is(
  pg_temp.as_persona('stranger', 'select conversations_count from support.forget_user()'), '0',
  'called again it finds nothing to erase'
);
select is(
  pg_temp.as_persona('admin', $$select count(*) from support.erasures
    where subject_digest = encode(sha256('00000000-0000-4000-8000-00000000000a'), 'hex')$$),
  '2', 'admins find the receipts by the id'
);
select is(
  pg_temp.as_persona('agent', 'select count(*) from support.erasures'), '0',
  'agents do not see them'
);

-- By an admin.

insert into support.escalations (id, conversation_id, issue_type, original_request) values
  ('d0000000-0000-4000-8000-000000000002', pg_temp.two(), 'x', 'Canaria asks');
select isnt(
  pg_temp.as_persona('agent', $$select support.escalation_to_issue('d0000000-0000-4000-8000-000000000002')$$),
  null, 'another request became an issue'
);
update public.issues set description = 'Canaria asks, and we found out why' where title = 'Canaria asks';
select is(
  pg_temp.as_persona('admin', format(
    $$select format('%%s %%s %%s %%s', requested_by, right(requested_by_user_id::text, 1), issues_count,
      edited_issues_count) from support.forget_user(conversation_id := %L)$$, pg_temp.two()
  )),
  'team d 0 1', 'an admin erases a conversation, and is told of the issue that somebody edited'
);
select is(
  (select count(*) from support.conversations where id = pg_temp.two()), 0::bigint, 'the conversation is gone'
);
select is(
  pg_temp.as_persona('admin', format(
    $$select edited_issues_count from support.forget_user(conversation_id := %L)$$, pg_temp.two()
  )),
  '1', 'asked again, the receipt is the same'
);
select is(
  pg_temp.as_persona('service_role', format('select support.forget_user(conversation_id := %L)',
    'c0000000-0000-4000-8000-0000000000ff')),
  'PT404 support_user_unknown', 'a server is told when there is none'
);

-- With the account.

insert into support.users (id, name) values
  ('00000000-0000-4000-8000-00000000000a', 'Stella'), ('00000000-0000-4000-8000-00000000000b', 'Vera');
insert into support.conversations (id, user_id) values
  (pg_temp.one(), '00000000-0000-4000-8000-00000000000a'),
  (pg_temp.two(), '00000000-0000-4000-8000-00000000000b');
update auth.users set deleted_at = now() where email = 'stranger@example.com';
select is(
  (select count(*) from support.users where name = 'Stella'), 0::bigint,
  'a softly deleted account is erased here too'
);
delete from auth.users where email = 'viewer@example.com';
select is((select count(*) from support.conversations), 0::bigint, 'and one that is deleted');
select is(
  (select count(*) from support.erasures where requested_by = 'account'), 2::bigint, 'each with a receipt'
);

-- Retention.

update support.settings set close_after_days = 14, archive_after_days = 30, retention_days = 365;
insert into support.conversations (id, session_id, status, created_at, closed_at) values
  ('c1000000-0000-4000-8000-000000000001', 'idle', 'active', now() - interval '15 days', null),
  ('c1000000-0000-4000-8000-000000000002', 'new', 'active', now() - interval '13 days', null),
  ('c1000000-0000-4000-8000-000000000003', 'waits', 'waiting_for_human', now() - interval '15 days', null),
  ('c1000000-0000-4000-8000-000000000004', 'done', 'closed', now() - interval '40 days',
    now() - interval '31 days'),
  ('c1000000-0000-4000-8000-000000000005', 'old', 'closed', now() - interval '400 days',
    now() - interval '390 days'),
  ('c1000000-0000-4000-8000-000000000006', 'still', 'active', now() - interval '400 days', null),
  ('c1000000-0000-4000-8000-000000000007', 'answered', 'active', now() - interval '16 days', null),
  ('c1000000-0000-4000-8000-000000000008', 'unanswered', 'active', now() - interval '16 days', null);
insert into support.messages (conversation_id, role, content, created_at) values
  ('c1000000-0000-4000-8000-000000000005', 'user', 'Old', now() - interval '399 days'),
  ('c1000000-0000-4000-8000-000000000005', 'assistant', 'Old', now() - interval '399 days'),
  ('c1000000-0000-4000-8000-000000000006', 'user', 'Old', now() - interval '399 days'),
  ('c1000000-0000-4000-8000-000000000006', 'user', 'New', now() - interval '2 days'),
  ('c1000000-0000-4000-8000-000000000007', 'agent', 'Does it work?', now() - interval '16 days'),
  ('c1000000-0000-4000-8000-000000000008', 'agent', 'Does it work?', now() - interval '16 days'),
  ('c1000000-0000-4000-8000-000000000008', 'user', 'No', now() - interval '15 days');
insert into support.users (id, name, created_at) values (
  '00000000-0000-4000-8000-0000000000aa', 'Long gone', now() - interval '400 days'
);
select ok(private.run_support_metrics() > 0, 'all days are counted');
select is(private.run_support_retention(), 5, 'retention has something to do');
select results_eq(
  $$ select session_id::text, status::text, archived_at is not null from support.conversations order by 1 $$,
  $$ values ('answered', 'closed', false), ('done', 'closed', true), ('idle', 'closed', false),
       ('new', 'active', false), ('still', 'active', false), ('unanswered', 'with_human', false),
       ('waits', 'waiting_for_human', false) $$,
  'idle ones are closed, closed ones archived, old ones deleted; who waits for a person waits'
);
select is(
  (select count(*) from support.escalations as e
   where e.conversation_id = 'c1000000-0000-4000-8000-000000000007' and e.status = 'resolved'),
  1::bigint, 'the escalation of one that was answered is resolved'
);
select is(private.run_support_retention(), 0, 'then nothing is left to do');
select is(
  (select visitor_messages_count from private.support_days
   where day = private.support_day(now() - interval '399 days')),
  2::bigint, 'the figures of a day stay when its conversations are deleted'
);
select ok(private.run_support_metrics() > 0, 'also when the job runs again');
select is(
  (select visitor_messages_count from private.support_days
   where day = private.support_day(now() - interval '399 days')),
  2::bigint, 'they stay'
);
select is_empty('select * from private.verify_support_metrics()', 'and none of it is a difference');
update support.users set updated_at = now();
select is(
  (select count(*) from support.users where name = 'Long gone'), 1::bigint,
  'a visitor whose row changed a moment ago stays'
);

-- One batch at a time.

insert into support.conversations (session_id, created_at)
select 'batch ' || n, now() - interval '20 days' from generate_series(1, 5) as n;
select is(private.close_idle_conversations(2), 2, 'a batch is bounded');
select is(private.close_idle_conversations(2), 2, 'the next one goes on');
select is(private.close_idle_conversations(2), 1, 'until all are closed');
insert into support.messages (conversation_id, role, content)
select c.id, 'user', 'Back' from support.conversations as c where c.session_id = 'done';
select results_eq(
  $$ select status::text, archived_at from support.conversations where session_id = 'done' $$,
  $$ values ('active', null::timestamptz) $$, 'a visitor who comes back opens an archived conversation'
);
select is(
  (select count(*) from support.escalations where conversation_id is null), 0::bigint,
  'nothing is left without its conversation'
);

select * from finish();
rollback;
