import { accessSync, constants } from "node:fs";

/** Why an attempt failed, as a word that can be counted. `docs/agents.md` and the README list them. */
export type FailureKind =
  | "no_repository"
  | "repository_refused"
  | "branch_invalid"
  | "target_branch_missing"
  | "clone_denied"
  | "clone_failed"
  | "github_token_missing"
  | "agent_missing"
  | "agent_failed"
  | "agent_timeout"
  | "changes_too_large"
  | "secret_in_changes"
  | "commit_failed"
  | "work_left_behind"
  | "filter_untrusted"
  | "push_denied"
  | "push_forbidden"
  | "push_rejected"
  | "push_failed"
  | "pr_denied"
  | "pr_refused"
  | "pr_failed"
  | "result_refused"
  | "github_token_unavailable"
  | "agent_limited"
  | "machine_full"
  | "work_dir_unavailable"
  | "worker_failed";

/**
 * Whether a task is attempted again. `later`: what went wrong is not the task's fault, so that the attempt does
 * not count.
 */
export type Again = "yes" | "no" | "later";

/** Ends a task's attempt. */
export class TaskFailure extends Error {
  readonly kind: FailureKind;
  readonly again: Again;
  /** How long the task has to wait, in milliseconds, where that is known. */
  readonly waitMs: number | undefined;
  /** How often such a fault is waited for before it counts as the task's; any number of times if left out. */
  readonly repeats: number | undefined;
  /** Whether the task may be the cause after all, though it is for later: then this has an end. */
  readonly isUnsure: boolean;

  constructor(
    kind: FailureKind,
    again: Again,
    message: string,
    options?: ErrorOptions & { waitMs?: number; repeats?: number; isUnsure?: boolean },
  ) {
    super(message, options);
    this.name = "TaskFailure";
    this.kind = kind;
    this.again = again;
    this.waitMs = options?.waitMs;
    this.repeats = options?.repeats;
    this.isUnsure = options?.isUnsure ?? false;
  }
}

/** What a machine has too little of: it says nothing about a task. */
const EXHAUSTED =
  /no space left on device|disk quota exceeded|cannot allocate memory|too many open files|read-only file system/i;
const EXHAUSTED_CODES = ["ENOSPC", "EDQUOT", "ENOMEM", "EMFILE", "ENFILE", "EROFS", "EIO"];

/** An error that no step expected: of this machine, or of the worker itself. */
function unexpected(error: unknown): TaskFailure {
  const message = error instanceof Error ? error.message : String(error);
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  // what a server says of itself says nothing of this machine
  const isMachine = EXHAUSTED_CODES.includes(code ?? "") ||
    EXHAUSTED.test(message.replace(/^remote:.*$/gm, ""));
  if (isMachine) return new TaskFailure("machine_full", "later", message, { cause: error });
  return new TaskFailure("worker_failed", "yes", message, { cause: error });
}

/**
 * What ended a task's attempt. Without a usable folder for the tasks' folders, nothing that fails says anything
 * about a task.
 */
export function endOfAttempt(error: unknown, workDir: string, hasFolder: boolean): TaskFailure {
  const failure = error instanceof TaskFailure ? error : unexpected(error);
  if (failure.kind === "machine_full" || (hasFolder && isUsable(workDir))) return failure;
  return new TaskFailure("work_dir_unavailable", "later", failure.message, { cause: error });
}

function isUsable(folder: string): boolean {
  try {
    accessSync(`${folder}/.`, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * How many seconds a task waits that could not be run here, since another worker may be able to: what the failure
 * names, up to the week that the queue accepts.
 */
export const secondsToWait = ({ waitMs }: TaskFailure, otherwiseMs = 30_000): number =>
  Math.min(Math.ceil((waitMs ?? otherwiseMs) / 1000), 604_800);

/** An error of git or of the network, as one of a kind, unless it is this machine's. */
export function failureOf(error: Error, kind: FailureKind, again: Again): TaskFailure {
  const failure = unexpected(error);
  if (failure.kind === "machine_full") return failure;
  return new TaskFailure(kind, again, error.message, { cause: error });
}

/** Ends a task from outside; its `reason` is logged. */
export class Stopped extends Error {
  readonly reason: "cancelled" | "lease_lost" | "shutdown";

  constructor(reason: Stopped["reason"]) {
    super(reason);
    this.name = "Stopped";
    this.reason = reason;
  }
}
