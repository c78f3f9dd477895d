/** What a request's one log line says. No bodies, no secrets, no query strings. */
export interface LogEntry {
  function: string;
  request_id: string;
  method: string;
  status: number;
  ms: number;
  [detail: string]: string | number | boolean | null;
}

/** Writes one line of JSON; failures of ours (5xx) at level `error`. */
export function logRequest(entry: LogEntry): void {
  const level = entry.status >= 500 ? "error" : "info";
  console.log(JSON.stringify({ level, ...entry }));
}
