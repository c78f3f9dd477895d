-- The queue of the outbox: leases and fences, the schedule of attempts, dead letters, and endpoints that are
-- switched off.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(52);

\ir ../helpers/personas.psql

delete from public.webhook_endpoints;
delete from public.deliveries;
-- rolled back with the rest, as setval() would not be
alter sequence public.deliveries_id_seq restart 1000;
insert into public.webhook_endpoints (id, name, url, kind) values
  ('0b000000-0000-4000-8000-000000000001', 'First', 'https://example.org/1', 'webhook'),
  ('0b000000-0000-4000-8000-000000000002', 'Second', 'https://hooks.slack.com', 'slack');
create function pg_temp.enqueue(p_ids bigint[], p_after timestamptz default now()) returns void
language sql as $$
  insert into public.deliveries (id, channel, kind, endpoint_id, dedupe_key, deliver_after)
  select i, 'webhook', 'event', '0b000000-0000-4000-8000-000000000001', 'event:' || i, p_after
  from unnest(p_ids) as i
$$;
create temp table claim (id bigint, token bigint, attempt integer) on commit drop;
create function pg_temp.claim(p_max integer default 20) returns bigint[] language sql as $$
  with claimed as (
    insert into claim select c.id, c.fencing_token, c.attempt
    from public.claim_deliveries('webhook', p_max, 60) as c returning id
  )
  select coalesce(array_agg(id order by id), '{}') from claimed
$$;
create function pg_temp.token(p_id bigint) returns bigint language sql as $$
  select max(c.token) from claim as c where c.id = p_id
$$;
create function pg_temp.make_due(p_id bigint) returns void language sql as $$
  update private.delivery_queue set next_attempt_at = now() - interval '1 minute' where delivery_id = p_id
$$;
create function pg_temp.wait(p_id bigint) returns integer language sql as $$
  select round(extract(epoch from q.next_attempt_at - clock_timestamp()))::integer
  from private.delivery_queue as q where q.delivery_id = p_id
$$;
-- What one of our own errors looks like.
create function pg_temp.outcome(p_statement text) returns text language plpgsql as $$
declare
  v_value text;
begin
  execute p_statement into v_value;
  return v_value;
exception
  when sqlstate 'PT409' then return sqlerrm;
end;
$$;

-- Claims

select pg_temp.enqueue('{1,2,3}');
select pg_temp.enqueue('{4}', now() + interval '1 hour');
select is(pg_temp.claim(2), '{1,2}', 'the longest due are claimed first');
select is(pg_temp.claim(), '{3}', 'what is leased is not claimed again, nor what is not due');
select is(pg_temp.claim(), '{}', 'nothing is left');
select is(
  (select count(*)::integer from public.claim_deliveries('slack')), 0, 'each channel has its own'
);
select is((select array_agg(c.attempt) from claim as c), '{1,1,1}', 'each is the first attempt');
select pg_temp.make_due(1);
select is(pg_temp.claim(1), '{1}', 'a lease that has run out is claimed by somebody else');
select is((select max(c.attempt) from claim as c where c.id = 1), 2, 'and that was an attempt');
select is(
  pg_temp.outcome(format('select public.finish_delivery(1, %s)', (
    select min(c.token) from claim as c where c.id = 1
  ))),
  'loop_delivery_lease_expired', 'who had it before finishes nothing'
);
select is(
  pg_temp.outcome(format('select public.fail_delivery(1, %s, ''x'')', (
    select min(c.token) from claim as c where c.id = 1
  ))),
  'loop_delivery_lease_expired', 'and fails nothing'
);
select is(
  pg_temp.outcome('select public.finish_delivery(2, ' || pg_temp.token(2) || ', ''200'')'), null,
  'whose lease has run out, but who is the last to have it, finishes it'
);
select results_eq(
  'select status, reference, attempts_count, delivered_at is not null from public.deliveries where id = 2',
  $$ values ('delivered', '200', 1, true) $$, 'it is delivered'
);
select is(
  pg_temp.outcome('select public.finish_delivery(2, ' || pg_temp.token(2) || ')'), null, 'repeated, the same'
);
select is(
  public.finish_deliveries('{1,3,99}', array[pg_temp.token(1), 1, 1], '{204}'), '{1}',
  'of several, those whose token is the current one'
);
select is(
  (select array_agg(q.delivery_id order by q.delivery_id) from private.delivery_queue as q), '{3,4}',
  'what is delivered leaves the queue'
);

-- Failures

select is(
  public.fail_delivery(3, pg_temp.token(3), 'status_500', 500), 'pending', 'a failure is tried again'
);
select ok(pg_temp.wait(3) between 4 and 7, 'after five seconds and a little more');
select results_eq(
  'select status_code, error, is_counted from private.delivery_attempts where delivery_id = 3',
  $$ values (500, 'status_500', true) $$, 'and recorded'
);
create temp table waited (attempt integer, low integer, high integer) on commit drop;
insert into waited values
  (2, 300, 360), (3, 1800, 2160), (4, 7200, 8640), (5, 18000, 21600), (6, 36000, 43200), (7, 50400, 60480),
  (8, 72000, 86400), (9, 86400, 103680);
create function pg_temp.fail_once() returns integer language plpgsql as $$
begin
  perform pg_temp.make_due(3);
  perform pg_temp.claim();
  perform public.fail_delivery(3, pg_temp.token(3), 'timeout');
  return pg_temp.wait(3);
end;
$$;
select ok(
  f.seconds >= w.low - 2 and f.seconds <= w.high + 2,
  format('after attempt %s the next waits %s seconds and up to a fifth more', w.attempt, w.low)
)
from waited as w cross join lateral (select pg_temp.fail_once() as seconds where w.attempt > 0) as f;
select is(pg_temp.fail_once(), null, 'the tenth was the last');
select results_eq(
  'select status, attempts_count, last_error from public.deliveries where id = 3',
  $$ values ('dead', 10, 'timeout') $$, 'it is a dead letter'
);
select isnt(
  (select e.failing_since from public.webhook_endpoints as e where e.name = 'First'), null,
  'and its endpoint fails since the first'
);

-- Outside faults

select public.finish_deliveries(array_agg(q.delivery_id), array_agg(q.fencing_token), null)
from private.delivery_queue as q;
delete from private.delivery_queue;
update public.webhook_endpoints set failing_since = null;
select pg_temp.enqueue('{5,6}');
select is(pg_temp.claim(), '{5,6}', 'two more');
select is(
  public.fail_delivery(5, pg_temp.token(5), 'status_429', 429, 600, false), 'pending', 'a rate limit passes'
);
select ok(pg_temp.wait(5) between 595 and 601, 'after the time that Retry-After has');
select results_eq(
  'select attempts_count, is_leased from private.delivery_queue where delivery_id = 5',
  $$ values (0, false) $$, 'and is not an attempt'
);
select results_eq(
  $$ select failing_since is null, rests_until > now() + interval '590 seconds' from public.webhook_endpoints
     where name = 'First' $$,
  $$ values (true, true) $$, 'the endpoint rests, and does not fail'
);
select is(
  public.fail_delivery(6, pg_temp.token(6), 'status_503', 503, 7200), 'pending', 'a failure with Retry-After'
);
select ok(pg_temp.wait(6) between 7195 and 7201, 'is not tried before');
update public.deliveries set created_at = now() - interval '8 days' where id = 5;
select pg_temp.make_due(5);
select pg_temp.claim();
select public.fail_delivery(5, pg_temp.token(5), 'endpoint_rests', null, 30, false);
select is(
  (select q.attempts_count from private.delivery_queue as q where q.delivery_id = 5), 0,
  'a draft of long ago has all its time'
);
update public.deliveries set deliver_after = now() - interval '8 days' where id = 5;
select pg_temp.make_due(5);
select pg_temp.claim();
select public.fail_delivery(5, pg_temp.token(5), 'endpoint_rests', null, 30, false);
select is(
  (select q.attempts_count from private.delivery_queue as q where q.delivery_id = 5), 1,
  'after a week everything counts, so that nothing waits forever'
);
select pg_temp.make_due(5);
select pg_temp.claim();
select is(
  public.finish_deliveries('{5}', array[pg_temp.token(5)], '{200}'), '{5}', 'a delivery that comes through'
);
select is(
  (
    select row(e.failing_since, e.rests_until)::text from public.webhook_endpoints as e
    where e.name = 'First'
  ),
  '(,)', 'ends the endpoint''s failure'
);

-- Endpoints that are given up

select pg_temp.make_due(6);
select pg_temp.claim();
select pg_temp.enqueue('{7,8}');
select pg_temp.claim(1);
select is(
  public.fail_delivery(6, pg_temp.token(6), 'status_410', 410, null, true, true), 'dead', '410 is final'
);
select results_eq(
  $$ select is_active, disabled_reason from public.webhook_endpoints where name = 'First' $$,
  $$ values (false, 'gone') $$, 'and switches the endpoint off'
);
select results_eq(
  $$ select q.is_leased, d.status from public.deliveries as d
     left join private.delivery_queue as q on q.delivery_id = d.id
     where d.id in (7, 8) order by d.status $$,
  $$ values (null, 'dead'), (true, 'pending') $$, 'what waits for it is dead, but for what is under way'
);
select results_eq(
  $$ select channel, payload ->> 'type', payload #>> '{data,reason}' from public.deliveries
     where kind = 'endpoint_disabled' $$,
  $$ values ('slack', 'endpoint.disabled', 'gone') $$, 'Slack is told'
);
update public.webhook_endpoints set is_active = true where name = 'First';
update public.webhook_endpoints set failing_since = now() - interval '5 days 1 minute' where name = 'First';
select is(public.replay_deliveries(), 3, 'an admin replays what is dead, when the endpoint is on again');
select results_eq(
  $$ select count(*)::integer, min(q.attempts_count) from private.delivery_queue as q
     join public.deliveries as d on d.id = q.delivery_id
     where d.status = 'pending' and d.channel = 'webhook' $$,
  $$ values (4, 0) $$, 'with all attempts'
);
select pg_temp.claim(1);
select public.fail_delivery(c.id, c.token, 'timeout') from claim as c order by c.token desc limit 1;
select is(
  (select e.disabled_reason from public.webhook_endpoints as e where e.name = 'First'), 'failing',
  'five days without a delivery switch it off too'
);
select is(public.replay_deliveries(), 0, 'while it is off nothing is replayed');

-- Wakes, and the end

update public.agent_settings set functions_url = 'http://functions.invalid/functions/v1';
delete from private.function_tickets;
select set_config('app.deliver_requested', '', true);
update public.webhook_endpoints set is_active = true where name = 'First';
select pg_temp.enqueue('{20}');
select pg_temp.enqueue('{21}');
select is(
  (select count(*)::integer from private.function_tickets where function_name = 'deliver'), 1,
  'a transaction wakes the function once'
);
select is(private.run_deliveries(), false, 'so does the sweep');
select set_config('app.deliver_requested', '', true);
select is(private.run_deliveries(), true, 'which calls it where something is due');
update public.deliveries set created_at = now() - interval '91 days';
select ok(private.prune_deliveries() > 0, 'what is old is deleted');
select is(
  (select string_agg(distinct d.status, ' ') from public.deliveries as d), 'pending',
  'but for what is pending'
);

select * from finish();
rollback;
