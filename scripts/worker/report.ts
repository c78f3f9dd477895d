import type { Lease } from "./lease.ts";
import type { Log } from "./log.ts";
import { type Claim, type Progress, type Queue, QueueError, type Result } from "./queue.ts";

/**
 * Makes a call with the first of some values that the account has space for: a user's tasks may store so many
 * bytes, and the work is done when they are used up.
 */
export async function withSpace<T>(
  values: readonly [T, ...T[]],
  call: (value: T) => Promise<void>,
  log: Log,
): Promise<void> {
  let [value, ...others] = values;
  for (;;) {
    try {
      return await call(value);
    } catch (error) {
      const [next] = others;
      const isFull = error instanceof QueueError && error.code === "agents_stored_bytes_limit_reached";
      if (!isFull || next === undefined) throw error;
      log("the account may store no more: reporting less", { error: error.message });
      value = next;
      others = others.slice(1);
    }
  }
}

/** Confirms the lease, with what is to be stored of the progress where there is space for it. */
export const confirmWith = (lease: Lease, log: Log, progress: readonly [Progress, ...Progress[]]) =>
  withSpace(progress, (each) => lease.confirm(each), log);

/** A message that is stored also where the diff is not. */
const SHORT = 1_000;

/** Stores a task's result or, where the account has no space for it, as much of it as it has. */
export async function complete(
  queue: Queue,
  claim: Claim,
  lease: Lease,
  result: Result,
  log: Log,
): Promise<void> {
  const { git_diff, git_patch, changed_files, message = "", execution_metadata = {}, ...bare } = result;
  const leftOut = execution_metadata["left_out"];
  const named = (...names: string[]) => [
    ...names.map((name) => `${name} (the account may store no more)`),
    ...Array.isArray(leftOut) ? leftOut as unknown[] : [],
  ];
  const isShort = message.length <= SHORT;
  const small: Result = {
    ...bare,
    ...(changed_files ? { changed_files } : {}),
    ...(isShort ? { message } : {}),
    execution_metadata: {
      ...execution_metadata,
      left_out: named(
        ...git_diff === undefined ? [] : ["git_diff"],
        ...git_patch === undefined ? [] : ["git_patch"],
        ...isShort ? [] : ["message"],
      ),
    },
  };
  const smaller: Result = {
    ...bare,
    execution_metadata: {
      ...("pushed" in execution_metadata ? { pushed: null } : {}),
      left_out: named("git_diff", "git_patch", "changed_files", "message", "execution_metadata").slice(0, 5),
    },
  };
  await withSpace(
    [result, small, smaller, bare],
    (each) => lease.insist(() => queue.complete(claim, each)),
    log,
  );
}
