import type { Embed } from "./ast.ts";

// Fixes in @supabase/lite: of several filters with the same column and operator only the last one counts, and
// `*` is not a wildcard in the patterns of `like(any)`.
// Unnecessary when: lite's parser keeps every filter of a query string, and treats `*` alike in all patterns.

/** Adds the filters of another parsed form of the same request, so that all of them hold. */
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
      if (isObject(embed) && isObject(extra)) addFilters(embed, extra);
    }
  });
}

/**
 * Splits a query string so that no name is a filter twice: the first string has every name once, each other
 * one the `select` and one more filter of every name that is repeated.
 *
 * @param isArgument whether a name is an argument of the function that is called, and not a filter
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

/** Writes `*` as `%` in the patterns of `like(any)` and its kin. */
const wildcards = (value: string): string =>
  /^(not\.)?i?like\((any|all)\)\./.test(value) ? value.replaceAll("*", "%") : value;

const isObject = (value: unknown): value is Embed => typeof value === "object" && value !== null;
