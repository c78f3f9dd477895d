-- Service levels of issues whose fix waits for its gate, while they are merged, unlinked, or the fix is taken
-- back: an answer is owed by who will give it, and by nobody else.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
select plan(21);

delete from public.service_policies;
delete from private.service_marks;
insert into public.service_policies (name, clock, applies_from, answer_minutes)
values ('Answers', 'wall', now() - interval '30 days', 600);
update public.loop_settings set ship_gate = 'person', reply_mode = 'automatic';

create function pg_temp.message_of(p_message_id text, p_name text) returns void language sql as $$
  insert into public.circle_issues (
    message_id, title, author_name, posted_at, chat_room_uuid, mapped_to_issue_id
  )
  values (
    p_message_id, 'Export fails', 'Member ' || p_message_id, now() - interval '2 hours',
    '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', pg_temp.id_of(p_name)
  )
$$;
create function pg_temp.reported(p_name text, p_message_id text, p_age interval) returns void
language plpgsql as $$
begin
  perform pg_temp.report(p_name, p_age);
  perform pg_temp.message_of(p_message_id, p_name);
end;
$$;
create function pg_temp.merge(p_source text, p_into text) returns void language sql as $$
  select public.merge_issues(pg_temp.id_of(p_source), pg_temp.id_of(p_into))
$$;
create function pg_temp.unmerge(p_source text) returns void language sql as $$
  select public.unmerge_issues(pg_temp.id_of(p_source))
$$;
create function pg_temp.fix(p_number integer, p_name text) returns void language sql as $$
  select pg_temp.send(p_number, 30, pg_temp.fixes(p_name), pg_temp.merged_ago(30))
$$;
create function pg_temp.ship(p_name text) returns void language sql as $$
  select public.ship_issue(pg_temp.number_of(p_name))
$$;
create function pg_temp.arrive() returns void language sql as $$
  select public.finish_delivery(c.id, c.fencing_token) from public.claim_deliveries('circle', 50) as c
$$;
-- Which of these issues owe an answer.
create function pg_temp.owing() returns text language plpgsql as $$
begin
  perform private.run_service_levels();
  return coalesce((
    select string_agg(m.name, ' ' order by m.name) from public.open_service_targets as t
    join made as m on m.id = t.issue_id where t.stage = 'answer'
  ), '-');
end;
$$;
create function pg_temp.told(p_name text) returns text language sql as $$
  select coalesce(string_agg(e.reference, ' ' order by e.reference collate "C"), '-')
  from public.loop_events as e where e.issue_id = pg_temp.id_of(p_name) and e.hop = 'answered'
$$;

-- The link moves with the duplicate

select pg_temp.reported('a', '1', '3 hours');
select pg_temp.reported('b', '2', '2 hours');
select pg_temp.engineer('x');
select pg_temp.link('b', 'x');
select pg_temp.fix(1, 'x');
select is(pg_temp.owing(), 'b', 'an issue that is fixed owes an answer');
select pg_temp.merge('b', 'a');
select is(pg_temp.owing(), 'a', 'merged, the older issue does');
select pg_temp.unmerge('b');
select is(pg_temp.owing(), 'b', 'undone, it does again, and the older issue does not');
select pg_temp.merge('b', 'a');
select pg_temp.ship('x');
select pg_temp.arrive();
select is(pg_temp.owing(), '-', 'once it has shipped and all were told, nobody does');
select is(pg_temp.told('a') || '; ' || pg_temp.told('b'), '1 2; -', 'each was told once');
select pg_temp.unmerge('b');
select pg_temp.arrive();
select is(
  concat_ws('; ', pg_temp.owing(), pg_temp.told('a'), pg_temp.told('b')), '-; 1 2; 2',
  'taken apart after that, nobody is told again'
);

-- Each keeps an engineering issue of its own

select pg_temp.reported('c', '3', '3 hours');
select pg_temp.reported('d', '4', '2 hours');
select pg_temp.engineer('y');
select pg_temp.engineer('z');
select pg_temp.link('c', 'y');
select pg_temp.link('d', 'z');
select pg_temp.fix(2, 'z');
select pg_temp.merge('d', 'c');
select is(pg_temp.owing(), '-', 'a fix of the duplicate alone owes nothing');
select pg_temp.ship('z');
select pg_temp.arrive();
select is(pg_temp.told('c') || '; ' || pg_temp.told('d'), '-; -', 'and answers nobody');
select pg_temp.fix(3, 'y');
select is(pg_temp.owing(), 'c', 'the older issue''s fix does');
select pg_temp.ship('y');
select pg_temp.arrive();
select is(
  concat_ws('; ', pg_temp.owing(), pg_temp.told('c'), pg_temp.told('d')), '-; 3 4; -',
  'it answers everybody'
);

-- Into an issue that is resolved

select pg_temp.reported('e', '5', '3 hours');
select pg_temp.reported('f', '6', '2 hours');
select pg_temp.engineer('w');
select pg_temp.link('f', 'w');
select pg_temp.fix(4, 'w');
update public.issues set status = 'resolved', resolved_by = 'Maya' where id = pg_temp.id_of('e');
update public.deliveries set status = 'pending' where issue_id = pg_temp.id_of('e');
select pg_temp.merge('f', 'e');
select is(
  (
    select string_agg(d.payload #>> '{reporters,0}', ' ' order by d.id) from public.deliveries as d
    where d.issue_id = pg_temp.id_of('e') and d.status in ('draft', 'pending')
  ), '5 6', 'one that a person has resolved answers who comes to it'
);
select pg_temp.ship('w');
select is(
  (
    select count(*)::integer from public.deliveries
    where issue_id in (pg_temp.id_of('e'), pg_temp.id_of('f'))
  ), 2, 'and nobody again when the fix ships'
);

-- A fix that is taken back

select pg_temp.reported('g', '7', '2 hours');
select pg_temp.engineer('v');
select pg_temp.link('g', 'v');
select pg_temp.fix(5, 'v');
select is(pg_temp.owing(), 'e g', 'a fix that waits');
select pg_temp.send(5, 29, 'nothing', pg_temp.merged_ago(30));
select is(pg_temp.owing(), 'e', 'its words were wrong: nothing is owed');
select pg_temp.send(5, 28, pg_temp.fixes('v'), pg_temp.merged_ago(30));
select is(pg_temp.owing(), 'e g', 'they are right again');
update public.exai_issues set status = 'wont_fix' where id = pg_temp.id_of('v');
select is(pg_temp.owing(), 'e', 'it is not planned');
update public.exai_issues set status = 'fixed' where id = pg_temp.id_of('v');
select is(pg_temp.owing(), 'e g', 'a person sets it to fixed');
update public.exai_issues set status = 'open' where id = pg_temp.id_of('v');
select is(pg_temp.owing(), 'e', 'and takes that back');
update public.exai_issues set status = 'fixed' where id = pg_temp.id_of('v');
select public.unlink_issue(pg_temp.id_of('g'));
select is(pg_temp.owing(), 'e', 'its issue is unlinked');
select public.link_issue(pg_temp.id_of('g'), pg_temp.number_of('v'));
select is(pg_temp.owing(), 'e g', 'and linked again');
delete from public.exai_issues where id = pg_temp.id_of('v');
select is(pg_temp.owing(), 'e', 'the engineering issue is deleted');

select * from finish();
rollback;
