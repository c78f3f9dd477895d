import { setTimeout as sleep } from "node:timers/promises";
import { Stopped } from "./failure.ts";
import type { Log } from "./log.ts";
import { type Claim, type Progress, type Queue, QueueError } from "./queue.ts";

export interface LeaseOptions {
  leaseSeconds: number;
  /** `performance.now()` when the claim was sent, so before the lease started. */
  claimedAt: number;
  /** Aborted when the worker has to stop. */
  shutdown: AbortSignal;
  log: Log;
}

export interface Lease {
  /** Aborted with a `Stopped` as soon as the lease has ended. */
  readonly signal: AbortSignal;
  /** Sends a heartbeat; resolves when the queue has confirmed the lease. @throws Stopped */
  confirm(progress?: Progress): Promise<void>;
  /** Repeats a call until the queue answers, as long as the lease lasts. @throws Stopped, QueueError */
  insist<T>(call: () => Promise<T>): Promise<T>;
  /** Stops the heartbeats. */
  stop(): Promise<void>;
}

/** The delay before a call without an answer is repeated. */
const RETRY_MS = 1_000;

/**
 * Renews a lease with a heartbeat at a third of its length. A cancelled task, a lease that another worker
 * has, and one that expired because no heartbeat reached the queue end in the same way: `signal` is aborted,
 * and nothing may be written.
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
        // the queue's answer to a retry would be the same
        if (error.code !== null) throw error;
        log("queue does not answer", { task: claim.task_id, error: error.message });
        await sleep(Math.max(0, Math.min(RETRY_MS, deadline - performance.now())));
      }
    }
  };

  const beat = async (progress?: Progress): Promise<void> => {
    await insist(async () => {
      const began = performance.now();
      const state = await queue.heartbeat(claim, progress);
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
  // without heartbeats the task must not continue
  beating.catch((error: unknown) => {
    log("heartbeat failed", { task: claim.task_id, error: String(error) });
    lose("lease_lost");
  });

  return {
    signal: held.signal,
    async confirm(progress) {
      held.signal.throwIfAborted();
      await beat(progress);
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

/** Limits the time of a call: one that hangs counts as one without an answer. */
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
