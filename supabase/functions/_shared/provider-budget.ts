import { z } from "zod";
import type { Rpc } from "./database.ts";

/** What has a budget of its own, as in `private.provider_budgets`. */
export type Provider = "github" | "github_graphql" | "youtube" | "devto" | "circle" | "circle_admin";

/** The answer to a wish for calls. */
export type Grant =
  | { kind: "granted" }
  /** The budget, or the user's share of it, is spent until then, or the provider asked for a pause. */
  | { kind: "refused"; retryAt: Date }
  /** The ledger can't be asked, so nothing may be spent. */
  | { kind: "unavailable" };

export interface BudgetTools {
  rpc: Rpc;
  /** Waits for so many milliseconds. */
  sleep: (ms: number) => Promise<void>;
  /** Milliseconds since 1970. */
  clock: () => number;
}

/** Calls of one provider with one secret. */
export interface Allowance {
  /** Asks for calls before they are made, and waits for their slot. */
  take(calls?: number): Promise<Grant>;
  /** Gives back calls that were not made, or that cost nothing. */
  giveBack(calls?: number): void;
  /** Corrects the ledger by what the provider reports to be left. */
  report(limit: { remaining: number; resetsAt: Date }): void;
  /** Tells the ledger what was not used. It has to be called once, at the end. */
  settle(): Promise<void>;
}

export interface Budgets {
  /**
   * @param secretId whose limit counts; null for calls without a token
   * @param chunk how many calls are reserved at a time: what is likely to be needed, since what is left is only
   * given back at the end
   */
  open(provider: Provider, secretId: string | null, chunk?: number): Allowance;
}

const reservationSchema = z.object({
  granted: z.boolean(),
  retry_at: z.string().nullable(),
  wait_ms: z.number(),
  reserved_at: z.string(),
});

/** Budgets by the ledger in the database: `reserve_provider_calls` and `settle_provider_calls`. */
export const createBudgets = (tools: BudgetTools): Budgets => ({
  open: (provider, secretId, chunk = 1) => new LedgerAllowance(tools, provider, secretId, chunk),
});

class LedgerAllowance implements Allowance {
  readonly #tools: BudgetTools;
  readonly #provider: Provider;
  readonly #secretId: string | null;
  readonly #chunk: number;
  #reserved = 0;
  #returned = 0;
  #reservedAt: string | null = null;
  #limit: { remaining: number; resetsAt: Date } | null = null;

  constructor(tools: BudgetTools, provider: Provider, secretId: string | null, chunk: number) {
    this.#tools = tools;
    this.#provider = provider;
    this.#secretId = secretId;
    this.#chunk = chunk;
  }

  async take(calls = 1): Promise<Grant> {
    if (this.#reserved < calls) {
      let grant = await this.#reserve(Math.max(calls, this.#chunk));
      if (grant.kind === "refused" && this.#chunk > calls) grant = await this.#reserve(calls);
      if (grant.kind !== "granted") return grant;
    }
    this.#reserved -= calls;
    return { kind: "granted" };
  }

  giveBack(calls = 1): void {
    this.#returned += calls;
  }

  report(limit: { remaining: number; resetsAt: Date }): void {
    this.#limit = limit;
  }

  async settle(): Promise<void> {
    const unused = this.#reserved + this.#returned;
    if (unused === 0 && this.#limit === null) return;
    // what can't be given back stays spent, which is on the safe side
    await this.#tools.rpc("settle_provider_calls", {
      provider: this.#provider,
      secret_id: this.#secretId,
      unused,
      reserved_at: this.#reservedAt,
      remaining: this.#limit?.remaining ?? null,
      resets_at: this.#limit?.resetsAt.toISOString() ?? null,
    });
    this.#reserved = 0;
    this.#returned = 0;
    this.#limit = null;
  }

  async #reserve(calls: number): Promise<Grant> {
    const args = { provider: this.#provider, secret_id: this.#secretId, calls };
    const result = await this.#tools.rpc("reserve_provider_calls", args);
    const reservation = reservationSchema.safeParse(result.ok ? result.data : null).data;
    if (!reservation) return { kind: "unavailable" };
    if (!reservation.granted) {
      return { kind: "refused", retryAt: new Date(reservation.retry_at ?? this.#tools.clock() + 60_000) };
    }
    this.#reserved += calls;
    this.#reservedAt = reservation.reserved_at;
    if (reservation.wait_ms > 0) await this.#tools.sleep(reservation.wait_ms);
    return { kind: "granted" };
  }
}

/** Budgets without a limit, for tests. */
export const UNLIMITED: Budgets = {
  open: () => ({
    take: () => Promise.resolve({ kind: "granted" }),
    giveBack: () => {},
    report: () => {},
    settle: () => Promise.resolve(),
  }),
};
