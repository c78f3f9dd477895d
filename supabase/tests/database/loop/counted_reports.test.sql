-- What a job has counted for the reports is what the rows say, whatever happened to them since.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(33);

\ir ../helpers/personas.psql
create function pg_temp.issue(p_number integer) returns uuid language sql as $$
  select format('70000000-0000-4000-8000-%s', lpad(p_number::text, 12, '0'))::uuid
$$;
-- Some issues of the last 60 days, each with some of the hops, in any order of time.
create function pg_temp.write_history(p_seed double precision) returns void language plpgsql as $$
begin
  perform setseed(p_seed);
  insert into issues (id, title, segment, created_at)
  select pg_temp.issue(n), 'Issue ' || n, (array['auth', 'code', 'tool', 'misc'])[1 + n % 4],
    now() - random() * interval '60 days'
  from generate_series(1, 120) as n;
  delete from loop_events;
  insert into circle_issues (message_id, space_id, space_name, mapped_to_issue_id, is_triaged, posted_at)
  select 'm' || n, s.number::text, 'Space ' || s.number, pg_temp.issue(1 + (n - 1) % 100), true,
    now() - n * interval '1 hour'
  from generate_series(1, 140) as n cross join lateral (select n * 7 % 5 as number) as s;
  delete from loop_events;
  insert into loop_events (issue_id, generation, hop, at, reference)
  select i.id, 1, h.hop, i.created_at + (h.number + 3 * random()) * interval '6 hours',
    case h.hop when 'reported' then 'm' || h.n when 'answered' then 'm' || h.n else h.n::text end
  from issues as i
  cross join lateral (
    select u.hop, u.number, n from unnest(array[
      'reported', 'triaged', 'promoted', 'dispatched', 'started', 'opened', 'merged', 'fixed', 'shipped',
      'resolved', 'answered'
    ]) with ordinality as u (hop, number) cross join generate_series(1, 2) as n
    where u.hop = 'reported' and n = 1 or random() < 0.4
  ) as h
  where i.title like 'Issue %';
end;
$$;

-- Fixes with and without reporters and answers; of 118 there is no reporter, 119 has one.
create function pg_temp.write_silent(p_seed double precision) returns void language plpgsql as $$
begin
  perform setseed(p_seed);
  insert into loop_events (issue_id, generation, hop, at, reference)
  select i.id, 1, h.hop, now() - random() * interval '9 days', h.reference
  from issues as i
  cross join (
    values ('merged', 'a'), ('merged', 'b'), ('fixed', ''), ('shipped', ''), ('reported', ''),
      ('reported', 'm1'), ('reported', 'm2'), ('answered', 'm1')
  ) as h (hop, reference)
  where not i.is_test and i.id < pg_temp.issue(118) and random() < 0.5;
  insert into loop_events (issue_id, generation, hop, at, reference)
  values (pg_temp.issue(118), 1, 'fixed', now() - interval '2 days', ''),
    (pg_temp.issue(119), 1, 'reported', now(), 'm3'), (pg_temp.issue(119), 1, 'merged', now(), 'c');
end;
$$;

-- The funnel, by the journeys: one query per dimension.

create function pg_temp.funnel() returns table (
  dimension text, key text, hop_number integer, issues_count bigint, share numeric, conversion numeric,
  median_seconds numeric, p90_total_seconds numeric
) language sql as $$
  with journey as (
    select j.*, date_trunc('week', j.reported_at at time zone 'UTC')::date::text as week
    from loop_journeys as j
    where j.generation = 1 and not exists (
      select from issue_merges as m where m.source_issue_id = j.issue_id
    ) and j.reported_at >= (
      select r.counted_at - interval '28 days' from private.loop_report_runs as r where report = 'loop_funnel'
    )
  ),
  hop as (
    select d.dimension, d.key, h.number, h.at, h.last_at, h.seconds,
      extract(epoch from h.at - j.reported_at)::double precision as total
    from journey as j
    cross join lateral (
      values ('all', null), ('space', j.space_id), ('segment', j.segment), ('week', j.week)
    ) as d (dimension, key)
    cross join lateral (
      values (1, reported_at, null, null), (2, triaged_at, reported_at, triaged_seconds),
        (3, promoted_at, triaged_at, promoted_seconds), (4, dispatched_at, promoted_at, dispatched_seconds),
        (5, started_at, dispatched_at, started_seconds), (6, opened_at, started_at, opened_seconds),
        (7, merged_at, opened_at, merged_seconds), (8, fixed_at, merged_at, fixed_seconds),
        (9, shipped_at, fixed_at, shipped_seconds), (10, resolved_at, shipped_at, resolved_seconds),
        (11, answered_at, resolved_at, answered_seconds)
    ) as h (number, at, last_at, seconds)
    where h.at is not null
  ),
  number as (
    select h.dimension, h.key, h.number, count(*) as issues, count(h.last_at) as continued,
      percentile_cont(0.5) within group (order by h.seconds) as median,
      percentile_cont(0.9) within group (order by greatest(h.total, 0)) as p90
    from hop as h group by 1, 2, 3
  )
  select n.dimension, n.key, n.number, n.issues, round(n.issues::numeric / r.issues, 4),
    round(n.continued::numeric / l.issues, 4), round(n.median::numeric, 1),
    case when n.number > 1 then round(n.p90::numeric, 1) end
  from number as n
  join number as r on r.number = 1 and r.dimension = n.dimension and r.key is not distinct from n.key
  left join number as l on l.number = n.number - 1 and l.dimension = n.dimension
    and l.key is not distinct from n.key
$$;
create function pg_temp.counted_funnel(p_name text) returns text language plpgsql as $$
begin
  perform private.run_loop_funnel(true);
  return set_eq(
    'select dimension, key, hop_number, issues_count, share, conversion, median_seconds, p90_total_seconds
     from loop_funnel', 'select * from pg_temp.funnel()', p_name
  );
end;
$$;

select pg_temp.write_history(0.3);
update private.loop_report_runs set counted_at = '-infinity', took = '0';
select ok((select bool_and(counted_at = now()) from loop_funnel), 'before the first run it is counted live');
select pg_temp.counted_funnel('a job counts what the journeys say');
select ok((select count(*) from loop_funnel) > 100, 'of some issues');
select ok((select bool_and(counted_at > now()) from loop_funnel), 'as of that time');
select is(private.run_loop_funnel(true), (select count(*)::integer from loop_funnel), 'with all its rows');
select is_empty('select * from private.verify_loop_funnel()', 'a check agrees');

-- What changes older days is in it after the next run.

create temp table before on commit drop as select * from private.funnel_counts;
update issues set is_test = true where id in (pg_temp.issue(1), pg_temp.issue(2));
update issues set segment = 'tool' where id in (pg_temp.issue(7), pg_temp.issue(8));
delete from issues where id in (pg_temp.issue(5), pg_temp.issue(6));
insert into issue_merges (source_issue_id, into_issue_id, source_status)
select pg_temp.issue(n), pg_temp.issue(120), 'in_progress' from generate_series(10, 60) as n;
select set_eq('select * from private.funnel_counts', 'table before', 'until a run nothing changes');
select isnt_empty('select * from private.verify_loop_funnel()', 'which the check shows');
select pg_temp.counted_funnel('tests, deleted, moved to another segment, merged');
delete from issue_merges where source_issue_id in (pg_temp.issue(10), pg_temp.issue(11), pg_temp.issue(12));
update circle_issues set mapped_to_issue_id = pg_temp.issue(70) where message_id in ('m71', 'm72', 'm73');
select pg_temp.counted_funnel('a merge that is undone, messages that are moved');
update issues set status = 'resolved' where id in (pg_temp.issue(90), pg_temp.issue(91));
update issues set status = 'in_progress' where id in (pg_temp.issue(90), pg_temp.issue(91));
select is(
  (select array_agg(generation) from loop_issues where issue_id in (pg_temp.issue(90), pg_temp.issue(91))),
  array[2, 2], 'some are reopened'
);
select pg_temp.counted_funnel('which leaves the first generation as it is');

-- One run at a time, and not too often.

update private.loop_report_runs set took = '1 hour';
select is(private.run_loop_funnel(), 0, 'what takes an hour is not counted again immediately');
update private.loop_report_runs set counted_at = counted_at - interval '21 hours';
select cmp_ok(private.run_loop_funnel(), '>', 0, 'but after 20 hours');
delete from loop_events;
delete from private.silent_fix_marks;
select cmp_ok(private.run_loop_funnel(true), '=', 0, 'without issues there are no rows');
select is_empty('select * from loop_funnel', 'nor in the view');

-- The flow: stored days, continued by what is read of today.

create function pg_temp.flow_is(p_name text) returns text language sql as $$
  select set_eq(
    'select day, status, entered_count, left_count, issues_count from loop_flow_daily',
    'select * from private.count_loop_flow(null)', p_name
  )
$$;
update issue_status_logs set changed_at = now() - random() * interval '9 days';
update issues set status = 'in_progress' where id between pg_temp.issue(20) and pg_temp.issue(60);
select private.run_loop_flow(true);
select ok((select count(*) from loop_flow_daily where counted_at > now()) >= 40, 'earlier days are counted');
select pg_temp.flow_is('as they are counted together');
update issues set status = 'blocked' where id between pg_temp.issue(30) and pg_temp.issue(80);
select pg_temp.flow_is('and what changes today is in it immediately');
update private.loop_report_runs set counted_at = now() - interval '4 days' where report = 'loop_flow_daily';
select pg_temp.flow_is('also days after the last run');
delete from issues where id between pg_temp.issue(61) and pg_temp.issue(70);
select private.run_loop_flow(true);
select pg_temp.flow_is('what is deleted is in no day after the next run');

-- Silent fixes: the marks lead to all that the ledger contains.

delete from issue_merges;
select pg_temp.write_silent(0.5);
select is_empty('select * from private.verify_silent_fixes()', 'marks lead to every silent fix');
select cmp_ok((select count(*) from loop_silent_fixes), '>', 10::bigint, 'of which there are some');
create temp table silent on commit drop as select * from loop_silent_fixes;
select cmp_ok(private.prune_silent_fixes(), '>', 0, 'what was answered is pruned');
select set_eq('select * from loop_silent_fixes', 'table silent', 'and nothing else');
select is(
  (select count(*) from private.silent_fix_marks as m join loop_events as e using (issue_id, generation)
    where e.hop = 'answered'), 0::bigint, 'no mark of an answered one stays'
);
update private.silent_fix_marks set created_at = now() - interval '25 hours';
select private.prune_silent_fixes();
select set_eq(
  'select distinct issue_id from private.silent_fix_marks',
  'select s.issue_id from silent as s where not exists (
    select from loop_events as e
    where e.issue_id = s.issue_id and e.generation = s.generation and e.hop = ''answered''
  )',
  'after a day, none without a reporter'
);
select is(
  (select count(*) from loop_silent_fixes where issue_id = pg_temp.issue(118)), 0::bigint,
  'a fix that nobody asked for'
);
insert into loop_events (issue_id, generation, hop, at, reference)
values (pg_temp.issue(118), 1, 'reported', now(), 'late');
select is(
  (select fixed_at from loop_silent_fixes where issue_id = pg_temp.issue(118)), now() - interval '2 days',
  'is silent when somebody asks for it later'
);
insert into issue_merges (source_issue_id, into_issue_id, source_status)
values (pg_temp.issue(118), pg_temp.issue(1), 'in_progress');
update issues set is_test = true where id = pg_temp.issue(119);
select private.prune_silent_fixes();
select is_empty(
  'select from loop_silent_fixes where issue_id in (pg_temp.issue(118), pg_temp.issue(119))',
  'a merged one and a test are not in it'
);
delete from issue_merges where source_issue_id = pg_temp.issue(118);
update issues set is_test = false where id = pg_temp.issue(119);
select is(
  (select count(*) from loop_silent_fixes where issue_id in (pg_temp.issue(118), pg_temp.issue(119))),
  2::bigint, 'until that is undone'
);
update issues set status = 'resolved' where id = pg_temp.issue(118);
update issues set status = 'in_progress' where id = pg_temp.issue(118);
delete from issues where id = pg_temp.issue(119);
select is(private.prune_silent_fixes() > 0, true, 'an earlier generation and a deleted issue are pruned');
select is_empty('select * from private.verify_silent_fixes()', 'what is left is what the ledger has');

select * from finish();
rollback;
