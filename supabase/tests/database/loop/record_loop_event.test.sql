-- record_loop_event: an event is recorded once, in the generation that it belongs to.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(12);

\ir ../helpers/personas.psql

insert into public.issues (id, title, is_test) values
  ('10000000-0000-4000-8000-000000000001', 'First', false),
  ('10000000-0000-4000-8000-000000000002', 'Second', false),
  ('10000000-0000-4000-8000-000000000003', 'A test', true);
insert into public.loop_issues (issue_id)
select i.id from public.issues as i
on conflict do nothing;

create function pg_temp.record(
  p_number integer, p_hop text, p_reference text, p_generation integer default null
) returns boolean language sql as $$
  select private.record_loop_event(
    ('10000000-0000-4000-8000-00000000000' || p_number)::uuid, p_hop, '2026-01-02', 'Ana', p_reference,
    p_generation
  )
$$;

select ok(pg_temp.record(1, 'answered', 'm1'), 'an event is recorded');
select ok(not pg_temp.record(1, 'answered', 'm1'), 'the same event is not recorded again');
select ok(pg_temp.record(1, 'answered', 'm2'), 'another reference is another event');
select ok(pg_temp.record(1, 'answered', null), 'a reference that is null is the empty one');
select ok(not pg_temp.record(1, 'answered', ''), 'which is a reference like others');
select results_eq(
  $$ select issue_id, generation, at, actor from public.loop_events
     where hop = 'answered' and reference = 'm1' $$,
  $$ values ('10000000-0000-4000-8000-000000000001'::uuid, 1, '2026-01-02'::timestamptz, 'Ana') $$,
  'with its issue, generation, time and actor'
);
update public.loop_issues set generation = 2 where issue_id = '10000000-0000-4000-8000-000000000001';
select ok(pg_temp.record(1, 'answered', 'm1'), 'in another generation it is another event');
select ok(
  not pg_temp.record(1, 'answered', 'm1', 1) and pg_temp.record(1, 'answered', 'm3', 1),
  'an event of an earlier generation is recorded there'
);
select ok(
  not pg_temp.record(3, 'answered', 'm1') and not pg_temp.record(3, 'answered', 'm1', 1),
  'an issue that is a test has no events'
);
select ok(
  not pg_temp.record(9, 'answered', 'm1') and not pg_temp.record(9, 'answered', 'm1', 1),
  'nor has one that does not exist'
);
select is(
  private.record_loop_events(
    array['10000000-0000-4000-8000-000000000002', '10000000-0000-4000-8000-000000000001',
      '10000000-0000-4000-8000-000000000003', '10000000-0000-4000-8000-000000000002']::uuid[],
    'answered', null, null, 'm1'
  ), 1, 'one event of several issues is recorded for those that do not have it'
);
select throws_ok(
  $$ select pg_temp.record(1, 'lost', '') $$, '23514', null, 'an unknown hop is refused'
);

select * from finish();
rollback;
