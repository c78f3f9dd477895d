import type postgres from "postgres";
import { loadRoutines, parseSetting, type Routine } from "./routines.ts";
import { type ComputedRelation, type ForeignKey, type Relation, Relationships } from "./relationships.ts";
import { literal, type Name } from "./sql.ts";
import { parseViewColumns, type ViewColumn } from "./view-columns.ts";

export interface Column {
  name: string;
  /** Its type, with the schema unless that is `pg_catalog`. */
  type: string;
  /** The expression of its default, of an identity column or of its domain. */
  default: string | null;
}

/** A table or view of an exposed schema. */
export interface Table extends Name {
  columns: Map<string, Column>;
  primaryKey: string[];
  insertable: boolean;
  updatable: boolean;
  deletable: boolean;
}

/** A function that returns or aggregates to a domain named like a media type. */
export interface MediaHandler {
  /** The function, or the domain of a function that returns it. */
  call: Name;
  /** What it is for: a table, a function, or `undefined` for everything. */
  target: Name | undefined;
  accepted: string;
  contentType: string;
}

/** The database's schema as the Data API sees it. */
export interface Catalog {
  tables: ReadonlyMap<string, Table>;
  relationships: Relationships;
  /** By name, functions with fewer arguments first. */
  routines: ReadonlyMap<string, Routine[]>;
  handlers: MediaHandler[];
  /** Functions that convert a domain to JSON or from JSON or text, by `source target`. */
  representations: ReadonlyMap<string, string>;
  timezones: ReadonlySet<string>;
  /** The settings of the roles that `authenticator` may switch to. */
  roles: ReadonlyMap<string, [name: string, value: string][]>;
}

export const key = ({ schema, name }: Name): string => `${schema}.${name}`;

/**
 * Loads the catalog.
 *
 * @param exposed the schemas of the API
 * @param extra the project's `extra_search_path`; views there lead exposed ones to their tables
 */
export async function loadCatalog(sql: postgres.Sql, exposed: string[], extra: string[]): Promise<Catalog> {
  return await sql.begin("read only", async (transaction) => {
    // names come with their schema when there is no search path
    await transaction`select set_config('search_path', '', true)`;
    const relations = await loadRelations(transaction);
    const views = await loadViewColumns(transaction, [...exposed, ...extra]);
    const primaryKeys = findPrimaryKeys(relations, views);
    const primaryKey = (name: Name): string[] => primaryKeys.get(key(name)) ?? [];
    const tables = await loadTables(transaction, relations, exposed, primaryKey);
    const computed = await transaction<ComputedRelation[]>`
      select json_build_object('schema', pn.nspname, 'name', p.proname) as call,
        json_build_object('schema', an.nspname, 'name', a.relname) as origin,
        json_build_object('schema', rn.nspname, 'name', r.relname) as target,
        not p.proretset or p.prorows = 1 as "isToOne"
      from pg_proc p
      join pg_namespace pn on pn.oid = p.pronamespace
      join pg_class a on a.reltype = p.proargtypes[0] and a.relkind in ('r', 'v', 'm', 'f', 'p')
      join pg_namespace an on an.oid = a.relnamespace
      join pg_class r on r.reltype = p.prorettype and r.relkind in ('r', 'v', 'm', 'f', 'p')
      join pg_namespace rn on rn.oid = r.relnamespace
      where p.pronargs = 1 and p.prokind = 'f'
    `;
    const keys = await loadForeignKeys(transaction);
    const routines = await loadRoutines(transaction, exposed);
    const timezones = await transaction<{ name: string }[]>`select name from pg_timezone_names`;
    return {
      tables,
      relationships: new Relationships(relations, keys, views, computed, primaryKey, exposed),
      routines: Map.groupBy(routines, key),
      handlers: await loadHandlers(transaction, exposed),
      representations: await loadRepresentations(transaction),
      timezones: new Set(timezones.map(({ name }) => name)),
      roles: await loadRoles(transaction),
    };
  });
}

async function loadRelations(sql: postgres.TransactionSql): Promise<Map<number, Relation>> {
  const rows = await sql<(Omit<Relation, "columns"> & { columns: [number, string][] })[]>`
    select c.oid::integer as id, n.nspname as schema, c.relname as name, c.relkind in ('v', 'm') as "isView",
      pg_relation_is_updatable(c.oid, true) as events,
      coalesce((
        select json_agg(json_build_array(attnum, attname))
        from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
      ), '[]') as columns,
      coalesce((
        select array_to_json(conkey) from pg_constraint where conrelid = c.oid and contype = 'p'
      ), '[]') as "primaryKey"
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
      and not c.relispartition
  `;
  return new Map(rows.map((row) => [row.id, { ...row, columns: new Map(row.columns) }]));
}

/** The columns of views, down to tables: through a view's columns those of the views and tables behind it. */
async function loadViewColumns(
  sql: postgres.TransactionSql,
  schemas: string[],
): Promise<Map<number, ViewColumn[]>> {
  const rules = await sql<{ view: number; tree: string }[]>`
    select r.ev_class::integer as view, r.ev_action::text as tree
    from pg_rewrite r
    join pg_class c on c.oid = r.ev_class
    join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('v', 'm') and r.rulename = '_RETURN' and n.nspname in ${sql(schemas)}
  `;
  const direct = new Map(rules.map(({ view, tree }) => [view, parseViewColumns(tree)]));
  const resolve = ({ position, table, column }: ViewColumn): ViewColumn[] => [
    { position, table, column },
    ...(direct.get(table) ?? []).filter((behind) => behind.position === column)
      .flatMap((behind) => resolve({ ...behind, position })),
  ];
  return new Map([...direct].map(([view, columns]) => [view, columns.flatMap(resolve)]));
}

/** Primary keys of tables, and of views that show all columns of one; the first of several columns counts. */
function findPrimaryKeys(
  relations: Map<number, Relation>,
  views: Map<number, ViewColumn[]>,
): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const relation of relations.values()) {
    const names = relation.isView
      ? viewKey(relation, relations, views.get(relation.id) ?? [])
      : relation.primaryKey.map((position) => relation.columns.get(position) ?? "");
    found.set(key(relation), names);
  }
  return found;
}

const viewKey = (view: Relation, relations: Map<number, Relation>, columns: ViewColumn[]): string[] =>
  [...new Set(columns.map(({ table }) => table))].flatMap((table) => {
    const shown = (relations.get(table)?.primaryKey ?? []).map((column) =>
      columns.find((each) => each.table === table && each.column === column)
    );
    return shown.every((each) => each !== undefined)
      ? shown.map(({ position }) => view.columns.get(position) ?? "")
      : [];
  });

async function loadTables(
  sql: postgres.TransactionSql,
  relations: Map<number, Relation>,
  exposed: string[],
  primaryKey: (name: Name) => string[],
): Promise<Map<string, Table>> {
  const columns = await sql<ColumnRow[]>`
    select a.attrelid::integer as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
      case when a.attgenerated = '' then coalesce(pg_get_expr(d.adbin, a.attrelid), pg_get_expr(t.typdefaultbin, 0)) end
        as expression,
      case when a.attidentity = 'd' then pg_get_serial_sequence(a.attrelid::regclass::text, a.attname) end as sequence
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid
    join pg_namespace n on n.oid = c.relnamespace
    join pg_type t on t.oid = a.atttypid
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attnum > 0 and not a.attisdropped and n.nspname in ${sql(exposed)}
    order by a.attnum
  `;
  const byTable = Map.groupBy(columns, ({ table }) => table);
  const tables = [...relations.values()].filter(({ schema }) => exposed.includes(schema));
  return new Map(tables.map(({ id, schema, name, events }) => [key({ schema, name }), {
    schema,
    name,
    columns: new Map((byTable.get(id) ?? []).map((each) => [each.name, columnOf(each)])),
    primaryKey: primaryKey({ schema, name }),
    // bits of the events that are possible, on views by rules and triggers too
    updatable: (events & 4) > 0,
    insertable: (events & 8) > 0,
    deletable: (events & 16) > 0,
  }]));
}

interface ColumnRow extends Pick<Column, "name" | "type"> {
  table: number;
  /** Of the column or of its domain. */
  expression: string | null;
  /** Of an identity column. */
  sequence: string | null;
}

const columnOf = ({ name, type, expression, sequence }: ColumnRow): Column => ({
  name,
  type,
  default: sequence === null ? expression : `nextval(${literal(sequence)})`,
});

async function loadForeignKeys(sql: postgres.TransactionSql): Promise<ForeignKey[]> {
  return await sql<ForeignKey[]>`
    select c.conname as name, c.conrelid::integer as table, c.confrelid::integer as target,
      array_to_json(c.conkey) as columns, array_to_json(c.confkey) as "targetColumns",
      exists (
        select from pg_constraint u
        where u.conrelid = c.conrelid and u.contype in ('p', 'u') and u.conkey @> c.conkey and u.conkey <@ c.conkey
      ) as "isUnique"
    from pg_constraint c
    where c.contype = 'f' and c.conparentid = 0
  `;
}

/** The names of media types: RFC 6838, section 4.2. */
const MEDIA_TYPE = /^[a-z0-9][\w!#$&^.+-]*\/[a-z0-9][\w!#$&^.+-]*$/i;

async function loadHandlers(sql: postgres.TransactionSql, exposed: string[]): Promise<MediaHandler[]> {
  const rows = await sql<{ isAggregate: boolean; routine: Name; domain: Name; input: Name | null }[]>`
    select p.prokind = 'a' as "isAggregate",
      json_build_object('schema', n.nspname, 'name', p.proname) as routine,
      json_build_object('schema', dn.nspname, 'name', d.typname) as domain,
      case when a.oid <> 'anyelement'::regtype then json_build_object('schema', an.nspname, 'name', a.typname) end
        as input
    from pg_proc p
    join pg_namespace n on n.oid = p.pronamespace
    join pg_type d on d.oid = p.prorettype and d.typtype = 'd'
    join pg_namespace dn on dn.oid = d.typnamespace
    left join pg_type a on a.oid = p.proargtypes[0]
    left join pg_namespace an on an.oid = a.typnamespace
    where not p.proretset and (p.prokind = 'f' or p.prokind = 'a' and p.pronargs = 1)
      and n.nspname in ${sql(exposed)}
  `;
  return rows.filter(({ domain }) => domain.name === "*/*" || MEDIA_TYPE.test(domain.name))
    .map(({ isAggregate, routine, domain, input }): MediaHandler => ({
      // what a function returns is of the domain already: the cast to it changes nothing
      call: isAggregate ? routine : domain,
      target: isAggregate ? input ?? undefined : routine,
      accepted: domain.name.toLowerCase(),
      contentType: domain.name === "*/*" ? "application/octet-stream" : domain.name.toLowerCase(),
    }));
}

async function loadRepresentations(sql: postgres.TransactionSql): Promise<Map<string, string>> {
  const rows = await sql<{ source: string; target: string; call: string }[]>`
    select castsource::regtype::text as source, casttarget::regtype::text as target, castfunc::regproc::text as call
    from pg_cast
    where castcontext = 'i' and castfunc <> 0
      and exists (select from pg_type where typtype = 'd' and oid in (castsource, casttarget))
  `;
  return new Map(rows.map(({ source, target, call }) => [`${source} ${target}`, call]));
}

/** The roles that the API may switch to, with their own settings (`alter role … set`). */
async function loadRoles(
  sql: postgres.TransactionSql,
): Promise<Map<string, [name: string, value: string][]>> {
  // without the settings that only a superuser may change
  const rows = await sql<{ name: string; settings: string[] }[]>`
    select r.rolname as name, json_agg(entry) as settings
    from pg_roles r
    cross join unnest(r.rolconfig) as entry
    left join pg_settings s on lower(s.name) = lower(split_part(entry, '=', 1))
    where pg_has_role('authenticator', r.oid, 'member') and r.rolname <> 'authenticator'
      and (s.name is null or s.context = 'user' or has_parameter_privilege('authenticator', s.name, 'set'))
    group by r.rolname
  `;
  return new Map(rows.map(({ name, settings }) => [
    name,
    settings.map(parseSetting).filter(([setting]) => setting !== "search_path"),
  ]));
}
