import { describe, expect, test } from "vitest";
import type { RpcResult } from "./database.ts";
import { createBudgets } from "./provider-budget.ts";

const SECRET = "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const RESERVED_AT = "2026-11-30T10:00:00.000001+00:00";

function setUp(answer: (calls: number) => Partial<Record<string, unknown>> | null) {
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const waited: number[] = [];
  const budgets = createBudgets({
    rpc: (name, args) => {
      calls.push({ name, args });
      if (name === "settle_provider_calls") return Promise.resolve({ ok: true, data: null });
      const data = answer(Number(args.calls));
      const result: RpcResult = data === null ? { ok: false, code: "unreachable", message: "" } : {
        ok: true,
        data: { granted: true, retry_at: null, wait_ms: 0, reserved_at: RESERVED_AT, ...data },
      };
      return Promise.resolve(result);
    },
    sleep: (ms) => {
      waited.push(ms);
      return Promise.resolve();
    },
    clock: () => 0,
  });
  return { budgets, calls, waited };
}

describe("an allowance", () => {
  test("reserves several calls at a time, and gives back at the end what was not used or free", async () => {
    const { budgets, calls } = setUp(() => ({}));
    const allowance = budgets.open("github", SECRET, 5);
    for (let count = 0; count < 6; count++) expect(await allowance.take()).toEqual({ kind: "granted" });
    allowance.giveBack();
    allowance.report({ remaining: 4000, resetsAt: new Date(1000) });
    await allowance.settle();
    await allowance.settle();
    expect(calls).toEqual([
      { name: "reserve_provider_calls", args: { provider: "github", secret_id: SECRET, calls: 5 } },
      { name: "reserve_provider_calls", args: { provider: "github", secret_id: SECRET, calls: 5 } },
      {
        name: "settle_provider_calls",
        args: {
          provider: "github",
          secret_id: SECRET,
          unused: 5,
          reserved_at: RESERVED_AT,
          remaining: 4000,
          resets_at: "1970-01-01T00:00:01.000Z",
        },
      },
    ]);
  });

  test("takes what is left where a whole chunk is not", async () => {
    const { budgets } = setUp((calls) =>
      calls > 1 ? { granted: false, retry_at: "2026-12-01T08:00:00Z" } : {}
    );
    expect(await budgets.open("youtube", SECRET, 3).take()).toEqual({ kind: "granted" });
    expect(await budgets.open("youtube", SECRET, 3).take(2)).toEqual({
      kind: "refused",
      retryAt: new Date("2026-12-01T08:00:00Z"),
    });
  });

  test("waits for its slot", async () => {
    const { budgets, waited } = setUp(() => ({ wait_ms: 800 }));
    await budgets.open("devto", null).take();
    expect(waited).toEqual([800]);
  });

  test("spends nothing while the ledger can't be asked, or its answer not be read", async () => {
    for (const answer of [null, { granted: "yes" }]) {
      const { budgets, calls } = setUp(() => answer);
      const allowance = budgets.open("github", null);
      expect(await allowance.take()).toEqual({ kind: "unavailable" });
      await allowance.settle();
      expect(calls).toHaveLength(1);
    }
  });
});
