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
  | "push_denied"
  | "push_rejected"
  | "push_failed"
  | "pr_denied"
  | "pr_refused"
  | "pr_failed"
  | "result_refused"
  | "worker_failed";

/** Ends a task's attempt. `isRetryable` is whether another attempt can succeed. */
export class TaskFailure extends Error {
  readonly kind: FailureKind;
  readonly isRetryable: boolean;

  constructor(kind: FailureKind, isRetryable: boolean, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TaskFailure";
    this.kind = kind;
    this.isRetryable = isRetryable;
  }
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
