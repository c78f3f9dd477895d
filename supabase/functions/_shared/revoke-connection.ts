import { z } from "zod";
import { askJson } from "./ask-json.ts";
import { type ConnectionTokens, openTokens } from "./connection-secret.ts";
import type { MasterKeys } from "./encryption.ts";
import type { OAuthClient } from "./oauth-client.ts";
import { isOAuthPlatform, type LoadProvider, type OAuthProvider } from "./oauth-providers.ts";

/** A sealed secret as the functions of the database return it. */
export const sealedSchema = z.object({
  id: z.string(),
  user_id: z.string(),
  kind: z.string(),
  sealed: z.string(),
});

export type SealedConnection = z.infer<typeof sealedSchema>;

export interface RevocationTools {
  /** Throws when none are configured. */
  masterKeys: () => MasterKeys;
  provider: LoadProvider;
  oauth: OAuthClient;
  /** For GitHub's revocation, which is not OAuth's. */
  fetch: typeof fetch;
}

const TIMEOUT_MS = 10_000;

/**
 * Revokes the tokens of a connection at its provider. True when they are not valid any more; false when that is not
 * certain: the provider could not be asked, or the secret does not open; null where there is nothing to revoke, as at
 * Dev.to, whose keys only their owner deletes.
 */
export async function revokeConnection(
  tools: RevocationTools,
  secret: SealedConnection,
): Promise<boolean | null> {
  const platform = secret.kind.replace(/_connection$/, "");
  if (!isOAuthPlatform(platform)) return null;
  let provider: OAuthProvider;
  let tokens: ConnectionTokens;
  try {
    provider = tools.provider(platform);
    const identity = { secretId: secret.id, platform, userId: secret.user_id };
    tokens = await openTokens(tools.masterKeys(), identity, secret.sealed);
  } catch {
    // the provider or the keys are not configured any more, or none opens the secret
    return false;
  }
  // at Google, a refresh token's end is the grant's
  return platform === "youtube"
    ? await tools.oauth.revokeToken(provider, tokens.refresh_token ?? tokens.access_token)
    : await revokeAtGithub(tools, provider, tokens);
}

/**
 * `DELETE /applications/{client_id}/token`. GitHub does not find a token that has expired; its refresh token may still
 * be valid, and is exchanged for one that can be revoked.
 */
async function revokeAtGithub(
  tools: RevocationTools,
  provider: OAuthProvider,
  { access_token, refresh_token }: ConnectionTokens,
): Promise<boolean> {
  const status = await deleteToken(tools.fetch, provider, access_token);
  if (status !== 404 || refresh_token === undefined) return isGone(status);
  const refreshed = await tools.oauth.refreshTokens(provider, refresh_token);
  if (refreshed.outcome !== "granted") return refreshed.outcome === "rejected";
  return isGone(await deleteToken(tools.fetch, provider, refreshed.grant.accessToken));
}

const isGone = (status: number | undefined): boolean => status === 204 || status === 404;

async function deleteToken(
  send: typeof fetch,
  { apiUrl, clientId, clientSecret }: OAuthProvider,
  token: string,
): Promise<number | undefined> {
  const answer = await askJson(`${apiUrl}/applications/${encodeURIComponent(clientId)}/token`, {
    method: "DELETE",
    headers: {
      authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}`,
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
      "content-type": "application/json",
    },
    body: JSON.stringify({ access_token: token }),
    timeoutMs: TIMEOUT_MS,
  }, send);
  return answer.ok ? answer.status : undefined;
}
