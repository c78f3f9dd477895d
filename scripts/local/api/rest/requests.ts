import { type Catalog, key, type Table } from "./catalog.ts";
import { ApiError } from "./errors.ts";
import { similarName } from "./hints.ts";
import { parsePreferences, type Preferences } from "./preferences.ts";
import { parseQuery, type Query, type Range, rowNumber } from "./query-string.ts";
import { SyntaxError } from "./scanner.ts";
import type { Name } from "./sql.ts";

/** A request to the Data API, as far as it can be read without the database. */
export interface RestRequest {
  request: Request;
  method: string;
  /** The table, view or function; empty for the root. */
  target: Name;
  kind: "root" | "table" | "call";
  query: Query;
  preferences: Preferences;
  /** The rows that are asked for, by `limit` and `offset` or by the header `Range`. */
  range: Range;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/**
 * Reads a request.
 *
 * @throws ApiError for what cannot be parsed, and a path, method or schema that does not exist
 */
export function readRequest(request: Request, catalog: Catalog, exposed: string[]): RestRequest {
  const { pathname, searchParams } = new URL(request.url);
  const { method } = request;
  const path = pathname.replace(/^\/rest\/v1\/?/, "");
  const call = /^rpc\/([^/]+)$/.exec(path)?.[1];
  if (call === undefined && path.includes("/")) {
    throw new ApiError(404, { code: "PGRST125", message: "Invalid path specified in request URL" });
  }
  const kind = call !== undefined ? "call" : path === "" ? "root" : "table";
  if (!METHODS.includes(method)) {
    throw new ApiError(405, { code: "PGRST117", message: `Unsupported HTTP method: ${method}` });
  }
  const target = { schema: schemaOf(request, exposed), name: decode(call ?? path) };
  if (kind === "call" && ["PUT", "PATCH", "DELETE"].includes(method)) {
    throw new ApiError(405, { code: "PGRST101", message: `Cannot use the ${method} method on RPC` });
  }
  const preferences = parsePreferences(request.headers, catalog.timezones);
  const query = parse(searchParams, kind === "call" && method !== "POST");
  if (preferences.handling === "strict" && preferences.invalid.length > 0) {
    throw new ApiError(400, {
      code: "PGRST122",
      message: "Invalid preferences given with handling=strict",
      details: `Invalid preferences: ${preferences.invalid.join(", ")}`,
    });
  }
  const range = rangeOf(request, query);
  // the header counts as if it were in the query
  query.ranges = [...query.ranges.filter(({ path }) => path.length > 0), { path: [], value: range }];
  return { request, method, kind, target, query, preferences, range };
}

export const isRead = (method: string): boolean => method === "GET" || method === "HEAD";

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function schemaOf(request: Request, exposed: string[]): string {
  const header = isRead(request.method) || request.method === "OPTIONS"
    ? "accept-profile"
    : "content-profile";
  const schema = request.headers.get(header) ?? exposed[0] ?? "public";
  if (exposed.includes(schema)) return schema;
  throw new ApiError(406, {
    code: "PGRST106",
    message: `Invalid schema: ${schema}`,
    hint: `Only the following schemas are exposed: ${exposed.join(", ")}`,
  });
}

function parse(search: URLSearchParams, isCall: boolean): Query {
  try {
    return parseQuery(search, isCall);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ApiError(400, { code: "PGRST100", message: error.message, details: error.details });
  }
}

function rangeOf({ method, headers }: Request, { ranges }: Query): Range {
  const { offset, limit } = ranges.find(({ path }) => path.length === 0)?.value ??
    { offset: 0, limit: undefined };
  if (limit !== undefined && limit < 0) {
    throw invalidRange("Limit should be greater than or equal to zero.");
  }
  const header = method === "GET" ? /^(?:items=)?(\d+)-(\d*)$/.exec(headers.get("range") ?? "") : null;
  if (!header || limit === 0) return { offset, limit };
  const from = Math.max(offset, rowNumber(header[1] ?? ""));
  const ends = [
    ...header[2] ? [rowNumber(header[2])] : [],
    ...limit === undefined ? [] : [offset + limit - 1],
  ];
  if (ends.length === 0) return { offset: from, limit: undefined };
  const to = Math.min(...ends);
  if (to < from) {
    throw invalidRange(
      "The lower boundary must be lower than or equal to the upper boundary in the Range header.",
    );
  }
  return { offset: from, limit: to - from + 1 };
}

const invalidRange = (details: string): ApiError =>
  new ApiError(416, { code: "PGRST103", message: "Requested range not satisfiable", details });

/**
 * The table or view of a request.
 *
 * @throws ApiError when it does not exist (PGRST205)
 */
export function findTable(name: Name, catalog: Catalog): Table {
  const table = catalog.tables.get(key(name));
  if (table) return table;
  const names = [...catalog.tables.values()].filter(({ schema }) => schema === name.schema);
  const near = similarName(name.name, names.map((each) => each.name));
  throw new ApiError(404, {
    code: "PGRST205",
    message: `Could not find the table '${key(name)}' in the schema cache`,
    hint: near ? `Perhaps you meant the table '${name.schema}.${near}'` : null,
  });
}
