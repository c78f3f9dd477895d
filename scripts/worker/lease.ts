import { setTimeout as sleep } from "node:timers/promises";
import { Stopped } from "./failure.ts";
import type { Log } from "./log.ts";
import { type Claim, type Queue, QueueError } from "./queue.ts";

export interface LeaseOptions {
  leaseSeconds: number;
  /** `performance.now()` when the claim was sent: the lease began no earlier. */
  claimedAt: number;
  /** Aborted when the worker is to end. */
  shutdown: AbortSignal;
  log: Log;
}

export interface Lease {
  /** Aborted with a `Stopped` as soon as the task is no longer ours to work on. */
  readonly signal: AbortSignal;
  /** Beats now; resolves when the lease is surely ours. @throws Stopped */
  confirm(message?: string): Promise<void>;
  /** Makes a call until the queue answers, as long as the lease lasts. @throws Stopped, QueueError */
  insist<T>(call: () => Promise<T>): Promise<T>;
  /** No more heartbeats. */
  stop(): Promise<void>;
}

/** How soon a call that got no answer is made again. */
const RETRY_MS = 1_000;

/**
 * Keeps a lease by a heartbeat at a third of its length. A cancelled task, a lease that somebody else has, and one that no
 * heartbeat has reached the queue for until it ran out end in the same way: `signal` is aborted, and nothing may be written.
 */
export function holdLease(queue: Queue, claim: Claim, options: LeaseOptions): Lease {
  const { leaseSeconds, shutdown, log } = options;
  const leaseMs = leaseSeconds * 1000;
  const held = new AbortController();
  const stopped = new AbortController();
  let deadline = options.claimedAt + leaseMs;

  const lose = (reason: Stopped["reason"]): Stopped => {
    if (!held.signal.aborted) held.abort(new Stopped(reason));
    return held.signal.reason as Stopped;
  };
  const onShutdown = (): void => void lose("shutdown");
  shutdown.addEventListener("abort", onShutdown);
  if (shutdown.aborted) onShutdown();

  const insist = async <T>(call: () => Promise<T>, patienceMs = Infinity): Promise<T> => {
    for (;;) {
      const left = deadline - performance.now();
      if (left <= 0) throw lose("lease_lost");
      try {
        return await within(Math.min(left, patienceMs), call());
      } catch (error) {
        if (!(error instanceof QueueError)) throw error;
        if (error.isLost) throw lose("lease_lost");
        // an answer of the queue that will be the same the next time
        if (error.code !== null) throw error;
        log("queue does not answer", { task: claim.task_id, error: error.message });
        await sleep(Math.max(0, Math.min(RETRY_MS, deadline - performance.now())));
      }
    }
  };

  const beat = async (message?: string): Promise<void> => {
    await insist(async () => {
      const began = performance.now();
      const state = await queue.heartbeat(claim, message);
      if (state === "cancelled") throw lose("cancelled");
      deadline = began + leaseMs;
    }, leaseMs / 3);
  };

  const beating = (async () => {
    const end = AbortSignal.any([held.signal, stopped.signal]);
    while (!end.aborted) {
      await sleep(leaseMs / 3, undefined, { signal: end }).catch(() => {});
      if (end.aborted) return;
      await beat().catch((error: unknown) => {
        if (!(error instanceof Stopped)) throw error;
      });
    }
  })();
  // whatever breaks it, work must not go on without it
  beating.catch((error: unknown) => {
    log("heartbeat broke", { task: claim.task_id, error: String(error) });
    lose("lease_lost");
  });

  return {
    signal: held.signal,
    async confirm(message) {
      held.signal.throwIfAborted();
      await beat(message);
      held.signal.throwIfAborted();
    },
    insist: (call) => insist(call),
    async stop() {
      stopped.abort();
      shutdown.removeEventListener("abort", onShutdown);
      await beating.catch(() => {});
    },
  };
}

/** A call that hangs counts as one without an answer. */
async function within<T>(ms: number, call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new QueueError(null, "no answer in time")), ms);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
