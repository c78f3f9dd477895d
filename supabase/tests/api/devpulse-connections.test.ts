import { randomBytes } from "node:crypto";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FakeDevto, startFakeDevto } from "../../../scripts/fakes/devto.ts";
import { rotateSecrets } from "../../../scripts/secrets/rotate-secrets.ts";
import { openTokens } from "../../functions/_shared/connection-secret.ts";
import { parseMasterKeys } from "../../functions/_shared/encryption.ts";
import {
  allowReturn,
  connect,
  connectAndComplete,
  outcome,
  post,
  type Providers,
  startProviders,
} from "../support/connections.ts";
import { connect as openSql, openTestProject, type TestProject } from "../support/database.ts";
import { type Person, server, signUp } from "../support/people.ts";

// A connection's life over HTTP: by key, ended and connected again, with another account, and with another master key.

const OLD = `old:${randomBytes(32).toString("base64")}`;
const NEW = `new:${randomBytes(32).toString("base64")}`;
const KEY = "dev-key-of-maya-0123456789";
const OTHER_KEY = "dev-key-of-eve-0123456789";

let providers: Providers;
let devto: FakeDevto;
let project: TestProject;
let sql: Sql;
let ana: Person;
let mallory: Person;

beforeAll(async () => {
  providers = await startProviders();
  devto = await startFakeDevto();
  devto.state.addUser({ username: "maya", apiKey: KEY });
  devto.state.addUser({ username: "eve", apiKey: OTHER_KEY });
  devto.state.limit.perSecond = null;
  project = await openTestProject({
    functions: {
      env: { ...providers.env, DEVTO_API_URL: `${devto.url}/api`, SECRETS_MASTER_KEYS: `${OLD},${NEW}` },
    },
  });
  providers.register(project);
  sql = openSql(project.database);
  await allowReturn(sql);
  ana = await signUp(project, "ana");
  mallory = await signUp(project, "mallory");
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
  await devto?.stop();
  await providers?.stop();
});
beforeEach(async () => {
  await sql`delete from private.token_checks`;
  await sql`delete from private.oauth_flows`;
  await sql`delete from public.platform_connections`;
  await sql`delete from private.secrets`;
  devto.state.faults.length = 0;
  devto.state.requests.length = 0;
  for (const { faults, oauth } of [providers.github.state, providers.google.state]) {
    faults.length = 0;
    for (const app of oauth.apps) app.isExpiring = false;
  }
  providers.github.state.oauth.consent.as = "octocat";
});

const connectDevto = (person: Person, api_key: string, changes: Record<string, unknown> = {}) =>
  post(project, person, "connect-devto", { api_key, ...changes });
const disconnect = (person: Person, platform: string) =>
  post(project, person, "disconnect-platform", { platform });
const rowOf = async (person: Person, platform: string) =>
  (await person.client.from("platform_connections").select("*").eq("platform", platform).maybeSingle()).data;

describe("Dev.to", () => {
  test("is connected by a key, which is sealed", async () => {
    const answer = await connectDevto(ana, KEY);
    expect([answer.status, answer.body]).toMatchObject([200, {
      connection: { platform: "devto", platform_username: "maya", status: "connected", scopes: null },
    }]);
    expect(answer.text).not.toContain(KEY);
    expect(devto.state.requests).toMatchObject([{ path: "/api/users/me", username: "maya" }]);
    const row = await rowOf(ana, "devto");
    expect(row).toMatchObject({ refresh_token: null, token_expires_at: null });
    const [secret] = await sql`select * from private.secrets`;
    expect(row?.access_token).toBe(`secret:${secret?.id}`);
    const identity = { secretId: String(secret?.id), platform: "devto", userId: ana.id };
    expect(await openTokens(parseMasterKeys("X", OLD), identity, String(secret?.sealed)))
      .toEqual({ access_token: KEY });
  });

  test("keeps the key it has while another is rejected, or can't be checked", async () => {
    await connectDevto(ana, KEY);
    const before = await rowOf(ana, "devto");
    expect(outcome(await connectDevto(ana, "nobodys-key-0123456789"))).toBe("422 devpulse_api_key_invalid");
    for (
      const fault of [{ status: 503 }, { status: 429, headers: { "retry-after": "9" } }, {
        isTruncated: true,
      }]
    ) {
      devto.state.faults.push({ path: "/users/me", ...fault });
      const answer = await connectDevto(ana, KEY);
      expect(outcome(answer)).toBe("503 devpulse_devto_unavailable");
      if ("headers" in fault) expect(answer.headers.get("retry-after")).toBe("9");
    }
    expect(await rowOf(ana, "devto")).toEqual(before);
  });

  test("is asked ten times in ten minutes per user", async () => {
    for (let count = 0; count < 10; count++) {
      expect(outcome(await connectDevto(mallory, "nobodys-key-0123456789"))).toBe(
        "422 devpulse_api_key_invalid",
      );
    }
    const refused = await connectDevto(mallory, KEY);
    expect(outcome(refused)).toBe("429 devpulse_api_key_rate_limited");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(500);
    expect(devto.state.requests).toHaveLength(10);
    expect((await connectDevto(ana, KEY)).status).toBe(200);
  });

  test("is not connected for an account that has ended, or by nobody", async () => {
    const nina = await signUp(project, "nina");
    await sql`update auth.users set banned_until = now() + interval '1 day' where id = ${nina.id}`;
    expect(outcome(await connectDevto(nina, KEY))).toBe("404 devpulse_user_unknown");
    expect(outcome(await post(project, {}, "connect-devto", { api_key: KEY }))).toBe("401 sign_in_required");
    expect(devto.state.requests).toEqual([]);
  });

  test("has nothing to revoke", async () => {
    await connectDevto(ana, KEY);
    expect((await disconnect(ana, "devto")).body)
      .toMatchObject({ connection: { status: "disconnected" }, revoked: null });
    expect(await sql`select from private.secrets`).toHaveLength(0);
  });
});

describe.each(["github", "youtube"] as const)("disconnecting %s", (platform) => {
  const oauth = () => (platform === "github" ? providers.github : providers.google).state.oauth;

  test("revokes the tokens, erases them, and leaves the row; it is harmless when repeated", async () => {
    const first = await connectAndComplete(project, ana, platform);
    expect(oauth().liveTokens()).not.toEqual([]);
    const ended = await disconnect(ana, platform);
    expect([ended.status, ended.body]).toMatchObject([200, {
      connection: { status: "disconnected", status_reason: "disconnected_by_user" },
      revoked: true,
    }]);
    expect(oauth().liveTokens()).toEqual([]);
    expect(await sql`select from private.secrets`).toHaveLength(0);
    expect(await rowOf(ana, platform)).toMatchObject({ access_token: "disconnected", refresh_token: null });
    expect((await disconnect(ana, platform)).body).toMatchObject({ revoked: null });
    const again = await connectAndComplete(project, ana, platform);
    const { id } = first.body.connection as { id: string };
    expect(again.body).toMatchObject({ connection: { id, status: "connected", status_reason: null } });
    await disconnect(ana, platform);
  });

  test("erases them also when the provider can't be reached, and says so", async () => {
    await connectAndComplete(project, ana, platform);
    const state = platform === "github" ? providers.github.state : providers.google.state;
    state.faults.push({ path: platform === "github" ? "/applications/" : "/revoke", hangUp: true, times: 9 });
    expect((await disconnect(ana, platform)).body)
      .toMatchObject({ connection: { status: "disconnected" }, revoked: false });
    expect(await sql`select from private.secrets`).toHaveLength(0);
  });

  test("ends what is under way, and nobody else's", async () => {
    const code = await connect(project, ana, platform);
    await connectAndComplete(project, mallory, platform);
    await disconnect(ana, platform);
    expect(outcome(await post(project, ana, `oauth-callback/${platform}`, { code })))
      .toBe("404 devpulse_connection_code_unknown");
    expect(await rowOf(mallory, platform)).toMatchObject({ status: "connected" });
  });
});

test("an expired token of a GitHub App is refreshed to be revoked", async () => {
  const { oauth } = providers.github.state;
  for (const app of oauth.apps) app.isExpiring = true;
  await connectAndComplete(project, ana, "github");
  const issued = providers.github.state.users.find(({ token }) => token.startsWith("ghu_"));
  if (issued) issued.token = "ghu_expired";
  const before = oauth.count("refresh");
  // what GitHub does not find is tried with the refresh token
  providers.github.state.faults.push({ path: "/applications/", status: 404, body: { message: "Not Found" } });
  expect((await disconnect(ana, "github")).body).toMatchObject({ revoked: true });
  expect(oauth.count("refresh")).toBe(before + 1);
  expect(oauth.liveTokens().filter((token) => token.startsWith("ghr_"))).toEqual([]);
});

test("a connection whose token has expired is refreshed by the sync, and ends when that is refused", async () => {
  const { oauth, users } = providers.github.state;
  for (const app of oauth.apps) app.isExpiring = true;
  const { body } = await connectAndComplete(project, ana, "github");
  const { id } = body.connection as { id: string };
  await ana.client.from("monitors").insert({
    user_id: ana.id,
    platform: "github",
    platform_connection_id: id,
    monitor_type: "all",
  }).throwOnError();
  const sync = async () => {
    await sql`update public.platform_connections set token_expires_at = now() where true`;
    await sql`update private.sync_schedule set next_sync_at = now() where true`;
    return (await post(project, { apikey: project.secretKey }, "platform-sync", "")).body;
  };
  const before = oauth.count("refresh");
  expect(await sync()).toMatchObject({ claimed: 1, succeeded: 1 });
  expect(oauth.count("refresh")).toBe(before + 1);
  expect((await rowOf(ana, "github"))?.last_synced_at).not.toBeNull();
  oauth.withdraw(String(users.find(({ login }) => login === "octocat")?.id));
  expect(await sync()).toMatchObject({ claimed: 1, succeeded: 0 });
  expect(await rowOf(ana, "github")).toMatchObject({
    status: "reauth_required",
    status_reason: "refresh_rejected",
  });
  expect(await sync()).toMatchObject({ claimed: 0 });
});

describe("another account at the platform", () => {
  test("takes the place of one without a history", async () => {
    await connectDevto(ana, KEY);
    expect((await connectDevto(ana, OTHER_KEY)).body).toMatchObject({
      connection: { platform_username: "eve" },
    });
  });

  test("is refused where there is a history, and replaces it on request", async () => {
    const { github } = providers;
    if (!github.state.users.some(({ login }) => login === "hubot")) {
      github.state.addUser({ login: "hubot", token: `ghp_${randomBytes(18).toString("hex")}` });
    }
    const first = await connectAndComplete(project, ana, "github");
    const { id } = first.body.connection as { id: string };
    await ana.client.from("monitors").insert({
      user_id: ana.id,
      platform: "github",
      platform_connection_id: id,
      monitor_type: "all",
    }).throwOnError();
    github.state.oauth.consent.as = "hubot";
    const code = await connect(project, ana, "github");
    const refused = await post(project, ana, "oauth-callback/github", { code });
    expect(outcome(refused)).toBe("422 devpulse_connection_account_conflict");
    expect(refused.body.hint).toContain("replace");
    expect(await rowOf(ana, "github")).toMatchObject({ id, platform_username: "octocat" });
    const live = () =>
      github.state.users.filter(({ login, token }) => login === "octocat" && /^gho_/.test(token)).length;
    const before = live();
    // the same code, with the user's consent; the other account's tokens are revoked
    const replaced = await post(project, ana, "oauth-callback/github", { code, replace: true });
    expect(replaced.body).toMatchObject({
      connection: { platform_username: "hubot" },
      replaced: { revoked: true },
    });
    expect((await ana.client.from("monitors").select("id")).data).toEqual([]);
    expect(live()).toBe(before - 1);
    // repeated, nothing more happens
    expect((await post(project, ana, "oauth-callback/github", { code, replace: true })).body)
      .toMatchObject({ connection: { platform_username: "hubot" }, replaced: null });
  });
});

test("a soft deletion and a deleted secret end connections", async () => {
  const nina = await signUp(project, "nora");
  await connectAndComplete(project, nina, "github");
  await sql`delete from private.secrets where user_id = ${nina.id}`;
  expect(await rowOf(nina, "github")).toMatchObject({
    status: "disconnected",
    status_reason: "secret_removed",
    access_token: "disconnected",
  });
});

test("secrets of connections are re-encrypted with a new master key, also while one is under way", async () => {
  await connectAndComplete(project, ana, "github");
  await connectDevto(ana, KEY);
  const code = await connect(project, ana, "youtube");
  const keys = parseMasterKeys("X", `${NEW},${OLD}`);
  expect(await rotateSecrets({ client: server(project), masterKeys: keys }))
    .toMatchObject({ resealed: 2, failed: [], remaining: [{ keyId: "old", count: 1 }] });
  expect((await post(project, ana, "oauth-callback/youtube", { code })).status).toBe(200);
  expect(await rotateSecrets({ client: server(project), masterKeys: keys }))
    .toMatchObject({ resealed: 1, failed: [], remaining: [] });
  for (
    const secret of await sql<{ id: string; kind: string; sealed: string }[]>`select * from private.secrets`
  ) {
    const platform = secret.kind.replace("_connection", "");
    const identity = { secretId: secret.id, platform, userId: ana.id };
    expect(await openTokens(parseMasterKeys("X", NEW), identity, secret.sealed)).toHaveProperty(
      "access_token",
    );
  }
});

test("nobody but servers calls what the functions call", async () => {
  for (const { client } of [mallory, { client: (await signUp(project, "sam")).client }]) {
    for (
      const { error } of [
        await client.rpc("open_oauth_flow", { ticket_hash: "x", state_hash: "x", challenge: "x" }),
        await client.rpc("claim_oauth_state", {
          state_hash: "x",
          challenge: "x",
          platform: "github",
          attempt: ana.id,
        }),
        await client.rpc("disconnect_platform", { user_id: ana.id, platform: "github" }),
        await client.rpc("begin_token_refresh", { connection_id: ana.id, secret_id: ana.id }),
        await client.rpc("mark_connection_rejected", { connection_id: ana.id, secret_id: ana.id }),
        await client.rpc("count_token_check", { user_id: ana.id, kind: "devto_connection" }),
      ]
    ) expect(error?.code).toBe("42501");
  }
});
