import { expect, test } from "vitest";
import type { RpcResult } from "./database.ts";
import { retryTransient, withRetry } from "./transient.ts";

test.each([
  ["a success", [undefined], 1],
  ["a deadlock, then a success", ["40P01", undefined], 2],
  ["a lock timeout, a deadlock, then a success", ["55P03", "40P01", undefined], 3],
  ["deadlocks without end", ["40P01", "40P01", "40P01", "40P01"], 3],
  ["a statement timeout", ["57014", undefined], 1],
  ["a deadlock, then another error", ["40P01", "23505", undefined], 2],
])("%s", async (_what, codes, tries) => {
  let calls = 0;
  const code = await retryTransient(() => Promise.resolve(codes[calls++]), (result) => result);
  expect(calls).toBe(tries);
  expect(code).toBe(codes[tries - 1]);
});

test("withRetry makes the same call again, and returns the last result", async () => {
  const results: RpcResult[] = [{ ok: false, code: "40P01", message: "deadlock" }, { ok: true, data: 1 }];
  const calls: unknown[] = [];
  const rpc = withRetry((...call) => {
    calls.push(call);
    return Promise.resolve(results[calls.length - 1] ?? { ok: false, code: "", message: "" });
  });
  expect(await rpc("example", { p: 1 })).toEqual({ ok: true, data: 1 });
  expect(calls).toEqual([["example", { p: 1 }], ["example", { p: 1 }]]);
});
