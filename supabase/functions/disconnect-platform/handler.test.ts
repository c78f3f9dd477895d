import { createClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import { sealTokens } from "../_shared/connection-secret.ts";
import type { RpcResult } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import type { LogEntry } from "../_shared/log.ts";
import type { GrantResult } from "../_shared/oauth-client.ts";
import { createProviders } from "../_shared/oauth-providers.ts";
import { createHandler, type Dependencies } from "./handler.ts";

// The handler with a fake database and fake providers; over HTTP: supabase/tests/api/devpulse-connections.test.ts.

const USER_ID = "0b4c7d6e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const [FIRST, SECOND] = [
  "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e11",
  "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e12",
] as const;
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = `${part({ alg: "HS256" })}.${part({ sub: USER_ID, role: "authenticated" })}.c2lnbmVk`;
const masterKeys = parseMasterKeys("X", `k1:${Buffer.alloc(32, 1).toString("base64")}`);
const CONNECTION = {
  id: FIRST,
  platform: "github",
  platform_user_id: "1",
  platform_username: "octocat",
  status: "disconnected",
  status_reason: "disconnected_by_user",
  is_active: true,
  token_expires_at: null,
  scopes: null,
  last_synced_at: null,
};

async function secret(id: string, platform = "github", tokens = { access_token: `gho_${id}` }) {
  const sealed = await sealTokens(masterKeys, { secretId: id, platform, userId: USER_ID }, tokens);
  return { id, user_id: USER_ID, kind: `${platform}_connection`, sealed };
}

interface World {
  stored?: unknown;
  erased?: unknown;
  /** GitHub's answers to the deletion of a token. */
  github?: (token: string) => number | Error;
  refreshed?: GrantResult;
  google?: boolean;
  rpc?: Record<string, RpcResult>;
}

function setUp(world: World = {}, deps: Partial<Dependencies> = {}) {
  const order: string[] = [];
  const logged: LogEntry[] = [];
  const handler = createHandler({
    connect: () =>
      createClient("http://api.test", "sb_publishable_test", {
        global: { fetch: () => Promise.resolve(Response.json([])) },
        auth: { persistSession: false, autoRefreshToken: false },
      }),
    rpc: (name) => {
      order.push(name);
      return Promise.resolve(
        world.rpc?.[name] ?? {
          ok: true,
          data: name === "read_secret"
            ? world.stored ? [world.stored] : []
            : { connection: CONNECTION, erased: world.erased ?? world.stored ?? null },
        },
      );
    },
    masterKeys: () => masterKeys,
    provider: createProviders((name) => name.includes("_CLIENT_") ? "set" : undefined),
    oauth: {
      exchangeCode: () => Promise.reject(new Error("not here")),
      refreshTokens: () => Promise.resolve(world.refreshed ?? { outcome: "rejected", cause: "x" }),
      revokeToken: (_, token) => {
        order.push(`revoke ${token}`);
        return Promise.resolve(world.google ?? true);
      },
    },
    fetch: async (input, init) => {
      const { access_token } = await new Request(input, init).json() as { access_token: string };
      order.push(`delete ${access_token}`);
      const status = world.github?.(access_token) ?? 204;
      if (status instanceof Error) throw status;
      return new Response(null, { status });
    },
    log: (entry) => logged.push(entry),
    now: () => 0,
    newId: () => FIRST,
    ...deps,
  });
  return { handler, order, logged };
}

const post = (body: unknown): Request =>
  new Request("http://localhost/disconnect-platform", {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
  });

const revokedBy = async (world: World, platform = "github", deps: Partial<Dependencies> = {}) => {
  const { handler, order } = setUp(world, deps);
  const response = await handler(post({ platform }));
  expect(response.status).toBe(200);
  const { revoked } = await response.json() as { revoked: unknown };
  expect(order).toContain("disconnect_platform");
  return revoked;
};

describe("disconnecting", () => {
  test("revokes at the provider first, then erases", async () => {
    const { handler, order, logged } = setUp({ stored: await secret(FIRST) });
    expect(await (await handler(post({ platform: "github" }))).json())
      .toEqual({ connection: CONNECTION, revoked: true });
    expect(order).toEqual(["read_secret", `delete gho_${FIRST}`, "disconnect_platform"]);
    expect(JSON.stringify(logged)).not.toContain("gho_");
    expect(logged).toMatchObject([{ platform: "github", revoked: true }]);
  });

  test("erases also what could not be revoked, and answers that", async () => {
    const stored = await secret(FIRST);
    expect(await revokedBy({ stored, github: () => 500 })).toBe(false);
    expect(await revokedBy({ stored, github: () => new TypeError("away") })).toBe(false);
    expect(await revokedBy({ stored: { ...stored, sealed: stored.sealed.slice(0, -2) } })).toBe(false);
    expect(await revokedBy({ stored }, "github", { provider: createProviders(() => undefined) })).toBe(false);
    const masterKeys = () => {
      throw new Error("unset");
    };
    expect(await revokedBy({ stored }, "github", { masterKeys })).toBe(false);
    expect(await revokedBy({ stored: await secret(FIRST, "youtube"), google: false }, "youtube")).toBe(false);
  });

  test("a token that GitHub does not find is not valid; its refresh token is exchanged to be revoked", async () => {
    expect(await revokedBy({ stored: await secret(FIRST), github: () => 404 })).toBe(true);
    const tokens = { access_token: "ghu_expired", refresh_token: "ghr_valid" };
    const stored = await secret(FIRST, "github", tokens);
    const github = (token: string) => token === "ghu_fresh" ? 204 : 404;
    const grant = { accessToken: "ghu_fresh", refreshToken: "ghr_next", expiresIn: 28800, scopes: [] };
    const { handler, order } = setUp({ stored, github, refreshed: { outcome: "granted", grant } });
    expect(await (await handler(post({ platform: "github" }))).json()).toMatchObject({ revoked: true });
    expect(order).toContain("delete ghu_fresh");
    const refreshed = { outcome: "unavailable", cause: "x", isUncertain: true, retryAfter: 0 } as const;
    expect(await revokedBy({ stored, github, refreshed })).toBe(false);
  });

  test("at Google, the refresh token's end is the grant's", async () => {
    const stored = await secret(FIRST, "youtube", { access_token: "ya29", refresh_token: "1//0" } as never);
    const { handler, order } = setUp({ stored });
    await handler(post({ platform: "youtube" }));
    expect(order).toContain("revoke 1//0");
  });

  test("revokes also what came between the two calls", async () => {
    const { handler, order } = setUp({ stored: await secret(FIRST), erased: await secret(SECOND) });
    expect(await (await handler(post({ platform: "github" }))).json()).toMatchObject({ revoked: true });
    expect(order).toEqual([
      "read_secret",
      `delete gho_${FIRST}`,
      "disconnect_platform",
      `delete gho_${SECOND}`,
    ]);
  });

  test("where there is nothing to revoke, revoked is null", async () => {
    expect(await revokedBy({})).toBeNull();
    expect(await revokedBy({ stored: await secret(FIRST, "devto") }, "devto")).toBeNull();
  });

  test.each([[{}], [{ platform: "gitlab" }], [[]]])("refuses the body %j", async (body) => {
    const response = await setUp().handler(post(body));
    expect([response.status, await response.json()]).toMatchObject([422, {
      code: "devpulse_connection_body_invalid",
    }]);
  });

  test("passes the database's refusal through", async () => {
    const { handler } = setUp({
      rpc: { disconnect_platform: { ok: false, code: "PT404", message: "devpulse_user_unknown" } },
    });
    const response = await handler(post({ platform: "github" }));
    expect([response.status, await response.json()]).toMatchObject([404, { code: "devpulse_user_unknown" }]);
  });
});
