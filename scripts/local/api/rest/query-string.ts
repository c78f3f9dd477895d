import { readNames } from "./fields.ts";
import { type Filter, type Logic, parseCondition, parseLogic, parsePath } from "./filters.ts";
import { Scanner, SyntaxError } from "./scanner.ts";
import { type OrderTerm, parseOrder, parseSelect, type Selected } from "./select.ts";

/** What applies to the table at the end of a path of embedded ones; to the request's own with an empty path. */
export interface At<T> {
  path: string[];
  value: T;
}

/** A number of rows, from an offset on. */
export interface Range {
  offset: number;
  limit: number | undefined;
}

/** A request's query string, parsed. */
export interface Query {
  select: Selected[];
  filters: At<Filter>[];
  logic: At<Logic>[];
  orders: At<OrderTerm[]>[];
  ranges: At<Range>[];
  columns: string[] | undefined;
  onConflict: string[] | undefined;
  /** The arguments of a call that is a GET. */
  parameters: [name: string, value: string][];
  /** The names of the filters as they stand. */
  filterNames: Set<string>;
  /** The whole of it, sorted, for `Content-Location`. */
  canonical: string;
}

/** Names that are not filters, also at the end of a path. */
const RESERVED = /^(?:.*\.)?(order|limit|offset|and|or)$/;

/**
 * Parses a query string.
 *
 * @param isCall whether it is a call by GET, whose values without an operator are arguments
 * @throws SyntaxError
 */
export function parseQuery(search: URLSearchParams, isCall: boolean): Query {
  const given = [...search].filter(([name]) => name !== "apikey");
  const first = (wanted: string): string | undefined => given.find(([name]) => name === wanted)?.[1];
  const filters: At<Filter>[] = [];
  const parameters: [string, string][] = [];
  const filterNames = new Set<string>();
  for (const [name, value] of given) {
    if (RESERVED.test(name) || ["select", "columns", "on_conflict"].includes(name)) continue;
    filterNames.add(name);
    const { path, field } = parsePath(name);
    const condition = parseFilter(value, isCall);
    if (condition) filters.push({ path, value: { ...condition, field } });
    else parameters.push([field.name, value]);
  }
  const ending = (...endings: string[]): [string, string][] =>
    given.filter(([name]) => endings.includes(RESERVED.exec(name)?.[1] ?? ""));
  const canonical = given.toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");
  return {
    select: parseSelect(first("select") ?? "*"),
    filters,
    logic: ending("and", "or").map(([name, value]) => parseTree(name, value)),
    orders: ending("order").map(([name, value]) => ({ path: pathOf(name), value: parseOrder(value) })),
    ranges: parseRanges(ending("limit", "offset")),
    columns: parseNames("columns", first("columns")),
    onConflict: parseNames("on_conflict", first("on_conflict")),
    parameters,
    filterNames,
    canonical,
  };
}

function parseFilter(value: string, isCall: boolean): Omit<Filter, "field"> | undefined {
  try {
    return parseCondition(value);
  } catch (error) {
    // what begins like a filter is one
    if (isCall && error instanceof SyntaxError && !/^(not|in|is)\./.test(value)) return undefined;
    throw error;
  }
}

/** The embedded tables in front of a reserved name. */
const pathOf = (name: string): string[] => {
  const path = parsePath(name).path;
  return path.filter((part) => part !== "not");
};

function parseTree(name: string, value: string): At<Logic> {
  const { path, field } = parsePath(name);
  const operator = path.includes("not") ? `not.${field.name}` : field.name;
  return { path: pathOf(name), value: parseLogic(operator, value) };
}

function parseNames(parameter: string, text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  return [...new Set(readNames(text, new Scanner(text, `failed to parse ${parameter} parameter (${text})`)))];
}

/** A number of rows. There are no more than this. */
export const rowNumber = (digits: string): number => Math.min(Number(digits), Number.MAX_SAFE_INTEGER);

function parseRanges(given: [string, string][]): At<Range>[] {
  const ranges = new Map<string, At<Range>>();
  for (const [name, value] of given) {
    const path = pathOf(name);
    const id = JSON.stringify(path);
    const range = ranges.get(id) ?? { path, value: { offset: 0, limit: undefined } };
    ranges.set(id, range);
    // what is not a number is ignored, as PostgREST does
    if (!/^\s*-?\d+\s*$/.test(value)) continue;
    if (name.endsWith("limit")) range.value.limit = rowNumber(value);
    else range.value.offset = Math.max(rowNumber(value), 0);
  }
  return [...ranges.values()];
}
