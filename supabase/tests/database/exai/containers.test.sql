-- Parents are containers: ready only when their children are done.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(23);

\ir ../helpers/personas.psql

insert into exai_issues (id, title, created_at)
select ('10000000-0000-4000-8000-00000000000' || n)::uuid, n::text,
  '2026-01-01'::timestamptz + n * interval '1 day'
from generate_series(1, 7) as n;
create function pg_temp.i(p_number integer) returns uuid language sql immutable as $$
  select ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
create function pg_temp.relate(p_from integer, p_kind text, p_to integer) returns text language plpgsql as $$
declare
  v_detail text;
begin
  insert into exai_issue_relations (from_issue_id, to_issue_id, kind)
  values (pg_temp.i(p_from), pg_temp.i(p_to), p_kind);
  return 'related';
exception
  when sqlstate 'PT409' then
    get stacked diagnostics v_detail = pg_exception_detail;
    return sqlerrm || substring(v_detail from ': .*');
end;
$$;
create function pg_temp.set_status(p_number integer, p_status text) returns void language sql as $$
  update exai_issues set status = p_status where id = pg_temp.i(p_number)
$$;
create function pg_temp.ready() returns text language sql as $$
  select coalesce(string_agg(title, '' order by position), 'none')
  from (select title, row_number() over () as position from exai_ready_issues) as r
$$;
create function pg_temp.active(p_number integer) returns text language sql as $$
  select concat_ws('|', is_ready, active_blockers_count, blocked_parents_count, active_children_count)
  from exai_active_issues where id = pg_temp.i(p_number)
$$;

-- 1 ← 2, 3; 3 ← 4 (nested); 5, 6, 7 on their own
select is(
  concat_ws(',', pg_temp.relate(1, 'parent', 2), pg_temp.relate(1, 'parent', 3),
    pg_temp.relate(3, 'parent', 4)), 'related,related,related', 'a parent with two children, one a parent too'
);
select is(pg_temp.ready(), '24567', 'a parent with open children is not ready');
select is(pg_temp.active(1), 'f|0|0|2', 'exai_active_issues shows how many children are open');
select is(
  pg_temp.as_persona('agent', $$ select string_agg(n.title, '') from generate_series(1, 2) as g,
    lateral next_exai_issue('conv-' || g) as n $$), '24', 'next_exai_issue hands out the children'
);
select pg_temp.set_status(4, 'fixed');
select is(pg_temp.ready(), '23567', 'when its child is done a parent is ready, but not the parent above it');
select pg_temp.set_status(3, 'wont_fix');
select pg_temp.set_status(2, 'in_progress');
select is(pg_temp.ready(), '2567', 'a child in progress is open');
select pg_temp.set_status(2, 'closed');
select is(pg_temp.ready(), '1567', 'all children are done: the parent is ready');
select pg_temp.set_status(2, 'open');
select is(pg_temp.ready(), '2567', 'a reopened child is open again');
delete from exai_issues where id = pg_temp.i(2);
select is(pg_temp.ready(), '1567', 'a deleted child does not count');

-- a child that is added to a claimed parent
select is(
  pg_temp.as_persona('agent', format('select claimed_by from claim_exai_issue(%s, ''conv-p'')',
    (select issue_number from exai_issues where id = pg_temp.i(1)))), 'conv-p', 'the parent is claimed'
);
select pg_temp.relate(1, 'parent', 5);
select is(
  (select concat_ws('|', claimed_by, pg_temp.ready()) from exai_issues where id = pg_temp.i(1)), 'conv-p|567',
  'a child is added to the claimed parent, which keeps its claim and is not ready'
);
update exai_issues set lease_expires_at = now() - interval '1 hour' where id = pg_temp.i(1);
select is(
  pg_temp.as_persona('agent', $$ select title from next_exai_issue('conv-n') $$), '5',
  'after the claim has ended the child is offered, and not the parent'
);
delete from exai_issue_relations where kind = 'parent' and to_issue_id = pg_temp.i(5);
select is(pg_temp.ready(), '1567', 'without the relation the parent is ready');

-- children that are blocked, and parents that block and are blocked
select pg_temp.relate(1, 'parent', 5), pg_temp.relate(6, 'blocks', 5);
select is(pg_temp.ready(), '67', 'a blocked child holds up its parent, which waits for it');
select pg_temp.relate(1, 'blocks', 7);
select is(pg_temp.ready() || pg_temp.active(7), '6f|1|0|0', 'what a parent blocks waits for its children');
select pg_temp.set_status(6, 'fixed'), pg_temp.set_status(5, 'verified');
select is(pg_temp.ready(), '1', 'the parent is ready');
select pg_temp.set_status(1, 'closed');
select is(pg_temp.ready(), '7', 'and then what it blocks');
select pg_temp.set_status(1, 'open'), pg_temp.set_status(5, 'open');
delete from exai_issue_relations where from_issue_id = pg_temp.i(6);
select pg_temp.relate(7, 'parent', 6), pg_temp.set_status(6, 'open');
select is(
  pg_temp.active(6) || ' ' || pg_temp.active(7), 'f|0|1|0 f|1|0|1', 'a blocked parent holds up its child'
);

-- what could never be ready is rejected
delete from exai_issue_relations;
select pg_temp.relate(1, 'parent', 3), pg_temp.relate(3, 'parent', 4);
select is(
  pg_temp.relate(1, 'blocks', 4), (
    select format('exai_relation_cycle_conflict: #%s already waits for #%s.', a.issue_number, b.issue_number)
    from exai_issues as a, exai_issues as b where a.id = pg_temp.i(1) and b.id = pg_temp.i(4)
  ), 'a parent that blocks a child of its child'
);
select matches(pg_temp.relate(4, 'blocks', 1), '^exai_relation_cycle_conflict',
  'a child that blocks a parent of its parent');
select matches(pg_temp.relate(4, 'parent', 1), '^exai_relation_cycle_conflict', 'a cycle of parents');
select pg_temp.relate(1, 'blocks', 5), pg_temp.relate(5, 'blocks', 6);
select matches(pg_temp.relate(3, 'parent', 6), '^exai_relation_cycle_conflict',
  'a child that waits for the parent of its new parent');
select is_empty('select * from private.verify_exai_issue_counts()', 'the counts are correct');

select * from finish();
rollback;
