import * as oauth from "oauth4webapi";
import { readBody } from "./body.ts";
import { parseRetryAfter } from "./ask-json.ts";
import type { OAuthProvider } from "./oauth-providers.ts";

/** What a token endpoint granted. */
export interface Grant {
  accessToken: string;
  refreshToken: string | undefined;
  /** Seconds; undefined for a token that does not expire. */
  expiresIn: number | undefined;
  scopes: string[];
}

/**
 * - `granted`
 * - `rejected`: the provider does not accept this code or refresh token, now or later
 * - `unavailable`: it could not be asked, or refuses us as its client; `isUncertain` where it may have granted tokens
 *   that did not arrive; `retryAfter` in seconds
 */
export type GrantResult =
  | { outcome: "granted"; grant: Grant }
  | { outcome: "rejected"; cause: string }
  | { outcome: "unavailable"; cause: string; isUncertain: boolean; retryAfter: number };

export interface OAuthClient {
  exchangeCode(
    provider: OAuthProvider,
    answer: URLSearchParams,
    redirectUri: string,
    verifier: string,
  ): Promise<GrantResult>;
  refreshTokens(provider: OAuthProvider, refreshToken: string): Promise<GrantResult>;
  /** Revokes a token as RFC 7009 has it; true also for one that is not valid any more. */
  revokeToken(provider: OAuthProvider, token: string): Promise<boolean>;
}

const MAX_BYTES = 64 * 1024;

/** RFC 6749's error, and GitHub's for a code and for a refresh token. */
const REJECTED: ReadonlySet<string> = new Set([
  "invalid_grant",
  "bad_verification_code",
  "bad_refresh_token",
]);

/**
 * The requests to a provider's token endpoint, by `oauth4webapi`.
 *
 * @param timeoutMs for a whole answer
 */
export function createOAuthClient(timeoutMs: number, send: typeof fetch = fetch): OAuthClient {
  const ask = async (
    provider: OAuthProvider,
    request: (options: oauth.TokenEndpointRequestOptions, client: Client) => Promise<Response>,
    process: (as: oauth.AuthorizationServer, client: oauth.Client, response: Response) => Promise<
      oauth.TokenEndpointResponse
    >,
  ): Promise<GrantResult> => {
    const client = clientOf(provider);
    const transport = new Transport(timeoutMs, send);
    try {
      const response = await request(optionsOf(provider, transport), client);
      return { outcome: "granted", grant: grantOf(await process(provider.server, client.client, response)) };
    } catch (error) {
      return transport.explain(error);
    }
  };
  return {
    exchangeCode: (provider, answer, redirectUri, verifier) =>
      ask(
        provider,
        (options, { client, authentication }) =>
          oauth.authorizationCodeGrantRequest(
            provider.server,
            client,
            authentication,
            answer,
            redirectUri,
            verifier,
            options,
          ),
        oauth.processAuthorizationCodeResponse,
      ),
    refreshTokens: (provider, refreshToken) =>
      ask(
        provider,
        (options, { client, authentication }) =>
          oauth.refreshTokenGrantRequest(provider.server, client, authentication, refreshToken, options),
        oauth.processRefreshTokenResponse,
      ),
    async revokeToken(provider, token) {
      const { client, authentication } = clientOf(provider);
      const transport = new Transport(timeoutMs, send);
      try {
        const options = optionsOf(provider, transport);
        await oauth.processRevocationResponse(
          await oauth.revocationRequest(provider.server, client, authentication, token, options),
        );
        return true;
      } catch (error) {
        return error instanceof oauth.ResponseBodyError && error.error === "invalid_token";
      }
    },
  };
}

interface Client {
  client: oauth.Client;
  authentication: oauth.ClientAuth;
}

const clientOf = ({ clientId, clientSecret }: OAuthProvider): Client => ({
  client: { client_id: clientId },
  authentication: oauth.ClientSecretPost(clientSecret),
});

/** Plain HTTP only where the operator has set such a URL: a fake on this machine. */
const optionsOf = ({ server }: OAuthProvider, transport: Transport) => ({
  [oauth.customFetch]: transport.fetch,
  [oauth.allowInsecureRequests]: server.token_endpoint?.startsWith("http:") ?? false,
});

const grantOf = (answer: oauth.TokenEndpointResponse): Grant => ({
  accessToken: answer.access_token,
  refreshToken: answer.refresh_token,
  expiresIn: answer.expires_in,
  // RFC 6749 separates them by spaces, GitHub by commas
  scopes: (answer.scope ?? "").split(/[\s,]+/).filter((scope) => scope !== ""),
});

/** Sends one request, and keeps what its failure is judged by. */
class Transport {
  readonly #timeoutMs: number;
  readonly #send: typeof fetch;
  #status: number | undefined;
  #retryAfter: number | undefined;

  constructor(timeoutMs: number, send: typeof fetch) {
    this.#timeoutMs = timeoutMs;
    this.#send = send;
  }

  /** GitHub answers errors with 200; they get the status that RFC 6749 gives them. */
  readonly fetch = async (url: string, options: RequestInit): Promise<Response> => {
    const response = await this.#send(url, { ...options, signal: AbortSignal.timeout(this.#timeoutMs) });
    const body = await readBody(response, MAX_BYTES, this.#timeoutMs);
    if (typeof body === "string") throw new Error(body);
    this.#status = response.status;
    this.#retryAfter = parseRetryAfter(response.headers);
    const text = new TextDecoder().decode(body);
    if (response.status === 200 && hasError(text)) this.#status = 400;
    // a challenge in a header says no more than the body, which `oauth4webapi` would then not read
    return new Response(text, {
      status: this.#status,
      headers: { "content-type": response.headers.get("content-type") ?? "" },
    });
  };

  explain(error: unknown): GrantResult {
    if (error instanceof oauth.ResponseBodyError) {
      const cause = knownError(error.error);
      return REJECTED.has(error.error)
        ? { outcome: "rejected", cause }
        : { outcome: "unavailable", cause, isUncertain: false, retryAfter: this.#retryAfter ?? 60 };
    }
    const status = this.#status;
    const isRefusal = status !== undefined && status >= 300 && status < 500;
    return {
      outcome: "unavailable",
      cause: status === undefined ? "unreachable" : `status_${status}`,
      isUncertain: !isRefusal,
      retryAfter: this.#retryAfter ?? (status === 429 ? 60 : 0),
    };
  }
}

function hasError(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && "error" in value &&
      typeof value.error === "string" && !("access_token" in value);
  } catch {
    return false;
  }
}

/** RFC 6749's error codes, GitHub's and Google's. */
const KNOWN: ReadonlySet<string> = new Set([
  "access_denied",
  "admin_policy_enforced",
  "application_suspended",
  "bad_refresh_token",
  "bad_verification_code",
  "deleted_client",
  "incorrect_client_credentials",
  "invalid_client",
  "invalid_grant",
  "invalid_request",
  "invalid_scope",
  "org_internal",
  "redirect_uri_mismatch",
  "server_error",
  "temporarily_unavailable",
  "unauthorized_client",
  "unsupported_grant_type",
  "unsupported_response_type",
  "unverified_user_email",
]);

/** An error code for a log line. Whoever sends it may send anything, such as a token; others are `other_error`. */
export const knownError = (code: string): string => KNOWN.has(code) ? code : "other_error";
