-- Upgrades of the auth server alter columns of its tables. An object outside schema auth that depends on one
-- of them makes such an upgrade fail, and Auth does not start. Foreign keys to auth.users (id) are the
-- exception.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(7);

-- Every object outside auth that depends on a column of a relation in auth.
create function pg_temp.auth_dependencies() returns setof text language sql as $$
  select pg_describe_object(d.classid, d.objid, d.objsubid) || ' depends on '
    || pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid)
  from pg_depend as d
  join pg_class as r on r.oid = d.refobjid and r.relnamespace = 'auth'::regnamespace
  where d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
    and not exists (
      select from pg_class as c
      where d.classid = 'pg_class'::regclass and c.oid = d.objid and c.relnamespace = r.relnamespace
    )
    and not exists (
      select from pg_attrdef as a
      where d.classid = 'pg_attrdef'::regclass and a.oid = d.objid and a.adrelid = r.oid
    )
    and not exists (
      select from pg_constraint as c
      where d.classid = 'pg_constraint'::regclass and c.oid = d.objid and (
        c.connamespace = r.relnamespace
        or c.contype = 'f' and c.confrelid = 'auth.users'::regclass and c.confkey = array[(
          select a.attnum from pg_attribute as a where a.attrelid = c.confrelid and a.attname = 'id'
        )]
      )
    )
    and not exists (
      select from pg_trigger as t join pg_proc as f on f.oid = t.tgfoid
      where d.classid = 'pg_trigger'::regclass and t.oid = d.objid
        and (t.tgisinternal or f.pronamespace = r.relnamespace)
    )
  order by 1
$$;

select is_empty('select * from pg_temp.auth_dependencies()',
  'nothing outside auth depends on a column in auth, except foreign keys to auth.users (id)');

-- What the rule is about: a trigger on a platform table has no column list, and its WHEN names no column.

select is_empty(
  $$ select t.tgname, t.tgrelid::regclass from pg_trigger as t
     join pg_class as c on c.oid = t.tgrelid and c.relnamespace = 'auth'::regnamespace
     join pg_proc as f on f.oid = t.tgfoid and f.pronamespace <> c.relnamespace
     where not t.tgisinternal
       and (t.tgtype & 2 <> 0 or t.tgtype & 1 = 0 or cardinality(t.tgattr::smallint[]) > 0) $$,
  'triggers on tables of auth are after row triggers without a column list'
);
select isnt_empty(
  $$ select from pg_trigger
     where tgrelid = 'auth.users'::regclass and not tgisinternal and tgqual is not null $$,
  'there is a trigger with a condition to hold to it'
);

-- The test finds what it is made to find.

create view public.contract_probe as select u.email from auth.users as u;
select is((select count(*) from pg_temp.auth_dependencies()), 1::bigint, 'a view over a column is found');
drop view public.contract_probe;

create function public.contract_probe() returns trigger language plpgsql as 'begin return null; end';
create trigger contract_probe after update on auth.users
  for each row when (old.email is distinct from new.email) execute function public.contract_probe();
select is((select count(*) from pg_temp.auth_dependencies()), 1::bigint,
  'a condition that names a column is found');
create or replace trigger contract_probe after update of email on auth.users
  for each row execute function public.contract_probe();
select is((select count(*) from pg_temp.auth_dependencies()), 1::bigint, 'a column list is found');
create or replace trigger contract_probe after update on auth.users
  for each row when (old *<> new) execute function public.contract_probe();
select is_empty('select * from pg_temp.auth_dependencies()', 'a condition over whole rows passes');

select * from finish();
rollback;
