import type postgres from "postgres";
import { PgTypes } from "./types.ts";

// Fixes in @supabase/lite: lite's own catalog lacks what the other files need: types by object id, the
// arguments and volatility of functions, settings of roles.
// Unnecessary when: ast.ts, requests.ts, session.ts and types.ts are.

export interface FunctionArgument {
  name: string;
  /** Object id of its type. */
  type: number;
  isVariadic: boolean;
}

export interface PgFunction {
  arguments: FunctionArgument[];
  isVolatile: boolean;
}

/** The database's catalog as far as lite doesn't load it. Loaded when the API opens and on `reload`. */
export class Catalog {
  readonly types = new PgTypes();
  readonly #sql: postgres.Sql;
  #columns = new Map<string, ReadonlyMap<string, number>>();
  #functions = new Map<string, PgFunction[]>();
  #roles = new Map<string, [name: string, value: string][]>();
  #timezones: ReadonlySet<string> = new Set();

  constructor(sql: postgres.Sql) {
    this.#sql = sql;
  }

  async reload(): Promise<void> {
    await this.types.load(this.#sql);
    const tables = await this.#sql<{ name: string; columns: Record<string, number> }[]>`
      select n.nspname || '.' || c.relname as name, json_object_agg(a.attname, a.atttypid::integer) as columns
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
      group by 1
    `;
    this.#columns = new Map(tables.map(({ name, columns }) => [name, new Map(Object.entries(columns))]));
    const functions = await this.#sql<(PgFunction & { name: string })[]>`
      select n.nspname || '.' || p.proname as name, p.provolatile = 'v' as "isVolatile",
        coalesce(json_agg(json_build_object('name', coalesce(p.proargnames[a.at], ''), 'type', a.type::integer,
          'isVariadic', coalesce(p.proargmodes[a.at], 'i') = 'v') order by a.at)
          filter (where coalesce(p.proargmodes[a.at], 'i') in ('i', 'b', 'v')), '[]') as arguments
      from pg_catalog.pg_proc p
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      left join unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as a (type, at) on true
      where n.nspname not in ('pg_catalog', 'information_schema') and p.prokind = 'f'
      group by p.oid, n.nspname, p.proname, p.provolatile
    `;
    this.#functions = Map.groupBy(functions, ({ name }) => name);
    this.#roles = await loadRoles(this.#sql);
    const timezones = await this.#sql<{ name: string }[]>`select name from pg_catalog.pg_timezone_names`;
    this.#timezones = new Set(timezones.map(({ name }) => name));
  }

  /** A table's or view's columns with their types' object ids. */
  columns(schema: string, table: string): ReadonlyMap<string, number> | undefined {
    return this.#columns.get(`${schema}.${table}`);
  }

  /** The names of a schema's tables and views. */
  tables(schema: string): string[] {
    return [...this.#columns.keys()].filter((name) => name.startsWith(`${schema}.`))
      .map((name) => name.slice(schema.length + 1));
  }

  /** The functions of a name, one for each list of arguments. */
  functions(schema: string, name: string): PgFunction[] {
    return this.#functions.get(`${schema}.${name}`) ?? [];
  }

  /** The settings of a role that `authenticator` may switch to; `undefined` for any other role. */
  settings(role: string): [name: string, value: string][] | undefined {
    return this.#roles.get(role);
  }

  isTimezone(name: string): boolean {
    return this.#timezones.has(name);
  }
}

/**
 * The roles that the API may switch to, with their own settings (`alter role … set`), which PostgREST applies
 * with the role.
 */
async function loadRoles(sql: postgres.Sql): Promise<Map<string, [name: string, value: string][]>> {
  const rows = await sql<{ name: string; settings: string[] }[]>`
    select r.rolname as name, coalesce(r.rolconfig, '{}') as settings
    from pg_catalog.pg_roles r
    where pg_catalog.pg_has_role('authenticator', r.oid, 'member') and r.rolname <> 'authenticator'
  `;
  return new Map(rows.map(({ name, settings }) => [
    name,
    settings.map((entry): [string, string] => {
      const at = entry.indexOf("=");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }).filter(([setting]) => setting !== "search_path"),
  ]));
}
