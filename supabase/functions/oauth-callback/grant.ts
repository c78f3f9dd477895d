import { AuthorizationResponseError, validateAuthResponse } from "oauth4webapi";
import { z } from "zod";
import { sealTokens } from "../_shared/connection-secret.ts";
import type { StoredAccount } from "../_shared/connection.ts";
import { databaseFailure } from "../_shared/database-failure.ts";
import type { Rpc } from "../_shared/database.ts";
import type { MasterKeys } from "../_shared/encryption.ts";
import { HttpError } from "../_shared/failure.ts";
import { hashForDatabase, randomSecret } from "../_shared/hashes.ts";
import type { Details } from "../_shared/log.ts";
import { type Grant, knownError, type OAuthClient } from "../_shared/oauth-client.ts";
import { type OAuthPlatform, type OAuthProvider, scopesOf } from "../_shared/oauth-providers.ts";
import type { PlatformAccount, ReadAccount } from "../_shared/provider-account.ts";

/** A flow whose state has been used by this request. */
export interface Flow {
  id: string;
  userId: string;
  platform: OAuthPlatform;
  /** What the user wants to share. */
  scope: "public" | "private";
}

export interface GrantTools {
  provider: OAuthProvider;
  masterKeys: MasterKeys;
  oauth: OAuthClient;
  readAccount: ReadAccount;
  rpc: Rpc;
  clock: () => number;
  newId: () => string;
  details: Details;
}

/** What the browser brought back from the provider. */
export interface Answer {
  parameters: URLSearchParams;
  state: string;
  verifier: string;
  redirectUri: string;
  /** Identifies this request to the database. */
  attempt: string;
}

/**
 * Exchanges the code, asks the provider whose tokens these are, seals them, and holds them for the user.
 *
 * @returns the code with which the user completes the connection
 */
export async function storeGrant(tools: GrantTools, flow: Flow, answer: Answer): Promise<string> {
  const { provider, details } = tools;
  await countGrant(tools, flow);
  const requestedAt = tools.clock();
  const result = await tools.oauth.exchangeCode(
    provider,
    parseAnswer(provider, answer, details),
    answer.redirectUri,
    answer.verifier,
  );
  if (result.outcome === "unavailable") throw unavailable(result.cause, details);
  if (result.outcome === "rejected") {
    details.cause = result.cause;
    throw new HttpError({
      status: 400,
      code: "devpulse_oauth_code_invalid",
      message: "The provider does not accept the code.",
      hint: "Start again.",
    });
  }
  requireUsable(flow, result.grant);
  const account = await readAccount(tools, flow.platform, result.grant);
  const secretId = tools.newId();
  const sealed = await sealTokens(
    tools.masterKeys,
    { secretId, platform: flow.platform, userId: flow.userId },
    { access_token: result.grant.accessToken, refresh_token: result.grant.refreshToken },
  );
  const code = randomSecret();
  const held = await tools.rpc("store_oauth_grant", {
    flow_id: flow.id,
    attempt: answer.attempt,
    code_hash: hashForDatabase(code),
    secret_id: secretId,
    sealed,
    account: describe(account, result.grant, requestedAt),
  });
  if (!held.ok) throw databaseFailure(held, details);
  if (held.data !== true) throw new HttpError(ENDED);
  return code;
}

/** Counts a request to the provider on behalf of the user; throws 429 where that has been often enough. */
async function countGrant({ rpc, details }: GrantTools, flow: Flow): Promise<void> {
  const kind = `${flow.platform}_connection`;
  const counted = await rpc("count_token_check", { user_id: flow.userId, kind });
  if (!counted.ok && counted.message === "agents_user_unknown") throw new HttpError(ENDED);
  if (!counted.ok) throw databaseFailure(counted, details);
  if (z.int().parse(counted.data) === 0) return;
  throw new HttpError({
    status: 429,
    code: "devpulse_oauth_rate_limited",
    message: "The user has come back from this provider ten times within ten minutes.",
    hint: "Start again in some minutes.",
  });
}

/** The account that started the flow has ended since. */
export const ENDED = {
  status: 404,
  code: "devpulse_user_unknown",
  message: "The account is anonymous, banned or deleted.",
  hint: "Sign in with an account that has an e-mail address.",
};

/** RFC 6749, section 4.1.2, and `iss` of RFC 9207 where the provider sends it. */
function parseAnswer(
  provider: OAuthProvider,
  { parameters, state }: Answer,
  details: Details,
): URLSearchParams {
  try {
    const answer = validateAuthResponse(
      provider.server,
      { client_id: provider.clientId },
      parameters,
      state,
    );
    if (answer.getAll("code").length === 1) return answer;
  } catch (error) {
    if (error instanceof AuthorizationResponseError) throw refusal(error.error, details);
    details.cause = error instanceof Error ? error.name : "unknown";
  }
  throw new HttpError({
    status: 400,
    code: "devpulse_oauth_response_invalid",
    message: "The provider's answer is not one to this request.",
    hint: "Start again.",
  });
}

function refusal(error: string, details: Details): HttpError {
  if (error !== "access_denied") return unavailable(knownError(error), details);
  return new HttpError({
    status: 403,
    code: "devpulse_oauth_access_forbidden",
    message: "The user did not agree at the provider.",
    hint: "Start again, and agree.",
  });
}

/** People choose what they agree to, and at Google a grant without a refresh token ends in an hour. */
function requireUsable({ platform, scope }: Flow, grant: Grant): void {
  if (scopesOf(platform, scope).some((one) => !isGranted(platform, one, grant.scopes))) {
    throw new HttpError({
      status: 403,
      code: "devpulse_oauth_scope_required",
      message: "The user did not agree to what the connection needs.",
      hint: "Start again, and agree to all of it.",
    });
  }
  if (platform === "youtube" && grant.refreshToken === undefined) {
    throw new HttpError({
      status: 422,
      code: "devpulse_oauth_refresh_token_required",
      message: "The provider granted access for an hour only.",
      hint: "Remove the app at the provider, and start again.",
    });
  }
}

/** A GitHub App has permissions and grants no scopes; an OAuth app of GitHub needs none for what is public. */
const isGranted = (platform: OAuthPlatform, scope: string, granted: readonly string[]): boolean =>
  granted.includes(scope) || platform === "github" && (scope === "read:user" || granted.length === 0);

async function readAccount(
  tools: GrantTools,
  platform: OAuthPlatform,
  grant: Grant,
): Promise<PlatformAccount> {
  const result = await tools.readAccount(platform, tools.provider.apiUrl, grant.accessToken);
  switch (result.outcome) {
    case "known":
      return result.account;
    case "none":
      throw new HttpError({
        status: 422,
        code: "devpulse_oauth_channel_required",
        message: "This Google account has no YouTube channel.",
        hint: "Choose the account that the channel belongs to, or create one at YouTube.",
      });
    default:
      throw unavailable(result.cause, tools.details);
  }
}

const describe = (account: PlatformAccount, grant: Grant, requestedAt: number): StoredAccount => ({
  platform_user_id: account.id,
  platform_username: account.name,
  token_expires_at: grant.expiresIn === undefined
    ? null
    : new Date(requestedAt + grant.expiresIn * 1000).toISOString(),
  has_refresh_token: grant.refreshToken !== undefined,
  metadata: { scopes: grant.scopes },
});

function unavailable(cause: string, details: Details): HttpError {
  details.cause = cause;
  return new HttpError({
    status: 503,
    code: "devpulse_oauth_provider_unavailable",
    message: "The provider could not be asked, or refused us as its client.",
    hint: "Start again later.",
  });
}
