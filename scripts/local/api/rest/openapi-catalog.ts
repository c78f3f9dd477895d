import type postgres from "postgres";

export interface Column {
  name: string;
  type: string;
  nullable: boolean;
  default: string | null;
  comment: string | null;
  maxLength: number | null;
  values: string[] | null;
  isKey: boolean;
  references: { table: string; column: string } | null;
}

export interface Table {
  name: string;
  comment: string | null;
  isWritable: boolean;
  columns: Column[];
}

export interface Routine {
  name: string;
  comment: string | null;
  isVolatile: boolean;
  arguments: { name: string; type: string; isRequired: boolean; isVariadic: boolean }[];
}

/** Loads the tables and views that a role may use. */
export async function loadTables(sql: postgres.Sql, schema: string, role: string): Promise<Table[]> {
  return await sql<Table[]>`
    select c.relname as name, obj_description(c.oid, 'pg_class') as comment,
      has_table_privilege(${role}, c.oid, 'insert, update, delete')
        and pg_relation_is_updatable(c.oid, true) <> 0 as "isWritable",
      json_agg(json_build_object(
        'name', a.attname, 'type', format_type(a.atttypid, null), 'nullable', not a.attnotnull,
        'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
        'comment', col_description(c.oid, a.attnum),
        'maxLength', case when a.atttypid in (1042, 1043) and a.atttypmod > 4 then a.atttypmod - 4 end,
        'values', (select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = a.atttypid),
        'isKey', exists (select from pg_constraint k
          where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any (k.conkey)),
        'references', (select json_build_object('table', t.relname, 'column', r.attname)
          from pg_constraint k
          join pg_class t on t.oid = k.confrelid
          join pg_attribute r on r.attrelid = t.oid and r.attnum = k.confkey[1]
          where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum] limit 1)
      ) order by a.attnum) as columns
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relnamespace = to_regnamespace(quote_ident(${schema})) and c.relkind in ('r', 'v', 'm', 'f', 'p')
      and not c.relispartition
      and (has_table_privilege(${role}, c.oid, 'select, insert, update, delete')
        or has_any_column_privilege(${role}, c.oid, 'select, insert, update'))
    group by c.oid, c.relname
    order by c.relname
  `;
}

/** Loads the functions that a role may execute, one of each name. */
export async function loadRoutines(sql: postgres.Sql, schema: string, role: string): Promise<Routine[]> {
  return await sql<Routine[]>`
    select distinct on (p.proname) p.proname as name, obj_description(p.oid, 'pg_proc') as comment,
      p.provolatile = 'v' as "isVolatile",
      coalesce((
        select json_agg(json_build_object('name', a.name, 'type', format_type(a.type, null),
          'isRequired', a.at <= p.pronargs - p.pronargdefaults, 'isVariadic', p.provariadic <> 0 and a.at = p.pronargs)
          order by a.at)
        from unnest(p.proargtypes::oid[], p.proargnames[1:p.pronargs]) with ordinality as a (type, name, at)
        where a.name <> ''
      ), '[]') as arguments
    from pg_proc p
    where p.pronamespace = to_regnamespace(quote_ident(${schema})) and p.prokind = 'f'
      and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
      and has_function_privilege(${role}, p.oid, 'execute')
    order by p.proname, p.pronargs
  `;
}
