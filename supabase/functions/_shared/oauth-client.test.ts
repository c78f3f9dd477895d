import { validateAuthResponse } from "oauth4webapi";
import { describe, expect, test } from "vitest";
import { createOAuthClient, type GrantResult } from "./oauth-client.ts";
import { createProviders } from "./oauth-providers.ts";

// What token endpoints answer, and what becomes of it.

const provider = createProviders((name) => ({
  GITHUB_OAUTH_CLIENT_ID: "client",
  GITHUB_OAUTH_CLIENT_SECRET: "client-secret",
  GOOGLE_OAUTH_CLIENT_ID: "client",
  GOOGLE_OAUTH_CLIENT_SECRET: "client-secret",
}[name]));
const [github, google] = [provider("github"), provider("youtube")];

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(typeof body === "string" ? body : JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json; charset=utf-8", ...headers },
  });

function clientWith(response: Response | Error) {
  const sent: { url: string; body: Record<string, string>; headers: Headers }[] = [];
  const client = createOAuthClient(1000, async (input, init) => {
    const request = new Request(input, init);
    sent.push({
      url: request.url,
      body: Object.fromEntries(new URLSearchParams(await request.text())),
      headers: request.headers,
    });
    if (response instanceof Error) throw response;
    return response;
  });
  return { client, sent };
}

const refresh = (response: Response | Error, at = github): Promise<GrantResult> =>
  clientWith(response).client.refreshTokens(at, "ghr_1");

describe("requests", () => {
  test("a code is exchanged with the verifier, the redirect URI and the client's secret", async () => {
    const { client, sent } = clientWith(
      json({ access_token: "gho_1", token_type: "bearer", scope: "read:user,repo" }),
    );
    const answer = validateAuthResponse(
      github.server,
      { client_id: "client" },
      new URLSearchParams("code=c&state=s"),
      "s",
    );
    expect(await client.exchangeCode(github, answer, "https://app.test/cb", "v".repeat(43))).toEqual({
      outcome: "granted",
      grant: {
        accessToken: "gho_1",
        refreshToken: undefined,
        expiresIn: undefined,
        scopes: ["read:user", "repo"],
      },
    });
    expect(sent).toMatchObject([{
      url: "https://github.com/login/oauth/access_token",
      body: {
        grant_type: "authorization_code",
        code: "c",
        redirect_uri: "https://app.test/cb",
        code_verifier: "v".repeat(43),
        client_id: "client",
        client_secret: "client-secret",
      },
    }]);
    expect(sent[0]?.headers.get("accept")).toBe("application/json");
  });

  test("Google's tokens are refreshed and revoked", async () => {
    const { client, sent } = clientWith(
      json({ access_token: "ya29", token_type: "Bearer", expires_in: 3599, scope: "a b" }),
    );
    expect(await client.refreshTokens(google, "1//0")).toEqual({
      outcome: "granted",
      grant: { accessToken: "ya29", refreshToken: undefined, expiresIn: 3599, scopes: ["a", "b"] },
    });
    const revoking = clientWith(json({}));
    expect(await revoking.client.revokeToken(google, "1//0")).toBe(true);
    expect([...sent, ...revoking.sent].map(({ url }) => url)).toEqual([
      "https://oauth2.googleapis.com/token",
      "https://oauth2.googleapis.com/revoke",
    ]);
    expect(await clientWith(json({ error: "invalid_token" }, 400)).client.revokeToken(google, "x")).toBe(
      true,
    );
    expect(await clientWith(json({ error: "temporarily" }, 503)).client.revokeToken(google, "x")).toBe(false);
    expect(await clientWith(new TypeError("away")).client.revokeToken(google, "x")).toBe(false);
  });
});

describe("a refresh token is rejected", () => {
  test.each([
    ["GitHub's way, with 200", json({ error: "bad_refresh_token", error_description: "…" })],
    [
      "Google's way, with 400",
      json({ error: "invalid_grant", error_description: "Token has been expired or revoked." }, 400),
    ],
    ["with a challenge", json({ error: "invalid_grant" }, 400, { "www-authenticate": 'Bearer error="x"' })],
  ])("%s", async (_, response) => {
    expect((await refresh(response)).outcome).toBe("rejected");
  });
});

describe("the token is not to blame", () => {
  test.each<[string, Response | Error, boolean, number]>([
    ["we are refused as its client", json({ error: "incorrect_client_credentials" }), false, 60],
    ["Google does not know us", json({ error: "invalid_client" }, 401), false, 60],
    ["a rate limit", json({ message: "slow" }, 429, { "retry-after": "17" }), false, 17],
    ["a rate limit without a time", json("", 429), false, 60],
    ["a server's error", json("<html>", 502), true, 0],
    ["HTML with 200", json("<html>Unicorn!</html>"), true, 0],
    ["a truncated answer", json('{"access_token": "gho'), true, 0],
    ["an answer without a token", json({ token_type: "bearer" }), true, 0],
    ["a number for a token", json({ access_token: 5, token_type: "bearer" }), true, 0],
    ["another kind of token", json({ access_token: "x", token_type: "mac" }), true, 0],
    ["a redirect", new Response(null, { status: 302, headers: { location: "https://evil.test" } }), false, 0],
    ["not found", json("<html>", 404), false, 0],
    ["a connection that fails", new TypeError("fetch failed"), true, 0],
    ["a timeout", new DOMException("x", "TimeoutError"), true, 0],
    ["an endless answer", json("x".repeat(70_000)), true, 0],
  ])("%s", async (_, response, isUncertain, retryAfter) => {
    expect(await refresh(response)).toMatchObject({ outcome: "unavailable", isUncertain, retryAfter });
  });

  test("and the cause contains nothing that a provider could smuggle into a log", async () => {
    const result = await refresh(json({ error: 'x"\n{"token": "ghr_1"}' + "y".repeat(500) }));
    expect(result).toMatchObject({ outcome: "unavailable", cause: "other_error" });
  });

  test("a time as text, and an error next to a token, do not matter", async () => {
    const body = { access_token: "ghu_1", token_type: "Bearer", expires_in: "28800", error: "none" };
    expect(await refresh(json(body))).toMatchObject({ outcome: "granted", grant: { expiresIn: 28800 } });
  });
});
