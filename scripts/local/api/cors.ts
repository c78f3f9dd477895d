// CORS as Supabase's gateway answers it, which @supabase/lite does for Auth in another way.

/**
 * The headers that a page of another origin may read: PostgREST's, and the one that names the gateway's own
 * errors.
 */
const EXPOSED = [
  "Content-Encoding",
  "Content-Location",
  "Content-Range",
  "Content-Type",
  "Date",
  "Location",
  "Server",
  "Transfer-Encoding",
  "Range-Unit",
  "Preference-Applied",
  "sb-error-code",
].join(", ");

/**
 * Answers a preflight request as Supabase's gateway does for its API: any origin, any method, and every
 * requested header. `undefined` for any other request.
 */
export function preflight(request: Request): Response | undefined {
  const asked = request.headers.get("access-control-request-method");
  if (request.method !== "OPTIONS" || !asked || !request.headers.has("origin")) return undefined;
  return new Response(null, {
    status: 200,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT",
      "access-control-allow-headers": request.headers.get("access-control-request-headers") ?? "*",
      "access-control-max-age": "86400",
      "content-length": "0",
    },
  });
}

/** The response with the headers that let a page of any origin read it. */
export function allowOrigins(response: Response): Response {
  const headers = new Headers(response.headers);
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-expose-headers", EXPOSED);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
