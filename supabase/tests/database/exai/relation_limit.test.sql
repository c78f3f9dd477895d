-- A search for a cycle ends where it has followed enough edges from both ends.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(3);
\ir ../helpers/personas.psql

create function pg_temp.c(p_number integer) returns uuid language sql immutable as $$
  select ('20000000-0000-4000-8000-' || lpad(p_number::text, 12, '0'))::uuid
$$;
insert into exai_issues (id, title) select pg_temp.c(n), 'C' || n from generate_series(1, 500) as n;
insert into exai_issue_relations (from_issue_id, to_issue_id, kind)
select pg_temp.c(n), pg_temp.c(n + 1), 'blocks' from generate_series(1, 499) as n;

select throws_ilike(
  'select private.has_exai_path(pg_temp.c(300), true, pg_temp.c(200), true, 64)',
  'exai_relation_limit_reached', 'a search that reaches its limit from both ends says so'
);
select ok(
  private.has_exai_path(pg_temp.c(480), true, pg_temp.c(490), true, 64), 'not one that finds a path'
);
select ok(
  not private.has_exai_path(pg_temp.c(490), true, pg_temp.c(200), true, 64), 'nor one that an end decides'
);

select * from finish();
rollback;
