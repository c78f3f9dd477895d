import { HttpError } from "./failure.ts";

/**
 * Throws 403 for a request that a page in a browser sends, which names its origin and can't leave it out. For what only
 * servers and the database call: a key that a page holds is a key that leaked.
 */
export function refuseOrigin(request: Request): void {
  if (request.headers.get("origin") === null) return;
  throw new HttpError({
    status: 403,
    code: "origin_forbidden",
    message: "Pages in a browser are not served.",
    hint: "Call from a server, without the header Origin.",
  });
}
