import { createHash } from "node:crypto";
import type { Intercept } from "./front.ts";

interface Grant {
  client: string;
  challenge: string;
  redirectUri: string;
}

/**
 * The OAuth 2.1 server of Supabase Auth, as its guide documents the endpoints, which the local stack does not have: metadata,
 * dynamic registration, authorization code with PKCE. Everybody consents.
 *
 * @param url returns the project's address
 * @param accessToken returns what the token endpoint hands out
 */
export function createOAuthServer(url: () => string, accessToken: () => Promise<string>): Intercept {
  const clients = new Map<string, string[]>();
  const grants = new Map<string, Grant>();
  const routes: Record<string, (request: Request) => Promise<Response> | Response> = {
    "GET /.well-known/oauth-authorization-server/auth/v1": () =>
      Response.json({
        issuer: `${url()}/auth/v1`,
        authorization_endpoint: `${url()}/auth/v1/oauth/authorize`,
        token_endpoint: `${url()}/auth/v1/oauth/token`,
        registration_endpoint: `${url()}/auth/v1/oauth/clients/register`,
        scopes_supported: ["openid", "profile", "email", "phone"],
        response_types_supported: ["code"],
        grant_types_supported: ["authorization_code", "refresh_token"],
        token_endpoint_auth_methods_supported: ["none"],
        code_challenge_methods_supported: ["S256"],
      }),
    "POST /auth/v1/oauth/clients/register": async (request) => {
      const registration = await request.json() as { redirect_uris: string[] };
      const id = crypto.randomUUID();
      clients.set(id, registration.redirect_uris);
      return Response.json({ ...registration, client_id: id }, { status: 201 });
    },
    "GET /auth/v1/oauth/authorize": (request) => {
      const asked = new URL(request.url).searchParams;
      const redirectUri = asked.get("redirect_uri") ?? "";
      const client = asked.get("client_id") ?? "";
      if (!clients.get(client)?.includes(redirectUri)) return refuse("invalid_request");
      const code = crypto.randomUUID();
      grants.set(code, { client, challenge: asked.get("code_challenge") ?? "", redirectUri });
      const back = new URL(redirectUri);
      back.searchParams.set("code", code);
      return Response.redirect(back, 302);
    },
    "POST /auth/v1/oauth/token": async (request) => {
      const sent = new URLSearchParams(await request.text());
      const grant = grants.get(sent.get("code") ?? "");
      grants.delete(sent.get("code") ?? "");
      const verified = createHash("sha256").update(sent.get("code_verifier") ?? "").digest("base64url");
      if (
        !grant || verified !== grant.challenge || sent.get("client_id") !== grant.client ||
        sent.get("redirect_uri") !== grant.redirectUri
      ) return refuse("invalid_grant");
      return Response.json({
        access_token: await accessToken(),
        token_type: "bearer",
        expires_in: 3600,
        refresh_token: crypto.randomUUID(),
        scope: "email",
      });
    },
  };
  return async (request) => await routes[`${request.method} ${new URL(request.url).pathname}`]?.(request);
}

const refuse = (error: string): Response => Response.json({ error }, { status: 400 });
