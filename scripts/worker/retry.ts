import { setTimeout as sleep } from "node:timers/promises";
import { TaskFailure } from "./failure.ts";
import type { Log } from "./log.ts";

export interface RetryOptions {
  /** How long a step is repeated, in milliseconds. */
  patienceMs: number;
  /** The wait grows from `min` to `max` milliseconds, unless the server names one. */
  waitMs: { min: number; max: number };
}

/**
 * Repeats a step that failed by a fault of a server, where it failed: what was done before it is not done again.
 *
 * @throws TaskFailure of the last attempt, when it is not such a fault or the patience has ended
 * @throws the signal's reason when it is aborted
 */
export async function persist<T>(
  step: string,
  call: () => Promise<T>,
  options: RetryOptions & { signal: AbortSignal; log: Log },
): Promise<T> {
  const { patienceMs, waitMs, signal, log } = options;
  const began = performance.now();
  for (let wait = waitMs.min;; wait = Math.min(wait * 2, waitMs.max)) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof TaskFailure) || error.again !== "later") throw error;
      const ms = error.waitMs ?? wait;
      if (performance.now() - began + ms > patienceMs) throw error;
      log("trying again", { step, error: error.message, seconds: Math.round(ms / 1000) });
      await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
