import { randomBytes } from "node:crypto";
import type { Answer } from "./faults.ts";

/** How a provider's authorization server differs from RFC 6749. */
export interface Dialect {
  paths: { authorize: string; token: string };
  /** Whether an error of the token endpoint is a redirect URI's, a code's … `accept` is the request's header. */
  failure(error: OAuthError, accept: string): Answer;
  granted(answer: Record<string, unknown>, accept: string): Answer;
  names: { code: OAuthError; refresh: OAuthError; client: OAuthError; redirect: OAuthError };
  newToken(kind: "access" | "refresh", isExpiring: boolean): string;
  scopeSeparator: string;
}

export interface OAuthError {
  error: string;
  error_description: string;
}

const random = (bytes: number): string => randomBytes(bytes).toString("base64url").replace(/[-_]/g, "0");

const GITHUB_DOCS =
  "https://docs.github.com/apps/managing-oauth-apps/troubleshooting-oauth-app-access-token-request-errors";

/** GitHub answers a form unless JSON is asked for. */
const githubBody = (body: Record<string, unknown>, accept: string): Answer =>
  accept.includes("json") ? { status: 200, body } : {
    status: 200,
    body: new URLSearchParams(Object.entries(body).map(([name, value]) => [name, String(value)])).toString(),
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
  };

/** Errors of GitHub's token endpoint have the status 200. */
export const GITHUB: Dialect = {
  paths: { authorize: "/login/oauth/authorize", token: "/login/oauth/access_token" },
  failure: (error, accept) =>
    githubBody({ ...error, error_uri: `${GITHUB_DOCS}/#${error.error.replaceAll("_", "-")}` }, accept),
  granted: githubBody,
  names: {
    code: { error: "bad_verification_code", error_description: "The code passed is incorrect or expired." },
    refresh: {
      error: "bad_refresh_token",
      error_description: "The refresh token passed is incorrect or expired.",
    },
    client: {
      error: "incorrect_client_credentials",
      error_description: "The client_id and/or client_secret passed are incorrect.",
    },
    redirect: {
      error: "redirect_uri_mismatch",
      error_description: "The redirect_uri MUST match the registered callback URL for this application.",
    },
  },
  newToken: (kind, isExpiring) =>
    kind === "refresh" ? `ghr_${random(57)}` : `${isExpiring ? "ghu" : "gho"}_${random(27).slice(0, 36)}`,
  scopeSeparator: ",",
};

export const GOOGLE: Dialect = {
  paths: { authorize: "/o/oauth2/v2/auth", token: "/token" },
  failure: (error) => ({ status: error.error === "invalid_client" ? 401 : 400, body: error }),
  granted: (body) => ({ status: 200, body }),
  names: {
    code: { error: "invalid_grant", error_description: "Malformed auth code." },
    refresh: { error: "invalid_grant", error_description: "Token has been expired or revoked." },
    client: { error: "invalid_client", error_description: "The OAuth client was not found." },
    redirect: { error: "redirect_uri_mismatch", error_description: "Bad Request" },
  },
  newToken: (kind) => kind === "refresh" ? `1//0${random(75)}` : `ya29.${random(150)}`,
  scopeSeparator: " ",
};
