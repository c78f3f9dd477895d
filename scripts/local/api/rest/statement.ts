import type { Media } from "./media-types.ts";
import { SOURCE } from "./read-plan.ts";
import type { Routine } from "./routines.ts";
import { literal, qualified } from "./sql.ts";
import { insertedSql } from "./write-sql.ts";

// The statement of a request: its rows, made into the body of the response by the server.

export interface Parts {
  /** The rows that are read, written or returned by a call. */
  source: string;
  /** What is selected of them; of a plain read, all. */
  read?: string;
  /** What `count` counts. */
  count?: string | undefined;
  media: Media;
  hasBody: boolean;
  routine?: Routine | undefined;
  /** The columns of the key of an inserted row, for `Location`. */
  locationKey?: string[] | undefined;
}

/** The one row of a statement, all as text; a function's value that was filtered away leaves none. */
export interface Result {
  total: string | null;
  rows: string;
  /** Of a write, all rows that it wrote; otherwise the same as `rows`. */
  affected: string;
  body: string | null;
  location: string | null;
  headers: string | null;
  status: string | null;
  inserted: string | null;
}

export const NO_ROW: Result = {
  total: "0",
  rows: "0",
  affected: "0",
  body: null,
  location: null,
  headers: null,
  status: null,
  inserted: null,
};

export function statementSql({ source, read, count, media, hasBody, routine, locationKey }: Parts): string {
  const body = hasBody ? bodySql(media, routine) : "''";
  // the one value of a function may be what a domain makes of it, and an aggregate can't stand next to that
  const rows = routine && !routine.isSet ? "1" : "count(*)";
  return [
    `with ${SOURCE} as (${source}), ${ANSWER} as (${read ?? `table ${SOURCE}`})`,
    count ? `, api_counted as (${count})` : "",
    `select ${count ? "(select count(*) from api_counted)" : "null"} as total,`,
    `${rows} as rows, ${read && !routine ? `(select count(*) from ${SOURCE})` : rows} as affected,`,
    `${body} as body,`,
    `${locationKey?.length ? locationSql(locationKey) : "null"} as location,`,
    "nullif(current_setting('response.headers', true), '') as headers,",
    "nullif(current_setting('response.status', true), '') as status,",
    `${insertedSql} as inserted`,
    `from ${ANSWER}`,
  ].join(" ");
}

/** The rows of the response. A row is `ROW`: the name alone would be the column that a request calls so. */
const ANSWER = "api_answer";
const ROW = `${ANSWER}.*`;

function bodySql({ kind, stripsNulls, handler }: Media, routine: Routine | undefined): string {
  const isScalar = routine && !routine.isComposite;
  const rows = isScalar ? `${ANSWER}.api_value` : ROW;
  const strip = (json: string): string => stripsNulls ? `json_strip_nulls(${json})` : json;
  if (kind === "custom" && handler) {
    const row = handler.target && !routine ? `(${ROW})::${qualified(handler.target)}` : rows;
    return `${qualified(handler.call)}(${row})`;
  }
  if (kind === "csv") return `concat(${isScalar ? "'pgrst_scalar'" : CSV_HEADER}, E'\\n', ${CSV_LINES})`;
  const isSingle = kind === "object" || (routine !== undefined && !routine.isSet);
  return isSingle
    ? `coalesce(${strip(`json_agg(${rows}) -> 0`)}, 'null')`
    : `coalesce(${strip(`json_agg(${rows})`)}, '[]')`;
}

/** The first of some rows as a JSON object. */
const firstSql = (rows: string): string => `(select to_json(api_first.*) from ${rows} as api_first limit 1)`;

/** The names of the rows' columns, in quotes where CSV needs them. */
const CSV_HEADER = `(select string_agg(case when name ~ '[",\\r\\n]' ` +
  `then format('"%s"', replace(name, '"', '""')) else name end, ',') ` +
  `from json_object_keys(${firstSql(ANSWER)}) as name)`;

/** Each row in PostgreSQL's own form of a row, without its parentheses. */
const CSV_LINES = `string_agg(left(right((${ROW})::text, -1), -1), E'\\n')`;

const locationSql = (key: string[]): string =>
  `(select json_object_agg(each.key, each.value) from json_each_text(${firstSql(SOURCE)}) as each ` +
  `where each.key in (${key.map(literal).join(", ")}))`;
