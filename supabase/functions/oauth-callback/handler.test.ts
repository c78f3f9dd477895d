import { createClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import type { RpcResult } from "../_shared/database.ts";
import { openTokens } from "../_shared/connection-secret.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import type { LogEntry } from "../_shared/log.ts";
import type { GrantResult } from "../_shared/oauth-client.ts";
import { createProviders } from "../_shared/oauth-providers.ts";
import { createHandler, type Dependencies } from "./handler.ts";

// The handler with a fake database and fake providers; over HTTP, with what others try: supabase/tests/api/devpulse-oauth.test.ts.

const USER_ID = "0b4c7d6e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const NEW_ID = "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = `${part({ alg: "HS256" })}.${part({ sub: USER_ID, role: "authenticated" })}.c2lnbmVk`;
const STATE = "s".repeat(43);
const masterKeys = parseMasterKeys("X", `k1:${Buffer.alloc(32, 1).toString("base64")}`);

const CLAIMED = {
  outcome: "claimed",
  flow_id: NEW_ID,
  user_id: USER_ID,
  platform: "github",
  scope: "public",
  return_to: "https://app.example/back?tab=1",
};
const CONNECTION = {
  id: NEW_ID,
  platform: "github",
  platform_user_id: "1",
  platform_username: "octocat",
  status: "connected",
  status_reason: null,
  is_active: true,
  token_expires_at: null,
  scopes: ["read:user"],
  last_synced_at: null,
};
const GRANTED: GrantResult = {
  outcome: "granted",
  grant: { accessToken: "gho_canary", refreshToken: "ghr_canary", expiresIn: 60, scopes: ["read:user"] },
};

interface World {
  grant?: GrantResult;
  rpc?: Record<string, RpcResult>;
  completed?: unknown;
}

function setUp(world: World = {}, deps: Partial<Dependencies> = {}) {
  const called: { name: string; args: Record<string, unknown> }[] = [];
  const logged: LogEntry[] = [];
  const answers: Record<string, unknown> = {
    count_token_check: 0,
    claim_oauth_state: CLAIMED,
    store_oauth_grant: true,
  };
  const handler = createHandler({
    connect: () =>
      createClient("http://api.test", "sb_publishable_test", {
        global: {
          fetch: (input, init) =>
            Promise.resolve(
              new Request(input, init).url.includes("/rpc/")
                ? Response.json(world.completed ?? null)
                : Response.json([]),
            ),
        },
        auth: { persistSession: false, autoRefreshToken: false },
      }),
    rpc: (name, args) => {
      called.push({ name, args });
      return Promise.resolve(world.rpc?.[name] ?? { ok: true, data: answers[name] });
    },
    masterKeys: () => masterKeys,
    provider: createProviders((name) => name.includes("_CLIENT_") ? "set" : undefined),
    oauth: {
      exchangeCode: () => Promise.resolve(world.grant ?? GRANTED),
      refreshTokens: () => Promise.reject(new Error("not here")),
      revokeToken: () => Promise.resolve(true),
    },
    readAccount: () => Promise.resolve({ outcome: "known", account: { id: "1", name: "octocat" } }),
    fetch: () => Promise.reject(new Error("not here")),
    functionsUrl: "http://127.0.0.1:54321/functions/v1",
    log: (entry) => logged.push(entry),
    now: () => 0,
    clock: () => Date.parse("2026-11-30T12:00:00Z"),
    newId: () => NEW_ID,
    ...deps,
  });
  return { handler, called, logged };
}

const back = (query = `code=c&state=${STATE}`): Request =>
  new Request(`http://localhost/oauth-callback/github?${query}`);
const post = (body: unknown): Request =>
  new Request("http://localhost/oauth-callback/github", {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
  });

async function returned(response: Response): Promise<Record<string, string>> {
  expect([response.status, await response.text()]).toEqual([302, ""]);
  const url = new URL(response.headers.get("location") ?? "");
  expect(url.origin + url.pathname).toBe("https://app.example/back");
  return Object.fromEntries(url.searchParams);
}

describe("coming back", () => {
  test("stores the tokens sealed, and returns with a code of which the database has the hash", async () => {
    const { handler, called, logged } = setUp();
    const { connection_code, ...rest } = await returned(await handler(back()));
    expect(rest).toEqual({ tab: "1", platform: "github" });
    expect(connection_code).toMatch(/^[\w-]{43}$/);
    const { account, sealed } = called.at(-1)?.args as { account: unknown; sealed: string };
    expect(account).toEqual({
      platform_user_id: "1",
      platform_username: "octocat",
      token_expires_at: "2026-11-30T12:01:00.000Z",
      has_refresh_token: true,
      metadata: { scopes: ["read:user"] },
    });
    const identity = { secretId: NEW_ID, platform: "github", userId: USER_ID };
    expect(await openTokens(masterKeys, identity, sealed))
      .toEqual({ access_token: "gho_canary", refresh_token: "ghr_canary" });
    expect(JSON.stringify([called, logged])).not.toMatch(new RegExp(`canary|${connection_code}`));
  });

  test.each<[string, World, Partial<Dependencies>]>([
    ["devpulse_oauth_code_invalid", { grant: { outcome: "rejected", cause: "invalid_grant" } }, {}],
    [
      "devpulse_oauth_provider_unavailable",
      { grant: { outcome: "unavailable", cause: "x", isUncertain: true, retryAfter: 0 } },
      {},
    ],
    ["devpulse_oauth_rate_limited", { rpc: { count_token_check: { ok: true, data: 30 } } }, {}],
    [
      "devpulse_user_unknown",
      { rpc: { count_token_check: { ok: false, code: "PT404", message: "agents_user_unknown" } } },
      {},
    ],
    ["devpulse_user_unknown", { rpc: { store_oauth_grant: { ok: true, data: false } } }, {}],
    ["database_unavailable", { rpc: { store_oauth_grant: { ok: false, code: "08006", message: "x" } } }, {}],
    ["agents_secrets_unavailable", {}, {
      masterKeys: () => {
        throw new Error("unset");
      },
    }],
    ["devpulse_oauth_client_unavailable", {}, { provider: createProviders(() => undefined) }],
    ["function_unavailable", {}, { readAccount: () => Promise.reject(new TypeError("gho_canary")) }],
  ])("returns with %s", async (error, world, deps) => {
    const { handler, logged } = setUp(world, deps);
    expect(await returned(await handler(back()))).toEqual({ tab: "1", platform: "github", error });
    expect(logged).toMatchObject([{ code: error }]);
    expect(JSON.stringify(logged)).not.toContain("canary");
  });

  const granted = (scopes: string[], refreshToken: string | undefined = "r"): GrantResult => ({
    outcome: "granted",
    grant: { accessToken: "gho_canary", refreshToken, expiresIn: 60, scopes },
  });
  const YOUTUBE = ["https://www.googleapis.com/auth/youtube.readonly"];

  test.each<[string, string, GrantResult, string | null]>([
    ["github", "public", granted([]), null],
    ["github", "public", granted(["user"]), null],
    ["github", "private", granted(["repo", "user"]), null],
    // a GitHub App
    ["github", "private", granted([]), null],
    ["github", "private", granted(["read:user"]), "devpulse_oauth_scope_required"],
    ["github", "private", granted(["public_repo", "read:user"]), "devpulse_oauth_scope_required"],
    ["youtube", "public", granted(YOUTUBE), null],
    ["youtube", "public", granted([]), "devpulse_oauth_scope_required"],
  ])("what was agreed to at %s is enough for what is %s: %j", async (platform, scope, grant, error) => {
    const claim_oauth_state = { ok: true, data: { ...CLAIMED, platform, scope } } as const;
    const { handler } = setUp({ grant, rpc: { claim_oauth_state } });
    const request = new Request(`http://localhost/oauth-callback/${platform}?code=c&state=${STATE}`);
    expect((await returned(await handler(request))).error ?? null).toBe(error);
  });

  test("without a flow, or while the database is away, the answer is an error", async () => {
    for (
      const [claim_oauth_state, status] of [
        [{ ok: true, data: { outcome: "unknown" } }, 400],
        [{ ok: false, code: "unreachable", message: "x" }, 503],
      ] as const
    ) {
      const { handler } = setUp({ rpc: { claim_oauth_state } });
      expect((await handler(back())).status).toBe(status);
    }
    const { handler, called } = setUp();
    for (const query of ["code=c", "code=c&state=short", `state=${STATE}&state=${STATE}`]) {
      expect((await handler(back(query))).status).toBe(400);
    }
    expect(called).toEqual([]);
  });
});

describe("completing", () => {
  test("answers the connection, or that the code is unknown", async () => {
    const { handler } = setUp({ completed: CONNECTION });
    expect(await (await handler(post({ code: "c" }))).json()).toEqual({
      connection: CONNECTION,
      replaced: null,
    });
    const none = await setUp().handler(post({ code: "c" }));
    expect([none.status, await none.json()])
      .toMatchObject([404, { code: "devpulse_connection_code_unknown" }]);
  });

  test.each([[{}], [{ code: 1 }], [{ code: "c", replace: "yes" }], ["c"]])(
    "refuses the body %j",
    async (body) => {
      expect((await setUp().handler(post(body))).status).toBe(422);
    },
  );
});

test("has a path for each platform, and no other", async () => {
  for (const path of ["", "/", "/devto", "/github/x", "/GitHub"]) {
    const response = await setUp().handler(new Request(`http://localhost/oauth-callback${path}`));
    expect([response.status, await response.json()]).toMatchObject([404, { code: "path_unknown" }]);
  }
  const put = new Request("http://localhost/oauth-callback/github", { method: "PUT" });
  expect((await setUp().handler(put)).headers.get("allow")).toBe("GET, POST");
});
