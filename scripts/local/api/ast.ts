import type { Catalog, PgFunction } from "./catalog.ts";

// Fixes in @supabase/lite: values are sent as the driver guesses their types, so that arrays, composites,
// domains and JSON strings arrive wrong; a key that a row of a bulk insert lacks is stored as its default; an
// upsert leaves its key columns alone; a call of a function that only reads may write.
// Unnecessary when: lite gives a body to the server as JSON (`json_to_recordset`), as PostgREST does, writes
// null for missing keys, sets every column that an upsert sends, and runs calls of stable functions
// read-only.

type Values = Record<string, unknown>;
type Where = Record<string, unknown>;

/** lite's parsed form of a request to the Data API, as far as it is changed here. */
export interface Ast {
  type: "query" | "insert" | "update" | "delete" | "upsert" | "put" | "rpc";
  from?: string;
  schema?: string;
  function?: string;
  args?: unknown;
  httpMethod?: string;
  values?: unknown;
  where?: Where;
  select?: (string | Record<string, Embed>)[];
  onConflict?: string[];
  limit?: number;
  $meta?: { columns?: string[]; missing?: string; return?: string };
}

/** An embedded table; a request has the same keys. */
export interface Embed {
  select?: Ast["select"];
  where?: Where;
}

const MUTATIONS: ReadonlySet<string> = new Set(["insert", "update", "upsert", "put"]);

/** Writes the values of a body and the arguments of a call in the text form of their types. */
export function writeValues(ast: Ast, catalog: Catalog, search: URLSearchParams): void {
  const schema = ast.schema ?? "public";
  if (MUTATIONS.has(ast.type) && ast.from) {
    const columns = catalog.columns(schema, ast.from);
    if (!columns) return;
    const write = (row: unknown): unknown =>
      isObject(row) ? mapValues(row, (value, name) => encodeColumn(value, columns.get(name), catalog)) : row;
    ast.values = Array.isArray(ast.values) ? ast.values.map(write) : write(ast.values);
  }
  if (ast.type === "rpc" && isObject(ast.args) && ast.function) {
    const called = candidates(catalog.functions(schema, ast.function), Object.keys(ast.args));
    const [only] = called;
    if (!only || called.length > 1) return;
    ast.args = mapValues(ast.args, (value, name) => {
      const argument = only.arguments.find((each) => each.name === name);
      // lite writes the array of a variadic argument itself
      if (argument?.isVariadic) return value;
      return ast.httpMethod === "POST"
        ? encode(value, argument?.type, catalog)
        : search.getAll(name).at(-1) ?? value;
    });
  }
}

const encode = (value: unknown, type: number | undefined, catalog: Catalog): unknown =>
  value === undefined || type === undefined ? value : catalog.types.encode(value, type);

/** lite parses a string for a json column as JSON once more. */
function encodeColumn(value: unknown, type: number | undefined, catalog: Catalog): unknown {
  const text = encode(value, type, catalog);
  return typeof text === "string" && catalog.types.isJson(type ?? 0) ? JSON.stringify(text) : text;
}

/** The functions that have all arguments of these names. */
const candidates = (functions: PgFunction[], names: string[]): PgFunction[] =>
  functions.filter((each) =>
    names.every((name) => each.arguments.some((argument) => argument.name === name))
  );

/** Whether a call can only read: PostgREST runs it in a read-only transaction. */
export function isReadOnlyCall(ast: Ast, catalog: Catalog): boolean {
  if (ast.type !== "rpc" || !ast.function) return false;
  const names = isObject(ast.args) ? Object.keys(ast.args) : [];
  const all = catalog.functions(ast.schema ?? "public", ast.function);
  const called = candidates(all, names);
  return (called.length > 0 ? called : all).every((each) => !each.isVolatile);
}

/**
 * Fills in the keys that a row of a bulk insert lacks: null, as PostgREST treats a missing key, or, with
 * `Prefer: missing=default`, the column's default. lite stores the default either way and answers null.
 */
export function fillMissing(ast: Ast): void {
  const columns = ast.$meta?.columns;
  if (!columns || !MUTATIONS.has(ast.type) || ast.type === "update") return;
  const missing = ast.$meta?.missing === "default" ? undefined : null;
  const fill = (row: unknown): unknown =>
    isObject(row)
      ? Object.fromEntries(columns.map((name) => [name, Object.hasOwn(row, name) ? row[name] : missing]))
      : row;
  ast.values = Array.isArray(ast.values) ? ast.values.map(fill) : fill(ast.values);
}

/**
 * An upsert updates every column that it sends, the key too; lite leaves out the columns that this list
 * includes.
 */
class ConflictColumns extends Array<string> {
  override includes(): boolean {
    return false;
  }
}

/** Makes an upsert write its key columns too, as PostgREST does, so that it needs the privilege for it. */
export function updateKeys(ast: Ast, primaryKey: string[]): void {
  if (ast.type !== "upsert") return;
  const columns = ast.onConflict?.length ? ast.onConflict : primaryKey;
  if (columns.length > 0) ast.onConflict = ConflictColumns.from(columns);
}

function mapValues(row: Values, map: (value: unknown, name: string) => unknown): Values {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, map(value, name)]));
}

const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);
