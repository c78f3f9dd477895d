import { HttpError } from "../_shared/failure.ts";

// Pages in a browser. They name their origin in every request and can't leave it out, also a page that reaches the server
// by DNS rebinding; assistants, which are programs, name none.

/** Whether the page of this origin is the project's own, or one of the machine that the browser runs on. */
function isTrustedOrigin(origin: string, own: string | null): boolean {
  if (origin === own) return true;
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  // of another scheme than HTTP, the origin is "null"
  return url.origin === origin && /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
}

/** The headers that let the page which sent a request call the server; null for other pages, and without one. */
export function corsHeaders(request: Request, own: string | null): Record<string, string> | null {
  const origin = request.headers.get("origin");
  if (origin === null || !isTrustedOrigin(origin, own)) return null;
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-methods": "POST",
    "access-control-allow-headers":
      "authorization, content-type, accept, apikey, x-client-info, last-event-id, " +
      "mcp-protocol-version, mcp-session-id, mcp-method, mcp-name",
    "access-control-expose-headers": "www-authenticate, retry-after, x-request-id",
    "access-control-max-age": "86400",
    vary: "origin",
  };
}

/** Throws 403 for a request of a page that is not trusted. */
export function requireTrustedOrigin(request: Request, own: string | null): void {
  const origin = request.headers.get("origin");
  if (origin === null || isTrustedOrigin(origin, own)) return;
  throw new HttpError({
    status: 403,
    code: "origin_forbidden",
    message: "Pages of other sites are not served.",
    hint: "Call from a program, from a page on localhost, or from the project's own address.",
  });
}
