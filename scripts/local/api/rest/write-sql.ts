import type { Catalog, Column, Table } from "./catalog.ts";
import { ApiError } from "./errors.ts";
import { logicSql, type Scope } from "./filter-sql.ts";
import type { Logic } from "./filters.ts";
import type { ReadNode } from "./read-plan.ts";
import { column, ident, literal, type Parameters, qualified } from "./sql.ts";

// Inserts, updates and deletes as one statement each, whose rows the read part returns.

export interface Write {
  table: Table;
  catalog: Catalog;
  parameters: Parameters;
  /** The conditions on the table itself. */
  where: Logic[];
  /** The columns that the rest of the statement needs; none when nothing is returned. */
  returning: string[];
}

export interface Body {
  /** JSON: an object or an array of objects. */
  text: string;
  columns: Column[];
  /** `Prefer: missing=default` */
  fillsDefaults: boolean;
}

export interface Conflict {
  columns: string[];
  isIgnored: boolean;
}

/**
 * The columns of a body, by name.
 *
 * @throws ApiError for a column that the table does not have
 */
export function writtenColumns(table: Table, names: string[]): Column[] {
  return names.toSorted().map((name) => {
    const found = table.columns.get(name);
    if (found) return found;
    throw new ApiError(400, {
      code: "PGRST204",
      message: `Could not find the '${name}' column of '${table.name}' in the schema cache`,
    });
  });
}

/** Counts the rows that an upsert inserts and does not update: see `insertedSql`. */
const countInserted = (by: 1 | -1): string =>
  `set_config('data_api.inserted', (coalesce(${insertedSql}, 0) + ${by})::text, true) <> '${
    by === 1 ? 0 : -1
  }'`;

/** The number of rows that an upsert has inserted. */
export const insertedSql = "nullif(current_setting('data_api.inserted', true), '')::integer";

export function insertSql(write: Write, body: Body, conflict: Conflict | undefined, isPut: boolean): string {
  const { table } = write;
  const names = body.columns.map(({ name }) => ident(name)).join(", ");
  const merges = conflict !== undefined && !conflict.isIgnored;
  const conditions = [
    ...merges ? [countInserted(1)] : [],
    ...isPut ? whereTerms(write, { ...scopeOf(write), alias: { schema: "", name: "api_row" } }) : [],
  ];
  return [
    `insert into ${qualified(table)}${names ? `(${names})` : ""}`,
    `select ${body.columns.map(({ name }) => `api_row.${ident(name)}`).join(", ")}`,
    bodySql(body, write),
    conditions.length > 0 ? `where ${conditions.join(" and ")}` : "",
    conflict && conflict.columns.length > 0 ? conflictSql(conflict, body) : "",
    returningSql(write),
  ].join(" ");
}

function conflictSql({ columns, isIgnored }: Conflict, body: Body): string {
  const target = `on conflict (${columns.map(ident).join(", ")})`;
  if (isIgnored || body.columns.length === 0) return `${target} do nothing`;
  const set = body.columns.map(({ name }) => `${ident(name)} = excluded.${ident(name)}`);
  return `${target} do update set ${set.join(", ")} where ${countInserted(-1)}`;
}

export function updateSql(write: Write, body: Body): string {
  const { table, returning } = write;
  if (body.columns.length === 0) {
    const alias = { schema: "", name: table.name };
    const columns = returning.length > 0 ? returning.map((name) => column(alias, name)).join(", ") : "null";
    return `select ${columns} from ${qualified(table)} where false`;
  }
  requireCondition(write, "UPDATE");
  const set = body.columns.map(({ name }) => `${ident(name)} = api_row.${ident(name)}`);
  return [
    `update ${qualified(table)} set ${set.join(", ")}`,
    bodySql(body, write),
    `where ${whereTerms(write, scopeOf(write)).join(" and ")}`,
    returningSql(write),
  ].join(" ");
}

export function deleteSql(write: Write): string {
  requireCondition(write, "DELETE");
  const where = whereTerms(write, scopeOf(write)).join(" and ");
  return `delete from ${qualified(write.table)} where ${where} ${returningSql(write)}`;
}

/** What the extension `safeupdate` does on the platform. */
function requireCondition({ where }: Write, command: string): void {
  if (where.length > 0) return;
  throw new ApiError(400, { code: "21000", message: `${command} requires a WHERE clause` });
}

const scopeOf = ({ table, catalog, parameters }: Write): Scope => ({
  alias: table,
  table,
  catalog,
  parameters,
});

const whereTerms = ({ where }: Write, scope: Scope): string[] =>
  where.map((logic) => logicSql(logic, scope, () => undefined));

const returningSql = ({ table, returning }: Write): string =>
  `returning ${returning.length > 0 ? returning.map((name) => column(table, name)).join(", ") : "1"}`;

/**
 * The rows of a body as `api_row`, each value read by its column's type; a missing key is null, or its
 * column's default.
 */
function bodySql({ text, columns, fillsDefaults }: Body, { catalog, parameters }: Write): string {
  const isObject = /^\s*\{/.test(text);
  const json = fillsDefaults ? "jsonb" : "json";
  const given = `(select ${parameters.bind(text)}::${json} as document) as api_sent`;
  // one object for each, since a function has at most 100 arguments
  const defaults = columns.flatMap((each) =>
    each.default === null ? [] : [`jsonb_build_object(${literal(each.name)}, ${each.default}) || `]
  ).join("");
  const filled = isObject
    ? `lateral (select ${defaults}api_sent.document as document) as api_filled`
    : `lateral (select jsonb_agg(${defaults}each.value) as document ` +
      `from jsonb_array_elements(api_sent.document) as each) as api_filled`;
  const source = fillsDefaults ? "api_filled.document" : "api_sent.document";
  const types = columns.map(({ name, type }) =>
    `${ident(name)} ${catalog.representations.has(`json ${type}`) ? "json" : type}`
  );
  const values = columns.map(({ name, type }) => {
    const reader = catalog.representations.get(`json ${type}`);
    return reader ? `${reader}(${ident(name)}) as ${ident(name)}` : ident(name);
  });
  const rows = columns.length > 0
    ? `${json}_to_record${isObject ? "" : "set"}(${source}) as _(${types.join(", ")})`
    : isObject
    ? "(values (1)) _"
    : `${json}_array_elements(${source}) _`;
  return [
    `from ${given}`,
    ...fillsDefaults ? [filled] : [],
    `lateral (select ${values.join(", ")} from ${rows}) as api_row`,
  ].join(", ");
}

/**
 * The columns that a write has to return for what is read of its rows: the selected ones, those that lead to
 * embedded tables, and the key, for `Location`.
 */
export function neededColumns(read: ReadNode, primaryKey: string[]): string[] {
  const selected = read.fields.map(({ field }) => field.name);
  const relationships = read.children.map(({ relationship }) => relationship);
  // a computed relationship takes the whole row
  if (selected.includes("*") || relationships.some(({ call }) => call)) return ["*"];
  const keys = relationships.flatMap(({ columns, junction }) =>
    junction ? junction.origin.map(([, other]) => other) : columns.map(([own]) => own)
  );
  return [...new Set([...selected, ...keys, ...primaryKey])];
}
