import type { Media } from "./media-types.ts";
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
  body: string | null;
  location: string | null;
  headers: string | null;
  status: string | null;
  inserted: string | null;
}

export const NO_ROW: Result = {
  total: "0",
  rows: "0",
  body: null,
  location: null,
  headers: null,
  status: null,
  inserted: null,
};

export function statementSql({ source, read, count, media, hasBody, routine, locationKey }: Parts): string {
  const body = hasBody ? bodySql(media, routine) : "''";
  // the one value of a function may be what a domain makes of it, and an aggregate can't stand next to that
  const rows = routine && !routine.isSet ? "1" : "count(_postgrest_t)";
  return [
    `with pgrst_source as (${source})${count ? `, pgrst_source_count as (${count})` : ""}`,
    `select ${count ? "(select count(*) from pgrst_source_count)" : "null"} as total,`,
    `${rows} as rows, ${body} as body,`,
    `${locationKey?.length ? locationSql(locationKey) : "null"} as location,`,
    "nullif(current_setting('response.headers', true), '') as headers,",
    "nullif(current_setting('response.status', true), '') as status,",
    `${insertedSql} as inserted`,
    `from (${read ?? "select * from pgrst_source"}) _postgrest_t`,
  ].join(" ");
}

function bodySql({ kind, stripsNulls, handler }: Media, routine: Routine | undefined): string {
  const rows = routine && !routine.isComposite ? "_postgrest_t.pgrst_scalar" : "_postgrest_t";
  const strip = (json: string): string => stripsNulls ? `json_strip_nulls(${json})` : json;
  if (kind === "custom" && handler) {
    const row = handler.target && !routine ? `_postgrest_t::${qualified(handler.target)}` : rows;
    return `${qualified(handler.call)}(${row})`;
  }
  if (kind === "csv") return CSV;
  const isSingle = kind === "object" || (routine !== undefined && !routine.isSet);
  return isSingle
    ? `coalesce(${strip(`json_agg(${rows}) -> 0`)}, 'null')`
    : `coalesce(${strip(`json_agg(${rows})`)}, '[]')`;
}

const CSV = "(select coalesce(string_agg(k, ','), '') from (select json_object_keys(row_to_json(hh)) as k " +
  "from (select * from pgrst_source limit 1) as hh) as keys) || E'\\n' || " +
  "coalesce(string_agg(substring(_postgrest_t::text, 2, length(_postgrest_t::text) - 2), E'\\n'), '')";

const locationSql = (key: string[]): string =>
  "(select json_object_agg(field.key, field.value) from (select row_to_json(_) as row from pgrst_source as _ limit 1) " +
  `as data cross join json_each_text(data.row) as field where field.key in (${key.map(literal).join(", ")}))`;
