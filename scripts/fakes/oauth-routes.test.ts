import { createHash, randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeGithub, startFakeGithub } from "./github.ts";
import { type FakeGoogle, startFakeGoogle } from "./google.ts";

// The fakes' authorization servers, as the providers document them:
// https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
// https://developers.google.com/identity/protocols/oauth2/web-server

const REDIRECT = "http://app.test/callback";
const VERIFIER = randomBytes(32).toString("base64url");
const CHALLENGE = createHash("sha256").update(VERIFIER).digest("base64url");
const CLIENT = { client_id: "client", client_secret: "client-secret" };

let clock: Date;
let github: FakeGithub;
let google: FakeGoogle;

beforeEach(async () => {
  clock = new Date("2026-11-30T12:00:00Z");
  github = await startFakeGithub({ now: () => clock });
  google = await startFakeGoogle({ now: () => clock });
  github.state.addUser({ login: "maya", token: "ghp_maya" });
  google.state.addUser({ name: "Maya", channel: { title: "Maya codes" } });
  for (const { oauth } of [github.state, google.state]) {
    oauth.apps.push({
      id: CLIENT.client_id,
      secret: CLIENT.client_secret,
      redirectUris: [REDIRECT],
      isExpiring: true,
    });
  }
  github.state.oauth.consent.as = "maya";
  google.state.oauth.consent.as = "Maya";
});
afterEach(async () => {
  await github.stop();
  await google.stop();
});

const addresses = {
  github: () => ({
    authorize: `${github.url}/login/oauth/authorize`,
    token: `${github.url}/login/oauth/access_token`,
  }),
  google: () => ({ authorize: `${google.url}/o/oauth2/v2/auth`, token: `${google.url}/token` }),
};
type Provider = keyof typeof addresses;

/** Where the browser is sent to. */
async function authorize(at: Provider, changes: Record<string, string> = {}): Promise<URL | number> {
  const parameters = new URLSearchParams({
    client_id: "client",
    redirect_uri: REDIRECT,
    response_type: "code",
    scope: "one two",
    state: "state",
    code_challenge: CHALLENGE,
    code_challenge_method: "S256",
    access_type: "offline",
    prompt: "consent",
    ...changes,
  });
  const response = await fetch(`${addresses[at]().authorize}?${parameters}`, { redirect: "manual" });
  const location = response.headers.get("location");
  return location ? new URL(location) : response.status;
}

async function codeOf(at: Provider): Promise<string> {
  const back = await authorize(at);
  return back instanceof URL ? back.searchParams.get("code") ?? "" : expect.fail(`answered ${back}`);
}

async function ask(at: Provider, parameters: Record<string, string>) {
  const response = await fetch(addresses[at]().token, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({ ...CLIENT, ...parameters }),
  });
  return { status: response.status, body: await response.json() as Record<string, unknown> };
}

const exchange = (at: Provider, code: string, changes: Record<string, string> = {}) =>
  ask(at, {
    grant_type: "authorization_code",
    code,
    redirect_uri: REDIRECT,
    code_verifier: VERIFIER,
    ...changes,
  });

const refresh = (at: Provider, token: unknown) =>
  ask(at, { grant_type: "refresh_token", refresh_token: String(token) });

describe.each(["github", "google"] as const)("%s", (at) => {
  const refusal = at === "github" ? [200, "bad_verification_code"] : [400, "invalid_grant"];

  test("sends the browser back with a code and the state, or with the refusal", async () => {
    const back = await authorize(at);
    expect(String(back)).toMatch(/^http:\/\/app\.test\/callback\?state=state&code=[0-9a-f]{40}$/);
    (at === "github" ? github : google).state.oauth.consent.isRefused = true;
    expect(String(await authorize(at))).toBe(`${REDIRECT}?state=state&error=access_denied`);
  });

  test("sends it nowhere else", async () => {
    for (
      const change of [{ client_id: "other" }, { redirect_uri: `${REDIRECT}/` }, {
        redirect_uri: "http://evil.test",
      }]
    ) expect(await authorize(at, change)).toBe(at === "github" ? 404 : 400);
  });

  test("a code is exchanged once, by its client, with the verifier and the redirect URI", async () => {
    for (
      const [change, [status, error]] of [
        [{ code_verifier: "x".repeat(43) }, refusal],
        [{ redirect_uri: `${REDIRECT}/` }, [refusal[0], "redirect_uri_mismatch"]],
      ] as const
    ) {
      const answer = await exchange(at, await codeOf(at), change);
      expect([answer.status, answer.body.error]).toEqual([status, error]);
    }
    const code = await codeOf(at);
    expect((await exchange(at, code)).body).toMatchObject({ access_token: expect.any(String) as string });
    const again = await exchange(at, code);
    expect([again.status, again.body.error]).toEqual(refusal);
    const late = await codeOf(at);
    clock = new Date(clock.getTime() + 600_000);
    expect((await exchange(at, late)).body.error).toBe(refusal[1]);
  });

  test("refuses another client", async () => {
    const { status, body } = await exchange(at, await codeOf(at), { client_secret: "wrong" });
    expect([status, body.error])
      .toEqual(at === "github" ? [200, "incorrect_client_credentials"] : [401, "invalid_client"]);
  });
});

describe("GitHub", () => {
  const user = async (token: unknown) =>
    (await fetch(`${github.url}/user`, { headers: { authorization: `Bearer ${token}` } })).status;

  test("an app's token expires after eight hours, and its refresh token is valid once and ends it", async () => {
    const { body: first } = await exchange("github", await codeOf("github"));
    expect(first).toMatchObject({ token_type: "bearer", scope: "one,two", expires_in: 28800 });
    expect(await user(first.access_token)).toBe(200);
    const { body: second } = await refresh("github", first.refresh_token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect([await user(first.access_token), await user(second.access_token)]).toEqual([401, 200]);
    const { status, body } = await refresh("github", first.refresh_token);
    expect([status, body.error]).toEqual([200, "bad_refresh_token"]);
  });

  test("an OAuth app's does not, and has none", async () => {
    for (const app of github.state.oauth.apps) app.isExpiring = false;
    const { body } = await exchange("github", await codeOf("github"));
    expect(Object.keys(body).sort()).toEqual(["access_token", "scope", "token_type"]);
  });

  test("revokes a token for its app", async () => {
    const { body } = await exchange("github", await codeOf("github"));
    const remove = async (authorization: string) =>
      (await fetch(`${github.url}/applications/client/token`, {
        method: "DELETE",
        headers: { authorization },
        body: JSON.stringify({ access_token: body.access_token }),
      })).status;
    expect(await remove(`Basic ${btoa("client:wrong")}`)).toBe(404);
    expect(await remove(`Basic ${btoa("client:client-secret")}`)).toBe(204);
    expect(await user(body.access_token)).toBe(401);
    expect(await remove(`Basic ${btoa("client:client-secret")}`)).toBe(404);
  });
});

describe("Google", () => {
  const revoke = async (token: unknown) =>
    (await fetch(`${google.url}/revoke`, {
      method: "POST",
      body: new URLSearchParams({ token: String(token) }),
    })).status;

  test("a refresh token lasts, and comes with the first answer if access is offline", async () => {
    const { body: first } = await exchange("google", await codeOf("google"));
    expect(first).toMatchObject({ token_type: "Bearer", scope: "one two", expires_in: 3599 });
    const { body: second } = await refresh("google", first.refresh_token);
    expect(Object.keys(second)).not.toContain("refresh_token");
    expect((await refresh("google", first.refresh_token)).status).toBe(200);
    const online = await authorize("google", { access_type: "online" });
    const code = online instanceof URL ? online.searchParams.get("code") ?? "" : "";
    expect(Object.keys((await exchange("google", code)).body)).not.toContain("refresh_token");
  });

  test("people choose what they agree to", async () => {
    google.state.oauth.consent.scopes = ["one"];
    expect((await exchange("google", await codeOf("google"))).body.scope).toBe("one");
  });

  test("revokes a grant by either token, once", async () => {
    const { body } = await exchange("google", await codeOf("google"));
    expect(await revoke(body.refresh_token)).toBe(200);
    expect(google.state.oauth.liveTokens()).toEqual([]);
    expect(await revoke(body.access_token)).toBe(400);
    const { status, body: refused } = await refresh("google", body.refresh_token);
    expect([status, refused.error]).toEqual([400, "invalid_grant"]);
  });
});
