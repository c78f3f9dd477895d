import type { Rpc } from "../_shared/database.ts";
import type { Budgets } from "../_shared/provider-budget.ts";
import type { Claim } from "./claim.ts";
import { RunContext } from "./context.ts";
import { type ErrorCode, LeaseLost, SyncStop } from "./stop.ts";

/** What can be done with a connection's token, as `_shared/connection-token.ts` answers. */
export type TokenResult =
  | { kind: "token"; token: string; secretId: string }
  /** Somebody else refreshes it, or the provider can't be asked. */
  | { kind: "wait"; until: Date }
  /** Its user has to connect again, which is stored already. */
  | { kind: "reauth_required"; reason: string };

export type TokenOf = (claim: Claim) => Promise<TokenResult>;

/** Reads what a connection's monitors cover, and stores it. */
export type SyncPlatform = (context: RunContext) => Promise<void>;

export interface RunTools {
  rpc: Rpc;
  budgets: Budgets;
  tokenOf: TokenOf;
  platforms: Record<Claim["platform"], SyncPlatform>;
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  /** When nothing more is asked, in milliseconds since 1970. */
  deadline: number;
}

/** How a run ended; `lost` where another one has its connection, or nobody. */
export type RunState = "succeeded" | "partial" | "failed" | "deferred" | "lost";

export interface RunResult {
  state: RunState;
  code: ErrorCode | null;
  /** The name of an exception that nobody expected. */
  cause: string | null;
  requests: number;
}

/** Syncs one connection, and ends its run, whatever happens. */
export async function syncConnection(claim: Claim, tools: RunTools): Promise<RunResult> {
  const token = await tools.tokenOf(claim);
  const context = new RunContext(
    // a refresh has replaced the secret
    token.kind === "token" ? { ...claim, secret_id: token.secretId } : claim,
    token.kind === "token" ? token.token : "",
    tools,
  );
  let stop: SyncStop | null = null;
  let cause: string | null = null;
  try {
    if (token.kind === "token") await tools.platforms[claim.platform](context);
    else stop = tokenStop(token);
  } catch (error) {
    if (error instanceof LeaseLost) {
      await context.settle();
      return { state: "lost", code: null, cause, requests: context.counts.requests ?? 0 };
    }
    // what nobody expected ends this run, and no other
    stop = error instanceof SyncStop
      ? error
      : new SyncStop({ code: "devpulse_run_unavailable", kind: "failed", isCounted: true });
    if (stop !== error) cause = error instanceof Error ? error.name : typeof error;
  }
  await context.settle();
  return { ...await finish(context, stop ?? context.problem, tools), cause };
}

/** Ends a run that is not begun. */
export async function postponeRun(claim: Claim, code: ErrorCode, tools: RunTools): Promise<RunResult> {
  const stop = new SyncStop({ code, kind: "deferred" });
  return { ...await finish(new RunContext(claim, "", tools), stop, tools), cause: null };
}

const tokenStop = (token: Exclude<TokenResult, { kind: "token" }>): SyncStop =>
  token.kind === "wait"
    ? new SyncStop({ code: "devpulse_token_unavailable", kind: "deferred", retryAt: token.until })
    : new SyncStop({ code: "devpulse_token_invalid", kind: "failed", isCounted: true });

async function finish(
  context: RunContext,
  stop: SyncStop | null,
  tools: RunTools,
): Promise<Omit<RunResult, "cause">> {
  const { claim } = context;
  const state = stateOf(context, stop);
  const { rpc } = tools;
  // soon, where there is more to read
  const retryAt = stop?.retryAt ?? (context.hasMore ? new Date(context.now().getTime() + 10_000) : null);
  const finished = await rpc("finish_sync_run", {
    run_id: claim.run_id,
    fencing_token: claim.fencing_token,
    result: {
      state,
      counts: context.counts,
      cost: context.cost,
      platform_username: context.accountName,
      error_code: stop?.code ?? null,
      is_counted: state === "failed" && (stop?.isCounted ?? false),
      retry_at: retryAt?.toISOString() ?? null,
    },
  });
  // after the end of the run, which would otherwise end as one whose connection was paused
  if (stop?.rejection) {
    await rpc("mark_connection_rejected", {
      connection_id: claim.id,
      secret_id: claim.secret_id,
      reason: stop.rejection,
    });
  }
  const isLost = finished.ok && finished.data === false;
  return { state: isLost ? "lost" : state, code: stop?.code ?? null, requests: context.counts.requests ?? 0 };
}

function stateOf(context: RunContext, stop: SyncStop | null): Exclude<RunState, "lost"> {
  if (stop === null) return "succeeded";
  if (stop.kind === "deferred") return "deferred";
  return context.hasStored ? "partial" : "failed";
}
