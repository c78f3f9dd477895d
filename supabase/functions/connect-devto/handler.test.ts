import { createClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import { openTokens } from "../_shared/connection-secret.ts";
import type { RpcResult } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import type { LogEntry } from "../_shared/log.ts";
import type { AccountResult } from "../_shared/provider-account.ts";
import { createHandler, type Dependencies } from "./handler.ts";

// The handler with a fake database and a fake Dev.to; over HTTP: supabase/tests/api/devpulse-connections.test.ts.

const USER_ID = "0b4c7d6e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const SECRET_ID = "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const API_KEY = "canarycanarycanarycanary";
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = `${part({ alg: "HS256" })}.${part({ sub: USER_ID, role: "authenticated" })}.c2lnbmVk`;
const masterKeys = parseMasterKeys("X", `k1:${Buffer.alloc(32, 1).toString("base64")}`);
const CONNECTION = {
  id: SECRET_ID,
  platform: "devto",
  platform_user_id: "7",
  platform_username: "maya",
  status: "connected",
  status_reason: null,
  is_active: true,
  token_expires_at: null,
  scopes: null,
  last_synced_at: null,
};

interface World {
  account?: AccountResult;
  rpc?: Record<string, RpcResult>;
  api?: Response;
}

function setUp(world: World = {}, deps: Partial<Dependencies> = {}) {
  const called: { name: string; args: Record<string, unknown> }[] = [];
  const asked: string[] = [];
  const logged: LogEntry[] = [];
  const answers: Record<string, unknown> = { count_token_check: 0, connect_by_key: CONNECTION };
  const handler = createHandler({
    connect: () =>
      createClient("http://api.test", "sb_publishable_test", {
        global: { fetch: () => Promise.resolve(world.api ?? Response.json([])) },
        auth: { persistSession: false, autoRefreshToken: false },
      }),
    rpc: (name, args) => {
      called.push({ name, args });
      return Promise.resolve(world.rpc?.[name] ?? { ok: true, data: answers[name] });
    },
    masterKeys: () => masterKeys,
    readAccount: (_platform, url, key) => {
      asked.push(`${url} ${key}`);
      return Promise.resolve(world.account ?? { outcome: "known", account: { id: "7", name: "maya" } });
    },
    apiUrl: "https://dev.to/api",
    log: (entry) => logged.push(entry),
    now: () => 0,
    newId: () => SECRET_ID,
    ...deps,
  });
  return { handler, called, asked, logged };
}

const post = (
  body: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
): Request =>
  new Request("http://localhost/connect-devto", { method: "POST", headers, body: JSON.stringify(body) });

async function refusal(response: Response): Promise<string> {
  const text = await response.text();
  expect(text).not.toContain("canary");
  return `${response.status} ${(JSON.parse(text) as { code: string }).code}`;
}

describe("a key", () => {
  test("is stored sealed once Dev.to has named its owner", async () => {
    const { handler, called, asked, logged } = setUp();
    expect(await (await handler(post({ api_key: ` ${API_KEY} ` }))).json()).toEqual({
      connection: CONNECTION,
    });
    expect(asked).toEqual([`https://dev.to/api ${API_KEY}`]);
    expect(called.map(({ name }) => name)).toEqual(["count_token_check", "connect_by_key"]);
    const { sealed, ...args } = called[1]?.args as { sealed: string };
    expect(args).toMatchObject({ user_id: USER_ID, platform: "devto", secret_id: SECRET_ID, replace: false });
    expect(await openTokens(masterKeys, { secretId: SECRET_ID, platform: "devto", userId: USER_ID }, sealed))
      .toEqual({ access_token: API_KEY });
    expect(JSON.stringify([called, logged])).not.toContain("canary");
  });

  test.each<[string, World]>([
    ["422 devpulse_api_key_invalid", { account: { outcome: "rejected", cause: "status_401" } }],
    ["503 devpulse_devto_unavailable", { account: { outcome: "unavailable", cause: "x", retryAfter: 7 } }],
    ["429 devpulse_api_key_rate_limited", { rpc: { count_token_check: { ok: true, data: 30 } } }],
    [
      "404 devpulse_user_unknown",
      { rpc: { count_token_check: { ok: false, code: "PT404", message: "agents_user_unknown" } } },
    ],
    [
      "422 devpulse_connection_account_conflict",
      {
        rpc: {
          connect_by_key: { ok: false, code: "PT422", message: "devpulse_connection_account_conflict" },
        },
      },
    ],
    ["503 database_unavailable", { rpc: { connect_by_key: { ok: false, code: "08006", message: API_KEY } } }],
    ["401 token_invalid", { api: Response.json({ message: "JWT expired" }, { status: 401 }) }],
    ["503 api_unavailable", { api: Response.json({ message: "x" }, { status: 500 }) }],
  ])("is refused: %s", async (expected, world) => {
    const { handler, called } = setUp(world);
    expect(await refusal(await handler(post({ api_key: API_KEY })))).toBe(expected);
    if (!world.rpc?.connect_by_key) expect(called.map(({ name }) => name)).not.toContain("connect_by_key");
  });

  test.each([[{}], [{ api_key: "short" }], [{ api_key: `${API_KEY} ${API_KEY}` }], [{ api_key: [API_KEY] }]])(
    "has to be one: %j",
    async (body) => {
      const { handler, asked } = setUp();
      expect(await refusal(await handler(post(body)))).toBe("422 devpulse_connection_body_invalid");
      expect(asked).toEqual([]);
    },
  );

  test("needs a person, and master keys before anybody is asked", async () => {
    expect(await refusal(await setUp().handler(post({ api_key: API_KEY }, {})))).toBe("401 sign_in_required");
    const { handler, asked } = setUp({}, {
      masterKeys: () => {
        throw new Error("unset");
      },
    });
    expect(await refusal(await handler(post({ api_key: API_KEY })))).toBe("503 agents_secrets_unavailable");
    expect(asked).toEqual([]);
  });
});
