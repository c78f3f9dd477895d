import type { Again, TaskFailure } from "./failure.ts";
import type { Log } from "./log.ts";
import type { Claim } from "./queue.ts";

export interface HealthOptions {
  agents: readonly string[];
  log: Log;
  /** The first pause, and the longest, in milliseconds. */
  pauseMs?: { min: number; max: number };
}

/** Notices that this worker, and not the tasks, is what fails, and lets it pause. */
export interface Health {
  /** The agents whose tasks may be claimed now. */
  ready(): string[];
  /** The milliseconds until an agent that pauses may be used again. */
  waitMs(): number;
  succeeded(claim: Claim): void;
  /** Notes a failure, and decides whether it counts against its task. */
  judge(claim: Claim, failure: TaskFailure): Again;
}

/** So many tasks in a row that fail for the same cause are not the cause. */
const LIMIT = 3;

/** Failures for which the worker, its token or its agent may be the cause, though they count as the task's. */
const SUSPECT = ["agent_failed", "clone_denied", "push_forbidden", "pr_denied"];

interface Streak {
  cause: string;
  tasks: Set<number>;
  pauses: number;
}

/**
 * Of tasks that fail in a row for the same cause, the first two count. The third and each further one is given
 * back uncounted, the first time that it fails so, and the worker pauses, each time for twice as long, until a
 * task succeeds. A failure of an agent pauses that agent, any other one all of them.
 */
export function createHealth(options: HealthOptions): Health {
  const { agents, log, pauseMs = { min: 60_000, max: 900_000 } } = options;
  const pausedUntil = new Map<string, number>();
  const streaks = new Map<string, Streak>();
  const left = (agent: string): number => Math.max(0, (pausedUntil.get(agent) ?? 0) - performance.now());
  const isAgents = ({ kind }: TaskFailure): boolean => kind.startsWith("agent_");
  const pause = (claim: Claim, failure: TaskFailure, ms: number): void => {
    const paused = isAgents(failure) ? [claim.agent] : agents;
    if (paused.every((agent) => left(agent) >= ms)) return;
    for (const agent of paused) pausedUntil.set(agent, performance.now() + Math.max(ms, left(agent)));
    log("pausing", {
      agents: paused.join(","),
      seconds: Math.round(ms / 1000),
      kind: failure.kind,
      error: failure.message,
    });
  };
  return {
    ready: () => agents.filter((agent) => left(agent) === 0),
    waitMs: () => Math.min(...agents.map(left)),
    succeeded(claim) {
      streaks.delete(claim.agent);
      streaks.delete("");
    },
    judge(claim, failure) {
      if (failure.kind === "agent_limited") {
        pause(claim, failure, failure.waitMs ?? pauseMs.min);
        return "later";
      }
      if (failure.again === "no") return "no";
      const scope = isAgents(failure) ? claim.agent : "";
      if (failure.again !== "later" && !SUSPECT.includes(failure.kind)) {
        streaks.delete(scope);
        return failure.again;
      }
      const cause = failure.kind === "agent_failed" ? failure.message : failure.kind;
      const known = streaks.get(scope);
      const streak = known?.cause === cause ? known : { cause, tasks: new Set<number>(), pauses: 0 };
      streaks.set(scope, streak);
      const isFirst = !streak.tasks.has(claim.task_id);
      streak.tasks.add(claim.task_id);
      if (streak.tasks.size < LIMIT) return failure.again;
      if (agents.some((agent) => left(agent) === 0)) {
        pause(claim, failure, Math.min(pauseMs.min * 2 ** streak.pauses++, pauseMs.max));
      }
      return isFirst ? "later" : failure.again;
    },
  };
}
