import { z } from "zod";
import { openTokens } from "./connection-secret.ts";
import type { Rpc } from "./database.ts";
import { type MasterKeys, parseMasterKeys, SecretError } from "./encryption.ts";
import { createOAuthClient, type OAuthClient } from "./oauth-client.ts";
import { createProviders, type Env, type LoadProvider } from "./oauth-providers.ts";
import { type BegunRefresh, refreshConnection } from "./refresh-connection.ts";
import { withRetry } from "./transient.ts";

/** A connection as `private.usable_connections` has it; the keys that a token needs. */
export interface StoredConnection {
  id: string;
  user_id: string;
  platform: string;
  secret_id: string;
  sealed: string;
  /** A time; null for a token that does not expire. */
  token_expires_at: string | null;
}

/**
 * - `token`: it is valid for some minutes at least. `secretId` is the present one, for `mark_connection_rejected`
 * - `wait`: it can't be refreshed now; nobody is to blame, and the connection is as it was
 * - `reauth_required`: the user has to connect again, as the connection now says too, or has disconnected
 */
export type ConnectionToken =
  | { kind: "token"; token: string; secretId: string }
  | { kind: "wait"; until: Date }
  | { kind: "reauth_required"; reason: string };

export interface ConnectionTokenDependencies {
  /** Database functions as the service role. */
  rpc: Rpc;
  /** Throws when none are configured. */
  masterKeys: () => MasterKeys;
  provider: LoadProvider;
  oauth: OAuthClient;
  /** For GitHub's revocation, which is not OAuth's. */
  fetch: typeof fetch;
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  newId: () => string;
  /** How long to wait for another caller's refresh; default 35 s, longer than its lease. */
  maxWaitMs?: number;
}

/** What an edge function gives: its environment and its database calls. */
export const tokenDependencies = (rpc: Rpc, env: Env): ConnectionTokenDependencies => ({
  rpc: withRetry(rpc),
  masterKeys: () => parseMasterKeys("SECRETS_MASTER_KEYS", env("SECRETS_MASTER_KEYS")),
  provider: createProviders(env),
  oauth: createOAuthClient(10_000),
  fetch: (input, init) => fetch(input, init),
  clock: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  newId: () => crypto.randomUUID(),
});

/** A token that expires within this time is refreshed, so that none expires during what it is used for. */
const MARGIN_MS = 5 * 60_000;
const MAX_WAIT_MS = 35_000;
/** While the database or the keys are away. */
const RETRY_MS = 30_000;

const secretShape = {
  secret_id: z.string(),
  sealed: z.string(),
  token_expires_at: z.string().nullable(),
};
const begunSchema = z.discriminatedUnion("outcome", [
  z.object({ outcome: z.literal("ended"), reason: z.string() }),
  z.object({ outcome: z.literal("current"), ...secretShape }),
  z.object({ outcome: z.enum(["wait", "later"]), until: z.string(), ...secretShape }),
  z.object({ outcome: z.literal("refresh"), fencing_token: z.number(), until: z.string(), ...secretShape }),
]);

/**
 * Returns the function that answers a connection's token, which refreshes it before it expires.
 *
 * However many callers in however many processes ask for one connection, one of them exchanges its refresh token at a
 * time: the database leases it. The others wait and read the result. Within a process, callers share one answer.
 */
export function createConnectionTokens(
  deps: ConnectionTokenDependencies,
): (connection: StoredConnection) => Promise<ConnectionToken> {
  const running = new Map<string, Promise<ConnectionToken>>();
  return (connection) => {
    if (!isDue(connection, deps.clock())) return openToken(deps, connection);
    const shared = running.get(connection.id);
    if (shared) return shared;
    const own = refreshToken(deps, connection).finally(() => running.delete(connection.id));
    running.set(connection.id, own);
    return own;
  };
}

const isDue = ({ token_expires_at }: StoredConnection, now: number): boolean =>
  token_expires_at !== null && Date.parse(token_expires_at) <= now + MARGIN_MS;

/** Whether it can still be used, when it can't be refreshed. */
const isValid = ({ token_expires_at }: StoredConnection, now: number): boolean =>
  token_expires_at === null || Date.parse(token_expires_at) > now;

async function refreshToken(
  deps: ConnectionTokenDependencies,
  connection: StoredConnection,
): Promise<ConnectionToken> {
  const giveUpAt = deps.clock() + (deps.maxWaitMs ?? MAX_WAIT_MS);
  let current = connection;
  for (let round = 0;; round++) {
    const begun = await begin(deps, current);
    if (begun === null) return later(deps, RETRY_MS);
    if (begun.outcome === "ended") return { kind: "reauth_required", reason: begun.reason };
    const isSame = begun.secret_id === current.secret_id;
    const { secret_id, sealed, token_expires_at } = begun;
    current = { ...current, secret_id, sealed, token_expires_at };
    switch (begun.outcome) {
      case "current":
        // another's refresh; where nothing has changed, the database's clock says that nothing is due
        if (isSame || isValid(current, deps.clock())) return await openToken(deps, current);
        break;
      case "later":
        if (isValid(current, deps.clock())) return await openToken(deps, current);
        return { kind: "wait", until: new Date(begun.until) };
      case "wait":
        if (deps.clock() >= giveUpAt) return { kind: "wait", until: new Date(begun.until) };
        await deps.sleep(pause(round));
        break;
      case "refresh": {
        const lease: BegunRefresh = { connection: current, fencingToken: begun.fencing_token };
        const answer = await refreshConnection(deps, lease);
        if (answer === "read_again") break;
        return answer;
      }
    }
  }
}

async function begin(deps: ConnectionTokenDependencies, { id, secret_id }: StoredConnection) {
  const begun = await deps.rpc("begin_token_refresh", { connection_id: id, secret_id });
  return begun.ok ? begunSchema.parse(begun.data) : null;
}

/** Milliseconds until the next look at another's refresh, with jitter: 100 callers don't ask at the same moment. */
const pause = (round: number): number => Math.min(100 * 2 ** round, 1000) * (0.5 + Math.random());

const later = ({ clock }: ConnectionTokenDependencies, ms: number): ConnectionToken => ({
  kind: "wait",
  until: new Date(clock() + ms),
});

async function openToken(
  deps: ConnectionTokenDependencies,
  connection: StoredConnection,
): Promise<ConnectionToken> {
  const { id, secret_id: secretId, platform, user_id: userId, sealed } = connection;
  try {
    const tokens = await openTokens(deps.masterKeys(), { secretId, platform, userId }, sealed);
    return { kind: "token", token: tokens.access_token, secretId };
  } catch (error) {
    // an operator adds the key; the connection is as it was
    if (!(error instanceof SecretError) || error.reason === "key_unknown") return later(deps, RETRY_MS);
    const reason = "secret_unreadable";
    const marked = await deps.rpc("mark_connection_rejected", {
      connection_id: id,
      secret_id: secretId,
      reason,
    });
    return marked.ok ? { kind: "reauth_required", reason } : later(deps, RETRY_MS);
  }
}
