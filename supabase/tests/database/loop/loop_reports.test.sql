-- The reports are what the ledger, the status log and the tasks say, and the team reads them.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(30);

\ir ../helpers/personas.psql
create function pg_temp.issue(p_number integer) returns uuid language sql as $$
  select format('70000000-0000-4000-8000-%s', lpad(p_number::text, 12, '0'))::uuid
$$;
create function pg_temp.hop(p_number integer, p_hop text, p_at timestamptz, p_reference text default '')
returns void language sql as $$
  select private.record_loop_event(pg_temp.issue(p_number), p_hop, p_at, null, p_reference)
$$;
-- Counted when they are read.
update private.loop_report_runs set counted_at = '-infinity';
-- Issues without what the ledger notes of them by itself.
insert into issues (id, title, segment, is_test)
select pg_temp.issue(n), 'Issue ' || n, case when n < 4 then 'code' else 'auth' end, n = 6
from generate_series(1, 6) as n;
delete from loop_events;
insert into circle_issues (message_id, space_id, space_name, mapped_to_issue_id, is_triaged, posted_at)
values ('m1', '7', 'Help', pg_temp.issue(1), true, now() - interval '2 days'),
  ('m2', '8', 'Lounge', pg_temp.issue(1), true, now() - interval '1 day'),
  ('m3', '7', 'Help', pg_temp.issue(3), true, now() - interval '1 day');
delete from loop_events;

-- Journeys: a Friday afternoon and the Monday after it, by a calendar of 9 to 17.

insert into service_calendars (id, name, is_default)
values ('70000000-0000-4000-8000-0000000000c2', 'Desk', true);
insert into service_hours (calendar_id, weekday, opens, closes)
select '70000000-0000-4000-8000-0000000000c2', d, '09:00', '17:00' from generate_series(1, 5) as d;

select pg_temp.hop(1, 'reported', '2026-01-09 16:30+00', 'm2');
select pg_temp.hop(1, 'reported', '2026-01-09 16:00+00', 'm1');
select pg_temp.hop(1, 'triaged', '2026-01-09 16:10+00');
select pg_temp.hop(1, 'promoted', '2026-01-12 10:00+00', 'EXAI-1');
select pg_temp.hop(1, 'opened', '2026-01-12 09:00+00', 'url');
select pg_temp.hop(1, 'merged', '2026-01-12 12:00+00', 'url');
select pg_temp.hop(1, 'answered', '2026-01-12 12:30+00', 'm1');
select pg_temp.hop(1, 'answered', '2026-01-12 12:40+00', 'm2');
select results_eq(
  $$ select reported_at, triaged_seconds, promoted_seconds, dispatched_seconds, opened_seconds,
       merged_seconds, answered_seconds, total_seconds
     from loop_journeys where issue_id = pg_temp.issue(1) $$,
  $$ values (
       timestamptz '2026-01-09 16:00+00', 600::double precision, 65 * 3600 + 3000::double precision,
       null::double precision, 0::double precision, 7200::double precision, 1800::double precision,
       68.5::double precision * 3600
     ) $$, 'each hop since the latest one before it'
);
select results_eq(
  $$ select triaged_business_seconds, promoted_business_seconds, opened_business_seconds,
       merged_business_seconds, answered_business_seconds, total_business_seconds
     from loop_journeys where issue_id = pg_temp.issue(1) $$,
  $$ values (
       600::double precision, 3000 + 3600::double precision, 0::double precision, 7200::double precision,
       1800::double precision, 4.5::double precision * 3600
     ) $$, 'and in working time'
);
select results_eq(
  $$ select space_id, space_name, segment, generation from loop_journeys where issue_id = pg_temp.issue(1) $$,
  $$ values ('7', 'Help', 'code', 1) $$, 'with the space of the first message'
);
update issues set status = 'resolved' where id = pg_temp.issue(1);
update issues set status = 'blocked' where id = pg_temp.issue(1);
select results_eq(
  $$ select generation, reported_at >= now(), answered_at is null from loop_journeys
     where issue_id = pg_temp.issue(1) order by 1 $$,
  $$ values (1, false, false), (2, true, true) $$, 'a generation that begins with the reopening'
);
select is_empty('select from loop_journeys where issue_id = pg_temp.issue(6)', 'a test has none');
select results_eq(
  $$ select o_seconds, o_business_seconds from private.measure_journey(
       array[null, '2019-01-01 00:00+00', '2026-01-09 10:00+00']::timestamptz[]
     ) $$,
  $$ values (
       array[null, null, extract(epoch from timestamptz '2026-01-09 10:00+00' - '2019-01-01 00:00+00')]
         ::double precision[],
       array[null, null, null]::double precision[]
     ) $$, 'a time before the calendars'' years has no working time'
);

-- Silent fixes

select pg_temp.hop(3, 'reported', now() - interval '3 days', 'm3');
select pg_temp.hop(3, 'merged', now() - interval '2 days', 'a');
select pg_temp.hop(3, 'fixed', now() - interval '1 day');
select pg_temp.hop(4, 'reported', now() - interval '3 days');
select pg_temp.hop(4, 'merged', now() - interval '2 days', 'b');
select results_eq(
  'select issue_id, generation, age, reporters_count from loop_silent_fixes',
  $$ values (pg_temp.issue(3), 1, interval '2 days', 1::bigint) $$,
  'merged, and nobody was told; not where a reporter was told, nor where nobody reported'
);
select pg_temp.hop(3, 'answered', now(), 'm3');
select is_empty('select from loop_silent_fixes', 'until somebody is told');

-- The funnel

select pg_temp.hop(2, 'reported', now() - interval '1 day', 'm4');
select pg_temp.hop(2, 'triaged', now() - interval '1 hour');
select pg_temp.hop(5, 'reported', now() - interval '40 days', 'm5');
select pg_temp.hop(5, 'reported', now() - interval '1 day', 'm6');
select results_eq(
  $$ select hop, issues_count, share, conversion, median_seconds, median_total_seconds from loop_funnel
     where dimension = 'all'
     order by hop_number $$,
  $$ values ('reported', 3::bigint, 1.0000, null, null, null),
       ('triaged', 1, 0.3333, 0.3333, 82800.0, 82800.0), ('merged', 2, 0.6667, null, 86400.0, 86400.0),
       ('fixed', 1, 0.3333, 0.5, 86400.0, 172800.0), ('answered', 1, 0.3333, null, 86400.0, 259200.0) $$,
  'of those that were first reported in four weeks'
);
select results_eq(
  $$ select dimension, key, label, issues_count from loop_funnel
     where hop = 'reported' and dimension in ('space', 'segment') order by 1, 2 nulls last $$,
  $$ values ('segment', 'auth', null, 1::bigint), ('segment', 'code', null, 2), ('space', '7', 'Help', 1),
       ('space', null, null, 2) $$,
  'by space and segment'
);
select is(
  (select sum(issues_count) from loop_funnel where dimension = 'week' and hop = 'reported'), 3::numeric,
  'and by week'
);

-- The flow by day, against a join of each day with what holds on its evening

create function pg_temp.flow() returns table (day date, status text, issues_count bigint) language sql as $$
  with log as (
    select l.*, lead(l.changed_at) over (
      partition by l.issue_id order by l.changed_at, l.old_status is not null
    ) as until
    from issue_status_logs as l join issues as i on i.id = l.issue_id where not i.is_test
  )
  select d.at::date, s.status, count(l.id)
  from (select min(changed_at at time zone 'UTC')::date as first from log) as f
  cross join generate_series(f.first::timestamp, now() at time zone 'UTC', interval '1 day') as d (at)
  cross join unnest(array['waiting_for_help', 'in_progress', 'blocked', 'resolved', 'archived']) as s (status)
  left join log as l on l.new_status = s.status
    and (l.changed_at at time zone 'UTC') < d.at + interval '1 day'
    and (l.until is null or (l.until at time zone 'UTC') >= d.at + interval '1 day')
  group by 1, 2
$$;
create function pg_temp.write_logs(p_seed double precision) returns void language plpgsql as $$
declare
  v_statuses constant text[] := array['waiting_for_help', 'in_progress', 'blocked', 'resolved', 'archived'];
  v_log record;
begin
  perform setseed(p_seed);
  insert into issues (title, is_test) select 'Flow', n % 9 = 0 from generate_series(1, 30) as n;
  for v_round in 1 .. 4 loop
    update issues set status = v_statuses[1 + floor(random() * 5)::integer] where title = 'Flow';
  end loop;
  -- the log in order, spread over some days
  for v_log in
    select l.id, row_number() over (partition by l.issue_id order by l.changed_at) as number
    from issue_status_logs as l
  loop
    update issue_status_logs set changed_at = now() - interval '12 days'
      + (v_log.number * 2 + random()) * interval '1 day'
    where id = v_log.id;
  end loop;
end;
$$;
select pg_temp.write_logs(0.4);
select set_eq(
  'select day, status, issues_count from loop_flow_daily', 'select * from pg_temp.flow()',
  'running sums are what a join counts'
);
select ok((select count(distinct day) from loop_flow_daily) between 10 and 12, 'over some days');
select is(
  (select sum(issues_count) from loop_flow_daily where day = (now() at time zone 'UTC')::date),
  (select count(*)::numeric from issues where not is_test), 'each issue has a status today'
);
delete from issues where title = 'Flow' and status in ('resolved', 'blocked');
select set_eq(
  'select day, status, issues_count from loop_flow_daily', 'select * from pg_temp.flow()',
  'also after some were deleted'
);

-- Costs

insert into exai_issues (id, title)
select pg_temp.issue(n), 'Engineering ' || n from generate_series(1, 2) as n;
insert into issue_links (issue_id, exai_issue_id) values
  (pg_temp.issue(1), pg_temp.issue(1)), (pg_temp.issue(3), pg_temp.issue(1));
insert into tasks (id, user_id, repo_url, status, started_at, completed_at, execution_metadata)
select n, '00000000-0000-4000-8000-00000000000c', 'https://github.com/o/r', 'completed', now(), now(),
  m::jsonb
from (values (900001, '{"cost_usd": 1.5}'), (900002, '{"total_cost_usd": "1.5"}'),
  (900003, '{"cost_usd": -4}'), (900004, '{"cost_usd": 7e-1}')) as t (n, m);
insert into exai_issue_tasks (task_id, exai_issue_id) values
  (900001, pg_temp.issue(1)), (900002, pg_temp.issue(1)), (900003, pg_temp.issue(1)),
  (900004, pg_temp.issue(2));
select results_eq(
  $$ select week, answers_count, cost_usd, cost_per_answer_usd, tasks_count, unpriced_tasks_count,
       unanswered_cost_usd
     from loop_costs order by week $$,
  $$ values (date '2026-01-12', 2::bigint, 2.0000, 1.0000, 0::bigint, 0::bigint, 0.0000),
       (date_trunc('week', now() at time zone 'UTC')::date, 1, 1.0000, 1.0000, 4, 1, 0.7000) $$,
  'what the tasks of an engineering issue cost is divided among its answers'
);
select is(private.parse_cost_usd(m::jsonb), null, m || ' is not a cost')
from unnest(array['{"cost_usd": null}', '{"cost_usd": "free"}', '{"cost_usd": 1e300}', '[1]',
  U&'{"cost_usd": "\0661"}', U&'{"cost_usd": "1.\ff15"}']) as m;

-- Who reads them

select is(pg_temp.as_persona(p.persona, format('select count(*) > 0 from %s', v.name)), p.outcome,
  format('%s %s', p.persona, v.name))
from (values ('viewer', 'true'), ('stranger', 'false')) as p (persona, outcome)
cross join unnest(array['loop_journeys', 'loop_funnel', 'loop_flow_daily', 'loop_costs']) as v (name);

select * from finish();
rollback;
