import type { Rpc, RpcResult } from "../_shared/database.ts";
import { type Budgets, UNLIMITED } from "../_shared/provider-budget.ts";
import type { Claim } from "./claim.ts";
import { RunContext } from "./context.ts";
import { SyncStop } from "./stop.ts";

// For tests: claims, and runs over a database that only remembers what it was called with.

export const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

export const claimOf = (n: number, more: Partial<Claim> = {}): Claim => ({
  run_id: n,
  fencing_token: 1,
  id: guid(n),
  user_id: guid(1000 + n),
  platform: "github",
  platform_user_id: "4711",
  platform_username: "maya",
  secret_id: guid(2000 + n),
  sealed: "v1",
  token_expires_at: null,
  cursor: {},
  resources_limit: 1000,
  monitors: [{ id: guid(3000 + n), monitor_type: "all", platform_resource_id: null }],
  etags: {},
  video_ids: null,
  ...more,
});

export interface DatabaseCall {
  name: string;
  args: Record<string, unknown>;
}

/** A database whose functions answer `results`, by their names; else as if everything were well. */
export function fakeDatabase(results: Record<string, (args: Record<string, unknown>) => RpcResult> = {}) {
  const calls: DatabaseCall[] = [];
  const rpc: Rpc = (name, args) => {
    calls.push({ name, args });
    const data = name.startsWith("record_") ? { removed: 0, is_suspect: false, left_out: 0 } : [];
    return Promise.resolve(
      results[name]?.(args) ?? { ok: true, data: name === "finish_sync_run" ? true : data },
    );
  };
  const payloads = (name: string): Record<string, unknown>[] =>
    calls.filter((call) => call.name === name).map(({ args }) => args.payload as Record<string, unknown>);
  return { rpc, calls, payloads };
}

/** Runs that are far from their deadline. */
export function contextOf(
  claim: Claim,
  rpc: Rpc,
  { token = "token", clock = Date.now, budgets = UNLIMITED, deadline = Infinity }: {
    token?: string;
    clock?: () => number;
    budgets?: Budgets;
    deadline?: number;
  } = {},
): RunContext {
  return new RunContext(claim, token, { rpc, budgets, clock, sleep: () => Promise.resolve(), deadline });
}

/** Runs a sync. Returns why it stopped; null where it came to its end. */
export async function stopOf(run: Promise<void>): Promise<SyncStop | null> {
  try {
    await run;
    return null;
  } catch (error) {
    if (!(error instanceof SyncStop)) throw error;
    return error;
  }
}
