import { type Arguments, bodyArguments, callSql, findRoutine, isScalar } from "./call.ts";
import type { Catalog, Table } from "./catalog.ts";
import { ApiError } from "./errors.ts";
import { type Media, negotiate } from "./media-types.ts";
import { readPayload } from "./payload.ts";
import { isWhole, planRead } from "./read-plan.ts";
import { countSql, readSql } from "./read-sql.ts";
import { findTable, isRead, type RestRequest } from "./requests.ts";
import type { Routine } from "./routines.ts";
import { Parameters } from "./sql.ts";
import { statementSql } from "./statement.ts";
import {
  type Conflict,
  deleteSql,
  insertSql,
  neededColumns,
  updateSql,
  type Write,
  writtenColumns,
} from "./write-sql.ts";

/** What a request does in the database. */
export interface Plan {
  sql: string;
  values: (string | null)[];
  isReadOnly: boolean;
  media: Media;
  routine?: Routine;
  table?: Table;
  /** The statement whose plan estimates the number of rows. */
  estimate?: { sql: string; values: (string | null)[] };
}

const isCounted = ({ preferences: { count } }: RestRequest): boolean =>
  count === "exact" || count === "estimated";

/** Plans a read of a table or view. */
export function planTableRead(rest: RestRequest, catalog: Catalog, maxRows: number): Plan {
  const { target, query, preferences: { count }, request, method } = rest;
  const table = findTable(target, catalog);
  const read = planRead(target, query, { catalog, maxRows, source: "table" });
  const media = negotiate(request.headers, catalog.handlers, target, isWhole(read));
  const parameters = new Parameters();
  const source = readSql(read, catalog, parameters);
  const counted = isCounted(rest) ? countSql(read, catalog, parameters) : undefined;
  // an estimate is exact up to the limit
  const limited = counted && count === "estimated" ? `${counted} limit ${maxRows + 1}` : counted;
  const estimated = new Parameters();
  return {
    sql: statementSql({ source, count: limited, media, hasBody: method !== "HEAD" }),
    values: parameters.values,
    isReadOnly: true,
    media,
    table,
    ...(count === "planned" || count === "estimated"
      ? { estimate: { sql: countSql(read, catalog, estimated), values: estimated.values } }
      : {}),
  };
}

/** Plans an insert, upsert, update or delete. */
export async function planWrite(rest: RestRequest, catalog: Catalog): Promise<Plan> {
  const { target, query, preferences, request, method } = rest;
  const table = findTable(target, catalog);
  const read = planRead(target, query, { catalog, maxRows: 0, source: "write" });
  const media = negotiate(request.headers, catalog.handlers, target, isWhole(read));
  const parameters = new Parameters();
  const isRoot = ({ path }: { path: string[] }): boolean => path.length === 0;
  const write: Write = {
    table,
    catalog,
    parameters,
    where: [...query.logic, ...query.filters].filter(isRoot).map(({ value }) => value),
    returning: ["representation", "headers-only"].includes(preferences.return ?? "")
      ? neededColumns(read, table.primaryKey)
      : [],
  };
  const source = await writeSql(rest, write);
  const hasBody = preferences.return === "representation";
  return {
    sql: statementSql({
      source,
      ...(hasBody ? { read: readSql(read, catalog, parameters) } : {}),
      media,
      hasBody,
      locationKey: method === "POST" && preferences.return === "headers-only" ? table.primaryKey : undefined,
    }),
    values: parameters.values,
    isReadOnly: false,
    media,
    table,
  };
}

async function writeSql(rest: RestRequest, write: Write): Promise<string> {
  const { query, preferences, request, method } = rest;
  if (method === "DELETE") return deleteSql(write);
  const columns = method === "PUT" ? undefined : query.columns;
  if (method === "PUT") requireKey(rest, write.table);
  const payload = await readPayload(request, mediaTypeOf(request), columns !== undefined, false);
  const body = {
    text: payload.text,
    columns: writtenColumns(write.table, payload.keys ?? columns ?? []),
    fillsDefaults: method !== "PUT" && preferences.missing === "default",
  };
  if (method === "PATCH") return updateSql(write, body);
  if (method === "PUT") {
    return insertSql(write, body, { columns: write.table.primaryKey, isIgnored: false }, true);
  }
  const conflict: Conflict | undefined = preferences.resolution && {
    columns: query.onConflict ?? write.table.primaryKey,
    isIgnored: preferences.resolution === "ignore-duplicates",
  };
  return insertSql({ ...write, where: [] }, body, conflict, false);
}

function mediaTypeOf(request: Request): string {
  const header = request.headers.get("content-type") ?? "application/json";
  return (header.split(";")[0] ?? "").trim().toLowerCase();
}

/** A PUT names its row by the whole primary key, and nothing else. */
function requireKey({ query, range }: RestRequest, { primaryKey }: Table): void {
  if (range.limit !== undefined || range.offset > 0) {
    throw new ApiError(400, {
      code: "PGRST114",
      message: "limit/offset querystring parameters are not allowed for PUT",
    });
  }
  const isKey = primaryKey.length > 0 && query.logic.length === 0 &&
    query.filterNames.size === primaryKey.length &&
    primaryKey.every((name) => query.filterNames.has(name)) &&
    query.filters.every(({ value: { isNegated, operation } }) =>
      !isNegated && operation.kind === "quantified" && operation.operator === "=" &&
      operation.quantifier === ""
    );
  if (isKey) return;
  throw new ApiError(405, {
    code: "PGRST105",
    message: "Filters must include all and only primary key columns with 'eq' operators",
  });
}

/** Plans a call of a function. */
export async function planCall(rest: RestRequest, catalog: Catalog, maxRows: number): Promise<Plan> {
  const { target, query, preferences, request, method } = rest;
  const given = await argumentsOf(rest);
  const routine = findRoutine(target, given, catalog);
  const isLimited = preferences.handling === "strict" && preferences["max-affected"] !== undefined;
  if (isLimited && !routine.isSet) {
    throw new ApiError(400, {
      code: "PGRST128",
      message:
        "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
    });
  }
  // its rows are embedded in like those of the table that it returns
  const rows = { schema: target.schema, name: isScalar(routine) ? target.name : routine.returns.name };
  const read = planRead(rows, query, { catalog, maxRows, source: "call" });
  const media = negotiate(
    request.headers,
    catalog.handlers,
    isScalar(routine) ? target : rows,
    isWhole(read),
  );
  const parameters = new Parameters();
  return {
    sql: statementSql({
      source: callSql(routine, given, read, parameters),
      read: readSql(read, catalog, parameters),
      count: isCounted(rest) ? countSql(read, catalog, parameters) : undefined,
      media,
      hasBody: method !== "HEAD",
      routine,
    }),
    values: parameters.values,
    isReadOnly: isRead(method) || !routine.isVolatile,
    media,
    routine,
  };
}

async function argumentsOf({ request, method, query }: RestRequest): Promise<Arguments> {
  if (method !== "POST") return { kind: "direct", values: query.parameters };
  const mediaType = mediaTypeOf(request);
  const payload = await readPayload(request, mediaType, query.columns !== undefined, true);
  return bodyArguments(payload, mediaType, query.columns);
}

/** The function of an `OPTIONS` request, which names arguments in its query. */
export const findOptionsRoutine = ({ target, query }: RestRequest, catalog: Catalog): Routine =>
  findRoutine(target, { kind: "direct", values: query.parameters }, catalog);
