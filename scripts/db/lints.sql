-- What the platform's advisors look for, in every schema of ours and not only in the exposed ones. Rows are
-- (rule, object, detail). Runs as any role that may read the catalogue.

with ours as (
  select n.oid
  from pg_namespace as n
  where n.nspname !~ '^pg_'
    and n.nspname not in (
      'information_schema', 'auth', 'storage', 'extensions', 'supabase_migrations', 'realtime', 'vault',
      'graphql', 'graphql_public'
    )
    and not exists (
      select from pg_depend as d
      where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e'
    )
),
tables as (
  select c.oid, c.relrowsecurity, c.oid::regclass::text as name
  from pg_class as c
  where c.relnamespace in (select o.oid from ours as o) and c.relkind in ('r', 'p')
)
select 'unindexed_foreign_key' as rule, t.name || '.' || k.conname as object,
  'no index leads with its columns' as detail
from tables as t
join pg_constraint as k on k.conrelid = t.oid and k.contype = 'f'
where not exists (
  select from pg_index as i
  where i.indrelid = t.oid and i.indisvalid and i.indpred is null
    and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
)
union all
select 'duplicate_index', t.name, string_agg(i.indexrelid::regclass::text, ', ' order by i.indexrelid)
from tables as t
join pg_index as i on i.indrelid = t.oid
group by t.oid, t.name, i.indkey::text, i.indclass::text, i.indoption::text, i.indcollation::text,
  pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid), i.indnullsnotdistinct
having count(*) > 1
union all
select 'rls_disabled', t.name, 'row level security is off'
from tables as t
where not t.relrowsecurity
union all
select 'function_search_path_mutable', f.oid::regprocedure::text, 'no search_path is set'
from pg_proc as f
where f.pronamespace in (select o.oid from ours as o)
  and not exists (select from unnest(f.proconfig) as s (setting) where s.setting like 'search_path=%')
  and not exists (
    select from pg_depend as d
    where d.classid = 'pg_proc'::regclass and d.objid = f.oid and d.deptype = 'e'
  )
union all
select 'multiple_permissive_policies', t.name,
  format('%s for %s: %s', string_agg(p.polname, ', ' order by p.polname),
    case r.role when 0 then 'public' else r.role::regrole::text end, a.action)
from tables as t
join pg_policy as p on p.polrelid = t.oid and p.polpermissive
cross join unnest(p.polroles) as r (role)
cross join (values ('r', 'select'), ('a', 'insert'), ('w', 'update'), ('d', 'delete')) as a (code, action)
where p.polcmd::text in (a.code, '*')
group by t.oid, t.name, r.role, a.action
having count(*) > 1
order by 1, 2, 3;
