-- Relations as edges and as id arrays: both agree, without cycles.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(39);

\ir ../helpers/personas.psql

insert into exai_issues (id, title) select ('10000000-0000-4000-8000-00000000000' || n)::uuid, 'I' || n
from generate_series(1, 6) as n;
create function pg_temp.i(p_number integer) returns uuid language sql immutable as $$
  select ('10000000-0000-4000-8000-00000000000' || p_number)::uuid
$$;
grant execute on function pg_temp.i(integer) to authenticated;
-- the arrays of an issue, by the last digit of the ids
create function pg_temp.digits(p_ids uuid[]) returns text language sql as $$
  select coalesce(string_agg(right(u.id::text, 1), '' order by u.position), '')
  from unnest(p_ids) with ordinality as u (id, position)
$$;
create function pg_temp.arrays(p_number integer) returns text language sql as $$
  select concat_ws(
    '|', 'related ' || pg_temp.digits(related_issues), 'blocks ' || pg_temp.digits(blocks_issues),
    'by ' || pg_temp.digits(blocked_by_issues)
  )
  from exai_issues where id = pg_temp.i(p_number)
$$;
create function pg_temp.edges() returns text language sql as $$
  select coalesce(
    string_agg(
      concat_ws(' ', right(from_issue_id::text, 1), kind, right(to_issue_id::text, 1)), ', '
      order by from_issue_id, to_issue_id, kind
    ), 'none'
  )
  from exai_issue_relations
$$;

-- arrays → edges
update exai_issues set blocks_issues = array[pg_temp.i(3), pg_temp.i(2), pg_temp.i(3), null]
where id = pg_temp.i(1);
select is(pg_temp.arrays(1), 'related |blocks 23|by ', 'ids are sorted and distinct');
select is(pg_temp.arrays(2), 'related |blocks |by 1', 'the other end agrees');
select is(pg_temp.edges(), '1 blocks 2, 1 blocks 3', 'the edges agree');
update exai_issues set blocked_by_issues = array[pg_temp.i(2)], related_issues = array[pg_temp.i(1)]
where id = pg_temp.i(4);
select is(pg_temp.edges(), '1 blocks 2, 1 blocks 3, 1 relates 4, 2 blocks 4', 'also from the other end');
select is(pg_temp.arrays(1), 'related 4|blocks 23|by ', 'relates is symmetric');
update exai_issues set blocks_issues = array[pg_temp.i(2)] where id = pg_temp.i(1);
select is(pg_temp.arrays(3), 'related |blocks |by ', 'a removed id disappears at both ends');
insert into exai_issues (id, title, blocks_issues, blocked_by_issues, related_issues)
values (pg_temp.i(7), 'I7', array[pg_temp.i(4)], array[pg_temp.i(1)], array[pg_temp.i(2)]);
select is(
  pg_temp.edges(), '1 blocks 2, 1 relates 4, 1 blocks 7, 2 blocks 4, 2 relates 7, 7 blocks 4',
  'an insert may contain relations'
);
update exai_issues set blocks_issues = '{}', related_issues = '{}', blocked_by_issues = '{}';
select is(pg_temp.edges(), 'none', 'one statement clears all issues');
update exai_issues set blocks_issues = null, related_issues = null where id = pg_temp.i(1);
select is(pg_temp.arrays(1), 'related |blocks |by ', 'null keeps the stored ids');

-- edges → arrays
insert into exai_issue_relations (from_issue_id, to_issue_id, kind) values
  (pg_temp.i(1), pg_temp.i(2), 'blocks'), (pg_temp.i(5), pg_temp.i(1), 'relates'),
  (pg_temp.i(1), pg_temp.i(6), 'duplicates'), (pg_temp.i(1), pg_temp.i(3), 'parent'),
  (pg_temp.i(6), pg_temp.i(1), 'discovered_from');
select is(pg_temp.arrays(1), 'related 5|blocks 2|by ', 'an edge appears in the arrays');
select is(pg_temp.arrays(2) || pg_temp.arrays(5), 'related |blocks |by 1related 1|blocks |by ',
  'at both ends');
select ok(
  exists (select from exai_issue_relations where kind = 'relates' and from_issue_id = pg_temp.i(1)),
  'relates is stored with the lower id as from'
);
delete from exai_issue_relations where kind in ('blocks', 'relates');
select is(pg_temp.arrays(1) || pg_temp.arrays(5), 'related |blocks |by related |blocks |by ',
  'a deleted edge disappears from the arrays');
insert into exai_issue_relations (from_issue_id, to_issue_id, kind) values
  (pg_temp.i(1), pg_temp.i(2), 'blocks'), (pg_temp.i(2), pg_temp.i(4), 'blocks');
delete from exai_issues where id = pg_temp.i(2);
select is(pg_temp.arrays(1) || pg_temp.arrays(4), 'related |blocks |by related |blocks |by ',
  'also when its issue is deleted');
select is_empty('select * from private.verify_exai_issue_counts()', 'and the counts are correct');

-- refusals
create function pg_temp.refusal(p_statement text) returns text language plpgsql as $$
declare
  v_detail text;
begin
  execute p_statement;
  return 'accepted';
exception
  when integrity_constraint_violation or sqlstate 'PT409' or sqlstate 'PT422' or sqlstate 'PT404' then
    get stacked diagnostics v_detail = pg_exception_detail;
    return concat_ws(' ', sqlstate, sqlerrm, case when sqlstate like 'PT%' then v_detail end);
end;
$$;
select is(
  pg_temp.refusal($$ update exai_issues set blocks_issues = '{10000000-0000-4000-8000-0000000000ff}'
    where id = pg_temp.i(1) $$),
  'PT422 exai_related_issue_unknown There is no engineering issue 10000000-0000-4000-8000-0000000000ff.',
  'the error contains the unknown id'
);
select alike(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.i(1), pg_temp.i(1), 'relates') $$),
  '23514 %exai_issue_relations_ends_differ%', 'an edge from an issue to itself'
);
select alike(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.i(1), pg_temp.i(3), 'eats') $$),
  'PT422 exai_relation_kind_invalid%', 'an unknown kind'
);
insert into exai_issue_relations (from_issue_id, to_issue_id, kind) values
  (pg_temp.i(3), pg_temp.i(4), 'blocks'), (pg_temp.i(4), pg_temp.i(5), 'blocks');
select alike(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.i(5), pg_temp.i(3), 'blocks') $$),
  'PT409 exai_relation_cycle_conflict Issue #% blocking issue #% would close a cycle%', 'a cycle of blocks'
);
select alike(
  pg_temp.refusal($$ update exai_issues set blocked_by_issues = blocked_by_issues || pg_temp.i(5)
    where id = pg_temp.i(3) $$),
  'PT409 exai_relation_cycle_conflict%', 'a cycle of blocks, in an array'
);
select alike(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.i(3), pg_temp.i(1), 'parent') $$),
  'PT409 exai_relation_cycle_conflict%', 'a cycle of parents'
);
select alike(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.i(5), pg_temp.i(1), 'blocks') $$),
  'PT409 exai_relation_cycle_conflict%', 'a child that blocks its parent'
);
select is(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.i(5), pg_temp.i(3), 'discovered_from'),
    (pg_temp.i(5), pg_temp.i(3), 'relates'), (pg_temp.i(5), pg_temp.i(3), 'duplicates') $$),
  'accepted', 'discovered_from and relates may form cycles, and a duplicate may wait for its original'
);
select alike(
  pg_temp.refusal($$ with new as (
      insert into exai_issues (title) select 'ring' from generate_series(1, 20) returning id, issue_number
    ), ring as (select id, lead(id) over (order by issue_number) as next_id, first_value(id) over (
      order by issue_number) as first_id from new)
    insert into exai_issue_relations (from_issue_id, to_issue_id, kind)
    select id, coalesce(next_id, first_id), 'blocks' from ring $$),
  'PT409 exai_relation_cycle_conflict%', 'a cycle of many new edges'
);

-- calls
select is(
  pg_temp.as_persona('agent', $$ select kind || (select count(*) from relate_exai_issues(pg_temp.i(4),
    pg_temp.i(1), 'relates')) from relate_exai_issues(pg_temp.i(1), pg_temp.i(4), 'relates') $$),
  'relates1', 'an agent relates two issues, and repeats it'
);
select is(
  pg_temp.as_persona('agent', $$ select unrelate_exai_issues(pg_temp.i(4), pg_temp.i(1), 'relates')::text
    || unrelate_exai_issues(pg_temp.i(4), pg_temp.i(1), 'relates') $$), 'truefalse',
      'and removes the relation'
);
select is(
  pg_temp.as_persona('agent', $$ select relate_exai_issues(pg_temp.i(9), pg_temp.i(1), 'blocks') $$),
  'PT404 exai_issue_unknown', 'an unknown issue'
);
select is(pg_temp.as_persona('agent', s), outcome, what)
from (values
  ($$ select unrelate_exai_issues(pg_temp.i(9), pg_temp.i(1), 'blocks') $$, 'PT404 exai_issue_unknown',
    'removing a relation of an unknown issue'),
  ($$ select unrelate_exai_issues(pg_temp.i(1), pg_temp.i(9), 'blocks') $$, 'PT404 exai_issue_unknown',
    'to an unknown issue'),
  ($$ select unrelate_exai_issues(pg_temp.i(1), pg_temp.i(4), 'block') $$, 'PT422 exai_relation_kind_invalid',
    'or of an unknown kind')
) as v (s, outcome, what);
select is(
  pg_temp.as_persona('agent', $$ select relate_exai_issues(pg_temp.i(1), pg_temp.i(1), 'blocks') $$),
  'PT422 exai_relation_invalid', 'the same issue twice'
);
select is(
  pg_temp.as_persona('viewer', $$ select relate_exai_issues(pg_temp.i(1), pg_temp.i(4), 'blocks') $$),
  'PT403 team_role_required', 'a viewer cannot relate issues'
);
select is(
  pg_temp.as_persona('agent', $$ update exai_issues set blocks_issues = array[pg_temp.i(6)]
    where id = pg_temp.i(4) returning array_length(blocks_issues, 1) $$), '1', 'an agent writes an array'
);

select pg_temp.as_persona('agent', $$
  select relate_exai_issues(pg_temp.i(1), pg_temp.i(6), 'relates', 'conv-a'),
    relate_exai_issues(pg_temp.i(1), pg_temp.i(6), 'relates', 'conv-a'),
    unrelate_exai_issues(pg_temp.i(1), pg_temp.i(6), 'relates', 'conv-a') $$);
select is(
  (
    select string_agg(regexp_replace(content, '#\d+', '#', 'g'), ' ' order by created_at)
    from exai_issue_updates where issue_id = pg_temp.i(1) and conversation_id = 'conv-a'
  ), 'Related: # relates #. No longer: # relates #.', 'the history records the conversation, once'
);

-- chains longer than the first limit of the search (64)
create function pg_temp.c(p_number integer) returns uuid language sql immutable as $$
  select ('20000000-0000-4000-8000-' || lpad(p_number::text, 12, '0'))::uuid
$$;
insert into exai_issues (id, title) select pg_temp.c(n), 'C' || n from generate_series(1, 500) as n;
insert into exai_issue_relations (from_issue_id, to_issue_id, kind)
select pg_temp.c(n), pg_temp.c(n + 1), case n % 2 when 0 then 'parent' else 'blocks' end
from generate_series(1, 499) as n where n <> 250;
select is(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.c(250), pg_temp.c(251), 'blocks') $$),
  'accepted', 'an edge that joins two long chains'
);
select alike(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.c(500), pg_temp.c(1), 'blocks') $$),
  'PT409 exai_relation_cycle_conflict%', 'an edge from the end of a long chain to its beginning'
);
select alike(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.c(500), pg_temp.c(450), 'blocks') $$),
  'PT409 exai_relation_cycle_conflict%', 'an edge back near the end'
);
select alike(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.c(60), pg_temp.c(1), 'parent') $$),
  'PT409 exai_relation_cycle_conflict%', 'an edge back near the beginning'
);
select is(
  pg_temp.refusal($$ insert into exai_issue_relations values (pg_temp.c(1), pg_temp.c(500), 'blocks') $$),
  'accepted', 'an edge along the chain'
);

select * from finish();
rollback;
