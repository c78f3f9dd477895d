import type { SupabaseClient } from "@supabase/supabase-js";
import type { ChangedFile } from "./changes.ts";

export interface ChatMessage {
  role: string;
  content: string;
}

/** A claimed task and its lease, as `claim_task` returns them. */
export interface Claim {
  task_id: number;
  /**
   * The lease that a call belongs to. A later lease has a greater token, and only the latest one is accepted.
   */
  fencing_token: number;
  attempt: number;
  lease_expires_at: string;
  agent: string;
  priority: number;
  user_id: string;
  project_id: number | null;
  repo_url: string | null;
  repo_owner: string | null;
  repo_name: string | null;
  target_branch: string | null;
  pr_branch: string | null;
  chat_messages: ChatMessage[];
  execution_metadata: Record<string, unknown>;
  project_settings: Record<string, unknown> | null;
  /** A handle, for trusted callers only: the token itself comes from the edge function `github-token`. */
  github_token: string | null;
}

export interface Result {
  commit_hash?: string;
  git_diff?: string;
  git_patch?: string;
  changed_files?: ChangedFile[];
  pr_branch?: string;
  pr_number?: number;
  pr_url?: string;
  message?: string;
  execution_metadata?: Record<string, unknown>;
}

export interface FailureReport {
  error: string;
  error_kind: string;
  retryable: boolean;
  message?: string;
  execution_metadata?: Record<string, unknown>;
}

/** Which tasks are claimed: those of these agents, except those of some users and projects. */
export interface Wish {
  agents: readonly string[];
  exceptUsers: readonly string[];
  exceptProjects: readonly number[];
}

/** The calls of a worker. Each throws `QueueError`. */
export interface Queue {
  /**
   * @param key a repeated call with the same key returns the same lease, so that a lost response has no
   * effect
   */
  claim(key: string, wish: Wish): Promise<Claim | null>;
  heartbeat(claim: Claim, progress?: Progress): Promise<"running" | "cancelled">;
  complete(claim: Claim, result: Result): Promise<void>;
  /** Resolves with the new status of the task. */
  fail(claim: Claim, failure: FailureReport): Promise<"pending" | "failed">;
  /** Gives the task back; the attempt does not count. */
  release(claim: Claim, later?: Later): Promise<void>;
}

/** What a worker reports of a task while it has it. */
export interface Progress {
  message?: string;
  /** The repository's default branch, for a task that names none. */
  targetBranch?: string;
  /** Merged into the task's `execution_metadata`. */
  metadata?: Record<string, unknown>;
}

/** When a task that was given back may be claimed again, and why not before. */
export interface Later {
  retryAfterSeconds: number;
  reason: string;
}

export class QueueError extends Error {
  /**
   * `agents_task_lease_expired`, `agents_worker_token_invalid` … or null when the queue could not be reached.
   */
  readonly code: string | null;
  /** The HTTP status; 0 without a response. */
  readonly status: number;

  constructor(code: string | null, message: string, status = 0) {
    super(message);
    this.name = "QueueError";
    this.code = code;
    this.status = status;
  }

  /** Whether this worker no longer has the task, for whichever reason. */
  get isLost(): boolean {
    return this.code === "agents_task_lease_expired" || this.code === "agents_task_unknown" ||
      this.isRejected;
  }

  /** Whether the queue rejects this worker: a retry gets the same answer. */
  get isRejected(): boolean {
    return this.code?.startsWith("agents_worker_") ?? false;
  }

  /** Whether the address has no queue for this worker: a wrong key, a wrong URL, an older database. */
  get isMisplaced(): boolean {
    return this.code === null && [400, 401, 403, 404].includes(this.status);
  }
}

export interface QueueOptions {
  worker: string;
  leaseSeconds: number;
  /** Not needed with the secret key. */
  workerToken?: string | undefined;
}

/** The queue over the Data API, with a client of either key. */
export function createQueue(client: SupabaseClient, options: QueueOptions): Queue {
  const { worker, leaseSeconds } = options;
  const token = options.workerToken ? { worker_token: options.workerToken } : {};
  const call = async (name: string, args: Record<string, unknown>): Promise<unknown> => {
    const { data, error, status } = await client.rpc(name, { ...storable(args), ...token });
    if (!error) return data;
    // the queue's own errors have a code as their message; any other error comes from a proxy or the network
    if (/^PT\d{3}$/.test(error.code ?? "")) {
      throw new QueueError(error.message, error.details ?? error.message, status);
    }
    throw new QueueError(null, status ? `${status}: ${error.message}` : error.message, status);
  };
  const leaseOf = (claim: Claim) => ({ task_id: claim.task_id, fencing_token: claim.fencing_token });
  return {
    async claim(key, { agents, exceptUsers, exceptProjects }) {
      const args = {
        worker,
        agents,
        lease_seconds: leaseSeconds,
        claim_key: key,
        except_users: exceptUsers,
        except_projects: exceptProjects,
      };
      const [claim] = await call("claim_task", args) as Claim[];
      return claim ?? null;
    },
    async heartbeat(claim, progress = {}) {
      const args = {
        ...leaseOf(claim),
        lease_seconds: leaseSeconds,
        ...(progress.message === undefined ? {} : { message: progress.message }),
        ...(progress.targetBranch === undefined ? {} : { target_branch: progress.targetBranch }),
        ...(progress.metadata === undefined ? {} : { execution_metadata: progress.metadata }),
      };
      return (await call("heartbeat_task", args) as { state: "running" | "cancelled" }).state;
    },
    async complete(claim, result) {
      await call("complete_task", { ...leaseOf(claim), ...result });
    },
    async fail(claim, failure) {
      const answer = await call("fail_task", { ...leaseOf(claim), ...failure });
      return (answer as { status: "pending" | "failed" }).status;
    },
    async release(claim, later) {
      const args = later ? { retry_after_seconds: later.retryAfterSeconds, reason: later.reason } : {};
      await call("release_task", { ...leaseOf(claim), ...args });
    },
  };
}

/** Replaces what PostgreSQL can't store: NUL and lone surrogates, which come from agents and repositories. */
function storable<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(
      value,
      (_, each: unknown) => typeof each === "string" ? each.replaceAll("\0", "\uFFFD").toWellFormed() : each,
    ),
  ) as T;
}
