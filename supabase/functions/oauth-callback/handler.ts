import { corsHeaders } from "@supabase/supabase-js/cors";
import type { Connect, Rpc } from "../_shared/database.ts";
import type { MasterKeys } from "../_shared/encryption.ts";
import { type Call, createEndpoint, type EndpointDependencies, requireMethod } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import type { OAuthClient } from "../_shared/oauth-client.ts";
import { isOAuthPlatform, type LoadProvider, type OAuthPlatform } from "../_shared/oauth-providers.ts";
import type { ReadAccount } from "../_shared/provider-account.ts";
import { withRetry } from "../_shared/transient.ts";
import { complete } from "./complete.ts";
import { comeBack } from "./come-back.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  /** The Data API as the caller. */
  connect: Connect;
  /** Database functions as the service role. */
  rpc: Rpc;
  /** The keys that are valid now. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  /** Throws where the provider is not configured. */
  provider: LoadProvider;
  oauth: OAuthClient;
  readAccount: ReadAccount;
  /** For requests to providers that are not OAuth's. */
  fetch: typeof fetch;
  /** The base of the functions, as browsers see it. */
  functionsUrl: string;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Limit, which tests make small. */
  bodyTimeoutMs?: number;
}

const MAX_BYTES = 4096;
const CORS = { ...corsHeaders, "access-control-expose-headers": "x-request-id, retry-after" };

/**
 * The end of a connection by OAuth, at a path of its own for each provider: `/oauth-callback/github` and
 * `/oauth-callback/youtube`.
 *
 * `GET ?code&state` is where the provider sends the browser. It redirects to the flow's `return_to`, with `platform`
 * and either `connection_code` or `error`; without a flow, it answers an error. `POST {code, replace?}` with the access
 * token of the user who started the flow completes it and answers `{connection, replaced}`.
 *
 * Errors: 400, 401, 403, 404, 405, 408, 413, 415, 422, 500, 503, 504 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return createEndpoint(deps, {
    name: "oauth-callback",
    methods: null,
    maxBytes: MAX_BYTES,
    bodyTimeoutMs: deps.bodyTimeoutMs,
    // pages complete a connection; only navigations come back
    cors: (request) => request.method === "GET" ? null : CORS,
  }, async (call) => {
    const platform = parsePlatform(call);
    requireMethod(call.request, ["GET", "POST"]);
    const tools = { ...deps, rpc: withRetry(deps.rpc) };
    return call.request.method === "GET"
      ? await comeBack(call, tools, platform)
      : Response.json(await complete(call, tools, platform));
  });
}

function parsePlatform({ request, details }: Call): OAuthPlatform {
  const platform = new URL(request.url).pathname.match(/\/oauth-callback\/([a-z]+)$/)?.[1] ?? "";
  if (isOAuthPlatform(platform)) {
    details.platform = platform;
    return platform;
  }
  throw new HttpError({
    status: 404,
    code: "path_unknown",
    message: "There is nothing here.",
    hint: "Use /oauth-callback/github or /oauth-callback/youtube.",
  });
}
