import { createHash, randomBytes } from "node:crypto";
import type { Answer } from "./faults.ts";
import { type Dialect, GITHUB, GOOGLE, type OAuthError } from "./oauth-dialects.ts";
import type { FakeRequest } from "./server.ts";

/** An app that is registered at the provider. */
export interface OAuthApp {
  id: string;
  secret: string;
  /** Compared exactly. */
  redirectUris: string[];
  /**
   * GitHub: whether its tokens expire, after eight hours, and have a refresh token that is valid once, as a GitHub App's
   * do. Google's always expire, after an hour.
   */
  isExpiring?: boolean;
}

/** What the people who are asked for their consent do. */
export interface Consent {
  /** Who is signed in at the provider: GitHub's login, Google's name. */
  as: string | null;
  isRefused: boolean;
  /** The scopes that they tick; null for all that are asked for. */
  scopes: string[] | null;
}

/** A request that the authorization server has answered. */
export interface OAuthCall {
  kind: "authorize" | "exchange" | "refresh" | "revoke";
  isGranted: boolean;
}

/** Access tokens of the provider's API, which the authorization server hands out. */
export interface TokenStore {
  /** The id of an account; undefined for none of this name. */
  findAccount(name: string): string | undefined;
  add(token: string, accountId: string, scopes: string[], expiresAt: Date | null): void;
  remove(token: string): void;
  now(): Date;
}

interface Code {
  app: OAuthApp;
  accountId: string;
  redirectUri: string;
  challenge: string | null;
  scopes: string[];
  isOffline: boolean;
  expiresAt: Date;
}

/** What somebody has agreed to. */
interface Grant {
  app: OAuthApp;
  accountId: string;
  scopes: string[];
  refreshToken: string | null;
  accessTokens: string[];
}

const CODE_MS = 600_000;

/**
 * An authorization server: codes that are valid once, for ten minutes, with PKCE (RFC 7636) and an exact redirect URI,
 * client authentication, refresh and revocation, in GitHub's or Google's dialect. Everybody consents at once, as
 * `consent` says.
 */
export function createOAuthServer(provider: "github" | "google", store: TokenStore) {
  const dialect: Dialect = provider === "github" ? GITHUB : GOOGLE;
  const apps: OAuthApp[] = [];
  const grants: Grant[] = [];
  const codes = new Map<string, Code>();
  const calls: OAuthCall[] = [];
  const consent: Consent = { as: null, isRefused: false, scopes: null };
  /** What each token and code contains: a test can search for it. */
  const marks = { text: "" };
  const marked = (text: string): string => text.replace(/^(gh[oru]_|ya29\.|1\/\/0)?/, `$1${marks.text}`);
  const newToken = (kind: "access" | "refresh", isExpiring: boolean): string =>
    marked(dialect.newToken(kind, isExpiring));
  const hooks: { beforeAnswer: ((kind: OAuthCall["kind"]) => Promise<void>) | null } = { beforeAnswer: null };

  const issue = (grant: Grant, isFirst: boolean): Record<string, unknown> => {
    const isExpiring = provider === "google" || (grant.app.isExpiring ?? false);
    const seconds = provider === "google" ? 3599 : 28_800;
    const token = newToken("access", isExpiring);
    const expiresAt = isExpiring ? new Date(store.now().getTime() + seconds * 1000) : null;
    store.add(token, grant.accountId, grant.scopes, expiresAt);
    grant.accessTokens.push(token);
    const isRotated = provider === "github" && isExpiring;
    if (isRotated) grant.refreshToken = newToken("refresh", isExpiring);
    return {
      access_token: token,
      token_type: provider === "github" ? "bearer" : "Bearer",
      scope: grant.scopes.join(dialect.scopeSeparator),
      ...isExpiring ? { expires_in: seconds } : {},
      ...grant.refreshToken && (isFirst || isRotated) ? { refresh_token: grant.refreshToken } : {},
      ...isRotated ? { refresh_token_expires_in: 15_897_600 } : {},
    };
  };

  const end = (grant: Grant): void => {
    for (const token of grant.accessTokens.splice(0)) store.remove(token);
    grant.refreshToken = null;
  };

  const authorize = ({ url }: FakeRequest): Answer => {
    const asked = url.searchParams;
    const redirectUri = asked.get("redirect_uri") ?? "";
    const app = apps.find(({ id }) => id === asked.get("client_id"));
    const accountId = consent.as === null
      ? undefined
      : store.findAccount(asked.get("login_hint") ?? consent.as);
    if (!app?.redirectUris.includes(redirectUri) || !accountId) {
      return { status: provider === "github" ? 404 : 400, body: "<html>Error: invalid_request</html>" };
    }
    const back = new URL(redirectUri);
    const state = asked.get("state");
    if (state !== null) back.searchParams.set("state", state);
    calls.push({ kind: "authorize", isGranted: !consent.isRefused });
    if (consent.isRefused) {
      back.searchParams.set("error", "access_denied");
      return { status: 302, headers: { location: back.href } };
    }
    const code = marked(randomBytes(20).toString("hex"));
    const wanted = (asked.get("scope") ?? "").split(/[ ,]+/).filter(Boolean);
    codes.set(code, {
      app,
      accountId,
      redirectUri,
      challenge: asked.get("code_challenge_method") === "S256" ? asked.get("code_challenge") : null,
      scopes: wanted.filter((scope) => consent.scopes?.includes(scope) ?? true),
      isOffline: asked.get("access_type") === "offline" && asked.get("prompt") === "consent",
      expiresAt: new Date(store.now().getTime() + CODE_MS),
    });
    back.searchParams.set("code", code);
    return { status: 302, headers: { location: back.href } };
  };

  const exchange = (sent: URLSearchParams, app: OAuthApp): Record<string, unknown> | OAuthError => {
    const code = codes.get(sent.get("code") ?? "");
    codes.delete(sent.get("code") ?? "");
    if (!code || code.app !== app || code.expiresAt <= store.now()) return dialect.names.code;
    if (sent.get("redirect_uri") !== code.redirectUri) return dialect.names.redirect;
    const challenge = createHash("sha256").update(sent.get("code_verifier") ?? "").digest("base64url");
    if (code.challenge !== null && code.challenge !== challenge) return dialect.names.code;
    const isLasting = provider === "google" && code.isOffline;
    const grant: Grant = {
      app,
      accountId: code.accountId,
      scopes: code.scopes,
      refreshToken: isLasting ? newToken("refresh", true) : null,
      accessTokens: [],
    };
    grants.push(grant);
    return issue(grant, true);
  };

  const refresh = (sent: URLSearchParams, app: OAuthApp): Record<string, unknown> | OAuthError => {
    const token = sent.get("refresh_token");
    const grant = grants.find((one) => token !== null && one.refreshToken === token && one.app === app);
    if (!grant) return dialect.names.refresh;
    // at GitHub, its use ends the refresh token and the access token that came with it
    if (provider === "github") end(grant);
    return issue(grant, false);
  };

  const grantToken = async ({ headers, body }: FakeRequest): Promise<Answer> => {
    const sent = new URLSearchParams(body);
    const accept = headers.accept ?? "";
    const app = apps.find(({ id, secret }) =>
      id === sent.get("client_id") && secret === sent.get("client_secret")
    );
    const kind = sent.get("grant_type") === "refresh_token" ? "refresh" : "exchange";
    const result = !app
      ? dialect.names.client
      : kind === "refresh"
      ? refresh(sent, app)
      : exchange(sent, app);
    const isGranted = "access_token" in result;
    calls.push({ kind, isGranted });
    await hooks.beforeAnswer?.(kind);
    return isGranted ? dialect.granted(result, accept) : dialect.failure(result as OAuthError, accept);
  };

  const revoke = (grant: Grant | undefined): boolean => {
    calls.push({ kind: "revoke", isGranted: grant !== undefined });
    if (grant) end(grant);
    return grant !== undefined;
  };

  /** `DELETE /applications/{client_id}/token` of GitHub's REST API. */
  const deleteToken = ({ headers, body, url }: FakeRequest): Answer => {
    const app = apps.find(({ id, secret }) =>
      headers.authorization === `Basic ${btoa(`${id}:${secret}`)}` && url.pathname.includes(`/${id}/`)
    );
    if (!app) return { status: 404, body: { message: "Not Found", status: "404" } };
    const token: unknown = (JSON.parse(body || "{}") as Record<string, unknown>).access_token;
    if (typeof token !== "string") {
      return { status: 422, body: { message: "Validation Failed", status: "422" } };
    }
    const grant = grants.find((one) => one.app === app && one.accessTokens.includes(token));
    return revoke(grant) ? { status: 204 } : { status: 404, body: { message: "Not Found", status: "404" } };
  };

  /** Google's `POST /revoke`, of an access or a refresh token. */
  const revokeToken = ({ body }: FakeRequest): Answer => {
    const token = new URLSearchParams(body).get("token") ?? "";
    const grant = grants.find((one) => one.refreshToken === token || one.accessTokens.includes(token));
    return revoke(grant)
      ? { status: 200, body: {} }
      : { status: 400, body: { error: "invalid_token", error_description: "Token expired or revoked" } };
  };

  return {
    apps,
    consent,
    marks,
    /** Every request, the oldest first. */
    calls,
    /** `beforeAnswer` is waited for when a token request has had its effect, and its answer is not sent yet. */
    hooks,
    count: (kind: OAuthCall["kind"], isGranted = true): number =>
      calls.filter((call) => call.kind === kind && call.isGranted === isGranted).length,

    /** The tokens that are valid. */
    liveTokens: (): string[] =>
      grants.flatMap((
        { accessTokens, refreshToken },
      ) => [...accessTokens, ...refreshToken ? [refreshToken] : []]),

    /** Ends what an account has agreed to, as in its settings at the provider. */
    withdraw(accountId: string): void {
      for (const grant of grants.filter((one) => one.accountId === accountId)) end(grant);
    },

    /** Answers the requests that are its own; null for those of others. */
    answer(request: FakeRequest): Answer | Promise<Answer> | null {
      const route = `${request.method} ${request.url.pathname}`;
      if (route === `GET ${dialect.paths.authorize}`) return authorize(request);
      if (route === `POST ${dialect.paths.token}`) return grantToken(request);
      if (provider === "google" && route === "POST /revoke") return revokeToken(request);
      if (provider === "github" && /^DELETE \/applications\/[^/]+\/token$/.test(route)) {
        return deleteToken(request);
      }
      return null;
    },
  };
}
