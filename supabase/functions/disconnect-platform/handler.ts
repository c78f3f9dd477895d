import { corsHeaders } from "@supabase/supabase-js/cors";
import { z } from "zod";
import { identifyOwner } from "../_shared/caller.ts";
import { connectionSchema } from "../_shared/connection.ts";
import { databaseFailure } from "../_shared/database-failure.ts";
import type { Connect, Rpc } from "../_shared/database.ts";
import type { MasterKeys } from "../_shared/encryption.ts";
import { type Call, createEndpoint, type EndpointDependencies } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import type { OAuthClient } from "../_shared/oauth-client.ts";
import type { LoadProvider } from "../_shared/oauth-providers.ts";
import { revokeConnection, type SealedConnection, sealedSchema } from "../_shared/revoke-connection.ts";
import { withRetry } from "../_shared/transient.ts";

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
  /** For requests to providers that are not OAuth's. */
  fetch: typeof fetch;
  /** Limit, which tests make small. */
  bodyTimeoutMs?: number;
}

const MAX_BYTES = 4096;
const CORS = { ...corsHeaders, "access-control-expose-headers": "x-request-id, retry-after" };

const bodySchema = z.object({ platform: z.enum(["github", "youtube", "devto"]) });
const endedSchema = z.object({
  connection: connectionSchema.nullable(),
  erased: sealedSchema.nullable(),
});

/**
 * Ends a connection: `POST /disconnect-platform {platform}` with the user's access token revokes its tokens at the
 * provider, erases them, and answers `{connection, revoked}`. `revoked` is false where the provider could not be asked:
 * the tokens are erased all the same, and the user can remove the app there. Null: there was nothing to revoke.
 *
 * Errors: 400, 401, 404, 405, 408, 413, 415, 422, 500, 503, 504 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return createEndpoint(deps, {
    name: "disconnect-platform",
    maxBytes: MAX_BYTES,
    bodyTimeoutMs: deps.bodyTimeoutMs,
    cors: () => CORS,
  }, async (call) => Response.json(await disconnect(call, { ...deps, rpc: withRetry(deps.rpc) })));
}

async function disconnect(call: Call, deps: Dependencies) {
  const body = bodySchema.safeParse(await call.readJson());
  if (!body.success) {
    throw new HttpError({
      status: 422,
      code: "devpulse_connection_body_invalid",
      message: "The body has to be {platform}: github, youtube or devto.",
      hint: 'Send {"platform": "github"}.',
    });
  }
  const { platform } = body.data;
  call.details.platform = platform;
  const owner = await identifyOwner(call.request, deps.connect, platform);
  const user = { user_id: owner.userId };
  const read = await deps.rpc("read_secret", { ...user, kind: `${platform}_connection` });
  if (!read.ok) throw databaseFailure(read, call.details);
  const [stored] = z.array(sealedSchema).parse(read.data);
  // first at the provider: whoever is stopped between the two can call again, and has the token to do so
  const revoked = stored ? await revokeConnection(deps, stored) : null;
  const ended = await deps.rpc("disconnect_platform", { ...user, platform });
  if (!ended.ok) throw databaseFailure(ended, call.details);
  const { connection, erased } = endedSchema.parse(ended.data);
  const result = { connection, revoked: await revokeLatest(deps, revoked, stored, erased) };
  call.details.revoked = result.revoked;
  return result;
}

/** A refresh or a new connection may have replaced the tokens between the two calls. */
async function revokeLatest(
  tools: Parameters<typeof revokeConnection>[0],
  revoked: boolean | null,
  stored: SealedConnection | undefined,
  erased: SealedConnection | null,
): Promise<boolean | null> {
  if (!erased || erased.id === stored?.id) return revoked;
  const latest = await revokeConnection(tools, erased);
  return latest === null ? revoked : latest && revoked !== false;
}
