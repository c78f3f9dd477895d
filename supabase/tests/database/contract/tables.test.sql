-- Rules over every table and view of ours.

begin;
create extension if not exists pgtap with schema extensions;
set local search_path = public, extensions;
select plan(23);

\ir declarations.psql

-- The lines that are missing, to be completed.
select is(
  (
    select string_agg(
      case
        when r.schema = 'private' then format(E'\n  declared_private_table: (%L, false),', r.name)
        when r.relkind in ('v', 'm')
          then format(E'\n  declared_view: (%L, ''<filter>'', ''no none ? ? ? ?''),',
            pg_temp.declared_name(r.schema, r.name))
        else format(
          E'\n  declared_table: (%L, ''<filter>'', ''<key>'', ''{<a new row>}'', '''
            '\n    select: no none ? ? ? ?\n    insert: no no ? ? ? ?'
            '\n    upsert: no no ? ? ? ?\n    update: no none ? ? ? ?'
            '\n    delete: no none ? ? ? ?''),', pg_temp.declared_name(r.schema, r.name)
        )
      end, '' order by r.schema, r.name
    )
    from our_relation as r
    where not exists (
      select from (
        select pg_temp.qualified(t.name) from declared_table as t
        union all select pg_temp.qualified(v.name) from declared_view as v
        union all select 'private.' || p.name from declared_private_table as p
      ) as d (name)
      where d.name = format('%s.%s', r.schema, r.name)
    )
  ),
  null, 'each table and view is declared in contract/<system>.psql'
);
select is_empty(
  $$ select d.name from (
       select pg_temp.qualified(t.name) from declared_table as t
       union all select pg_temp.qualified(v.name) from declared_view as v
       union all select 'private.' || p.name from declared_private_table as p
     ) as d (name)
     where not exists (select from our_relation as r where format('%s.%s', r.schema, r.name) = d.name) $$,
  'every declared table and view exists'
);

-- Row security

select is_empty(
  $$ select schema, name from our_relation where relkind in ('r', 'p') and not relrowsecurity $$,
  'every table has row level security on'
);
select is_empty(
  $$ select schemaname, tablename, policyname from pg_policies
     where schemaname in (select name from our_schema) and permissive <> 'PERMISSIVE' $$,
  'every policy is permissive'
);
select is_empty(
  $$ select schemaname, tablename, policyname, roles from pg_policies
     where schemaname in (select name from our_schema)
       and (cardinality(roles) <> 1 or roles && array['public', 'anon', 'service_role']::name[]) $$,
  'every policy names one role, and neither public nor anon nor service_role'
);
select is_empty(
  $$ select schemaname, tablename, cmd, roles from pg_policies
     where schemaname in (select name from our_schema) group by 1, 2, 3, 4 having count(*) > 1 $$,
  'there is one policy per table, action and role'
);
select is_empty(
  $$ select schemaname, tablename, policyname from pg_policies
     where schemaname in (select name from our_schema) and cmd = 'ALL' $$,
  'no policy is for all actions'
);
select is_empty(
  $$ select schemaname, tablename, policyname from pg_policies
     where schemaname in (select name from our_schema)
       and policyname !~ ('^' || tablename || '_' || lower(cmd) || '_[a-z_]+$') $$,
  'a policy is called <table>_<action>_<who>'
);
select is_empty(
  $$ select schemaname, tablename, policyname
     from pg_policies cross join lateral (values (qual), (with_check)) as e (expression)
     where schemaname in (select name from our_schema)
       and regexp_replace(
         expression, '\( SELECT (auth\.uid\(\)|private\.\w+\([^()]*\)) AS \w+\)', '', 'g'
       ) ~ '(auth|private)\.\w+\(' $$,
  'policies call functions once per statement: (select auth.uid()), (select private.…())'
);
select is_empty(
  $$ select schema, name from our_relation
     where relkind = 'v' and not coalesce(reloptions, '{}') @> array['security_invoker=true'] $$,
  'every view is security_invoker'
);

-- Privileges

select is_empty(
  $$ select r.schema, r.name, a.privilege_type from our_relation as r
     cross join lateral aclexplode(coalesce(r.relacl, acldefault('r', r.relowner))) as a
     where a.grantee = any (array[0::oid, 'anon'::regrole::oid]) $$,
  'nothing is granted to anon or public on tables'
);
select is_empty(
  $$ select r.schema, r.name, t.attname from our_relation as r
     join pg_attribute as t on t.attrelid = r.oid
     cross join lateral aclexplode(t.attacl) as a
     where a.grantee = any (array[0::oid, 'anon'::regrole::oid]) $$,
  'nothing is granted to anon or public on columns'
);
select is_empty(
  $$ select r.schema, r.name, a.privilege_type from our_relation as r
     cross join lateral aclexplode(r.relacl) as a
     where a.grantee = 'authenticated'::regrole and a.privilege_type not in ('SELECT', 'DELETE') $$,
  'authenticated writes by column grants only, and holds no other table privilege'
);
select is_empty(
  $$ select r.schema, r.name, t.attname from our_relation as r
     join pg_attribute as t on t.attrelid = r.oid
     cross join lateral aclexplode(t.attacl) as a
     where r.schema <> 'private' and a.privilege_type not in ('INSERT', 'UPDATE') $$,
  'select is granted on whole tables, never by column'
);
-- Without USAGE on the schema nobody can name these; exposed views read them with the caller's rights.
select set_eq(
  $$ select distinct r.name, a.privilege_type from our_relation as r
     cross join lateral (
       select x.grantee, x.privilege_type from aclexplode(r.relacl) as x
       union all
       select x.grantee, x.privilege_type from pg_attribute as t cross join lateral aclexplode(t.attacl) as x
       where t.attrelid = r.oid
     ) as a
     where r.schema = 'private' and a.grantee <> r.relowner $$,
  $$ select name::name, 'SELECT' from declared_private_table where is_read_by_views $$,
  'of the tables of the schema private, views read those that are declared so'
);
select is_empty(
  $$ select a.privilege_type from pg_namespace as n cross join lateral aclexplode(n.nspacl) as a
     where n.nspname = 'private' and a.grantee <> n.nspowner $$,
  'no role but the owner may use the schema private'
);

-- Keys and comments

select is_empty(
  $$ select conrelid::regclass, conname from pg_constraint
     where contype = 'f' and connamespace in (select oid from our_schema) and confdeltype = 'a' $$,
  'every foreign key states what happens on delete'
);
select is_empty(
  $$ select k.conrelid::regclass, k.conname from pg_constraint as k
     where k.contype = 'f' and k.connamespace in (select oid from our_schema)
       and not exists (
         select from pg_index as i
         where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
           and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
       ) $$,
  'every foreign key has an index that leads with it'
);
-- Under row security a condition reaches an index only through a leakproof operator, and those of these
-- index types (`@>`, `ilike`, `@@`) are not: what the API filters by them reads every row. A function that
-- runs with its owner's rights may use them.
select is_empty(
  $$ select x.indexrelid::regclass, t.attname
     from pg_index as x
     join pg_class as i on i.oid = x.indexrelid
     join pg_am as m on m.oid = i.relam and m.amname in ('gin', 'gist', 'spgist')
     join our_relation as r on r.oid = x.indrelid and r.relrowsecurity
     left join pg_attribute as t on t.attrelid = x.indrelid and t.attnum = any (x.indkey::int2[])
     where not exists (
       select from our_function as f
       where f.prosecdef and f.prosrc ~ ('\m' || r.name || '\M')
         and f.prosrc ~ ('\m' || t.attname || '\M\s*(@>|<@|&&|@@|%|~|\?|i?like\M)')
     )
       -- the seed's, for servers: of a user's own articles there are few
       and i.relname <> 'devto_articles_tags_idx' $$,
  'each GIN or GiST index of a table under row security is used by a security definer function'
);
select is_empty(
  $$ select schema, name from our_relation as r
     where relkind in ('r', 'p') and not exists (
       select from pg_constraint as k where k.conrelid = r.oid and k.contype = 'p'
     ) $$,
  'every table has a primary key'
);
select is_empty(
  $$ select schema, name from our_relation where obj_description(oid, 'pg_class') is null $$,
  'every table and view has a comment'
);
select is_empty(
  $$ select r.schema, r.name, t.attname, format_type(t.atttypid, t.atttypmod) from our_relation as r
     join pg_attribute as t on t.attrelid = r.oid and t.attnum > 0 and not t.attisdropped
     where t.attname ~ '_at$' and t.atttypid <> 'timestamptz'::regtype
       or t.atttypid in ('timestamp'::regtype, 'json'::regtype, 'money'::regtype)
       -- the seed's, in its document's lengths
       or t.atttypid = 'varchar'::regtype and not (r.schema = 'support' and (
         r.name in ('users', 'conversations', 'escalations') or (r.name, t.attname) = ('messages', 'role')
       )) $$,
  'times are timestamptz, texts text, documents jsonb'
);
select is_empty(
  $$ select t.tgrelid::regclass, t.tgname from pg_trigger as t
     join our_relation as r on r.oid = t.tgrelid
     where not t.tgisinternal and t.tgname !~ '^_\d{3}_[a-z_]+$' $$,
  'triggers carry their order in their name'
);

select * from finish();
rollback;
