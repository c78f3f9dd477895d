-- Duplicates are not work of their own: what waits for one waits for the issue that it duplicates.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(31);

\ir ../helpers/personas.psql

insert into exai_issues (id, title, created_at)
select ('10000000-0000-4000-8000-00000000000' || n)::uuid, n::text,
  '2026-01-01'::timestamptz + n * interval '1 day'
from generate_series(1, 8) as n;
create function pg_temp.i(p_number integer) returns uuid language sql immutable as $$
  select ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
create function pg_temp.number_of(p_number integer) returns integer language sql as $$
  select issue_number from exai_issues where id = pg_temp.i(p_number)
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
    return sqlerrm || ' ' || v_detail;
end;
$$;
create function pg_temp.set_status(p_number integer, p_status text) returns void language sql as $$
  update exai_issues set status = p_status where id = pg_temp.i(p_number)
$$;
create function pg_temp.ready() returns text language sql as $$
  select coalesce(string_agg(title, '' order by position), 'none')
  from (select title, row_number() over () as position from exai_ready_issues) as r
$$;
-- the title of the original, and whether it is to be closed
create function pg_temp.duplicate(p_number integer) returns text language sql as $$
  select concat_ws(
    '|', coalesce((select o.title from exai_issues as o where o.issue_number = a.duplicate_of), 'none'),
    a.is_to_be_closed
  )
  from exai_active_issues as a where a.id = pg_temp.i(p_number)
$$;

-- 2 duplicates 1, and blocks 3; 1 blocks 4
select pg_temp.relate(2, 'blocks', 3), pg_temp.relate(1, 'blocks', 4);
select is(pg_temp.ready(), '125678', 'two issues that each block another');
select pg_temp.relate(2, 'duplicates', 1);
select is(pg_temp.ready(), '15678', 'a duplicate is not offered');
select is(
  (select unblocks_count from exai_ready_issues where id = pg_temp.i(1)), 2,
  'the original unblocks what waits for the duplicate'
);
select is(pg_temp.duplicate(2), '1|f', 'the view shows which issue it duplicates');
select is(pg_temp.duplicate(1), 'none|f', 'the original is not a duplicate');
select is(
  pg_temp.as_persona('agent', format('select claim_exai_issue(%s, ''conv'')', pg_temp.number_of(2))),
  'PT409 exai_duplicate_conflict', 'a duplicate cannot be claimed while its original is open'
);
select pg_temp.set_status(2, 'closed');
select is(pg_temp.ready(), '15678', 'closing the duplicate frees nothing that the original blocks');
select pg_temp.set_status(2, 'open'), pg_temp.set_status(1, 'fixed');
select is(pg_temp.ready(), '345678', 'fixing the original frees both, and the duplicate is not offered');
select is(pg_temp.duplicate(2), '1|t', 'it is shown as to be closed');
select is(
  (select concat_ws('|', c -> 'issue' ->> 'is_to_be_closed', (c -> 'issue' ->> 'duplicate_of')::integer
    = pg_temp.number_of(1), c -> 'issue' ->> 'is_ready')
   from exai_issue_context(pg_temp.number_of(2)) as c), 'true|t|false', 'also in its context'
);
select is(
  pg_temp.as_persona(
    'agent', format('select claimed_by from claim_exai_issue(%s, ''conv'')', pg_temp.number_of(2))
  ),
  'conv', 'and can be claimed to close it'
);
select pg_temp.set_status(1, 'open');
select is(
  pg_temp.ready() || ' ' || pg_temp.duplicate(2), '15678 1|f', 'a reopened original holds up both again'
);
select pg_temp.set_status(2, 'wont_fix'), pg_temp.set_status(1, 'wont_fix');
select is(pg_temp.ready(), '345678', 'an original that is not going to be fixed holds up nothing');
select pg_temp.set_status(1, 'open');
select is(pg_temp.ready(), '15678', 'reopened, it does so also for the duplicate that is closed');
delete from exai_issue_relations where kind = 'duplicates';
select is(pg_temp.ready(), '135678', 'what is not a duplicate any longer counts with its own status');

-- chains
select pg_temp.set_status(2, 'open'), pg_temp.relate(2, 'duplicates', 5), pg_temp.relate(5, 'duplicates', 6);
select is(pg_temp.ready() || ' ' || pg_temp.duplicate(2), '1678 6|f',
  'a duplicate of a duplicate stands for the last of the chain');
select is(
  (select string_agg(unblocks_count::text, '') from exai_ready_issues), '1100',
  'which unblocks what waits for the first'
);
select pg_temp.set_status(5, 'closed');
select is(pg_temp.ready() || ' ' || pg_temp.duplicate(2), '1678 6|f', 'also when the one between is closed');
select pg_temp.set_status(6, 'verified');
select is(pg_temp.ready() || ' ' || pg_temp.duplicate(2), '1378 6|t', 'the end of the chain decides');
select pg_temp.relate(2, 'duplicates', 7);
select is(pg_temp.ready() || ' ' || pg_temp.duplicate(2), '178 7|f', 'of two originals, the open one');
delete from exai_issues where id = pg_temp.i(7);
select is(pg_temp.ready() || ' ' || pg_temp.duplicate(2), '138 6|t', 'a deleted original does not count');

-- children
delete from exai_issue_relations;
update exai_issues set status = 'open';
select pg_temp.relate(1, 'parent', 2), pg_temp.relate(3, 'parent', 4), pg_temp.relate(2, 'duplicates', 4);
select is(pg_temp.ready(), '4568', 'a child that is a duplicate makes its parent wait for the original');
select pg_temp.set_status(2, 'closed');
select is(pg_temp.ready(), '4568', 'also when it is closed');
select pg_temp.set_status(4, 'fixed');
select is(pg_temp.ready(), '13568', 'both parents are ready when the original is fixed');

-- what could never be ready is rejected
delete from exai_issue_relations;
update exai_issues set status = 'open';
select pg_temp.relate(1, 'duplicates', 2), pg_temp.relate(2, 'duplicates', 3);
select is(
  pg_temp.relate(3, 'duplicates', 1),
  format(
    'exai_relation_cycle_conflict Issue #%s duplicating issue #%s would close a cycle: '
      '#%2$s already waits for #%1$s.', pg_temp.number_of(3), pg_temp.number_of(1)
  ), 'issues that duplicate each other'
);
select matches(pg_temp.relate(1, 'blocks', 3), '^exai_relation_cycle_conflict',
  'a duplicate that blocks its original');
select pg_temp.relate(1, 'blocks', 4);
select matches(pg_temp.relate(4, 'blocks', 3), '^exai_relation_cycle_conflict',
  'an original that waits for what waits for its duplicate');
select matches(pg_temp.relate(3, 'parent', 1), '^exai_relation_cycle_conflict',
  'a duplicate of its own parent');
select is(
  concat_ws('|', pg_temp.relate(3, 'blocks', 2), pg_temp.relate(1, 'parent', 2)), 'related|related',
  'the original may block its duplicate, and be its child'
);
select is_empty('select * from private.verify_exai_issue_counts()', 'the counts are correct');
delete from exai_issues where id in (pg_temp.i(2), pg_temp.i(3));
select is_empty('select * from private.verify_exai_issue_counts()', 'also when originals are deleted');

select * from finish();
rollback;
