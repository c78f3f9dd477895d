/** What a handler adds to its request's log line. */
export type Details = Record<string, string | number | boolean | null>;

/** A request's one log line: no bodies, no secrets, no query strings. */
export interface LogEntry extends Details {
  function: string;
  request_id: string;
  method: string;
  status: number;
  ms: number;
}

/** Writes one line of JSON: level `error` for 5xx, else `info`. */
export function logRequest(entry: LogEntry): void {
  const level = entry.status >= 500 ? "error" : "info";
  console.log(JSON.stringify({ level, ...entry }));
}
