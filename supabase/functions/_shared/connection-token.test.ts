import { describe, expect, test } from "vitest";
import { openTokens, sealTokens } from "./connection-secret.ts";
import { createConnectionTokens, type StoredConnection } from "./connection-token.ts";
import type { RpcResult } from "./database.ts";
import { parseMasterKeys } from "./encryption.ts";
import type { GrantResult } from "./oauth-client.ts";
import { createProviders } from "./oauth-providers.ts";

// With fakes of the database and the provider; over the real database, with a hundred callers and with one that is killed:
// supabase/tests/concurrency/devpulse-refresh.test.ts.

const NOW = Date.parse("2026-11-30T12:00:00Z");
const [USER, ID, OLD, NEW] = ["u", "c", "old", "new"] as const;
const masterKeys = parseMasterKeys("X", `k1:${Buffer.alloc(32, 1).toString("base64")}`);
const others = parseMasterKeys("X", `k2:${Buffer.alloc(32, 2).toString("base64")}`);
const inMinutes = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();

async function connectionOf(expiresAt: string | null, keys = masterKeys, secretId: string = OLD) {
  const sealed = await sealTokens(keys, { secretId, platform: "github", userId: USER }, {
    access_token: `ghu_${secretId}`,
    refresh_token: `ghr_${secretId}`,
  });
  const connection: StoredConnection = {
    id: ID,
    user_id: USER,
    platform: "github",
    secret_id: secretId,
    sealed,
    token_expires_at: expiresAt,
  };
  return connection;
}

type Reply = RpcResult | ((args: Record<string, unknown>) => RpcResult);
const ok = (data: unknown): RpcResult => ({ ok: true, data });
const away: RpcResult = { ok: false, code: "unreachable", message: "x" };
const begun = (outcome: string, connection: StoredConnection, more: Record<string, unknown> = {}) => {
  const { secret_id, sealed, token_expires_at } = connection;
  return ok({ outcome, secret_id, sealed, token_expires_at, until: inMinutes(1), fencing_token: 7, ...more });
};
const GRANTED: GrantResult = {
  outcome: "granted",
  grant: { accessToken: "ghu_next", refreshToken: "ghr_next", expiresIn: 28800, scopes: [] },
};

interface World {
  /** The replies of database functions, one after the other; the last one again. */
  rpc?: Record<string, Reply[]>;
  result?: GrantResult;
  keys?: () => typeof masterKeys;
}

function setUp(world: World = {}) {
  const called: string[] = [];
  const args: Record<string, Record<string, unknown>> = {};
  const refreshed: string[] = [];
  const revoked: string[] = [];
  let now = NOW;
  const tokenOf = createConnectionTokens({
    rpc: (name, given) => {
      called.push(name);
      args[name] = given;
      const replies = world.rpc?.[name] ?? [];
      const reply = (replies.length > 1 ? replies.shift() : replies[0]) ?? away;
      return Promise.resolve(typeof reply === "function" ? reply(given) : reply);
    },
    masterKeys: world.keys ?? (() => masterKeys),
    provider: createProviders((name) => name.includes("_CLIENT_") ? "set" : undefined),
    oauth: {
      exchangeCode: () => Promise.reject(new Error("not here")),
      refreshTokens: (_, token) => {
        refreshed.push(token);
        return Promise.resolve(world.result ?? GRANTED);
      },
      revokeToken: () => Promise.reject(new Error("not here")),
    },
    fetch: async (input, init) => {
      revoked.push((await new Request(input, init).json() as { access_token: string }).access_token);
      return new Response(null, { status: 204 });
    },
    clock: () => now,
    sleep: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    newId: () => NEW,
  });
  return { tokenOf, called, args, refreshed, revoked };
}

describe("a token that is not due", () => {
  test.each([null, inMinutes(6)])("is opened, and nobody is asked: %s", async (expiresAt) => {
    const { tokenOf, called } = setUp();
    expect(await tokenOf(await connectionOf(expiresAt)))
      .toEqual({ kind: "token", token: "ghu_old", secretId: OLD });
    expect(called).toEqual([]);
  });

  test("that no key opens waits for the key; one that was changed is over", async () => {
    expect(await setUp().tokenOf(await connectionOf(null, others))).toMatchObject({ kind: "wait" });
    const moved = { ...await connectionOf(null), secret_id: "another" };
    const { tokenOf, args } = setUp({ rpc: { mark_connection_rejected: [ok(true)] } });
    expect(await tokenOf(moved)).toEqual({ kind: "reauth_required", reason: "secret_unreadable" });
    expect(args.mark_connection_rejected)
      .toEqual({ connection_id: ID, secret_id: "another", reason: "secret_unreadable" });
  });
});

describe("a token that is due", () => {
  test("is refreshed, and both tokens are stored in one secret with an id of its own", async () => {
    const old = await connectionOf(inMinutes(4));
    const { tokenOf, args, refreshed } = setUp({
      rpc: { begin_token_refresh: [begun("refresh", old)], finish_token_refresh: [ok("stored")] },
    });
    expect(await tokenOf(old)).toEqual({ kind: "token", token: "ghu_next", secretId: NEW });
    expect(refreshed).toEqual(["ghr_old"]);
    const { sealed, ...stored } = args.finish_token_refresh as { sealed: string };
    expect(stored).toEqual({
      connection_id: ID,
      secret_id: OLD,
      fencing_token: 7,
      new_secret_id: NEW,
      token_expires_at: inMinutes(480),
    });
    expect(await openTokens(masterKeys, { secretId: NEW, platform: "github", userId: USER }, sealed))
      .toEqual({ access_token: "ghu_next", refresh_token: "ghr_next" });
  });

  test("keeps the refresh token where the provider sends no other", async () => {
    const old = await connectionOf(inMinutes(-1));
    const grant = { accessToken: "ya29", refreshToken: undefined, expiresIn: undefined, scopes: [] };
    const { tokenOf, args } = setUp({
      rpc: { begin_token_refresh: [begun("refresh", old)], finish_token_refresh: [ok("stored")] },
      result: { outcome: "granted", grant },
    });
    await tokenOf(old);
    const { sealed, token_expires_at } = args.finish_token_refresh as {
      sealed: string;
      token_expires_at: null;
    };
    expect(token_expires_at).toBeNull();
    expect(await openTokens(masterKeys, { secretId: NEW, platform: "github", userId: USER }, sealed))
      .toMatchObject({ refresh_token: "ghr_old" });
  });

  test("waits for whoever refreshes it, and reads what they stored", async () => {
    const old = await connectionOf(inMinutes(-1));
    const next = await connectionOf(inMinutes(480), masterKeys, NEW);
    const { tokenOf, called, refreshed } = setUp({
      rpc: { begin_token_refresh: [begun("wait", old), begun("wait", old), begun("current", next)] },
    });
    expect(await tokenOf(old)).toEqual({ kind: "token", token: "ghu_new", secretId: NEW });
    expect([called.length, refreshed]).toEqual([3, []]);
  });

  test("does not wait forever", async () => {
    const old = await connectionOf(inMinutes(-1));
    const { tokenOf } = setUp({ rpc: { begin_token_refresh: [begun("wait", old)] } });
    expect(await tokenOf(old)).toEqual({ kind: "wait", until: new Date(inMinutes(1)) });
  });

  test("callers of one process share one answer", async () => {
    const old = await connectionOf(inMinutes(-1));
    const { tokenOf, refreshed } = setUp({
      rpc: { begin_token_refresh: [begun("refresh", old)], finish_token_refresh: [ok("stored")] },
    });
    const answers = await Promise.all(Array.from({ length: 50 }, () => tokenOf(old)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(refreshed).toHaveLength(1);
  });

  test("when the provider rejects the refresh token, the connection is over, with the database's reason", async () => {
    const old = await connectionOf(inMinutes(4));
    const { tokenOf, args } = setUp({
      rpc: {
        begin_token_refresh: [begun("refresh", old)],
        fail_token_refresh: [ok({ outcome: "ended", reason: "refresh_interrupted" })],
      },
      result: { outcome: "rejected", cause: "bad_refresh_token" },
    });
    expect(await tokenOf(old)).toEqual({ kind: "reauth_required", reason: "refresh_interrupted" });
    expect(args.fail_token_refresh).toMatchObject({ rejection: "refresh_rejected", fencing_token: 7 });
  });

  test.each([[4, { kind: "token", token: "ghu_old", secretId: OLD }], [-1, {
    kind: "wait",
    until: new Date(inMinutes(1)),
  }]])(
    "while the provider is away, is used as long as it is valid: %s minutes",
    async (minutes, expected) => {
      const old = await connectionOf(inMinutes(minutes));
      const { tokenOf, args } = setUp({
        rpc: {
          begin_token_refresh: [begun("refresh", old), begun("later", old)],
          fail_token_refresh: [ok({ outcome: "later", until: inMinutes(1) })],
        },
        result: { outcome: "unavailable", cause: "status_502", isUncertain: true, retryAfter: 30 },
      });
      expect(await tokenOf(old)).toEqual(expected);
      expect(args.fail_token_refresh).toMatchObject({ is_uncertain: true, retry_after: 30 });
      expect(args.fail_token_refresh).not.toHaveProperty("rejection");
    },
  );

  test("the database's failure loses no tokens that a repeated call can store", async () => {
    const old = await connectionOf(inMinutes(-1));
    const begin_token_refresh = [begun("refresh", old)];
    const { tokenOf, called } = setUp({
      rpc: { begin_token_refresh, finish_token_refresh: [away, away, ok("stored")] },
    });
    expect(await tokenOf(old)).toMatchObject({ kind: "token", token: "ghu_next" });
    expect(called.filter((name) => name === "finish_token_refresh")).toHaveLength(3);
    const gone = setUp({ rpc: { begin_token_refresh, finish_token_refresh: [away] } });
    expect(await gone.tokenOf(old)).toMatchObject({ kind: "wait" });
    expect(await setUp().tokenOf(old)).toMatchObject({ kind: "wait" });
  });

  test("whose place was taken is read again", async () => {
    const old = await connectionOf(inMinutes(-1));
    const next = await connectionOf(inMinutes(480), masterKeys, NEW);
    for (const last of ["superseded", "ended"]) {
      const { tokenOf, revoked } = setUp({
        rpc: {
          begin_token_refresh: [
            begun("refresh", old),
            last === "ended"
              ? ok({ outcome: "ended", reason: "disconnected_by_user" })
              : begun("current", next),
          ],
          finish_token_refresh: [ok(last)],
        },
      });
      expect(await tokenOf(old)).toEqual(
        last === "ended"
          ? { kind: "reauth_required", reason: "disconnected_by_user" }
          : { kind: "token", token: "ghu_new", secretId: NEW },
      );
      // tokens of a connection that has ended are revoked
      expect(revoked).toEqual(last === "ended" ? ["ghu_next"] : []);
    }
  });

  test("whose secret does not open is over, and without its key waits", async () => {
    const moved = { ...await connectionOf(inMinutes(-1)), secret_id: "another" };
    const ended = setUp({
      rpc: {
        begin_token_refresh: [begun("refresh", moved)],
        fail_token_refresh: [ok({ outcome: "ended", reason: "secret_unreadable" })],
      },
    });
    expect(await ended.tokenOf(moved)).toMatchObject({ kind: "reauth_required" });
    expect(ended.args.fail_token_refresh).toMatchObject({ rejection: "secret_unreadable" });
    const old = await connectionOf(inMinutes(-1), others);
    const waits = setUp({
      rpc: {
        begin_token_refresh: [begun("refresh", old), begun("later", old)],
        fail_token_refresh: [ok({ outcome: "later", until: inMinutes(1) })],
      },
    });
    expect(await waits.tokenOf(old)).toMatchObject({ kind: "wait" });
    expect([...ended.refreshed, ...waits.refreshed]).toEqual([]);
  });
});
