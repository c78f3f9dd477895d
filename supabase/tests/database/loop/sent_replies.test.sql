-- Replies that were posted and not seen yet, while something else changes: whoever may have been told is not
-- told again, and what arrives is known.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir ../helpers/personas.psql
\ir ../helpers/github.psql
\ir ../helpers/closing.psql
select plan(21);

create function pg_temp.message_of(p_message_id text, p_name text) returns void language sql as $$
  insert into public.circle_issues (
    message_id, title, author_name, posted_at, chat_room_uuid, mapped_to_issue_id
  ) values (p_message_id, 'Export fails', 'Member ' || p_message_id, now() - interval '1 hour',
    '5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b77', pg_temp.id_of(p_name))
$$;
-- Two duplicates of one engineering issue, each with a reporter: the second is the younger one.
create function pg_temp.duplicates(p_number integer) returns void language plpgsql as $$
begin
  perform pg_temp.engineer('x' || p_number);
  perform pg_temp.report('old' || p_number, '3 hours'), pg_temp.report('new' || p_number, '2 hours');
  perform pg_temp.message_of(p_number || '1', 'old' || p_number);
  perform pg_temp.message_of(p_number || '2', 'new' || p_number);
  perform pg_temp.link('new' || p_number, 'x' || p_number);
end;
$$;
create function pg_temp.merge(p_number integer) returns void language sql as $$
  select public.merge_issues(pg_temp.id_of('new' || p_number), pg_temp.id_of('old' || p_number))
$$;
create function pg_temp.unmerge(p_number integer) returns void language sql as $$
  select public.unmerge_issues(pg_temp.id_of('new' || p_number))
$$;
create function pg_temp.fix(p_number integer) returns void language sql as $$
  select pg_temp.send(p_number, 30, pg_temp.fixes('x' || p_number), pg_temp.merged_ago(30))
$$;
create temp table claimed (id bigint, fencing_token bigint, reporter text) on commit drop;
-- Everything that is due is posted, and Circle does not show it yet.
create function pg_temp.post() returns void language plpgsql as $$
begin
  delete from claimed;
  insert into claimed select c.id, c.fencing_token, c.payload #>> '{reporters,0}'
  from public.claim_deliveries('circle', 200) as c;
  perform public.mark_delivery_sent(c.id, c.fencing_token) from claimed as c;
end;
$$;
create function pg_temp.lose_sight() returns void language sql as $$
  select public.fail_delivery(c.id, c.fencing_token, 'not_seen', null, 120) from claimed as c
$$;
create function pg_temp.see() returns void language plpgsql as $$
begin
  update private.delivery_queue set next_attempt_at = now() where not is_leased;
  insert into claimed select c.id, c.fencing_token, c.payload #>> '{reporters,0}'
  from public.claim_deliveries('circle', 200) as c;
  perform public.finish_delivery(c.id, c.fencing_token)
  from (select distinct on (o.id) o.* from claimed as o order by o.id, o.fencing_token desc) as c
  where exists (select from public.deliveries as d where d.id = c.id);
  delete from claimed;
end;
$$;
create function pg_temp.replies_of(p_name text) returns text language sql as $$
  select coalesce(string_agg(
    d.status || ' ' || (d.payload #>> '{reporters,0}'), ', ' order by d.payload #>> '{reporters,0}', d.id
  ), '-')
  from public.deliveries as d where d.issue_id = pg_temp.id_of(p_name)
$$;
create function pg_temp.told(p_reporter text) returns text language sql as $$
  select concat_ws(' ', count(*) filter (where d.status = 'delivered'), count(*) filter (
    where d.status in ('draft', 'pending')
  )) from public.deliveries as d where d.payload #>> '{reporters,0}' = p_reporter and d.kind = 'fixed'
$$;
create function pg_temp.answers_of(p_name text) returns text language sql as $$
  select coalesce(string_agg(e.reference, ', ' order by e.reference collate "C"), '-')
  from public.loop_events as e where e.issue_id = pg_temp.id_of(p_name) and e.hop = 'answered'
$$;
update public.loop_settings set reply_mode = 'automatic';

-- A merge is undone after the post

select pg_temp.duplicates(1), pg_temp.merge(1), pg_temp.fix(1), pg_temp.post();
select pg_temp.unmerge(1);
select is(pg_temp.status_of('new1'), 'resolved Fixloop', 'the same fix resolves the duplicate');
select is(
  pg_temp.replies_of('old1') || '; ' || pg_temp.replies_of('new1'), 'pending 11; pending 12',
  'whose reply is the one that was posted'
);
select pg_temp.see();
select is(pg_temp.told('12'), '1 0', 'its reporter is told once');
select is(pg_temp.answers_of('old1') || '; ' || pg_temp.answers_of('new1'), '11; 12', 'each as their own');

select pg_temp.duplicates(2), pg_temp.merge(2), pg_temp.fix(2), pg_temp.post(), pg_temp.lose_sight();
select pg_temp.unmerge(2);
select is(pg_temp.replies_of('new2'), 'pending 22', 'the same between two looks at the thread');
select pg_temp.see();
select is(pg_temp.told('22') || ', ' || pg_temp.answers_of('new2'), '1 0, 22', 'told once');

select pg_temp.duplicates(3), pg_temp.merge(3), pg_temp.fix(3);
insert into claimed select c.id, c.fencing_token, c.payload #>> '{reporters,0}'
from public.claim_deliveries('circle', 200) as c;
select pg_temp.unmerge(3);
select is(
  string_agg(coalesce(public.mark_delivery_sent(c.id, c.fencing_token)::text, 'not posted'), ', ')
    filter (where c.reporter = '32'),
  'not posted', 'one that was about to be posted is not'
) from claimed as c;
delete from claimed;
select pg_temp.see();
select is(pg_temp.told('32'), '1 0', 'and the duplicate''s is');

select pg_temp.duplicates(4), pg_temp.merge(4), pg_temp.fix(4);
delete from public.issue_links where issue_id = pg_temp.id_of('old4');
select pg_temp.post(), pg_temp.unmerge(4);
select is(pg_temp.status_of('new4'), 'waiting_for_help', 'one that no fix has resolved');
select pg_temp.see();
select is(
  pg_temp.replies_of('new4') || '; ' || pg_temp.answers_of('new4'), 'draft 42; -',
  'is not answered: its reporter has a correction as a draft'
);

-- An issue is deleted after the post

select pg_temp.duplicates(5), pg_temp.link('old5', 'x5'), pg_temp.fix(5), pg_temp.merge(5), pg_temp.post();
delete from public.issues where id = pg_temp.id_of('new5');
select is(
  pg_temp.replies_of('old5'), 'pending 51, pending 52', 'the duplicate: its reply is the older one''s'
);
select pg_temp.see();
select is(pg_temp.told('52') || ', ' || pg_temp.answers_of('old5'), '1 0, 51, 52', 'and is told once');

select pg_temp.duplicates(6), pg_temp.merge(6), pg_temp.fix(6), pg_temp.post(), pg_temp.lose_sight();
delete from public.issues where id = pg_temp.id_of('old6');
select is(pg_temp.replies_of('new6'), 'pending 62', 'the older one: its reply is the duplicate''s');
select pg_temp.see();
select is(pg_temp.told('62') || ', ' || pg_temp.answers_of('new6'), '1 0, 62', 'and is told once');

-- Cancelled after the post

select pg_temp.duplicates(7), pg_temp.fix(7), pg_temp.post(), pg_temp.lose_sight();
update public.issues set status = 'in_progress' where id = pg_temp.id_of('new7');
select is(pg_temp.replies_of('new7'), 'pending 72', 'reopened, a reply that was posted may have arrived');
select pg_temp.see();
select is(
  pg_temp.replies_of('new7') || ', ' || pg_temp.answers_of('new7'), 'delivered 72, draft 72, 72',
  'and if it has, there is a correction'
);
select pg_temp.duplicates(8), pg_temp.fix(8), pg_temp.post(), pg_temp.lose_sight();
update public.issues set status = 'in_progress' where id = pg_temp.id_of('new8');
update private.delivery_queue set next_attempt_at = now() where not is_leased;
select is(
  (
    select public.mark_delivery_sent(c.id, c.fencing_token)
    from public.claim_deliveries('circle', 200) as c where c.payload -> 'reporters' ? '82'
  ), null, 'if it has not, it is not posted again'
);
select is(pg_temp.replies_of('new8'), 'cancelled 82', 'but cancelled');

-- A second escalation of a conversation

create function pg_temp.escalate(p_number integer, p_age interval) returns void language sql as $$
  update support.escalations set status = 'resolved' where issue_id = pg_temp.id_of('s');
  insert into support.escalations (id, conversation_id, issue_type, original_request, issue_id, created_at)
  values (format('0e000000-0000-4000-8000-00000000000%s', p_number)::uuid,
    '0c000000-0000-4000-8000-000000000001', 'a', 'A', pg_temp.id_of('s'), now() - p_age)
$$;
insert into support.conversations (id, session_id) values ('0c000000-0000-4000-8000-000000000001', 'first');
select pg_temp.report('s', '3 hours'), pg_temp.escalate(1, '2 hours');
update public.issues set status = 'resolved' where id = pg_temp.id_of('s');
select pg_temp.escalate(2, '1 hour');
select public.approve_delivery(d.id) from public.deliveries as d where d.issue_id = pg_temp.id_of('s');
select is(public.begin_deliver(), 1, 'a conversation is told once');
select is(
  pg_temp.answers_of('s'), '0e000000-0000-4000-8000-000000000001, 0e000000-0000-4000-8000-000000000002',
  'of all that was asked in it until then'
);
select pg_temp.escalate(3, '30 minutes'), pg_temp.escalate(4, '-1 minute');
select is(
  right(pg_temp.answers_of('s'), 36), '0e000000-0000-4000-8000-000000000003',
  'also where that became known later; what is asked after the answer was not answered'
);

select * from finish();
rollback;
