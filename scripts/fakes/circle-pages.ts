import type { Answer } from "./faults.ts";

/** The error envelope of all APIs. */
export const circleError = (
  status: number,
  message: string,
  headers: Record<string, string> = {},
): Answer => ({
  status,
  headers,
  body: { success: false, message, error_details: {} },
});

const MAX_PER_PAGE = 100;

const numberOf = (query: URLSearchParams, name: string, usual: number): number => {
  const value = Number(query.get(name) ?? usual);
  return Number.isInteger(value) && value >= 0 ? value : usual;
};

/** Most lists: `page` and `per_page`, 10 unless stated. */
export function pageOf<T>(items: T[], query: URLSearchParams, usualPerPage = 10) {
  const perPage = Math.min(Math.max(numberOf(query, "per_page", usualPerPage), 1), MAX_PER_PAGE);
  const page = Math.max(numberOf(query, "page", 1), 1);
  return {
    page,
    per_page: perPage,
    has_next_page: page * perPage < items.length,
    count: items.length,
    page_count: Math.ceil(items.length / perPage),
    records: items.slice((page - 1) * perPage, page * perPage),
  };
}

/**
 * Chat messages: a window around an anchor, which is a part of it. Null where the anchor does not exist.
 *
 * @param items in the order of their ids
 */
export function windowOf<T extends { id: number }>(items: T[], query: URLSearchParams) {
  const anchor = query.has("id") ? Number(query.get("id")) : items.at(-1)?.id;
  if (anchor === undefined) {
    return {
      id: null,
      has_previous_page: false,
      has_next_page: false,
      first_id: null,
      last_id: null,
      total_count: 0,
      records: [],
    };
  }
  const at = items.findIndex(({ id }) => id === anchor);
  if (at < 0) return null;
  const from = Math.max(at - Math.min(numberOf(query, "previous_per_page", 20), MAX_PER_PAGE), 0);
  const to = Math.min(at + Math.min(numberOf(query, "next_per_page", 20), MAX_PER_PAGE), items.length - 1);
  const records = items.slice(from, to + 1);
  return {
    id: anchor,
    has_previous_page: from > 0,
    has_next_page: to < items.length - 1,
    first_id: records[0]?.id ?? null,
    last_id: records.at(-1)?.id ?? null,
    total_count: items.length,
    records,
  };
}
