import type { Catalog, PgFunction } from "./catalog.ts";

type Values = Record<string, unknown>;
type Where = Record<string, unknown>;

/** What lite makes of a request to the Data API, as far as it is changed here. */
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

interface Embed {
  select?: Ast["select"];
  where?: Where;
}

const MUTATIONS: ReadonlySet<string> = new Set(["insert", "update", "upsert", "put"]);

/** Writes the values of a body and the arguments of a call in the text form of the types that they are for. */
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

/** lite reads a string that goes to a json column as JSON once more. */
function encodeColumn(value: unknown, type: number | undefined, catalog: Catalog): unknown {
  const text = encode(value, type, catalog);
  return typeof text === "string" && catalog.types.isJson(type ?? 0) ? JSON.stringify(text) : text;
}

/** The functions that have all arguments of these names. */
const candidates = (functions: PgFunction[], names: string[]): PgFunction[] =>
  functions.filter((each) =>
    names.every((name) => each.arguments.some((argument) => argument.name === name))
  );

/** Whether a call can do nothing but read: PostgREST runs it in a read-only transaction. */
export function isReadOnlyCall(ast: Ast, catalog: Catalog): boolean {
  if (ast.type !== "rpc" || !ast.function) return false;
  const names = isObject(ast.args) ? Object.keys(ast.args) : [];
  const all = catalog.functions(ast.schema ?? "public", ast.function);
  const called = candidates(all, names);
  return (called.length > 0 ? called : all).every((each) => !each.isVolatile);
}

/**
 * A bulk insert's keys that a row lacks: null, as PostgREST reads a missing key, or, with `Prefer: missing=default`, the
 * column's default. lite stores the default either way and answers null.
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

/** An upsert updates every column that it sends, the key too; lite leaves out what this list says it has. */
class ConflictColumns extends Array<string> {
  override includes(): boolean {
    return false;
  }
}

/** Makes an upsert write its key columns too, as PostgREST does, so that it needs the privilege to. */
export function updateKeys(ast: Ast, primaryKey: string[]): void {
  if (ast.type !== "upsert") return;
  const columns = ast.onConflict?.length ? ast.onConflict : primaryKey;
  if (columns.length > 0) ast.onConflict = ConflictColumns.from(columns);
}

/** Adds the filters of another reading of the same request: all of them hold. */
export function addFilters(ast: Embed, more: Embed): void {
  if (more.where && Object.keys(more.where).length > 0) {
    ast.where = ast.where && Object.keys(ast.where).length > 0
      ? { $and: [ast.where, more.where] }
      : more.where;
  }
  ast.select?.forEach((item, at) => {
    const other = more.select?.[at];
    if (typeof item === "string" || typeof other !== "object") return;
    for (const [name, embed] of Object.entries(item)) {
      const extra = other[name];
      if (isObject(embed) && isObject(extra)) addFilters(embed as Embed, extra as Embed);
    }
  });
}

/**
 * lite keeps one filter for a column and an operator. The query strings that hold them all: the first with every name once,
 * each other one with what shapes the answer and one more filter of every name that is there again.
 *
 * @param isArgument whether a name is an argument of the function that is called, and no filter
 */
export function separateFilters(
  search: URLSearchParams,
  isArgument: (name: string) => boolean,
): [URLSearchParams, ...URLSearchParams[]] {
  const first = new URLSearchParams();
  const more: URLSearchParams[] = [];
  for (const name of new Set(search.keys())) {
    const values = search.getAll(name).map(wildcards);
    const repeats = isArgument(name) || SHAPE.test(name) ? [] : values.splice(1);
    for (const value of values) first.append(name, value);
    repeats.forEach((value, at) => {
      more[at] ??= new URLSearchParams({ select: search.get("select") ?? "*" });
      more[at].append(name, value);
    });
  }
  return [first, ...more];
}

const SHAPE = /^(select|order|limit|offset|columns|on_conflict|apikey)$|\.(order|limit|offset)$/;

/** `*` stands for `%` in the patterns of `like(any)` too. */
const wildcards = (value: string): string =>
  /^(not\.)?i?like\((any|all)\)\./.test(value) ? value.replaceAll("*", "%") : value;

function mapValues(row: Values, map: (value: unknown, name: string) => unknown): Values {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, map(value, name)]));
}

const isObject = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value);
