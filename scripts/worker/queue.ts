import type { SupabaseClient } from "@supabase/supabase-js";
import type { ChangedFile } from "./changes.ts";

export interface ChatMessage {
  role: string;
  content: string;
}

/** What `claim_task` hands over: a task, and the lease on it. */
export interface Claim {
  task_id: number;
  /** Says which lease a call speaks for. A later lease has a greater one, and only the latest is listened to. */
  fencing_token: number;
  attempt: number;
  lease_expires_at: string;
  agent: string;
  priority: number;
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

/** The calls of a worker. Each throws `QueueError`. */
export interface Queue {
  /** @param key the same key again gives the same lease back, so that a lost answer costs nothing */
  claim(key: string): Promise<Claim | null>;
  heartbeat(claim: Claim, message?: string): Promise<"running" | "cancelled">;
  complete(claim: Claim, result: Result): Promise<void>;
  /** Resolves with what became of the task. */
  fail(claim: Claim, failure: FailureReport): Promise<"pending" | "failed">;
  release(claim: Claim): Promise<void>;
}

export class QueueError extends Error {
  /** `agents_task_lease_expired`, `agents_worker_token_invalid` … or null when the queue could not be reached. */
  readonly code: string | null;
  /** Of the answer; 0 without one. */
  readonly status: number;

  constructor(code: string | null, message: string, status = 0) {
    super(message);
    this.name = "QueueError";
    this.code = code;
    this.status = status;
  }

  /** Whether this task is out of our hands, for whichever reason. */
  get isLost(): boolean {
    return this.code === "agents_task_lease_expired" || this.code === "agents_task_unknown" || this.isRefused;
  }

  /** Whether the queue does not take us for a worker: asking again does not help. */
  get isRefused(): boolean {
    return this.code?.startsWith("worker_") ?? false;
  }

  /** Whether there is no queue for us at that address: a wrong key, a wrong url, an older database. */
  get isMisplaced(): boolean {
    return this.code === null && [400, 401, 403, 404].includes(this.status);
  }
}

export interface QueueOptions {
  worker: string;
  agents: readonly string[];
  leaseSeconds: number;
  /** Not needed with the secret key. */
  workerToken?: string | undefined;
}

/** The queue over the Data API, with a client of either key. */
export function createQueue(client: SupabaseClient, options: QueueOptions): Queue {
  const { worker, agents, leaseSeconds } = options;
  const token = options.workerToken ? { worker_token: options.workerToken } : {};
  const call = async (name: string, args: Record<string, unknown>): Promise<unknown> => {
    const { data, error, status } = await client.rpc(name, { ...storable(args), ...token });
    if (!error) return data;
    // ours have a word for a message; what a proxy or the network says is no answer of the queue
    if (/^PT\d{3}$/.test(error.code ?? "")) {
      throw new QueueError(error.message, error.details ?? error.message, status);
    }
    throw new QueueError(null, status ? `${status}: ${error.message}` : error.message, status);
  };
  const leaseOf = (claim: Claim) => ({ task_id: claim.task_id, fencing_token: claim.fencing_token });
  return {
    async claim(key) {
      const args = { worker, agents, lease_seconds: leaseSeconds, claim_key: key };
      const [claim] = await call("claim_task", args) as Claim[];
      return claim ?? null;
    },
    async heartbeat(claim, message) {
      const args = { ...leaseOf(claim), lease_seconds: leaseSeconds, ...(message ? { message } : {}) };
      return (await call("heartbeat_task", args) as { state: "running" | "cancelled" }).state;
    },
    async complete(claim, result) {
      await call("complete_task", { ...leaseOf(claim), ...result });
    },
    async fail(claim, failure) {
      const answer = await call("fail_task", { ...leaseOf(claim), ...failure });
      return (answer as { status: "pending" | "failed" }).status;
    },
    async release(claim) {
      await call("release_task", leaseOf(claim));
    },
  };
}

/** What PostgreSQL can hold: agents and repositories bring along NUL and halves of characters, which it refuses. */
function storable<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(
      value,
      (_, each: unknown) => typeof each === "string" ? each.replaceAll("\0", "\uFFFD").toWellFormed() : each,
    ),
  ) as T;
}
