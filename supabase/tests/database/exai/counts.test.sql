-- The counts of steps and blockers, the views that read them, and 600 random writes.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(18);

\ir ../helpers/personas.psql

-- active
insert into exai_issues (id, title, severity, created_at)
select ('10000000-0000-4000-8000-00000000000' || n)::uuid, 'I' || n, s,
  '2026-01-01'::timestamptz + n * interval '1 day'
from unnest(array['low', 'critical', 'medium', 'critical', 'medium', 'low']) with ordinality as u (s, n);
create function pg_temp.i(p_number integer) returns uuid language sql immutable as $$
  select ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
insert into exai_issue_checklist (issue_id, description, status)
select pg_temp.i(1), 's', s
from unnest(array['complete', 'complete', 'pending', 'skipped', 'in_progress']) as s;
insert into exai_issue_checklist (issue_id, description, status) values (pg_temp.i(2), 's', 'skipped');
create function pg_temp.progress(p_number integer) returns text language sql as $$
  select concat_ws('/', completed_steps, total_steps, skipped_steps) || ' ' || progress_percentage
  from exai_active_issues where id = pg_temp.i(p_number)
$$;
select is(pg_temp.progress(1), '2/5/1 50', 'the percentage is of the steps that are not skipped');
select is(pg_temp.progress(2), '0/1/1 0', '0 if all steps are skipped');
select is(pg_temp.progress(3), '0/0/0 0', '0 if there are no steps');
update exai_issue_checklist set status = 'complete' where issue_id = pg_temp.i(1) and step_number = 3;
select is(pg_temp.progress(1), '3/5/1 75', 'one step more is complete');
delete from exai_issue_checklist where issue_id = pg_temp.i(1) and step_number = 5;
select is(pg_temp.progress(1), '3/4/1 100', 'a deleted step is not counted');
insert into exai_issue_checklist (issue_id, description, status)
select pg_temp.i(4), 's', case when n = 1 then 'complete' else 'pending' end from generate_series(1, 3) as n;
select is(pg_temp.progress(4), '1/3/0 33', 'the percentage is rounded');

-- ready
create function pg_temp.ready() returns text language sql as $$
  select string_agg(substr(title, 2), '' order by position)
  from (select title, row_number() over () as position from exai_ready_issues) as r
$$;
select is(pg_temp.ready(), '243516', 'ordered by severity, then age');
insert into exai_issue_relations (from_issue_id, to_issue_id, kind) values
  (pg_temp.i(5), pg_temp.i(1), 'blocks'), (pg_temp.i(6), pg_temp.i(4), 'blocks'),
  (pg_temp.i(4), pg_temp.i(2), 'parent'), (pg_temp.i(2), pg_temp.i(3), 'parent');
select is(pg_temp.ready(), '56', 'without blocked issues and their descendants');
update exai_issues set status = 'verified' where id = pg_temp.i(6);
select is(pg_temp.ready(), '53',
  'an issue that unblocks more comes first; a finished issue blocks nothing');
update exai_issues set status = 'open' where id = pg_temp.i(6);
select is(pg_temp.ready(), '56', 'a reopened issue blocks again');
delete from exai_issues where id = pg_temp.i(6);
select is(pg_temp.ready(), '53', 'a deleted issue blocks nothing');
delete from exai_issue_relations where kind = 'parent';
update exai_issues set severity = 'low' where id = pg_temp.i(2);
select is(pg_temp.ready(), '4532', 'a changed severity changes the order');
select is(
  pg_temp.as_persona('viewer', $$ select count(*) from exai_ready_issues $$), '4', 'viewers see the view'
);
select is(
  pg_temp.as_persona('stranger', $$ select count(*) from exai_ready_issues $$), '0',
  'people outside the team do not'
);

-- Random writes with a fixed seed, so that a failure is reproducible.
select setseed(0.42);
delete from exai_issues;
insert into exai_issues (id, title, status)
select ('20000000-0000-4000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid, 'R' || n,
  (array['open', 'in_progress', 'fixed', 'closed'])[1 + floor(random() * 4)]
from generate_series(1, 40) as n;
create function pg_temp.any_issue() returns uuid language sql volatile as $$
  select ('20000000-0000-4000-8000-0000000000' || lpad((1 + floor(random() * 40))::text, 2, '0'))::uuid
$$;
create function pg_temp.write_something() returns text language plpgsql as $$
declare
  v_a constant uuid := pg_temp.any_issue();
  v_b constant uuid := pg_temp.any_issue();
begin
  case floor(random() * 8)
    when 0 then
      update exai_issues
      set status = (array['open', 'in_progress', 'fixed', 'closed'])[1 + floor(random() * 4)]
      where id in (v_a, v_b);
    when 1, 2 then
      insert into exai_issue_relations (from_issue_id, to_issue_id, kind) values (v_a, v_b, 'blocks')
      on conflict do nothing;
    when 3, 4 then
      insert into exai_issue_relations (from_issue_id, to_issue_id, kind)
      values (v_a, v_b, (array['parent', 'duplicates'])[1 + floor(random() * 2)])
      on conflict do nothing;
    when 5 then
      if random() < 0.1 then
        delete from exai_issues where id = v_a;
        insert into exai_issues (id, title) values (v_a, 'again');
      elsif random() < 0.5 then
        delete from exai_issue_relations where from_issue_id = v_a;
      end if;
    when 6 then
      insert into exai_issue_checklist (issue_id, description, status)
      select u.id, 's', (array['pending', 'complete', 'skipped'])[1 + floor(random() * 3)]
      from unnest(array[v_a, v_b, v_b]) as u (id);
    when 7 then
      update exai_issue_checklist
      set status = (array['pending', 'complete', 'skipped'])[1 + floor(random() * 3)]
      where issue_id in (v_a, v_b);
  end case;
  return 'written';
exception
  when sqlstate 'PT409' or check_violation then
    return 'rejected';
end;
$$;
create temp table outcome on commit drop as
select pg_temp.write_something() as outcome from generate_series(1, 600);
select is_empty('select * from private.verify_exai_issue_counts()',
  'after 600 random writes all counts are correct');
select ok(
  (select count(*) from outcome where outcome = 'written') > 200
    and exists (
      select from private.exai_issue_counts where blocked_parents_count > 0 and active_blockers_count > 0
    )
    and exists (select from private.exai_issue_counts where active_children_count > 0 and unblocks_count > 0)
    and exists (
      select from private.exai_issue_counts as c
      join exai_issue_relations as e on e.to_issue_id = c.issue_id and e.kind = 'duplicates'
      where c.active_originals_count > 0
    ),
  'and the writes covered blocked parents, blockers, children and chains of duplicates'
);
truncate exai_issue_relations, exai_issue_checklist, exai_issue_updates;
select is_empty(
  $$ select 'count' from private.verify_exai_issue_counts()
     union all select 'array' from exai_issues where blocks_issues <> '{}' or blocked_by_issues <> '{}' $$,
  'also after relations and steps are truncated'
);
update private.exai_issue_counts set unblocks_count = unblocks_count + 1
where issue_id = '20000000-0000-4000-8000-000000000001';
select is(
  (select string_agg(name || ' ' || stored - counted, ',') from private.verify_exai_issue_counts()),
  'unblocks 1', 'a wrong count is found'
);

select * from finish();
rollback;
