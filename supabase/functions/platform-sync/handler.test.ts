import { describe, expect, test } from "vitest";
import type { RpcResult } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import type { LogEntry } from "../_shared/log.ts";
import { UNLIMITED } from "../_shared/provider-budget.ts";
import type { Claim } from "./claim.ts";
import { createHandler, type Dependencies } from "./handler.ts";
import type { SyncPlatform, TokenResult } from "./run.ts";
import { LeaseLost, SyncStop } from "./stop.ts";
import { claimOf, fakeDatabase } from "./testing.ts";

const KEYS = parseMasterKeys("KEYS", `k1:${Buffer.alloc(32, 7).toString("base64")}`);

interface World {
  /** What is due, in batches. */
  batches?: Claim[][];
  sync?: SyncPlatform;
  token?: (claim: Claim) => TokenResult;
  results?: Record<string, (args: Record<string, unknown>) => RpcResult>;
  deps?: Partial<Dependencies>;
}

function setUp({ batches = [], sync, token, results = {}, deps = {} }: World = {}) {
  const left = [...batches];
  const logged: LogEntry[] = [];
  const { rpc, calls } = fakeDatabase({
    claim_due_monitors: () => ({ ok: true, data: left.shift() ?? [] }),
    ...results,
  });
  const platform: SyncPlatform = sync ?? ((context) => {
    context.count("requests");
    return Promise.resolve();
  });
  const handler = createHandler({
    rpc,
    budgets: UNLIMITED,
    masterKeys: () => KEYS,
    tokenOf: (claim) =>
      Promise.resolve(token?.(claim) ?? { kind: "token", token: "t", secretId: claim.secret_id }),
    platforms: { github: platform, youtube: platform, devto: platform },
    isServer: (request) => Promise.resolve(request.headers.get("apikey") === "secret"),
    log: (entry) => logged.push(entry),
    clock: () => 0,
    sleep: () => Promise.resolve(),
    newId: () => "request-1",
    ...deps,
  });
  const call = async (
    headers: Record<string, string> = { "x-fixloop-ticket": "ticket" },
    method = "POST",
  ) => {
    const response = await handler(new Request("http://localhost/", { method, headers }));
    return { status: response.status, body: await response.json() as Record<string, unknown> };
  };
  const finished = () =>
    calls.filter(({ name }) => name === "finish_sync_run").map(({ args }) =>
      args.result as Record<string, unknown>
    );
  return { call, calls, finished, logged };
}

describe("the caller", () => {
  test("has a ticket, which the first claim uses", async () => {
    const { call, calls } = setUp({ batches: [[claimOf(1)]] });
    expect(await call()).toMatchObject({ status: 200, body: { claimed: 1, succeeded: 1, requests: 1 } });
    expect(calls.filter(({ name }) => name === "claim_due_monitors").map(({ args }) => args)).toEqual([
      { ticket: "ticket", batch_size: 8 },
      { ticket: null, batch_size: 8 },
    ]);
  });

  test("or is a server; never a page in a browser, nor anybody else", async () => {
    const { call, calls } = setUp();
    expect((await call({ apikey: "secret" })).status).toBe(200);
    expect(await call({ apikey: "secret", origin: "https://evil.example" })).toMatchObject({
      status: 403,
      body: { code: "origin_forbidden" },
    });
    expect(await call({})).toMatchObject({ status: 401, body: { code: "function_ticket_invalid" } });
    expect((await call({ apikey: "secret" }, "GET")).status).toBe(405);
    expect(calls).toHaveLength(1);
  });

  test("is told when the ticket is invalid, and when the database can't be asked", async () => {
    const invalid = setUp({
      results: {
        claim_due_monitors: () => ({ ok: false, code: "PT401", message: "function_ticket_invalid" }),
      },
    });
    expect(await invalid.call()).toMatchObject({ status: 401, body: { code: "function_ticket_invalid" } });
    for (
      const result of [{ ok: false, code: "unreachable", message: "" }, { ok: true, data: [{}] }] as const
    ) {
      const away = setUp({ results: { claim_due_monitors: () => result } });
      expect(await away.call()).toMatchObject({ status: 503, body: { code: "devpulse_sync_unavailable" } });
    }
  });

  test("without keys nothing is claimed", async () => {
    const { call, calls } = setUp({ deps: { masterKeys: () => parseMasterKeys("KEYS", "") } });
    expect(await call()).toMatchObject({ status: 503, body: { code: "agents_secrets_unavailable" } });
    expect(calls).toEqual([]);
  });
});

describe("what is due", () => {
  const eight = (from: number) => Array.from({ length: 8 }, (_, at) => claimOf(from + at));

  test("is claimed a few at a time until nothing is", async () => {
    const { call, finished } = setUp({ batches: [eight(1), eight(9), [claimOf(17)]] });
    expect((await call()).body).toMatchObject({ claimed: 17, succeeded: 17, stopped: null });
    expect(finished()).toHaveLength(17);
  });

  test("is left to others when the time, or the number of runs, is used up", async () => {
    let now = 0;
    const time = setUp({
      batches: [eight(1), eight(9), eight(17), eight(25), eight(33)],
      deps: { clock: () => now += 100, maxMs: 250 },
    });
    const { body } = await time.call();
    expect(body).toMatchObject({ stopped: "time" });
    expect(body.claimed).toBe(time.finished().length);
    expect(body.claimed).toBeLessThan(40);
    const runs = setUp({ batches: [eight(1), eight(9).slice(0, 2)], deps: { maxRuns: 10 } });
    expect((await runs.call()).body).toMatchObject({ claimed: 10, stopped: "runs" });
  });

  test("is done as far as it was claimed when the database is away later", async () => {
    let at = 0;
    const { call } = setUp({
      results: {
        claim_due_monitors: () =>
          at++ === 0 ? { ok: true, data: eight(1) } : { ok: false, code: "", message: "" },
      },
    });
    expect((await call()).body).toMatchObject({ claimed: 8, succeeded: 8, stopped: "database" });
  });
});

describe("a run", () => {
  const one = async (world: World) => {
    const it = setUp({ batches: [[claimOf(1)]], ...world });
    await it.call();
    return { ...it, result: it.finished()[0] };
  };
  const stop = (error: Error, hasStored = false): SyncPlatform => (context) => {
    context.hasStored = hasStored;
    throw error;
  };

  test("ends as its parts did", async () => {
    const { result } = await one({});
    expect(result).toEqual({
      state: "succeeded",
      counts: { requests: 1 },
      cost: 0,
      error_code: null,
      is_counted: false,
      platform_username: null,
      retry_at: null,
    });
    const outage = new SyncStop({ code: "devpulse_provider_unavailable", kind: "failed" });
    expect((await one({ sync: stop(outage) })).result).toMatchObject({ state: "failed", is_counted: false });
    expect((await one({ sync: stop(outage, true) })).result).toMatchObject({
      state: "partial",
      error_code: "devpulse_provider_unavailable",
    });
    const retryAt = new Date("2026-12-01T08:00:00Z");
    const limit = new SyncStop({ code: "devpulse_budget_limit_reached", kind: "deferred", retryAt });
    expect((await one({ sync: stop(limit, true) })).result).toMatchObject({
      state: "deferred",
      is_counted: false,
      retry_at: "2026-12-01T08:00:00.000Z",
    });
  });

  test("with a rejected token ends first, and then marks the connection", async () => {
    const rejected = new SyncStop({
      code: "devpulse_token_invalid",
      kind: "failed",
      isCounted: true,
      rejection: "token_rejected",
    });
    const token = (): TokenResult => ({ kind: "token", token: "t", secretId: "refreshed" });
    const { result, calls } = await one({ sync: stop(rejected), token });
    expect(result).toMatchObject({ state: "failed", is_counted: true });
    expect(calls.map(({ name }) => name)).toEqual([
      "claim_due_monitors",
      "claim_due_monitors",
      "finish_sync_run",
      "mark_connection_rejected",
    ]);
    expect(calls.at(-1)?.args).toEqual({
      connection_id: claimOf(1).id,
      secret_id: "refreshed",
      reason: "token_rejected",
    });
  });

  test("without a token waits, or needs its user", async () => {
    const until = new Date("2026-12-01T08:00:00Z");
    expect((await one({ token: () => ({ kind: "wait", until }) })).result).toMatchObject({
      state: "deferred",
      error_code: "devpulse_token_unavailable",
      retry_at: until.toISOString(),
    });
    expect((await one({ token: () => ({ kind: "reauth_required", reason: "x" }) })).result).toMatchObject({
      state: "failed",
      error_code: "devpulse_token_invalid",
    });
  });

  test("that has lost its lease writes nothing more", async () => {
    const { finished, call } = setUp({ batches: [[claimOf(1)]], sync: stop(new LeaseLost()) });
    expect((await call()).body).toMatchObject({ lost: 1 });
    expect(finished()).toEqual([]);
  });

  test("that fails unexpectedly ends alone, and its exception is logged by name", async () => {
    const { call, finished, logged } = setUp({
      batches: [[claimOf(1), claimOf(2)]],
      sync: (context) =>
        context.claim.run_id === 1 ? Promise.reject(new TypeError("secret")) : Promise.resolve(),
    });
    expect((await call()).body).toMatchObject({ succeeded: 1, failed: 1 });
    expect(finished()).toContainEqual(expect.objectContaining({
      error_code: "devpulse_run_unavailable",
      is_counted: true,
    }));
    expect(logged).toMatchObject([{ cause: "TypeError", devpulse_run_unavailable: 1 }]);
    expect(JSON.stringify(logged)).not.toContain("secret");
  });
});

test("a provider that is down is not asked for all that is due, and the others are", async () => {
  const asked: string[] = [];
  const { call, finished } = setUp({
    batches: Array.from(
      { length: 4 },
      (_, batch) =>
        Array.from(
          { length: 8 },
          (_, at) => claimOf(batch * 8 + at, { platform: at % 2 === 0 ? "github" : "devto" }),
        ),
    ),
    sync: (context) => {
      asked.push(context.claim.platform);
      return context.claim.platform === "devto"
        ? Promise.resolve()
        : Promise.reject(new SyncStop({ code: "devpulse_provider_unavailable", kind: "problem" }));
    },
  });
  expect((await call()).body).toMatchObject({ claimed: 32, succeeded: 16 });
  expect(asked.filter((platform) => platform === "github").length).toBeLessThan(10);
  expect(finished().filter(({ state }) => state === "deferred").length).toBeGreaterThan(6);
});
