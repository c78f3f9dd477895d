-- How much a visitor may send, per conversation, per address and per account, and what is said about it.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(54);
\ir ../helpers/personas.psql

create function pg_temp.from_address(p_forwarded text) returns text language sql as $$
  select set_config('request.headers', json_build_object('x-forwarded-for', p_forwarded)::text, true)
$$;
create temp table session (name text primary key, session_id text) on commit drop;
create function pg_temp.start(p_name text, p_persona text default 'anon') returns text language plpgsql as $$
declare
  v_answer text := pg_temp.as_persona(p_persona, 'select (support.start_conversation()).session_id');
begin
  if v_answer !~ '^PT' then
    insert into session values (p_name, v_answer);
  end if;
  return left(v_answer, 5);
end;
$$;
create function pg_temp.say(p_name text, p_content text default 'Hello') returns text language sql as $$
  select left(pg_temp.as_persona('anon', format(
    'select (support.send_message(%L, %L)).role',
    (select s.session_id from session as s where s.name = p_name), p_content
  )), 60)
$$;
-- As if this much time had passed.
create function pg_temp.wait(p_time interval) returns void language plpgsql as $$
begin
  update private.conversation_counts set minute_at = minute_at - p_time where true;
  update private.visitor_address_counts set minute_at = minute_at - p_time where true;
end;
$$;

-- Per conversation

select pg_temp.from_address('192.0.2.1');
update support.settings set messages_per_session_minute = 3, messages_per_conversation = 5;
select pg_temp.start('one');
select is(pg_temp.say('one'), 'user', 'a message') from generate_series(1, 3);
select is(pg_temp.say('one'), 'PT429 support_messages_rate_limited', 'a fourth within a minute');
select pg_temp.from_address('192.0.2.2');
select is(pg_temp.say('one'), 'PT429 support_messages_rate_limited', 'also from another address');
select pg_temp.wait('61 seconds');
select is(pg_temp.say('one'), 'user', 'and again after it');
select is(pg_temp.say('one'), 'user', 'up to the limit of the conversation');
select is(pg_temp.say('one'), 'PT409 support_messages_limit_reached', 'and no more');
select is((select count(*) from support.messages), 5::bigint, 'what was refused is not stored');

-- The hint says how long to wait.

create function pg_temp.hint(p_statement text) returns text language plpgsql as $$
declare
  v_hint text;
begin
  execute p_statement;
  return null;
exception
  when sqlstate 'PT429' then
    get stacked diagnostics v_hint = pg_exception_hint;
    return v_hint;
end;
$$;
select pg_temp.from_address('192.0.2.3');
select pg_temp.start('two');
select pg_temp.say('two') from generate_series(1, 3);
select pg_temp.wait('20 seconds');
select matches(
  pg_temp.hint(format('select private.send_message(%L, %L, null)', session_id, 'Hello')),
  '^Try again in (39|40) seconds\.$', 'of the minute, what is left'
) from session where name = 'two';

-- Per address

update support.settings set messages_per_session_minute = 100, messages_per_conversation = null,
  messages_per_address_minute = 4, messages_per_address_day = 6;
select pg_temp.from_address('spoofed, 198.51.100.1');
select pg_temp.start('three');
select pg_temp.start('four');
select is(pg_temp.say('three') || ' ' || pg_temp.say('four'), 'user user', 'two conversations of an address')
from generate_series(1, 2);
select pg_temp.from_address('8.8.8.8, 198.51.100.1');
select is(pg_temp.say('three'), 'PT429 support_messages_rate_limited',
  'share its limit, whatever the visitor writes in front of it');
select pg_temp.wait('61 seconds');
select is(pg_temp.say('three') || ' ' || pg_temp.say('four'), 'user user', 'after the minute they go on');
select is(pg_temp.say('three'), 'PT429 support_address_limit_reached', 'until the limit of the day');
select pg_temp.wait('1 hour');
select is(pg_temp.say('three'), 'PT429 support_address_limit_reached', 'which no minute ends');
select pg_temp.from_address('198.51.100.2');
select is(pg_temp.say('three'), 'user', 'another address has its own');
select pg_temp.from_address('2001:db8:0:1::1');
select is(pg_temp.say('three'), 'user', 'an IPv6 address') from generate_series(1, 2);
select pg_temp.from_address('2001:db8:0:1:ffff::2');
select is(pg_temp.say('three') || ' ' || pg_temp.say('three'), 'user user', 'its neighbour in the /64');
select is(pg_temp.say('three'), 'PT429 support_messages_rate_limited', 'shares its limit');
select set_config('request.headers', '', true);
select is(pg_temp.say('three'), 'user', 'a caller without a readable address') from generate_series(1, 4);
select pg_temp.from_address('rubbish');
select is(pg_temp.say('three'), 'PT429 support_messages_rate_limited', 'shares one limit with all others');

update support.settings set conversations_per_address_day = 2, bytes_per_address_day = 5000,
  messages_per_address_minute = null, messages_per_address_day = null;
select pg_temp.from_address('203.0.113.1');
select is(pg_temp.start('five') ~ '^PT', false, 'a conversation');
select is(pg_temp.start('six') ~ '^PT', false, 'another');
select is(pg_temp.start('seven'), 'PT429', 'and no third on that day');
select is(pg_temp.say('five', repeat('ä', 1500)), 'user', '3000 bytes');
select is(pg_temp.say('six', repeat('ä', 1500)), 'PT429 support_address_limit_reached',
  'bytes are counted, of all conversations');
select pg_temp.from_address('203.0.113.2');
select is(
  pg_temp.as_persona('anon', format('select support.save_contact(%L, %L)', session_id, repeat('x', 200))),
  null, 'contact data counts'
) from session cross join generate_series(1, 7) where name = 'five';
select is(
  pg_temp.as_persona('anon', format('select support.save_contact(%L, %L)', session_id, repeat('x', 200))),
  'PT429 support_address_limit_reached', 'as what is stored'
) from session where name = 'five';

-- With an account: plain inserts are held to the same

update support.settings set messages_per_session_minute = 3, bytes_per_address_day = null;
select pg_temp.from_address('203.0.113.3');
create function pg_temp.insert_own(p_count integer, p_id text default 'e1000000-0000-4000-8000-000000000001')
returns text language sql as $$
  select pg_temp.as_persona('stranger', format($q$ with i as (
      insert into support.messages (conversation_id, role, content)
      select %L, 'user', 'Hi' from generate_series(1, %s) returning 1
    ) select count(*) from i $q$, p_id, p_count))
$$;
select is(
  pg_temp.as_persona('stranger', $$ insert into support.conversations (id)
    values ('e1000000-0000-4000-8000-000000000001') returning user_id $$),
  '00000000-0000-4000-8000-00000000000a', 'a conversation of an account'
);
select is(pg_temp.insert_own(4), 'PT429 support_messages_rate_limited', 'many messages in one statement');
select is(pg_temp.insert_own(3), '3', 'as many as it may');
select is(pg_temp.insert_own(1), 'PT429 support_messages_rate_limited', 'and no more');
select is(
  pg_temp.as_persona('stranger', $$ insert into support.messages (conversation_id, role, content)
    values ('e1000000-0000-4000-8000-000000000001', 'user', E' \u2003\n') $$),
  'PT422 support_message_invalid', 'a blank message'
);
select is(
  pg_temp.as_persona('stranger', $$ insert into support.messages (conversation_id, role, content)
    values ('e1000000-0000-4000-8000-000000000001', 'user', repeat('ä', 4097)) $$),
  'PT413 support_message_too_large', 'and one that is too large'
);
select pg_temp.from_address('203.0.113.4');
select is(
  pg_temp.as_persona('stranger', 'insert into support.conversations default values returning status'),
  'active', 'a second conversation'
);
select pg_temp.from_address('203.0.113.5');
select is(
  pg_temp.as_persona('stranger', 'insert into support.conversations default values returning status'),
  'PT429 support_conversations_limit_reached', 'an account has its limit, from many addresses as well'
);
select is(pg_temp.start('eight', 'stranger'), 'PT429', 'also in the function');
select is(
  pg_temp.as_persona('agent', $$ with i as (insert into support.conversations (session_id)
    select 'x' || n from generate_series(1, 5) as n returning 1) select count(*) from i $$),
  '5', 'the team is not held to it'
);
select is(
  (select count(*) from support.messages where conversation_id = 'e1000000-0000-4000-8000-000000000001'),
  3::bigint, 'what was refused is not stored'
);

-- What is counted, is so for a day.

select isnt((select count(*) from private.visitor_address_counts), 0::bigint, 'there are counts');
update private.visitor_address_counts set day = day - 1 where true;
insert into private.visitor_address_keys (day) values ((now() at time zone 'UTC')::date - 1)
on conflict do nothing;
select cmp_ok(private.prune_visitor_counts(), '>', 0, 'the next day they are deleted');
select is((select count(*) from private.visitor_address_counts), 0::bigint, 'all of them');
select set_eq('select day from private.visitor_address_keys',
  array[(now() at time zone 'UTC')::date, (now() at time zone 'UTC')::date + 1], 'and so is the key');

select * from finish();
rollback;
