import type { SupabaseConfig } from "../config.ts";
import type { Catalog } from "./catalog.ts";
import type { Exchange } from "./exchange.ts";
import { preference } from "./session.ts";

// Fixes in @supabase/lite: `Preference-Applied` names a rollback on demand and no time zone,
// `Content-Profile` and `Content-Location` are missing, and a write that returns no rows has the headers of a
// body.
// Unnecessary when: lite writes these headers as PostgREST does.

/** lite's response with the headers and the body that PostgREST sends. */
export function fixResponse(
  response: Response,
  { request, ast }: Exchange,
  catalog: Catalog,
  config: SupabaseConfig,
): Response {
  const headers = new Headers(response.headers);
  const isMutation = ast !== undefined && ast.type !== "query" && ast.type !== "rpc";
  if (response.ok && ast) {
    const timezone = preference(request, "timezone");
    // the platform never rolls a request back on demand, so the preference is not applied
    const applied = (headers.get("preference-applied") ?? "").split(", ")
      .filter((entry) => entry !== "" && !entry.startsWith("tx="));
    if (timezone && catalog.isTimezone(timezone)) applied.push(`timezone=${timezone}`);
    if (applied.length > 0) headers.set("preference-applied", applied.join(", "));
    else headers.delete("preference-applied");
    if (config.api.schemas.length > 1) headers.set("content-profile", ast.schema ?? "public");
    if (ast.type === "query" && ast.from && !headers.has("content-location")) {
      headers.set("content-location", `/${ast.from}`);
    }
  }
  const isEmpty = response.ok && isMutation && ast?.$meta?.return !== "representation";
  if (isEmpty) {
    headers.delete("content-type");
    headers.delete("content-length");
  }
  const { status, statusText } = response;
  const body = isEmpty || request.method === "HEAD" ? null : response.body;
  return new Response(body, { status, statusText, headers });
}
