import { corsHeaders } from "@supabase/supabase-js/cors";
import { calculatePKCECodeChallenge } from "oauth4webapi";
import { z } from "zod";
import { parseBearer, tokenInvalid } from "../_shared/bearer.ts";
import { databaseFailure } from "../_shared/database-failure.ts";
import type { Connect, Rpc } from "../_shared/database.ts";
import { type Call, createEndpoint, type EndpointDependencies } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import { hashForDatabase, randomSecret } from "../_shared/hashes.ts";
import { callbackUrl, setCookie } from "../_shared/oauth-cookie.ts";
import {
  isOAuthPlatform,
  type LoadProvider,
  type OAuthProvider,
  scopesOf,
} from "../_shared/oauth-providers.ts";
import { loadProvider } from "../_shared/oauth-settings.ts";
import { withRetry } from "../_shared/transient.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  /** The Data API as the caller. */
  connect: Connect;
  /** Database functions as the service role. */
  rpc: Rpc;
  /** Throws where the provider is not configured. */
  provider: LoadProvider;
  /** The base of the functions, as browsers see it. */
  functionsUrl: string;
  /** Limit, which tests make small. */
  bodyTimeoutMs?: number;
}

const MAX_BYTES = 8192;
const CORS = { ...corsHeaders, "access-control-expose-headers": "x-request-id, retry-after" };

const startSchema = z.object({
  platform: z.string().max(40),
  return_to: z.string().max(2048),
  scope: z.string().max(40).nullish(),
});
const flowSchema = z.object({
  platform: z.enum(["github", "youtube"]),
  scope: z.enum(["public", "private"]),
});

/**
 * The beginning of a connection by OAuth.
 *
 * `POST /oauth-start {platform, return_to, scope?}` with the user's access token answers `{url, expires_at}`: the page
 * sends the browser to `url`, which is `GET /oauth-start?ticket=…`, once. That sets the cookie which binds the flow to
 * this browser, and redirects to the provider.
 *
 * Errors: 400, 401, 405, 408, 413, 415, 422, 500, 503, 504 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return createEndpoint(deps, {
    name: "oauth-start",
    methods: ["POST", "GET"],
    maxBytes: MAX_BYTES,
    bodyTimeoutMs: deps.bodyTimeoutMs,
    // pages start a flow; only navigations open one
    cors: (request) => request.method === "GET" ? null : CORS,
  }, (call) => call.request.method === "POST" ? start(call, deps) : open(call, deps));
}

async function start(call: Call, deps: Dependencies): Promise<Response> {
  const bearer = parseBearer(call.request, "the connection's owner");
  const body = startSchema.safeParse(await call.readJson());
  if (!body.success) {
    throw new HttpError({
      status: 422,
      code: "devpulse_oauth_body_invalid",
      message: "The body has to be {platform, return_to}, and may have a scope.",
      hint: 'Send {"platform": "github", "return_to": "https://…"}.',
    });
  }
  const { platform, return_to, scope } = body.data;
  call.details.platform = isOAuthPlatform(platform) ? platform : null;
  // before anybody is sent to a provider that we are not known to
  if (isOAuthPlatform(platform)) loadProvider(deps.provider, platform);
  const ticket = randomSecret();
  const { data, error, status } = await deps.connect(bearer.token).rpc("start_oauth", {
    platform,
    return_to,
    scope: scope ?? "public",
    ticket_hash: hashForDatabase(ticket),
  });
  if (status === 401 && !error?.code.startsWith("PT")) {
    throw tokenInvalid(error?.message ?? "The API rejected it.");
  }
  if (error) throw databaseFailure(error, call.details);
  const expires_at = new Date(z.string().parse(data)).toISOString();
  return Response.json({ url: `${deps.functionsUrl}/oauth-start?ticket=${ticket}`, expires_at });
}

async function open(call: Call, deps: Dependencies): Promise<Response> {
  const { searchParams } = new URL(call.request.url);
  const tickets = searchParams.getAll("ticket");
  const [state, verifier] = [randomSecret(), randomSecret()];
  const opened = await withRetry(deps.rpc)("open_oauth_flow", {
    ticket_hash: hashForDatabase(tickets.length === 1 ? tickets[0] ?? "" : ""),
    state_hash: hashForDatabase(state),
    challenge: hashForDatabase(verifier),
  });
  if (!opened.ok) throw databaseFailure(opened, call.details);
  const { platform, scope } = flowSchema.parse(opened.data);
  call.details.platform = platform;
  const url = await authorizationUrl(loadProvider(deps.provider, platform), {
    redirectUri: callbackUrl(deps.functionsUrl, platform),
    scopes: scopesOf(platform, scope),
    state,
    verifier,
  });
  return new Response(null, {
    status: 302,
    headers: {
      location: url,
      "set-cookie": setCookie({ functionsUrl: deps.functionsUrl, platform, state }, verifier),
      "referrer-policy": "no-referrer",
    },
  });
}

interface Authorization {
  redirectUri: string;
  scopes: string[];
  state: string;
  verifier: string;
}

/** The address at which the user agrees (RFC 6749, section 4.1.1, with PKCE by S256, RFC 7636). */
async function authorizationUrl(
  { platform, server, clientId }: OAuthProvider,
  { redirectUri, scopes, state, verifier }: Authorization,
): Promise<string> {
  const url = new URL(server.authorization_endpoint ?? "");
  const parameters: Record<string, string> = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: "code",
    scope: scopes.join(" "),
    state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    // a refresh token, also for somebody who has agreed before
    ...platform === "youtube" ? { access_type: "offline", prompt: "consent" } : {},
    // not with the account that happens to be signed in
    ...platform === "github" ? { prompt: "select_account" } : {},
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
