-- Rules over every function of ours: how it is made, and who may execute it. What is not declared is closed.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(14);

\ir declarations.psql

-- The lines that are missing or wrong, as they have to be when what the catalogue has is meant.
select is(
  (
    select string_agg(
      format(
        E'\n  declared_function: (%L, %L, %L, %L),', p.signature, p.roles,
        coalesce(d.outcome, 'no ? ? ? ? ?'),
        coalesce(d.call, 'select ' || pg_temp.qualified(p.signature))
      ), '' order by p.signature
    )
    from (
      select f.oid::regprocedure::text as signature, pg_temp.executing_roles(f.name, f.schema) as roles
      from our_function as f where f.schema in ('public', 'support')
    ) as p
    left join declared_function as d on d.signature = p.signature
    where p.roles is distinct from d.roles
  ),
  null, 'each function of the API is declared in contract/<system>.psql with the roles that may execute it'
);
select is(
  (
    select string_agg(
      format(E'\n  declared_helper: (%L, %L),', p.name, coalesce(p.roles, 'nobody'))
        || coalesce(' -- declared: ' || d.roles, ''),
      '' order by p.name
    )
    from (
      select distinct f.name, pg_temp.executing_roles(f.name, 'private') as roles
      from our_function as f where f.schema = 'private'
    ) as p
    left join (
      select h.name, h.roles from declared_helper as h
      union all
      select pg_temp.body_of(f), f.roles from declared_function as f
    ) as d on d.name = p.name
    where p.roles is distinct from d.roles
      -- the one above prints the line of the wrapper
      and not exists (
        select from our_function as w
        where w.schema in ('public', 'support') and w.name = p.name and not exists (
          select from declared_function as f
          where split_part(f.signature, '(', 1) = pg_temp.declared_name(w.schema, w.name)
        )
      )
  ),
  null, 'a private function may be executed by those who may call its wrapper, or is a declared helper'
);
select is_empty(
  $$ select f.signature from declared_function as f
     where to_regprocedure(pg_temp.qualified(f.signature)) is null
     union all
     select 'private.' || d.name from (
       select pg_temp.body_of(f) as name from declared_function as f
       union all select h.name from declared_helper as h
     ) as d
     where not exists (select from our_function as p where p.schema = 'private' and p.name = d.name) $$,
  'every declared function exists, and has its body in private'
);
select is_empty(
  $$ select oid::regprocedure from our_function where schema in ('public', 'support') and prosecdef $$,
  'no function of an exposed schema is security definer'
);
select is_empty(
  $$ select oid::regprocedure from our_function
     where not coalesce(proconfig, '{}') @> array['search_path=""'] $$,
  'every function has an empty search_path'
);
select is_empty(
  $$ select f.oid::regprocedure from our_function as f
     where f.schema in ('public', 'support') and f.prosqlbody is null and f.prosrc ~ 'private\.' $$,
  'an exposed function that calls private ones has a parsed body'
);
select is_empty(
  $$ select f.oid::regprocedure from our_function as f
     where obj_description(f.oid, 'pg_proc') is null
       and not (f.schema = 'private' and exists (
         select from our_function as p where p.schema in ('public', 'support') and p.name = f.name)) $$,
  'every function has a comment, or is the body of an exposed one that has'
);
select is_empty(
  $$ select oid::regprocedure from our_function where schema <> 'private'
    and prorettype = 'trigger'::regtype $$,
  'trigger functions are in private'
);
select is_empty(
  $$ select f.oid::regprocedure, e.code from our_function as f
     cross join lateral (
       select m[1] as code from regexp_matches(f.prosrc, 'errcode = ''PT\d{3}'',\s+message = ''(\w+)''', 'g')
         as m
     ) as e
     where obj_description(f.oid, 'pg_proc') !~ ('\m' || e.code || '\M')
       and not exists (
         select from our_function as w
         where w.schema in ('public', 'support') and w.name = f.name
           and obj_description(w.oid, 'pg_proc') ~ ('\m' || e.code || '\M')
       ) $$,
  'a function''s comment names the errors that it raises'
);
select is_empty(
  $$ select oid::regprocedure from our_function where prosrc ~* 'when\s+others' $$,
  'no function catches every error'
);
select is_empty(
  $$ select oid::regprocedure from our_function
     where prosrc ~ 'errcode = ' and prosrc !~ 'errcode = ''PT[45]\d\d'', message = ''[a-z0-9_]+'''
       and prosrc !~ 'errcode = ''PT[45]\d\d'',\s+message = ''[a-z0-9_]+''' $$,
  'errors are raised as PT<http status> with a snake_case code'
);
select is_empty(
  $$ select p.oid::regprocedure from pg_proc as p
     where p.prosecdef and p.pronamespace = (select oid from pg_namespace where nspname = 'graphql_public')
       and pg_get_userbyid(p.proowner) = 'postgres' $$,
  'we put no security definer into graphql_public'
);

-- Supabase's API roles have safeupdate loaded, which refuses an UPDATE or DELETE without WHERE even inside a
-- security-definer function. Comments and strings are taken out, and then parentheses from the inside out, so
-- that the WHERE of a subquery is not taken for the statement's; what stood in them is looked at by itself.
create function pg_temp.unfiltered_writes(p_source text) returns setof text language sql as $$
  with recursive code as (
    select regexp_replace(
      regexp_replace(p_source, '--[^\n]*|/\*.*?\*/', '', 'g'), '''(?:[^'']|'''')*''', '''''', 'g'
    ) as text
    union
    select regexp_replace(c.text, '\([^()]*\)', '', 'g') from code as c
  ),
  statement as (
    select m[1] as text from code as c cross join lateral regexp_matches(c.text, '\(([^()]*)\)', 'g') as m
    union
    select s.text from code as c cross join lateral regexp_split_to_table(c.text, ';') as s (text)
    where c.text !~ '[()]'
  )
  select s.text from statement as s
  where s.text ~* (
    '\m(update\s+(only\s+)?(?!set\M)[\w."]+(\s+as)?(\s+(?!set\M)\w+)?\s+set|delete\s+from)\M'
      || '(?!.*\mwhere\M)'
  )
$$;
select is_empty(
  $$ select f.oid::regprocedure, w.text
     from our_function as f
     cross join lateral pg_temp.unfiltered_writes(pg_get_functiondef(f.oid)) as w (text) $$,
  'no function updates or deletes without a WHERE'
);
select is(
  (select count(*) from unnest(array[
    'begin delete from public.t; end', 'update public.t as t set a = 1 -- where',
    'update t set a = (select 1 where true);', 'with d as (delete from t returning 1) select 1 where true',
    'update t set a = 1 where b; delete from t where c', 'insert into t on conflict do update set a = 1',
    'select 1 from t for update', 'update t set a = '' where '' '
  ]) as s (text) where exists (select from pg_temp.unfiltered_writes(s.text))),
  5::bigint, 'the pattern finds what it is there for, and no more'
);

select * from finish();
rollback;
