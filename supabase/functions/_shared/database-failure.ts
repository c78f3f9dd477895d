import { HttpError } from "./failure.ts";
import type { Details } from "./log.ts";

/** An error of the Data API. */
export interface DatabaseError {
  code: string;
  message: string;
  details?: string | null;
  hint?: string | null;
}

/**
 * The error for a call of a database function that has failed: one of ours (`PT<status>`) passes through with its code,
 * anything else is 503 `database_unavailable`.
 */
export function databaseFailure(error: DatabaseError, details: Details): HttpError {
  const status = error.code.match(/^PT(4\d\d)$/)?.[1];
  if (status !== undefined) {
    return new HttpError({
      status: Number(status),
      code: error.message,
      message: error.details ?? "The database refused it.",
      ...(error.hint ? { hint: error.hint } : {}),
    });
  }
  details.cause = error.code;
  return new HttpError({
    status: 503,
    code: "database_unavailable",
    message: "The database could not do this.",
    hint: "Send it again; a request that is repeated does nothing twice.",
    headers: { "retry-after": "5" },
  });
}
