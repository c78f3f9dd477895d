import {
  type Claim,
  type FailureReport,
  type Later,
  type Progress,
  type Queue,
  QueueError,
  type Result,
} from "../queue.ts";

/** A queue in memory: one lease at a time, and the calls that were made with it. */
export interface MemoryQueue extends Queue {
  /** The tasks that are claimed next. */
  readonly pending: Claim[];
  readonly claimKeys: string[];
  readonly heartbeats: (Progress | undefined)[];
  readonly completed: Result[];
  readonly failures: FailureReport[];
  readonly released: number[];
  /** Those of them that have to wait. */
  readonly later: (Later & { task: number })[];
  /** The result of calls from now on: the state, or an error. */
  state: "running" | "cancelled" | QueueError;
  /** How many characters a call may store of texts and metadata. */
  space: number;
  /** The errors of the next calls of any kind, one each. */
  readonly errors: QueueError[];
  /** Waits until a condition holds; it is checked after every call. */
  until(condition: () => boolean): Promise<void>;
}

export function createMemoryQueue(): MemoryQueue {
  const waiting = new Set<() => void>();
  /** Every call checks the conditions, then fails or returns. */
  const answer = <T>(result: () => T): Promise<T> => {
    for (const look of waiting) look();
    const error = queue.errors.shift() ?? (queue.state instanceof QueueError ? queue.state : undefined);
    return error ? Promise.reject(error) : Promise.resolve(result());
  };
  const store = <T>(given: object = {}, result: () => T): Promise<T> => {
    const free = ["commit_hash", "pr_branch", "pr_url", "pr_number", "targetBranch"];
    const counted = Object.fromEntries(Object.entries(given).filter(([name]) => !free.includes(name)));
    const isFull = JSON.stringify(counted).length > queue.space;
    if (!isFull) return answer(result);
    return Promise.reject(new QueueError("agents_stored_bytes_limit_reached", "no space", 409));
  };
  const write = (result: () => void, given?: object): Promise<void> =>
    queue.state === "cancelled"
      ? Promise.reject(new QueueError("agents_task_lease_expired", "cancelled"))
      : store(given, result);
  const queue: MemoryQueue = {
    pending: [],
    claimKeys: [],
    heartbeats: [],
    completed: [],
    failures: [],
    released: [],
    later: [],
    state: "running",
    space: Infinity,
    errors: [],
    claim(key, { agents, exceptUsers, exceptProjects }) {
      queue.claimKeys.push(key);
      return answer(() => {
        const at = queue.pending.findIndex((task) =>
          agents.includes(task.agent) && !exceptUsers.includes(task.user_id) &&
          !exceptProjects.includes(task.project_id ?? 0)
        );
        return at < 0 ? null : queue.pending.splice(at, 1)[0] ?? null;
      });
    },
    heartbeat(_, progress) {
      queue.heartbeats.push(progress);
      return store(progress, () => queue.state === "cancelled" ? "cancelled" : "running");
    },
    complete: (_, result) => write(() => queue.completed.push(result), result),
    async fail(_, failure) {
      await write(() => queue.failures.push(failure), failure.execution_metadata);
      return failure.retryable ? "pending" : "failed";
    },
    release: (claim, later) =>
      write(() => {
        queue.released.push(claim.task_id);
        if (later) queue.later.push({ task: claim.task_id, ...later });
      }),
    async until(condition) {
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (!condition()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
  };
  return queue;
}
