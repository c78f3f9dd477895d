import { startFakeGithub } from "../../../scripts/fakes/github.ts";
import type { Rpc, RpcResult } from "../_shared/database.ts";
import { createGithub } from "../_shared/github.ts";
import { type Budgets, UNLIMITED } from "../_shared/provider-budget.ts";
import type { Claim } from "./claim.ts";
import { RunContext } from "./context.ts";
import { syncGithub } from "./github.ts";
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

export const TOKEN = "gho_0123456789";
export const NOW = Date.parse("2026-11-30T12:00:00Z");

export const monitor = (id: number, resource: string) =>
  ({ id: guid(id), monitor_type: "repository", platform_resource_id: resource }) as const;

/** A day to read contributions of. */
export const day = (of: string, is_recent = false) => ({
  day: of,
  is_recent,
  from: `${of}T00:00:00Z`,
  to: `${of}T23:59:59Z`,
});

/** A fake GitHub with the user maya, and claims and syncs of her connection. A test file starts it, and resets it before each test. */
export async function startGithub() {
  const fake = await startFakeGithub({ now: () => new Date(NOW) });
  let userId = 0;
  const ask = (timeoutMs = 20_000) => createGithub({ apiUrl: fake.url, fetch, clock: () => NOW, timeoutMs });
  const repositories = (more: Partial<Claim> = {}): Claim =>
    claimOf(1, { platform_user_id: String(userId), ...more });
  return {
    state: fake.state,
    stop: fake.stop,
    ask,
    reset(): void {
      const { users, repos, faults, requests } = fake.state;
      for (const list of [users, repos, faults, requests]) list.length = 0;
      userId = fake.state.addUser({ login: "maya", token: TOKEN }).id;
    },
    repo: (name: string, more = {}) =>
      fake.state.addRepo({ owner: "maya", name, createdAt: new Date("2026-01-01T00:00:00Z"), ...more }),
    repositories,
    contributions: (more: Partial<Claim> = {}): Claim =>
      repositories({
        monitors: [{ id: guid(1), monitor_type: "user", platform_resource_id: null }],
        ...more,
      }),
    paths: () => fake.state.requests.map(({ path }) => path.split("?")[0]),
    /** Syncs, and returns what was stored, what could not be read, and how the run stopped. */
    async sync(claim: Claim, days: ReturnType<typeof day>[] = [], timeoutMs?: number) {
      const database = fakeDatabase({ plan_github_contributions: () => ({ ok: true, data: days }) });
      const context: RunContext = contextOf(claim, database.rpc, { token: TOKEN, clock: () => NOW });
      const stop = await stopOf(syncGithub(context, ask(timeoutMs)));
      return {
        context,
        stop,
        problem: context.problem?.code ?? null,
        stored: database.payloads("record_github_repositories")[0],
        days: database.payloads("record_github_contributions"),
        calls: database.calls,
      };
    },
  };
}
