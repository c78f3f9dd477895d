-- What new objects start with, what is scheduled, and what can be followed live.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
\ir declarations.psql
select plan(14 + (select count(*)::integer from declared_job));

-- Defaults: an object made by a migration that forgets its grants is closed, not open.

create table public.contract_probe (id integer generated always as identity, name text);
create function public.contract_probe() returns integer language sql as 'select 1';
create sequence public.contract_probe_seq;

select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'])
     as p (name)
   where has_table_privilege(r.name, 'public.contract_probe', p.name)),
  0::bigint, 'a new table is closed to the API roles'
);
select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   where has_function_privilege(r.name, 'public.contract_probe()', 'execute')),
  0::bigint, 'a new function is closed to the API roles'
);
select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   cross join unnest(array['usage', 'select', 'update']) as p (name)
   where has_sequence_privilege(r.name, 'public.contract_probe_seq', p.name)),
  0::bigint, 'a new sequence is closed to the API roles'
);

create function private.contract_probe() returns integer language sql as 'select 1';
select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   where has_function_privilege(r.name, 'private.contract_probe()', 'execute')),
  0::bigint, 'a new function of another schema is closed too'
);
select is(
  (select count(*) from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
   where has_schema_privilege(r.name, 'private', 'usage') or has_schema_privilege(r.name, 'private', 'create')
     or has_schema_privilege(r.name, 'public', 'create')
     or has_schema_privilege(r.name, 'support', 'create')),
  0::bigint, 'the API roles may not use private, nor create in the exposed schemas'
);
drop function public.contract_probe();
drop function private.contract_probe();
drop table public.contract_probe;
drop sequence public.contract_probe_seq;

-- A temporary type called text would be what security-definer functions take for text.
select is_empty(
  $$ select r.name from unnest(array['anon', 'authenticated', 'service_role']) as r (name)
     where has_database_privilege(r.name, current_database(), 'temporary') $$,
  'the API roles make no temporary objects'
);
select is_empty(
  $$ select c.oid::regclass, r.name
     from pg_class as c
     cross join unnest(array['anon', 'authenticated', 'service_role']) as r (name)
     where c.relnamespace in (select s.oid from our_schema as s) and c.relkind = 'S'
       and has_sequence_privilege(r.name, c.oid, 'usage, select, update') $$,
  'the API roles hold nothing on sequences'
);

select is_empty(
  $$ select conrelid::regclass, conname from pg_constraint
     where connamespace in (select s.oid from our_schema as s where s.name <> 'private') and contype = 'c'
       and conname ~ '_check\d*$' $$,
  'check constraints are named as the rule they hold'
);

-- Scheduled jobs

select is(
  (
    select string_agg(
      format(E'\n  declared_job: (%L, %L, %L),', j.jobname, j.schedule, j.command), '' order by j.jobname
    )
    from cron.job as j
    where not exists (
      select from declared_job as d
      where d.name = j.jobname and d.schedule = j.schedule and d.command = j.command and j.active
    )
  ),
  null, 'each job is declared in contract/<system>.psql, with its schedule and command, and is active'
);
select is_empty(
  $$ select d.name from declared_job as d
     where not exists (select from cron.job as j where j.jobname = d.name) $$,
  'every declared job is scheduled'
);
select lives_ok(j.command, format('%s runs as the role that the job has', j.name))
from declared_job as j order by j.name;

-- Live

select is(
  (
    select string_agg(
      format(E'\n  declared_realtime: (''%s.%s''),', t.schemaname, t.tablename), '' order by t.tablename
    )
    from pg_publication_tables as t
    where t.pubname = 'supabase_realtime' and not exists (
      select from declared_realtime as d where d.name = format('%s.%s', t.schemaname, t.tablename)
    )
  ),
  null, 'each table that clients can follow live is declared in contract/<system>.psql'
);
select is_empty(
  $$ select d.name from declared_realtime as d
     where not exists (
       select from pg_publication_tables as t
       where t.pubname = 'supabase_realtime' and format('%s.%s', t.schemaname, t.tablename) = d.name) $$,
  'every table that is declared so can be followed live'
);
select is_empty(
  $$ select t.tablename from pg_publication_tables as t
     join pg_class as c on c.oid = format('%I.%I', t.schemaname, t.tablename)::regclass
     where t.pubname = 'supabase_realtime' and not c.relrowsecurity $$,
  'and row security decides who follows which row'
);
select is_empty(
  $$ select t.tablename from pg_publication_tables as t
     join pg_class as c on c.oid = format('%I.%I', t.schemaname, t.tablename)::regclass
     where t.pubname = 'supabase_realtime' and c.relreplident <> 'd' $$,
  'of the old row only the key is logged, so that large columns that did not change are not'
);

select * from finish();
rollback;
