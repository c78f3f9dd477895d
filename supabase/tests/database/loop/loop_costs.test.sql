-- What an answer costs: all attempts of all tasks of its engineering issue, divided among the answers.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(34);

\ir ../helpers/personas.psql
\ir ../helpers/queue.psql
update public.agent_settings set running_tasks_per_user = null, running_tasks_per_project = null;
create function pg_temp.issue(p_number integer) returns uuid language sql as $$
  select format('70000000-0000-4000-8000-%s', lpad(p_number::text, 12, '0'))::uuid
$$;
create function pg_temp.week(p_weeks integer) returns date language sql as $$
  select date_trunc('week', now() at time zone 'UTC')::date - 7 * p_weeks
$$;
-- A claim of a task of an engineering issue by a worker of its own name, and how its attempt ends.
create function pg_temp.dispatch(p_name text, p_exai_issue integer) returns bigint language plpgsql as $$
declare
  v_id constant bigint := pg_temp.task('stranger', 'priority = 100');
begin
  insert into public.exai_issue_tasks (task_id, exai_issue_id) values (v_id, pg_temp.issue(p_exai_issue));
  update public.tasks set run_after = now() + interval '1 day' where status = 'pending' and id <> v_id;
  perform pg_temp.claim(p_name);
  return v_id;
end;
$$;
create function pg_temp.fail(p_name text, p_metadata text, p_is_retryable boolean) returns text
language plpgsql as $$
begin
  return pg_temp.ask('service_role', format(
    $f$ select public.fail_task(
      @%s, error => 'x', retryable => %L, execution_metadata => %L
    ) ->> 'status' $f$, p_name, p_is_retryable, p_metadata
  ));
end;
$$;
create function pg_temp.complete(p_name text, p_metadata text) returns text language plpgsql as $$
begin
  return pg_temp.ask('service_role', format(
    $f$ select public.complete_task(@%s, execution_metadata => %L) ->> 'status' $f$, p_name, p_metadata
  ));
end;
$$;
create function pg_temp.claim_again(p_name text) returns text language plpgsql as $$
begin
  update public.tasks set run_after = now() - interval '1 day' where id = pg_temp.task_of(p_name);
  return pg_temp.claim(p_name);
end;
$$;
create function pg_temp.metadata_of(p_name text) returns jsonb language sql as $$
  select execution_metadata from public.tasks where id = pg_temp.task_of(p_name)
$$;
create function pg_temp.costs() returns table (
  weeks_ago integer, answers bigint, cost numeric, per_answer numeric, tasks bigint, unpriced bigint,
  unanswered numeric
) language plpgsql as $$
begin
  perform private.run_loop_costs(true);
  return query
  select (pg_temp.week(0) - c.week) / 7, c.answers_count, c.cost_usd, c.cost_per_answer_usd, c.tasks_count,
    c.unpriced_tasks_count, c.unanswered_cost_usd
  from loop_costs as c;
end;
$$;

delete from loop_events;
delete from exai_issue_tasks;
insert into issues (id, title) select pg_temp.issue(n), 'Issue ' || n from generate_series(1, 4) as n;
delete from loop_events;
insert into exai_issues (id, title)
select pg_temp.issue(n), 'Engineering ' || n from generate_series(11, 12) as n;
-- Two issues of one engineering issue; one of another; one that nobody engineers.
insert into issue_links (issue_id, exai_issue_id) values (pg_temp.issue(1), pg_temp.issue(11)),
  (pg_temp.issue(2), pg_temp.issue(11)), (pg_temp.issue(3), pg_temp.issue(12));

-- Attempts

select pg_temp.dispatch('a', 11);
select is(pg_temp.fail('a', '{"cost_usd": 0.3, "model": "m"}', true), 'pending', 'an attempt fails');
select is(pg_temp.metadata_of('a'), '{"model": "m", "earlier_cost_usd": 0.3}',
  'what it cost is spent');
select isnt(pg_temp.claim_again('a'), null, 'there is another one');
select pg_temp.ask('service_role',
  $$ select public.heartbeat_task(@a, execution_metadata => '{"cost_usd": 0.1}') $$);
select pg_temp.ask('service_role',
  $$ select public.heartbeat_task(@a, execution_metadata => '{"cost_usd": 0.2}') $$);
select is(private.task_cost_usd(pg_temp.metadata_of('a')), 0.5, 'a heartbeat has the cost so far');
select pg_temp.expire('a');
select private.reclaim_expired_tasks();
select is(pg_temp.metadata_of('a') -> 'earlier_cost_usd', '0.5', 'which is spent when its lease is lost');
select isnt(pg_temp.claim_again('a'), null, 'the third one');
select is(pg_temp.complete('a', '{"total_cost_usd": "0.3"}'), 'completed',
  'completes it for the price of the first');
select is(private.task_cost_usd(pg_temp.metadata_of('a')), 0.8, 'three attempts are paid');

select pg_temp.dispatch('b', 11);
select is(pg_temp.fail('b', '{"cost_usd": 1.2}', false), 'failed', 'a task fails for good');
select is(pg_temp.metadata_of('b'), '{"cost_usd": 1.2}', 'with its cost');

select pg_temp.dispatch('c', 12);
select is(pg_temp.fail('c', '{"cost_usd": 0.25}', true), 'pending', 'an attempt with a cost');
select pg_temp.claim_again('c');
select is(pg_temp.complete('c', null), 'completed', 'and one without');
select pg_temp.dispatch('d', 12);
select pg_temp.complete('d', '{"tokens": 120000, "currency": "EUR"}');
select pg_temp.dispatch('e', 12);
select pg_temp.complete('e', '{"cost_usd": "1,5 EUR", "cost": 3}');
select pg_temp.dispatch('f', 12);

select results_eq(
  'select * from pg_temp.costs()',
  'values (0, 0::bigint, 0.0000, null::numeric, 5::bigint, 2::bigint, 2.2500)',
  'ended tasks, of which two have no cost; nobody is answered so far'
);

-- Answers: two this week and one three weeks ago of the first engineering issue.

insert into loop_events (issue_id, generation, hop, at, reference) values
  (pg_temp.issue(1), 1, 'answered', now(), 'm1'), (pg_temp.issue(1), 1, 'answered', now(), 'm2'),
  (pg_temp.issue(2), 1, 'answered', pg_temp.week(3) + interval '1 day', 'm3'),
  (pg_temp.issue(4), 1, 'answered', now(), 'm4');
select results_eq(
  'select * from pg_temp.costs() order by weeks_ago',
  $$ values (0, 3::bigint, 1.3333, 0.4444, 5::bigint, 2::bigint, 0.2500),
       (3, 1, 0.6667, 0.6667, 0, 0, 0.0000) $$,
  'two dollars for three answers, and one answer that cost nothing'
);
insert into loop_events (issue_id, generation, hop, at, reference)
values (pg_temp.issue(2), 2, 'answered', now(), 'm3');
select results_eq(
  'select weeks_ago, answers, cost from pg_temp.costs() order by weeks_ago',
  $$ values (0, 4::bigint, 1.5000), (3, 1, 0.5000) $$,
  'who is answered again after a reopening makes the earlier answers cheaper'
);
insert into loop_events (issue_id, generation, hop, at, reference)
values (pg_temp.issue(3), 1, 'answered', now(), 'm5');
select results_eq(
  'select weeks_ago, answers, cost, unanswered from pg_temp.costs() order by weeks_ago',
  $$ values (0, 5::bigint, 1.7500, 0.0000), (3, 1, 0.5000, 0.0000) $$,
  'and what has led to an answer is no longer spent in vain'
);
select is((select sum(cost) from pg_temp.costs()), 2.25, 'all that was spent, once');

-- A task that a person begins again; a null of a client is what it has left out

update public.tasks set status = 'pending', execution_metadata = null where id = pg_temp.task_of('b');
select is(pg_temp.metadata_of('b'), '{"earlier_cost_usd": 1.2}', 'what the attempts before cost is spent');
update public.tasks set status = 'failed' where id = pg_temp.task_of('b');
update public.tasks set status = 'pending' where id = pg_temp.task_of('b');
select is(pg_temp.metadata_of('b'), '{"earlier_cost_usd": 1.2}', 'once');

-- A cost that cannot be read is kept, and named

select pg_temp.dispatch('g', 12);
select is(pg_temp.fail('g', '{"cost_usd": "1,5 EUR"}', true), 'pending', 'an attempt whose cost has a comma');
select is(pg_temp.metadata_of('g'), '{"unread_costs": ["1,5 EUR"]}', 'it is not taken for no cost');
select pg_temp.claim_again('g');
select is(
  pg_temp.fail('g', '{"cost_usd": "", "total_cost_usd": {"usd": 2}}', true), 'pending', 'and another'
);
select pg_temp.claim_again('g');
select is(pg_temp.complete('g', '{"cost_usd": 0.25}'), 'completed', 'the third has one that can be read');
select is(
  pg_temp.metadata_of('g'), '{"unread_costs": ["1,5 EUR", "{\"usd\": 2}"], "cost_usd": 0.25}',
  'next to the others'
);
select is(
  (select unpriced from pg_temp.costs() where weeks_ago = 0), 3::bigint, 'it is one of those without a price'
);

-- What a cost may look like

select is(private.parse_cost_usd(v.metadata::jsonb), v.cost, v.metadata)
from (values ('{"cost_usd": 1.2345678901234567e-05}', 0.000012345678901234567),
  ('{"cost_usd": " $1.50 "}', 1.50), ('{"cost_usd": "2 USD", "total_cost_usd": 9}', 2),
  ('{"cost_usd": null, "total_cost_usd": "1e1"}', 10), ('{"cost_usd": "9e9"}', null),
  ('{"cost_usd": " ", "total_cost_usd": 3}', 3), ('{"cost_usd": "n/a", "total_cost_usd": 3}', null),
  ('{"cost_usd": {"usd": 1}}', null), ('{"cost_usd": true}', null)) as v (metadata, cost);

select * from finish();
rollback;
