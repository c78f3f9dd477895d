import { corsHeaders } from "@supabase/supabase-js/cors";
import { z } from "zod";
import { type ConnectionOwner, identifyOwner } from "../_shared/caller.ts";
import { sealTokens } from "../_shared/connection-secret.ts";
import { type Connection, connectionSchema, type StoredAccount } from "../_shared/connection.ts";
import { databaseFailure } from "../_shared/database-failure.ts";
import type { Connect, Rpc } from "../_shared/database.ts";
import type { MasterKeys } from "../_shared/encryption.ts";
import { type Call, createEndpoint, type EndpointDependencies } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import type { PlatformAccount, ReadAccount } from "../_shared/provider-account.ts";
import { loadMasterKeys } from "../_shared/secret-settings.ts";
import { withRetry } from "../_shared/transient.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  /** The Data API as the caller. */
  connect: Connect;
  /** Database functions as the service role. */
  rpc: Rpc;
  /** The keys that are valid now. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  readAccount: ReadAccount;
  /** Base of Dev.to's API, such as `https://dev.to/api`. */
  apiUrl: string;
  /** Limit, which tests make small. */
  bodyTimeoutMs?: number;
}

const MAX_BYTES = 4096;
const PLATFORM = "devto";
const KIND = "devto_connection";
const CORS = { ...corsHeaders, "access-control-expose-headers": "x-request-id, retry-after" };

/** Any text that a header can hold: Dev.to itself decides. */
const bodySchema = z.object({
  api_key: z.string().trim().regex(/^[\x21-\x7e]{8,255}$/),
  replace: z.boolean().nullish(),
});

/**
 * Connects Dev.to, which has API keys and no OAuth: `POST /connect-devto {api_key, replace?}` with the user's access
 * token asks Dev.to whose key it is, stores it sealed, and answers `{connection}`.
 *
 * Errors: 400, 401, 404, 405, 408, 413, 415, 422, 429, 500, 503, 504 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return createEndpoint(deps, {
    name: "connect-devto",
    maxBytes: MAX_BYTES,
    bodyTimeoutMs: deps.bodyTimeoutMs,
    cors: () => CORS,
  }, async (call) => {
    const connection = await connectKey(call, { ...deps, rpc: withRetry(deps.rpc) });
    return Response.json({ connection });
  });
}

async function connectKey(call: Call, deps: Dependencies): Promise<Connection> {
  const owner = await identifyOwner(call.request, deps.connect, PLATFORM);
  const body = bodySchema.safeParse(await call.readJson());
  if (!body.success) {
    throw new HttpError({
      status: 422,
      code: "devpulse_connection_body_invalid",
      message:
        "The body has to be {api_key}, a text of 8 to 255 visible ASCII characters, and may have replace.",
      hint: "Send the key as Dev.to shows it, under Settings, Extensions.",
    });
  }
  const masterKeys = loadMasterKeys(deps.masterKeys);
  await countCheck(deps, owner, call);
  const account = await accountOf(deps, body.data.api_key, call);
  const secretId = deps.newId();
  const sealed = await sealTokens(
    masterKeys,
    { secretId, platform: PLATFORM, userId: owner.userId },
    { access_token: body.data.api_key },
  );
  const stored: StoredAccount = {
    platform_user_id: account.id,
    platform_username: account.name,
    token_expires_at: null,
    has_refresh_token: false,
    metadata: { scopes: null },
  };
  const connected = await deps.rpc("connect_by_key", {
    user_id: owner.userId,
    platform: PLATFORM,
    secret_id: secretId,
    sealed,
    account: stored,
    replace: body.data.replace ?? false,
  });
  if (!connected.ok) throw databaseFailure(connected, call.details);
  return connectionSchema.parse(connected.data);
}

/** Counts a request to Dev.to on behalf of the caller; throws 429 where that has been often enough. */
async function countCheck(
  { rpc }: Dependencies,
  { userId }: ConnectionOwner,
  { details }: Call,
): Promise<void> {
  const counted = await rpc("count_token_check", { user_id: userId, kind: KIND });
  if (!counted.ok && counted.message === "agents_user_unknown") {
    throw new HttpError({
      status: 404,
      code: "devpulse_user_unknown",
      message: "The account is anonymous, banned or deleted.",
      hint: "Sign in with an account that has an e-mail address.",
    });
  }
  if (!counted.ok) throw databaseFailure(counted, details);
  const wait = z.int().parse(counted.data);
  if (wait === 0) return;
  throw new HttpError({
    status: 429,
    code: "devpulse_api_key_rate_limited",
    message: "Dev.to has been asked about keys of yours ten times within ten minutes.",
    hint: `Send it again in ${wait} seconds; nothing was changed.`,
    headers: { "retry-after": String(wait) },
  });
}

async function accountOf(deps: Dependencies, apiKey: string, { details }: Call): Promise<PlatformAccount> {
  const result = await deps.readAccount(PLATFORM, deps.apiUrl, apiKey);
  if (result.outcome === "known") return result.account;
  if (result.outcome === "unavailable") {
    details.cause = result.cause;
    throw new HttpError({
      status: 503,
      code: "devpulse_devto_unavailable",
      message: "Dev.to could not be asked about the key.",
      hint: "Send it again later; nothing was changed.",
      headers: { "retry-after": String(result.retryAfter) },
    });
  }
  throw new HttpError({
    status: 422,
    code: "devpulse_api_key_invalid",
    message: "Dev.to does not accept this key.",
    hint: "Generate one at Dev.to under Settings, Extensions, DEV Community API Keys.",
  });
}
