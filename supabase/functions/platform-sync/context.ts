import type { Rpc } from "../_shared/database.ts";
import type { Allowance, Budgets, Provider } from "../_shared/provider-budget.ts";
import type { Claim } from "./claim.ts";
import { type ErrorCode, LeaseLost, SyncStop } from "./stop.ts";

/** How long a provider may have us wait, in seconds. */
export const MAX_WAIT_SECONDS = 86_400;

/** What was read, stored and left out, as `sync_runs.counts` has it. */
export type Counts = Record<string, number>;

export interface ContextTools {
  rpc: Rpc;
  budgets: Budgets;
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  /** When nothing more is asked, in milliseconds since 1970. */
  deadline: number;
}

/** One run: what a platform's module reads with, and what it reports to. */
export class RunContext {
  readonly claim: Claim;
  readonly token: string;
  readonly counts: Counts = {};
  /** What the provider counts: requests, points or units. */
  cost = 0;
  /** What the account is called at the provider now; null where it was not read. */
  accountName: string | null = null;
  /** Whether anything was stored. */
  hasStored = false;
  /** Whether there is more to read, so that the next run should begin soon. */
  hasMore = false;
  readonly #tools: ContextTools;
  readonly #allowances: Allowance[] = [];
  #problem: SyncStop | null = null;

  constructor(claim: Claim, token: string, tools: ContextTools) {
    this.claim = claim;
    this.token = token;
    this.#tools = tools;
  }

  /** The first part that could not be read. */
  get problem(): SyncStop | null {
    return this.#problem;
  }

  now(): Date {
    return new Date(this.#tools.clock());
  }

  /** The time in so many seconds. */
  in(seconds: number): Date {
    return new Date(this.#tools.clock() + seconds * 1000);
  }

  isOver(): boolean {
    return this.#tools.clock() >= this.#tools.deadline;
  }

  sleep(ms: number): Promise<void> {
    return this.#tools.sleep(ms);
  }

  count(name: string, by = 1): void {
    if (by !== 0) this.counts[name] = (this.counts[name] ?? 0) + by;
  }

  /** Notes that a part could not be read: the run has not succeeded. */
  note(problem: SyncStop | ErrorCode): void {
    this.#problem ??= problem instanceof SyncStop
      ? problem
      : new SyncStop({ code: problem, kind: "problem" });
  }

  /** Does a part of the run: a problem of its own does not end the others. */
  async part(read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (error) {
      if (!(error instanceof SyncStop && error.kind === "problem")) throw error;
      this.note(error);
    }
  }

  allowance(provider: Provider, chunk: number): Allowance {
    const allowance = this.#tools.budgets.open(provider, this.claim.secret_id, chunk);
    this.#allowances.push(allowance);
    return allowance;
  }

  /** Reserves a call, or ends the run. */
  async reserve(allowance: Allowance): Promise<void> {
    if (this.isOver()) throw new SyncStop({ code: "devpulse_time_limit_reached", kind: "deferred" });
    const grant = await allowance.take();
    if (grant.kind === "unavailable") {
      throw new SyncStop({ code: "devpulse_storage_unavailable", kind: "failed" });
    }
    if (grant.kind === "refused") {
      throw new SyncStop({
        code: "devpulse_budget_limit_reached",
        kind: "deferred",
        retryAt: grant.retryAt,
      });
    }
    this.count("requests");
  }

  /** Gives back what was reserved and not used. */
  async settle(): Promise<void> {
    for (const allowance of this.#allowances) await allowance.settle();
  }

  /**
   * Tells the ledger of the provider's limit, and ends the run.
   *
   * @param until null: until the provider's quota is renewed
   * @param isOurs whether the limit is all users', and not this user's
   */
  async pause(provider: Provider, until: Date | null, isOurs = false): Promise<never> {
    const result = await this.#tools.rpc("pause_provider", {
      provider,
      until: until?.toISOString() ?? null,
      secret_id: isOurs ? null : this.claim.secret_id,
    });
    const pausedUntil = result.ok && typeof result.data === "string" ? new Date(result.data) : null;
    throw new SyncStop({
      code: "devpulse_provider_rate_limited",
      kind: "deferred",
      retryAt: until ?? pausedUntil ?? new Date(this.#tools.clock() + 3_600_000),
    });
  }

  /** Calls a function of the run; throws `LeaseLost`, or a stop where the database can't be reached. */
  async call(name: string, args: Record<string, unknown>): Promise<unknown> {
    const result = await this.#tools.rpc(name, {
      run_id: this.claim.run_id,
      fencing_token: this.claim.fencing_token,
      ...args,
    });
    if (result.ok) return result.data;
    if (result.code === "PT410") throw new LeaseLost();
    // a value that the database refuses, classes 22 and 23, is the answer's fault
    if (/^2[23]/.test(result.code)) {
      throw new SyncStop({ code: "devpulse_answer_invalid", kind: "problem", isCounted: true });
    }
    throw new SyncStop({ code: "devpulse_storage_unavailable", kind: "failed" });
  }

  /** Stores what was read. */
  async store(name: string, payload: Record<string, unknown>): Promise<unknown> {
    const data = await this.call(name, { payload });
    this.hasStored = true;
    return data;
  }
}
