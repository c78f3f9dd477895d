import { setTimeout as sleep } from "node:timers/promises";
import { TaskFailure } from "./failure.ts";
import type { Log } from "./log.ts";

export interface RetryOptions {
  /** How long a step is repeated, in milliseconds. */
  patienceMs: number;
  /** The wait grows from `min` to `max` milliseconds, unless the server names one. */
  waitMs: { min: number; max: number };
  /** How long waits that a server names are kept to, if longer than the patience, in milliseconds. */
  namedMs?: number;
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
  const { patienceMs, waitMs, namedMs = 0, signal, log } = options;
  const began = performance.now();
  let wait = waitMs.min;
  for (let tries = 1;; tries++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof TaskFailure) || error.again !== "later") throw error;
      if (error.repeats !== undefined && tries > error.repeats) {
        throw new TaskFailure(error.kind, "yes", error.message, { cause: error });
      }
      const ms = error.waitMs ?? wait;
      wait = Math.min(wait * 2, waitMs.max);
      const patience = error.waitMs === undefined ? patienceMs : Math.max(patienceMs, namedMs);
      // a server that stalls may take all of the patience with the first try
      const spent = tries === 1 ? 0 : performance.now() - began;
      if (spent + ms > patience) throw error;
      log("trying again", { step, error: error.message, seconds: Math.round(ms / 1000) });
      await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }
}
