import { ApiError, isEmptyStatus, isStatus } from "./errors.ts";
import type { Range } from "./query-string.ts";
import type { Result } from "./statement.ts";

/** What a response has besides the headers that the database sets. */
export interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  body: BodyInit | null;
}

/** `Content-Range`, and the status of a read that counts. */
export function rangeOf({ offset }: Range, rows: number, total: number | undefined): [number, string] {
  const last = offset + rows - 1;
  const isEmpty = total === 0 || offset > last;
  const range = `${isEmpty ? "*" : `${offset}-${last}`}/${total ?? "*"}`;
  if (total === undefined) return [200, range];
  return [offset > total ? 416 : last - offset + 1 < total ? 206 : 200, range];
}

export const outOfBounds = (offset: number, total: number, headers: Record<string, string>): ApiError =>
  new ApiError(416, {
    code: "PGRST103",
    message: "Requested range not satisfiable",
    details: `An offset of ${offset} was requested, but there are only ${total} rows.`,
  }, headers);

/** `/table?key=eq.1` */
export function locationOf(table: string, key: string[], { location, rows }: Result): string | undefined {
  if (!location || rows !== "1") return undefined;
  const values = JSON.parse(location) as Record<string, string | null>;
  const terms = key.map((name) => {
    const value = values[name] ?? null;
    return `${encode(name)}=${value === null ? "is.null" : `eq.${encode(value)}`}`;
  });
  return `/${encode(table)}?${terms.join("&")}`;
}

/** As `encodeURIComponent`, and all other reserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/**
 * The response, with the status and headers that a function or trigger has set
 * (docs.postgrest.org/en/v14/references/transactions.html#response-headers).
 */
export function respond(answer: Answer, result: Pick<Result, "headers" | "status">): Response {
  const status = result.status ? Number(/^\d{3}$/.exec(result.status)?.[0]) : answer.status;
  if (!isStatus(status)) {
    throw new ApiError(500, { code: "PGRST112", message: "response.status guc must be a valid status code" });
  }
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers.set(name, value);
  }
  addHeaders(headers, result.headers);
  return new Response(isEmptyStatus(status) ? null : answer.body, { status, headers });
}

function addHeaders(headers: Headers, text: string | null): void {
  try {
    const entries: unknown = text ? JSON.parse(text) : [];
    if (!Array.isArray(entries)) throw new TypeError();
    for (const entry of entries as object[]) {
      const [[name, value] = [], ...more] = Object.entries(entry) as [string, unknown][];
      if (name === undefined || typeof value !== "string" || more.length > 0) throw new TypeError();
      if (name.toLowerCase() === "set-cookie") headers.append(name, value);
      else headers.set(name, value);
    }
  } catch {
    throw new ApiError(500, {
      code: "PGRST111",
      message:
        "response.headers guc must be a JSON array composed of objects with a single key and a string value",
    });
  }
}
