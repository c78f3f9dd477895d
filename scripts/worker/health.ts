import type { Again, TaskFailure } from "./failure.ts";
import type { Log } from "./log.ts";
import type { Claim, Wish } from "./queue.ts";

export interface HealthOptions {
  agents: readonly string[];
  log: Log;
  /** The first pause, and the longest, in milliseconds. */
  pauseMs?: { min: number; max: number };
  /** The first pause after a limit that an agent's text reports. */
  limitWaitMs?: number;
}

/** Notices that this worker, or a user or project at this worker, is what fails, and lets it pause. */
export interface Health {
  /** What may be claimed now, the agents with the same exceptions together; nothing while all of them pause. */
  ready(): Wish[];
  /** The milliseconds until an agent that pauses may be used again. */
  waitMs(): number;
  succeeded(claim: Claim): void;
  /** Notes a failure, and decides whether it counts against its task. */
  judge(claim: Claim, failure: TaskFailure): Again;
  /** Whether a limit that this task's agent reports in a text is taken for one. */
  believesLimits(claim: Claim): boolean;
}

/** So many tasks in a row that fail for the same cause are not the cause, nor is a task's limit so many times one. */
const LIMIT = 3;

/** Failures for which the worker, its token or its agent may be the cause, though they count as the task's. */
const SUSPECT = [
  ...["agent_failed", "agent_timeout", "clone_denied", "push_forbidden", "pr_denied", "commit_failed"],
  "worker_failed",
];

/** Faults of the machine itself, whoever's task noticed it. */
const OWN = ["machine_full", "work_dir_unavailable"];

/** The `except_users` and `except_projects` of a claim. */
const MOST_EXCEPTIONS = 100;

/** How many tasks' repetitions are remembered. */
const MOST_TASKS = 1_000;

/** Whose tasks pause: a project's, a user's or, as null, everybody's. */
type Whose = { user?: string; project?: number } | null;

interface Streak {
  cause: string;
  tasks: Map<number, Pick<Claim, "user_id" | "project_id">>;
  pauses: number;
}

/**
 * Of tasks that fail in a row for the same cause, the first two count. The third and each further one is given
 * back uncounted, the first time that it fails so, and their tasks pause at this worker, each time for twice as
 * long, until a task succeeds: those of their project, of their user where it is several projects, and those of
 * everybody where it is several users. A failure of an agent pauses tasks of that agent, any other one all.
 *
 * A limit that an agent's adapter reports pauses the agent for as long as it lasts. One in a text, which its task
 * may have asked for, pauses its user's tasks, and everybody's after a second user's.
 */
export function createHealth(options: HealthOptions): Health {
  const { agents, log, pauseMs = { min: 60_000, max: 900_000 }, limitWaitMs = 300_000 } = options;
  const pauses = agents.map((agent) => ({ agent, until: new Map<string, { whose: Whose; at: number }>() }));
  const streaks = new Map<string, Streak>();
  /** How often in a row a task was given back for what may be its own fault. */
  const repeated = new Map<number, number>();

  const untilOf = (agent: string) => pauses.find((each) => each.agent === agent)?.until ?? new Map();
  const left = (agent: string, whose: Whose): number =>
    Math.max(0, (untilOf(agent).get(JSON.stringify(whose))?.at ?? 0) - performance.now());
  const pause = (agent: string, whose: Whose, ms: number, failure: TaskFailure): void => {
    const paused = isAgents(failure) ? [agent] : agents;
    if (paused.every((each) => left(each, whose) >= ms)) return;
    const until = { whose, at: performance.now() + ms };
    for (const each of paused) {
      if (left(each, whose) < ms) untilOf(each).set(JSON.stringify(whose), until);
    }
    log("pausing", {
      agents: paused.join(","),
      ...whose,
      seconds: Math.round(ms / 1000),
      kind: failure.kind,
      error: failure.message,
    });
  };
  const repeat = (task: number): number => {
    const times = (repeated.get(task) ?? 0) + 1;
    repeated.delete(task);
    repeated.set(task, times);
    if (repeated.size > MOST_TASKS) repeated.delete(repeated.keys().next().value ?? task);
    return times;
  };

  return {
    ready() {
      const wishes = new Map<string, Wish>();
      for (const { agent, until } of pauses) {
        for (const [key, { at }] of until) if (at <= performance.now()) until.delete(key);
        const excepted = [...until.values()].map(({ whose }) => whose);
        if (excepted.includes(null)) continue;
        const exceptUsers = excepted.flatMap((whose) => whose?.user ?? []).slice(-MOST_EXCEPTIONS);
        const exceptProjects = excepted.flatMap((whose) => whose?.project ?? []).slice(-MOST_EXCEPTIONS);
        const key = JSON.stringify([exceptUsers, exceptProjects]);
        const same = wishes.get(key)?.agents ?? [];
        wishes.set(key, { agents: [...same, agent], exceptUsers, exceptProjects });
      }
      return [...wishes.values()];
    },
    waitMs: () => Math.min(...agents.map((agent) => left(agent, null))),
    succeeded({ task_id, agent }) {
      streaks.delete(agent);
      streaks.delete("");
      repeated.delete(task_id);
    },
    judge(claim, failure) {
      const { task_id: task, agent, user_id, project_id } = claim;
      const isLimit = failure.kind === "agent_limited";
      const times = failure.isUnsure ? repeat(task) : 0;
      if (times === 0) repeated.delete(task);
      if (isLimit && !failure.isUnsure) {
        pause(agent, null, failure.waitMs ?? limitWaitMs, failure);
        return "later";
      }
      if (failure.again === "no") return "no";
      const scope = isAgents(failure) ? agent : "";
      if (failure.again !== "later" && !SUSPECT.includes(failure.kind)) {
        streaks.delete(scope);
        return failure.again;
      }
      const cause = causeOf(failure);
      const known = streaks.get(scope);
      const streak = known?.cause === cause ? known : { cause, tasks: new Map(), pauses: 0 };
      streaks.set(scope, streak);
      const isFirst = !streak.tasks.has(task);
      streak.tasks.set(task, { user_id, project_id });
      const isSuspicious = streak.tasks.size >= LIMIT;
      if (isSuspicious || isLimit) {
        const whose = OWN.includes(failure.kind) ? null : whoseAre([...streak.tasks.values()], isLimit);
        const paused = isAgents(failure) ? [agent] : agents;
        if (paused.some((each) => left(each, whose) === 0)) {
          const min = isLimit ? limitWaitMs : pauseMs.min;
          const ms = Math.min(min * 2 ** streak.pauses++, Math.max(min, pauseMs.max));
          pause(agent, whose, isLimit ? Math.min(ms, failure.waitMs ?? ms) : ms, failure);
        }
      }
      if (times >= LIMIT && !isLimit) return "yes";
      return isSuspicious && isFirst ? "later" : failure.again;
    },
    // unless other tasks' agents report it too: then it is one, however long it lasts
    believesLimits({ task_id, agent }) {
      const streak = streaks.get(agent);
      const isShared = streak?.cause === "agent_limited" && streak.tasks.size >= LIMIT;
      return isShared || (repeated.get(task_id) ?? 0) < LIMIT - 1;
    },
  };
}

const isAgents = ({ kind }: TaskFailure): boolean => kind.startsWith("agent_");

/** An agent's error without what differs each time: numbers, times, ids. */
function causeOf({ kind, message }: TaskFailure): string {
  if (kind !== "agent_failed") return kind;
  const [code = "", ...output] = message.split("\n");
  return [code, ...output.map((line) => line.replaceAll(/\S*\d\S*|\b[0-9a-f]{8,}\b/gi, "#"))].join("\n");
}

/** The smallest group that all of these tasks are in. Limits do not depend on the project. */
function whoseAre(tasks: readonly Pick<Claim, "user_id" | "project_id">[], isLimit: boolean): Whose {
  const [user, ...otherUsers] = new Set(tasks.map(({ user_id }) => user_id));
  if (user === undefined || otherUsers.length > 0) return null;
  const [project, ...otherProjects] = new Set(tasks.map(({ project_id }) => project_id));
  const isProject = typeof project === "number" && otherProjects.length === 0 && !isLimit;
  return isProject ? { project } : { user };
}
