import type { CircleApi } from "../_shared/circle-api.ts";
import type { Read, ReadSettings } from "./claim.ts";
import { type ContextTools, type Counts, RunContext } from "./context.ts";
import { syncPosts } from "./posts.ts";
import { syncRoom } from "./room.ts";
import { type ErrorCode, LeaseLost, ReadStop } from "./stop.ts";
import { syncThreads } from "./threads.ts";

export interface RunTools extends ContextTools {
  /** Circle's APIs, for one run. */
  open: () => CircleApi;
}

/** How a run ended; `lost` where another one has its lease, or nobody. */
export interface RunResult {
  state: "done" | "more" | "deferred" | "failed" | "lost";
  code: ErrorCode | null;
  /** The name of an exception that nobody expected. */
  cause: string | null;
  counts: Counts;
  requests: number;
}

const SYNCS: Record<Read["kind"], (context: RunContext) => Promise<void>> = {
  room: syncRoom,
  posts: syncPosts,
  threads: syncThreads,
};

/** Reads one room, one space, or the threads, and ends its run, whatever happens. */
export async function runRead(read: Read, settings: ReadSettings, tools: RunTools): Promise<RunResult> {
  const api = tools.open();
  const context = new RunContext(read, settings, api, tools);
  let stop: ReadStop | null = null;
  let cause: string | null = null;
  let isLost = false;
  try {
    await SYNCS[read.kind](context);
  } catch (error) {
    // what nobody expected ends this run, and no other
    if (error instanceof LeaseLost) isLost = true;
    else if (error instanceof ReadStop) stop = error;
    else {
      stop = new ReadStop({ state: "failed", code: "loop_circle_run_unavailable", isCounted: true });
      cause = error instanceof Error ? error.name : typeof error;
    }
  }
  await api.settle();
  const result = { code: stop?.code ?? null, cause, counts: context.counts, requests: api.requests };
  if (isLost) return { ...result, state: "lost" };
  const state = stop?.state ?? "done";
  const finished = await tools.rpc("finish_circle_read", {
    read_id: read.id,
    fencing_token: read.fencing_token,
    result: {
      state,
      error_code: stop?.code ?? null,
      is_counted: stop?.isCounted ?? false,
      retry_at: stop?.retryAt?.toISOString() ?? null,
    },
  });
  return { ...result, state: finished.ok && finished.data === false ? "lost" : state };
}
