import { z } from "zod";
import { type ConnectionTokens, openTokens, sealTokens } from "./connection-secret.ts";
import type { ConnectionToken, ConnectionTokenDependencies, StoredConnection } from "./connection-token.ts";
import type { Rpc, RpcResult } from "./database.ts";
import { SecretError } from "./encryption.ts";
import type { Grant, GrantResult } from "./oauth-client.ts";
import { isOAuthPlatform } from "./oauth-providers.ts";
import { revokeConnection } from "./revoke-connection.ts";

/** A lease to refresh a connection's tokens. */
export interface BegunRefresh {
  connection: StoredConnection;
  fencingToken: number;
}

const failedSchema = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.enum(["superseded", "later"]) }),
  z.object({ outcome: z.literal("ended"), reason: z.string() }),
]);

/** Tries to store tokens that exist nowhere else; together less than the lease has left. */
const STORE_PAUSES_MS = [200, 1000, 3000];
const RETRY_MS = 30_000;

/**
 * Exchanges a refresh token and stores what comes back, for the holder of the lease. `read_again`: it is to be
 * tried again later, or somebody else has stored tokens or ended the connection meanwhile.
 */
export async function refreshConnection(
  deps: ConnectionTokenDependencies,
  lease: BegunRefresh,
): Promise<ConnectionToken | "read_again"> {
  const requestedAt = deps.clock();
  const opened = await open(deps, lease.connection);
  if ("failure" in opened) return await fail(deps, lease, opened.failure);
  const { refresh_token } = opened.tokens;
  if (refresh_token === undefined) {
    return await fail(deps, lease, { outcome: "rejected", reason: "refresh_rejected" });
  }
  const result = await exchange(deps, lease.connection.platform, refresh_token);
  if (result.outcome === "rejected") {
    return await fail(deps, lease, { outcome: "rejected", reason: "refresh_rejected" });
  }
  if (result.outcome === "unavailable") return await fail(deps, lease, result);
  return await store(deps, lease, requestedAt, result.grant, refresh_token);
}

/** `rejected`: the refresh token is of no use, and why. */
type Failure =
  | { outcome: "rejected"; reason: "refresh_rejected" | "secret_unreadable" }
  | Extract<GrantResult, { outcome: "unavailable" }>;

async function open(
  { masterKeys }: ConnectionTokenDependencies,
  { secret_id: secretId, platform, user_id: userId, sealed }: StoredConnection,
): Promise<{ tokens: ConnectionTokens } | { failure: Failure }> {
  try {
    return { tokens: await openTokens(masterKeys(), { secretId, platform, userId }, sealed) };
  } catch (error) {
    const isLost = error instanceof SecretError && error.reason !== "key_unknown";
    return {
      failure: isLost
        ? { outcome: "rejected", reason: "secret_unreadable" }
        : { outcome: "unavailable", cause: "key_unknown", isUncertain: false, retryAfter: 60 },
    };
  }
}

async function exchange(
  { provider, oauth }: ConnectionTokenDependencies,
  platform: string,
  refreshToken: string,
): Promise<GrantResult> {
  const notConfigured: Failure = {
    outcome: "unavailable",
    cause: "client",
    isUncertain: false,
    retryAfter: 60,
  };
  if (!isOAuthPlatform(platform)) return notConfigured;
  try {
    return await oauth.refreshTokens(provider(platform), refreshToken);
  } catch {
    return notConfigured;
  }
}

/** Reports a failure: the connection is over when the provider says so, and is tried again later otherwise. */
async function fail(
  deps: ConnectionTokenDependencies,
  { connection, fencingToken }: BegunRefresh,
  failure: Failure,
): Promise<ConnectionToken | "read_again"> {
  const reported = await deps.rpc("fail_token_refresh", {
    connection_id: connection.id,
    secret_id: connection.secret_id,
    fencing_token: fencingToken,
    ...failure.outcome === "rejected"
      ? { rejection: failure.reason }
      : { is_uncertain: failure.isUncertain, retry_after: failure.retryAfter },
  });
  // the lease runs out by itself, and the next caller finds out the same
  if (!reported.ok) return { kind: "wait", until: new Date(deps.clock() + RETRY_MS) };
  const answer = failedSchema.parse(reported.data);
  return answer.outcome === "ended" ? { kind: "reauth_required", reason: answer.reason } : "read_again";
}

/** Each rotation has a secret id of its own: what is said about the tokens before is not about these. */
async function store(
  deps: ConnectionTokenDependencies,
  { connection, fencingToken }: BegunRefresh,
  requestedAt: number,
  grant: Grant,
  oldRefreshToken: string,
): Promise<ConnectionToken | "read_again"> {
  const secretId = deps.newId();
  const { platform, user_id: userId } = connection;
  const sealed = await sealTokens(deps.masterKeys(), { secretId, platform, userId }, {
    access_token: grant.accessToken,
    // RFC 6749, section 6: without a new one, the old one stays
    refresh_token: grant.refreshToken ?? oldRefreshToken,
  });
  const finished = await persist(deps, {
    connection_id: connection.id,
    secret_id: connection.secret_id,
    fencing_token: fencingToken,
    new_secret_id: secretId,
    sealed,
    token_expires_at: grant.expiresIn === undefined
      ? null
      : new Date(requestedAt + grant.expiresIn * 1000).toISOString(),
  });
  // not stored: the next holder of the lease tries the old one, and says what became of it
  if (!finished.ok) return { kind: "wait", until: new Date(deps.clock() + RETRY_MS) };
  if (finished.data === "stored") return { kind: "token", token: grant.accessToken, secretId };
  if (finished.data === "ended") {
    // disconnected meanwhile: what came back belongs to nobody
    await revokeConnection(deps, { id: secretId, user_id: userId, kind: `${platform}_connection`, sealed });
  }
  return "read_again";
}

async function persist(
  { rpc, sleep }: { rpc: Rpc; sleep: (ms: number) => Promise<void> },
  args: Record<string, unknown>,
): Promise<RpcResult> {
  for (const pause of STORE_PAUSES_MS) {
    const result = await rpc("finish_token_refresh", args);
    // one of ours is final
    if (result.ok || result.code.startsWith("PT")) return result;
    await sleep(pause);
  }
  return await rpc("finish_token_refresh", args);
}
