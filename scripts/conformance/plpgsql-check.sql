-- What plpgsql_check finds in every plpgsql function of ours; trigger functions once for each table.
-- Rows are (object, level, sqlstate, lineno, message, detail, hint, query); a function without a finding has
-- one whose message is null.

with ours as (
  select f.oid, f.oid::regprocedure as name, f.prorettype = 'trigger'::regtype as is_trigger
  from pg_proc as f
  join pg_language as l on l.oid = f.prolang and l.lanname = 'plpgsql'
  join pg_namespace as n on n.oid = f.pronamespace
  where n.nspname !~ '^pg_'
    and n.nspname not in ('information_schema', 'auth', 'storage', 'extensions', 'supabase_migrations')
    and not exists (
      select from pg_depend as d
      where d.classid = 'pg_proc'::regclass and d.objid = f.oid and d.deptype = 'e'
    )
),
uses as (
  select o.oid, o.name, 0::oid as relation, null::name as old_rows, null::name as new_rows
  from ours as o
  where not o.is_trigger
  union
  select o.oid, o.name, t.tgrelid, t.tgoldtable, t.tgnewtable
  from ours as o
  join pg_trigger as t on t.tgfoid = o.oid and not t.tgisinternal
  where o.is_trigger
)
select u.name || case when u.relation = 0 then '' else ' on ' || u.relation::regclass end as object,
  c.level, c.sqlstate, c.lineno, c.message, c.detail, c.hint, c.query
from uses as u
left join lateral extensions.plpgsql_check_function_tb(
  funcoid => u.oid, relid => u.relation, fatal_errors => false, other_warnings => true,
  extra_warnings => true, performance_warnings => true, security_warnings => true,
  oldtable => u.old_rows, newtable => u.new_rows
) as c on true
order by 1, 2;
