import type { AuthorizationServer } from "oauth4webapi";

/** The platforms that are connected by OAuth. */
export type OAuthPlatform = "github" | "youtube";

export const isOAuthPlatform = (platform: string): platform is OAuthPlatform =>
  platform === "github" || platform === "youtube";

/** A provider, and us as its client. */
export interface OAuthProvider {
  platform: OAuthPlatform;
  server: AuthorizationServer;
  clientId: string;
  clientSecret: string;
  /** Base of the API that says whose token it is. */
  apiUrl: string;
}

/** Reads a variable of the environment. */
export type Env = (name: string) => string | undefined;

/** Loads a provider; throws Error where its settings are missing. */
export type LoadProvider = (platform: OAuthPlatform) => OAuthProvider;

/**
 * Providers as the environment sets them.
 *
 * - GitHub: `GITHUB_OAUTH_CLIENT_ID`, `GITHUB_OAUTH_CLIENT_SECRET`, of an OAuth app or a GitHub App; for a GitHub
 *   Enterprise Server `GITHUB_URL` and `GITHUB_API_URL`.
 * - YouTube: `GOOGLE_OAUTH_CLIENT_ID`, `GOOGLE_OAUTH_CLIENT_SECRET`; for tests `GOOGLE_ACCOUNTS_URL`,
 *   `GOOGLE_OAUTH_URL`, `GOOGLE_API_URL`.
 *
 * The issuers are those of the providers' metadata (RFC 8414); where an answer has `iss` (RFC 9207), it is compared.
 */
export const createProviders = (env: Env): LoadProvider => (platform) =>
  platform === "github" ? github(env) : youtube(env);

function github(env: Env): OAuthProvider {
  const issuer = `${urlOf(env, "GITHUB_URL", "https://github.com")}/login/oauth`;
  return {
    platform: "github",
    ...clientOf(env, "GITHUB"),
    server: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/access_token`,
    },
    apiUrl: urlOf(env, "GITHUB_API_URL", "https://api.github.com"),
  };
}

function youtube(env: Env): OAuthProvider {
  const issuer = urlOf(env, "GOOGLE_ACCOUNTS_URL", "https://accounts.google.com");
  const tokens = urlOf(env, "GOOGLE_OAUTH_URL", "https://oauth2.googleapis.com");
  return {
    platform: "youtube",
    ...clientOf(env, "GOOGLE"),
    server: {
      issuer,
      authorization_endpoint: `${issuer}/o/oauth2/v2/auth`,
      token_endpoint: `${tokens}/token`,
      revocation_endpoint: `${tokens}/revoke`,
    },
    apiUrl: urlOf(env, "GOOGLE_API_URL", "https://www.googleapis.com"),
  };
}

function clientOf(env: Env, prefix: string): { clientId: string; clientSecret: string } {
  const read = (name: string): string => {
    const value = env(name)?.trim();
    if (!value) throw new Error(`${name} is not set`);
    return value;
  };
  return {
    clientId: read(`${prefix}_OAUTH_CLIENT_ID`),
    clientSecret: read(`${prefix}_OAUTH_CLIENT_SECRET`),
  };
}

const urlOf = (env: Env, name: string, otherwise: string): string =>
  (env(name)?.trim() || otherwise).replace(/\/+$/, "");

/** What a user is asked to agree to: private repositories only where the user asked for that. */
export function scopesOf(platform: OAuthPlatform, scope: "public" | "private"): string[] {
  if (platform === "youtube") return ["https://www.googleapis.com/auth/youtube.readonly"];
  return scope === "private" ? ["read:user", "repo"] : ["read:user"];
}
