-- A database's definition as lines of text, grouped by object, so that two databases can be compared line by
-- line. Runs as supabase_admin in one session; every row of every select is (object, position, line), where
-- position gives the order within an object. What PostgreSQL brings and the CLI's own history are left out.

set search_path = '';

create function pg_temp.is_counted(p_schema oid) returns boolean
language sql stable security invoker set search_path = '' as $$
  select n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'supabase_migrations')
  from pg_namespace as n
  where n.oid = is_counted.p_schema
$$;

-- One line per grantee; an ACL that was never changed counts as the default one.
create function pg_temp.acl_lines(p_acl aclitem[], p_kind text, p_owner oid) returns setof text
language sql stable security invoker set search_path = '' as $$
  select format(
    'grant %s to %s by %s',
    string_agg(
      a.privilege_type || case when a.is_grantable then '*' else '' end, ', ' order by a.privilege_type
    ),
    case a.grantee when 0 then 'public' else a.grantee::regrole::text end,
    a.grantor::regrole
  )
  from aclexplode(coalesce(acl_lines.p_acl, acldefault(acl_lines.p_kind::"char", acl_lines.p_owner))) as a
  group by a.grantee, a.grantor
$$;

create function pg_temp.relation_name(p_relation oid) returns text
language sql stable security invoker set search_path = '' as $$
  select case c.relkind
    when 'r' then 'table' when 'p' then 'table' when 'f' then 'foreign table' when 'v' then 'view'
    when 'm' then 'materialized view' when 'S' then 'sequence' when 'c' then 'type' else 'index'
  end || ' ' || c.oid::regclass
  from pg_class as c
  where c.oid = relation_name.p_relation
$$;

create temp view counted_relations as
select c.*, pg_temp.relation_name(c.oid) as object
from pg_class as c
where pg_temp.is_counted(c.relnamespace) and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'c');

-- schemas
select format('schema %s', n.nspname::regnamespace) as object, l.position, l.line
from pg_namespace as n
cross join lateral (
  select 1 as position, format('owner %s', n.nspowner::regrole) as line
  union all select 2, pg_temp.acl_lines(n.nspacl, 'n', n.nspowner)
  union all select 3, 'comment ' || obj_description(n.oid, 'pg_namespace')
) as l
where pg_temp.is_counted(n.oid);

-- tables, views, sequences and composite types: what they are
select c.object, l.position, l.line
from pg_temp.counted_relations as c
cross join lateral (
  select 1 as position, format('owner %s', c.relowner::regrole) as line
  union all select 2, 'comment ' || obj_description(c.oid, 'pg_class')
  union all select 3, 'options ' || array_to_string(c.reloptions, ', ')
  union all select 4, format('persistence %s', c.relpersistence) where c.relpersistence <> 'p'
  union all
  select 5, concat(
    'row level security ', case when c.relrowsecurity then 'on' else 'off' end,
    case when c.relforcerowsecurity then ', forced' end
  )
  where c.relkind in ('r', 'p')
  union all
  select 6, format('replica identity %s', c.relreplident)
  where c.relreplident <> 'd' and c.relkind in ('r', 'p')
  union all select 7, 'partition by ' || pg_get_partkeydef(c.oid) where c.relkind = 'p'
  union all
  select 8, format('inherits %s, number %s', i.inhparent::regclass, i.inhseqno)
  from pg_inherits as i where i.inhrelid = c.oid
  union all select 9, pg_get_expr(c.relpartbound, c.oid) where c.relispartition
  union all
  select 100, regexp_split_to_table(pg_get_viewdef(c.oid), '\n') where c.relkind in ('v', 'm')
  union all
  select 101, format('as %s start %s increment %s from %s to %s cache %s%s', s.seqtypid::regtype, s.seqstart,
    s.seqincrement, s.seqmin, s.seqmax, s.seqcache, case when s.seqcycle then ' cycle' end)
  from pg_sequence as s where s.seqrelid = c.oid
  union all
  select 102, format('owned by %s.%s', d.refobjid::regclass, a.attname)
  from pg_depend as d
  join pg_attribute as a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
  where c.relkind = 'S' and d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
  union all
  select 900, pg_temp.acl_lines(c.relacl, case when c.relkind = 'S' then 's' else 'r' end, c.relowner)
  where c.relkind <> 'c'
) as l;

-- columns, in their order
select c.object, 200 + 3 * a.number + l.position as position, l.line
from pg_temp.counted_relations as c
join lateral (
  select t.*, row_number() over (order by t.attnum)::integer as number
  from pg_attribute as t
  where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped
) as a on c.relkind <> 'S'
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
cross join lateral (
  select 0 as position, concat(
    'column ', quote_ident(a.attname), ' ', format_type(a.atttypid, a.atttypmod),
    case when a.attcollation <> (select t.typcollation from pg_type as t where t.oid = a.atttypid)
      then ' collate ' || a.attcollation::regcollation end,
    case when a.attnotnull then ' not null' end,
    case a.attidentity
      when 'a' then ' generated always as identity' when 'd' then ' generated by default as identity'
    end,
    case when a.attgenerated <> '' then ' generated ' || a.attgenerated::text
      when d.oid is not null then ' default' end,
    ' ' || pg_get_expr(d.adbin, d.adrelid),
    case when a.attstorage <> (select t.typstorage from pg_type as t where t.oid = a.atttypid)
      then ' storage ' || a.attstorage::text end,
    ' compression ' || nullif(a.attcompression::text, ''),
    ' options ' || array_to_string(a.attoptions, ', ')
  ) as line
  union all
  select 1, format('column %I ', a.attname) || pg_temp.acl_lines(a.attacl, 'c', c.relowner)
  where a.attacl is not null
  union all
  select 2, format('column %I comment ', a.attname) || col_description(a.attrelid, a.attnum)
) as l;

-- constraints, indexes, triggers, policies, rules, statistics
select c.object, l.position, l.line
from pg_temp.counted_relations as c
cross join lateral (
  select 20000 as position, format('constraint %I ', k.conname) || pg_get_constraintdef(k.oid) as line
  from pg_constraint as k where k.conrelid = c.oid
  union all
  select 20001, format('constraint %I comment ', k.conname) || obj_description(k.oid, 'pg_constraint')
  from pg_constraint as k where k.conrelid = c.oid
  union all
  select 30000, concat(pg_get_indexdef(i.indexrelid), case when not i.indisvalid then ' invalid' end,
    case when i.indisclustered then ' clustered' end, case when i.indisreplident then ' replica identity' end)
  from pg_index as i where i.indrelid = c.oid
  union all
  select 30001, 'index ' || i.indexrelid::regclass || ' comment '
    || obj_description(i.indexrelid, 'pg_class')
  from pg_index as i where i.indrelid = c.oid
  union all
  select 40000,
    concat(pg_get_triggerdef(t.oid), case when t.tgenabled <> 'O' then ' enabled ' || t.tgenabled::text end)
  from pg_trigger as t where t.tgrelid = c.oid and not t.tgisinternal
  union all
  select 40001, format('trigger %I comment ', t.tgname) || obj_description(t.oid, 'pg_trigger')
  from pg_trigger as t where t.tgrelid = c.oid and not t.tgisinternal
  union all
  select 50000, concat(
    'policy ', quote_ident(p.polname), case when p.polpermissive then ' permissive' else ' restrictive' end,
    ' for ',
    case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
      else 'all' end,
    ' to ', (
      select string_agg(case r.role when 0 then 'public' else r.role::regrole::text end, ', ' order by r.role)
      from unnest(p.polroles) as r (role)
    ),
    ' using ' || pg_get_expr(p.polqual, p.polrelid), ' with check ' || pg_get_expr(p.polwithcheck, p.polrelid)
  )
  from pg_policy as p where p.polrelid = c.oid
  union all
  select 50001, format('policy %I comment ', p.polname) || obj_description(p.oid, 'pg_policy')
  from pg_policy as p where p.polrelid = c.oid
  union all
  select 60000, pg_get_ruledef(r.oid)
  from pg_rewrite as r where r.ev_class = c.oid and r.rulename <> '_RETURN'
  union all
  select 70000, pg_get_statisticsobjdef(s.oid) from pg_statistic_ext as s where s.stxrelid = c.oid
) as l;

-- functions and procedures
select format('function %s', f.oid::regprocedure) as object, l.position, l.line
from pg_proc as f
cross join lateral (
  select 1 as position, format('owner %s', f.proowner::regrole) as line
  union all select 2, regexp_split_to_table(pg_get_functiondef(f.oid), '\n') where f.prokind <> 'a'
  union all select 3, pg_temp.acl_lines(f.proacl, 'f', f.proowner)
  union all select 4, 'comment ' || obj_description(f.oid, 'pg_proc')
) as l
where pg_temp.is_counted(f.pronamespace);

-- enums, domains and ranges; a table's own row type goes with the table
select format('type %s', t.oid::regtype) as object, l.position, l.line
from pg_type as t
cross join lateral (
  select 1 as position, format('owner %s, %s', t.typowner::regrole, t.typtype) as line
  union all
  select 2, string_agg(quote_literal(e.enumlabel), ', ' order by e.enumsortorder)
  from pg_enum as e where e.enumtypid = t.oid
  union all
  select 3, concat(
    'over ', format_type(t.typbasetype, t.typtypmod), case when t.typnotnull then ' not null' end,
    ' default ' || t.typdefault
  )
  where t.typtype = 'd'
  union all
  select 4, concat('constraint ', quote_ident(k.conname), ' ', pg_get_constraintdef(k.oid))
  from pg_constraint as k where k.contypid = t.oid
  union all select 5, 'subtype ' || r.rngsubtype::regtype::text from pg_range as r where r.rngtypid = t.oid
  union all select 6, pg_temp.acl_lines(t.typacl, 'T', t.typowner)
  union all select 7, 'comment ' || obj_description(t.oid, 'pg_type')
) as l
where pg_temp.is_counted(t.typnamespace) and t.typtype in ('e', 'd', 'r');

-- default privileges
select format('default privileges of %s', d.defaclrole::regrole) as object,
  1 as position,
  concat(
    'in ', case d.defaclnamespace when 0 then 'any schema' else d.defaclnamespace::regnamespace::text end,
    ' on ', case d.defaclobjtype
      when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types'
      else 'schemas'
    end,
    ': ', coalesce(l.line, 'nothing')
  ) as line
from pg_default_acl as d
left join lateral pg_temp.acl_lines(d.defaclacl, 'r', d.defaclrole) as l (line) on true;

-- publications and what they publish
select format('publication %I', p.pubname) as object, l.position, l.line
from pg_publication as p
cross join lateral (
  select 1 as position, format(
    'owner %s, all tables %s, insert %s, update %s, delete %s, truncate %s, via root %s', p.pubowner::regrole,
    p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate, p.pubviaroot
  ) as line
  union all
  select 2, concat(
    'table ', r.prrelid::regclass, ' columns ' || r.prattrs::text,
    ' where ' || pg_get_expr(r.prqual, r.prrelid)
  )
  from pg_publication_rel as r where r.prpubid = p.oid
  union all
  select 3, format('schema %s', s.pnnspid::regnamespace)
  from pg_publication_namespace as s where s.pnpubid = p.oid
) as l;

-- what belongs to the database as a whole
select format('extension %I', e.extname) as object, 1 as position,
  format(
    'version %s in %s, owner %s', e.extversion, e.extnamespace::regnamespace, e.extowner::regrole
  ) as line
from pg_extension as e;

select 'database settings' as object, 1 as position,
  concat(
    'for ', case s.setrole when 0 then 'all' else s.setrole::regrole::text end, ': ',
    array_to_string(s.setconfig, ', ')
  ) as line
from pg_db_role_setting as s
where s.setdatabase = (select d.oid from pg_database as d where d.datname = current_database());

select 'database privileges' as object, 1 as position, l.line
from pg_database as d
cross join lateral pg_temp.acl_lines(d.datacl, 'd', d.datdba) as l (line)
where d.datname = current_database();

select format('event trigger %I', t.evtname) as object, 1 as position,
  format(
    'owner %s on %s when %s execute %s enabled %s', t.evtowner::regrole, t.evtevent, t.evttags,
    t.evtfoid::regproc, t.evtenabled
  ) as line
from pg_event_trigger as t;

select 'other objects' as object, 1 as position, pg_describe_object(o.class, o.id, 0) as line
from (
  select 'pg_operator'::regclass as class, x.oid as id from pg_operator as x
  union all select 'pg_opclass'::regclass, x.oid from pg_opclass as x
  union all select 'pg_cast'::regclass, x.oid from pg_cast as x
  union all select 'pg_collation'::regclass, x.oid from pg_collation as x
  union all select 'pg_ts_config'::regclass, x.oid from pg_ts_config as x
  union all select 'pg_ts_dict'::regclass, x.oid from pg_ts_dict as x
  union all select 'pg_language'::regclass, x.oid from pg_language as x
  union all select 'pg_foreign_server'::regclass, x.oid from pg_foreign_server as x
  union all select 'pg_proc'::regclass, x.oid from pg_proc as x where x.prokind = 'a'
) as o
where o.id >= 16384;
