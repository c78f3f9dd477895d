import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { holdLease } from "./lease.ts";
import { type Claim, QueueError } from "./queue.ts";
import { type Outcome, runTask, type TaskDeps } from "./run-task.ts";

export interface WorkerOptions {
  leaseSeconds: number;
  concurrency: number;
  /** Whether it ends after one task, or when the queue is empty. */
  once: boolean;
  /** The wait between claims while the queue is empty grows from `min` to `max` milliseconds. */
  idleMs: { min: number; max: number };
  /** Aborted when the worker has to stop: running tasks are released. */
  shutdown: AbortSignal;
}

/**
 * Claims and runs tasks until `shutdown`.
 *
 * @returns the tasks' outcomes, in the order in which they ended
 * @throws QueueError when the queue rejects this worker
 */
export async function work(deps: TaskDeps, options: WorkerOptions): Promise<Outcome[]> {
  const { shutdown, concurrency, once, idleMs } = options;
  const outcomes: Outcome[] = [];
  const running = new Set<Promise<void>>();
  let wait = idleMs.min;
  let key = randomUUID();
  while (!shutdown.aborted) {
    const wishes = deps.health.ready();
    if (wishes.length === 0) {
      if (once) break;
      await pause(deps.health.waitMs(), shutdown);
      continue;
    }
    const claimedAt = performance.now();
    let claim: Claim | null = null;
    try {
      for (const wish of wishes) {
        claim = await deps.queue.claim(key, wish);
        // a claim without an answer is repeated with its key, so that it does not claim two tasks
        key = randomUUID();
        if (claim) break;
      }
    } catch (error) {
      if (!(error instanceof QueueError)) throw error;
      if (error.code !== null || error.isMisplaced) {
        await Promise.all(running);
        throw error;
      }
      deps.log("queue does not answer", { error: error.message });
    }
    if (claim) {
      wait = idleMs.min;
      const task = start(deps, options, claim, claimedAt).then((outcome) => {
        outcomes.push(outcome);
        running.delete(task);
      });
      running.add(task);
      if (once) break;
      if (running.size >= concurrency) await Promise.race(running);
      continue;
    }
    if (once) break;
    // jitter, so that workers that were started together don't claim at the same moment
    await pause(wait * (0.75 + Math.random() / 2), shutdown);
    wait = Math.min(wait * 2, idleMs.max);
  }
  await Promise.all(running);
  return outcomes;
}

async function start(
  deps: TaskDeps,
  { leaseSeconds, shutdown }: WorkerOptions,
  claim: Claim,
  claimedAt: number,
): Promise<Outcome> {
  const { task_id: task, attempt, agent, repo_url } = claim;
  // a URL with a password is rejected later; it must not be logged before
  deps.log("claimed", { task, attempt, agent, repository: repo_url?.replace(/\/\/[^/]*@/, "//") });
  const lease = holdLease(deps.queue, claim, { leaseSeconds, claimedAt, shutdown, log: deps.log });
  return await runTask(deps, claim, lease);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
