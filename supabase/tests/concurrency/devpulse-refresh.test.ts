import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sealTokens } from "../../functions/_shared/connection-secret.ts";
import {
  type ConnectionToken,
  createConnectionTokens,
  type StoredConnection,
  tokenDependencies,
} from "../../functions/_shared/connection-token.ts";
import { parseMasterKeys } from "../../functions/_shared/encryption.ts";
import { type Providers, startProviders } from "../support/connections.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { rpcOf } from "../support/refresh-process.ts";
import { size } from "../support/size.ts";

// Many callers of one expired connection, and callers that are killed: the provider is asked once, and nothing is lost silently.

const CALLERS = 100;
const KEYS = `k1:${randomBytes(32).toString("base64")}`;

let providers: Providers;
let project: TestProject;
let sql: Sql;
let env: Record<string, string>;

beforeAll(async () => {
  providers = await startProviders();
  project = await openTestProject();
  providers.register(project);
  sql = connect(project.database);
  env = { ...providers.env, SECRETS_MASTER_KEYS: KEYS };
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
  await providers?.stop();
});
beforeEach(async () => {
  await sql`delete from auth.users`;
  for (const { oauth, faults } of [providers.github.state, providers.google.state]) {
    oauth.hooks.beforeAnswer = null;
    oauth.calls.length = 0;
    faults.length = 0;
    for (const app of oauth.apps) app.isExpiring = true;
  }
});

const stateOf = (platform: string) => (platform === "github" ? providers.github : providers.google).state;

/** Tokens as the provider grants them to somebody who agrees. */
async function grant(
  platform: "github" | "youtube",
): Promise<{ access_token: string; refresh_token: string }> {
  const { oauth } = stateOf(platform);
  const app = oauth.apps[0];
  const base = platform === "github" ? providers.github.url : providers.google.url;
  const [authorize, token] = platform === "github"
    ? ["/login/oauth/authorize", "/login/oauth/access_token"]
    : ["/o/oauth2/v2/auth", "/token"];
  const redirect_uri = app?.redirectUris[0] ?? "";
  const asked = new URLSearchParams({
    client_id: app?.id ?? "",
    redirect_uri,
    scope: "x",
    access_type: "offline",
    prompt: "consent",
  });
  const back = await fetch(`${base}${authorize}?${asked}`, { redirect: "manual" });
  const code = new URL(back.headers.get("location") ?? "").searchParams.get("code") ?? "";
  const response = await fetch(base + token, {
    method: "POST",
    headers: { accept: "application/json" },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri,
      client_id: app?.id ?? "",
      client_secret: app?.secret ?? "",
    }),
  });
  oauth.calls.length = 0;
  return await response.json() as { access_token: string; refresh_token: string };
}

/** A user's connection whose access token has expired. */
async function expired(platform: "github" | "youtube" = "github"): Promise<StoredConnection> {
  const [userId, secretId] = [randomUUID(), randomUUID()];
  const tokens = await grant(platform);
  const sealed = await sealTokens(parseMasterKeys("X", KEYS), { secretId, platform, userId }, tokens);
  await sql`insert into auth.users (id, email) values (${userId}, ${`${userId}@example.org`})`;
  await sql`
    select private.store_connection(${userId}, ${platform}, ${secretId}, ${sealed}, ${
    sql.json({
      platform_user_id: "1",
      platform_username: "octocat",
      token_expires_at: new Date(Date.now() - 1000).toISOString(),
      has_refresh_token: true,
    })
  }, false)`;
  return await stored(userId);
}

async function stored(userId: string): Promise<StoredConnection> {
  const [row] = await sql<(Omit<StoredConnection, "token_expires_at"> & { token_expires_at: Date })[]>`
    select * from private.usable_connections where user_id = ${userId}
  `;
  if (!row) throw new Error("The connection is not usable.");
  return { ...row, token_expires_at: row.token_expires_at.toISOString() };
}

const statusOf = async ({ id }: StoredConnection) =>
  (await sql`select status, status_reason from public.platform_connections where id = ${id}`)[0];

/** A caller that shares nothing with others: it counts as a process of its own. */
const caller = (onRpc: (name: string) => void = () => {}) => {
  const rpc = rpcOf(project.url, project.secretKey);
  return createConnectionTokens(tokenDependencies((name, args) => {
    onRpc(name);
    return rpc(name, args);
  }, (name) => env[name]));
};

/** A caller in a real process, which can be killed. */
function startProcess(connection: StoredConnection): { child: ChildProcess; ended: Promise<string> } {
  const file = fileURLToPath(new URL("../support/refresh-process.ts", import.meta.url));
  const child = spawn(process.execPath, [file], {
    env: {
      ...process.env,
      ...env,
      SUPABASE_URL: project.url,
      SUPABASE_SECRET_KEY: project.secretKey,
      CONNECTION: JSON.stringify(connection),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => out += text);
  return { child, ended: new Promise((resolve) => child.once("close", () => resolve(out))) };
}

/** Runs it as far as the provider has exchanged its refresh token, and kills it before the answer arrives. */
async function killDuringExchange(connection: StoredConnection): Promise<void> {
  const { oauth } = stateOf(connection.platform);
  const { child, ended } = startProcess(connection);
  await new Promise<void>((resolve) => {
    oauth.hooks.beforeAnswer = async () => {
      child.kill("SIGKILL");
      await ended;
      resolve();
    };
  });
  oauth.hooks.beforeAnswer = null;
}

const endLease = () => sql`update private.token_refreshes set lease_expires_at = now() - interval '1 second'`;

describe("a hundred callers of one expired connection", () => {
  test.each(["github", "youtube"] as const)("make one refresh at %s", async (platform) => {
    const { oauth } = stateOf(platform);
    for (let round = 0; round < size(2, 20); round++) {
      const connection = await expired(platform);
      let begun = 0;
      const callers = Array.from({ length: CALLERS }, () => caller(() => begun++));
      // the answer comes only when everybody has asked
      oauth.hooks.beforeAnswer = () => expect.poll(() => begun).toBeGreaterThanOrEqual(CALLERS);
      const answers = await Promise.all(callers.map((tokenOf) => tokenOf(connection)));
      expect(oauth.count("refresh")).toBe(1);
      expect(oauth.count("refresh", false)).toBe(0);
      const tokens = new Set(answers.map((answer) => answer.kind === "token" ? answer.token : answer.kind));
      expect(tokens.size).toBe(1);
      expect(oauth.liveTokens()).toContain([...tokens][0]);
      expect(await statusOf(connection)).toEqual({ status: "connected", status_reason: null });
      // and whoever comes later has it without asking anybody
      expect(await caller()(await stored(connection.user_id)))
        .toMatchObject({ kind: "token", token: [...tokens][0] });
      oauth.hooks.beforeAnswer = null;
    }
  });

  test("of processes", async () => {
    const connection = await expired();
    const answers = await Promise.all(
      Array.from({ length: size(4, 16) }, () => startProcess(connection).ended),
    );
    expect(new Set(answers).size).toBe(1);
    expect(JSON.parse(answers[0] ?? "")).toMatchObject({ kind: "token" });
    expect(providers.github.state.oauth.count("refresh")).toBe(1);
  });

  test("while the provider rejects the token, all learn that the connection is over", async () => {
    const connection = await expired();
    const { oauth, users } = providers.github.state;
    oauth.withdraw(String(users[0]?.id));
    const answers = await Promise.all(Array.from({ length: CALLERS }, () => caller()(connection)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))))
      .toEqual(new Set([JSON.stringify({ kind: "reauth_required", reason: "refresh_rejected" })]));
    expect(oauth.count("refresh", false)).toBe(1);
    expect(await statusOf(connection)).toEqual({
      status: "reauth_required",
      status_reason: "refresh_rejected",
    });
  });

  test("while the provider is away, it is asked once, and the connection stays", async () => {
    const connection = await expired();
    const { faults, oauth } = providers.github.state;
    faults.push({ path: "/access_token", status: 503, body: "x", times: 1000 });
    const answers = await Promise.all(Array.from({ length: CALLERS }, () => caller()(connection)));
    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(["wait"]));
    expect(1000 - (faults[0]?.times ?? 0)).toBe(1);
    expect(await statusOf(connection)).toEqual({ status: "connected", status_reason: null });
    faults.length = 0;
    await sql`update private.token_refreshes set next_attempt_at = now()`;
    expect(await caller()(connection)).toMatchObject({ kind: "token" });
    expect(oauth.count("refresh")).toBe(1);
  });
});

describe("a caller that is killed between the exchange and the store", () => {
  test("at GitHub, where the refresh token is then used up: the connection says so, and why", async () => {
    const connection = await expired();
    await killDuringExchange(connection);
    expect(await statusOf(connection)).toEqual({ status: "connected", status_reason: null });
    // its lease protects what it may still store
    const waiting = caller()(connection);
    await endLease();
    expect(await waiting).toEqual({ kind: "reauth_required", reason: "refresh_interrupted" });
    expect(await statusOf(connection))
      .toEqual({ status: "reauth_required", status_reason: "refresh_interrupted" });
    expect(providers.github.state.oauth.count("refresh", false)).toBe(1);
  });

  test("at Google, where it lasts: the next caller refreshes it", async () => {
    const connection = await expired("youtube");
    await killDuringExchange(connection);
    const waiting = caller()(connection);
    await endLease();
    expect(await waiting).toMatchObject({ kind: "token" });
    expect(await statusOf(connection)).toEqual({ status: "connected", status_reason: null });
  });

  test("whose answer is lost, but not the caller: the next attempt finds out", async () => {
    const connection = await expired();
    const { oauth } = providers.github.state;
    oauth.hooks.beforeAnswer = () => Promise.reject(new Error("the connection breaks off"));
    const silenced = console.error;
    console.error = () => {};
    const first = await caller()(connection);
    console.error = silenced;
    expect(first.kind).toBe("wait");
    oauth.hooks.beforeAnswer = null;
    await sql`update private.token_refreshes set next_attempt_at = now()`;
    expect(await caller()(connection)).toEqual({ kind: "reauth_required", reason: "refresh_interrupted" });
  });
});

test("a user who disconnects during a refresh leaves no tokens behind", async () => {
  const connection = await expired();
  const { oauth } = providers.github.state;
  oauth.hooks.beforeAnswer = async () => {
    oauth.hooks.beforeAnswer = null;
    await sql`select public.disconnect_platform(${connection.user_id}, 'github')`;
  };
  const before = oauth.liveTokens().length;
  expect(await caller()(connection)).toEqual({ kind: "reauth_required", reason: "disconnected_by_user" });
  expect(oauth.liveTokens().length).toBeLessThan(before);
  expect(await sql`select from private.secrets where user_id = ${connection.user_id}`).toHaveLength(0);
});

test("an answer that comes after the lease is stored, and the next holder ends nothing", async () => {
  const connection = await expired();
  const { oauth } = providers.github.state;
  let late: Promise<ConnectionToken> | undefined;
  let next: Promise<ConnectionToken> | undefined;
  await new Promise<void>((resolve) => {
    oauth.hooks.beforeAnswer = async () => {
      oauth.hooks.beforeAnswer = null;
      await endLease();
      next = caller()(connection);
      // its exchange fails, since the token is used; its report waits behind nothing
      await expect.poll(() => oauth.count("refresh", false)).toBe(1);
      resolve();
    };
    late = caller()(connection);
  });
  const answers = await Promise.all([late, next]);
  expect(answers[0]).toMatchObject({ kind: "token" });
  expect(oauth.liveTokens()).toContain((answers[0] as { token: string }).token);
  expect(await statusOf(connection)).toEqual({ status: "connected", status_reason: null });
});
