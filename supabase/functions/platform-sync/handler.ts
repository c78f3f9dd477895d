import type { Rpc } from "../_shared/database.ts";
import type { MasterKeys } from "../_shared/encryption.ts";
import { createEndpoint, type EndpointDependencies } from "../_shared/endpoint.ts";
import type { Details } from "../_shared/log.ts";
import type { Budgets } from "../_shared/provider-budget.ts";
import { loadMasterKeys } from "../_shared/secret-settings.ts";
import { claimDue, readTicket } from "../_shared/ticket.ts";
import { withRetry } from "../_shared/transient.ts";
import { type Claim, claimsSchema } from "./claim.ts";
import type { ErrorCode } from "./stop.ts";
import { postponeRun, type RunTools, syncConnection, type SyncPlatform, type TokenOf } from "./run.ts";

/** What the function needs from outside. */
export interface Dependencies extends Omit<EndpointDependencies, "now"> {
  rpc: Rpc;
  budgets: Budgets;
  /** The keys that tokens are encrypted with. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  /** The token of a connection, refreshed where that is due. */
  tokenOf: TokenOf;
  platforms: Record<Claim["platform"], SyncPlatform>;
  /** Whether a request carries a secret key of the project. */
  isServer: (request: Request) => Promise<boolean>;
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  /** Limits, which tests make small. */
  maxMs?: number;
  maxRuns?: number;
}

/** What a call of the function did. */
export interface Report {
  claimed: number;
  succeeded: number;
  partial: number;
  failed: number;
  deferred: number;
  /** Runs that lost their lease. */
  lost: number;
  /** Requests to providers. */
  requests: number;
  /** Why it did not get through; null where nothing is due any more. */
  stopped: "time" | "runs" | "database" | null;
}

/**
 * The platform allows 150 s. No connection is begun after 75 s and nothing is asked after 120 s, which leaves
 * time for the last answer and for storing it.
 */
const MAX_MS = 75_000;
const LAST_MS = 45_000;
const DEADLINE_MS = 145_000;
/** A run takes a few milliseconds of CPU, of which the platform allows two seconds per call. */
const MAX_RUNS = 300;
/** Providers ask for one request at a time per user: these are different users. */
const WORKERS = 4;
const BATCH = 8;

/**
 * Syncs the connections that are due: `POST /platform-sync` with the header `x-fixloop-ticket`, as the database
 * calls it, or with a secret key. Answers 200 with a `Report`. Errors: 401, 403, 405, 500, 503, 504 with
 * `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const { maxMs = MAX_MS, maxRuns = MAX_RUNS, clock } = deps;
  const rpc = withRetry(deps.rpc);
  const options = { name: "platform-sync", maxBytes: 1024, deadlineMs: DEADLINE_MS };
  return createEndpoint({ ...deps, now: clock }, options, async ({ request, details }) => {
    const ticket = await readTicket(request, deps.isServer);
    // without keys every connection would be claimed for nothing
    loadMasterKeys(deps.masterKeys);
    const started = clock();
    const tools: RunTools = {
      rpc,
      budgets: deps.budgets,
      tokenOf: deps.tokenOf,
      platforms: deps.platforms,
      clock,
      sleep: deps.sleep,
      deadline: started + maxMs + LAST_MS,
    };
    const report = await syncDue(ticket, tools, { until: started + maxMs, maxRuns }, details);
    Object.assign(details, report);
    return Response.json(report);
  });
}

interface Limits {
  /** When no connection is begun any more. */
  until: number;
  maxRuns: number;
}

/** What is due: claimed a few at a time, so that what is not reached is left to others. */
class Queue {
  stopped: Report["stopped"] = null;
  claimed: number;
  readonly #rpc: Rpc;
  readonly #limits: Limits;
  readonly #clock: () => number;
  #claims: Claim[];
  #claiming: Promise<void> | null = null;
  /** Nothing more is due. */
  #isEmpty: boolean;

  constructor(claims: Claim[], { rpc, clock }: Pick<RunTools, "rpc" | "clock">, limits: Limits) {
    this.#claims = claims;
    this.claimed = claims.length;
    this.#isEmpty = claims.length === 0;
    this.#rpc = rpc;
    this.#clock = clock;
    this.#limits = limits;
  }

  async next(): Promise<Claim | undefined> {
    for (;;) {
      const claim = this.#claims.shift();
      if (claim || this.#isEmpty || this.stopped !== null) return claim;
      this.#claiming ??= this.#claimMore().finally(() => this.#claiming = null);
      await this.#claiming;
    }
  }

  async #claimMore(): Promise<void> {
    const left = this.#limits.maxRuns - this.claimed;
    if (this.#clock() >= this.#limits.until) this.stopped = "time";
    else if (left <= 0) this.stopped = "runs";
    else {
      const claims = await claim(this.#rpc, null, Math.min(BATCH, left)).catch(() => null);
      if (claims === null) this.stopped = "database";
      this.#claims.push(...claims ?? []);
      this.claimed += claims?.length ?? 0;
      this.#isEmpty = claims?.length === 0;
    }
  }
}

/** What its provider did to a run: it does not answer, or asks to wait. */
const FAILURES: ReadonlySet<ErrorCode> = new Set([
  "devpulse_provider_unavailable",
  "devpulse_provider_rate_limited",
]);
/** A provider that does so in so many runs in a row is not asked in this call any more. */
const MAX_FAILURES_IN_A_ROW = 5;

async function syncDue(
  ticket: string | null,
  tools: RunTools,
  limits: Limits,
  details: Details,
): Promise<Report> {
  const first = await claim(tools.rpc, ticket, Math.min(BATCH, limits.maxRuns));
  const queue = new Queue(first, tools, limits);
  const report = { succeeded: 0, partial: 0, failed: 0, deferred: 0, lost: 0, requests: 0 };
  const failures = { github: 0, youtube: 0, devto: 0 };
  const work = async (): Promise<void> => {
    for (let one = await queue.next(); one; one = await queue.next()) {
      const isDown = failures[one.platform] >= MAX_FAILURES_IN_A_ROW;
      const result = isDown
        ? await postponeRun(one, "devpulse_provider_unavailable", tools)
        : await syncConnection(one, tools);
      if (!isDown) {
        const hasFailed = result.code !== null && FAILURES.has(result.code);
        failures[one.platform] = hasFailed ? failures[one.platform] + 1 : 0;
      }
      report[result.state]++;
      report.requests += result.requests;
      if (result.code !== null) details[result.code] = Number(details[result.code] ?? 0) + 1;
      if (result.cause !== null) details.cause = result.cause;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  return { claimed: queue.claimed, ...report, stopped: queue.stopped };
}

const claim = (rpc: Rpc, ticket: string | null, batch_size: number): Promise<Claim[]> =>
  claimDue(rpc, "claim_due_monitors", { ticket, batch_size }, claimsSchema, {
    status: 503,
    code: "devpulse_sync_unavailable",
    message: "The database did not return what is due.",
    hint: "The next run does it.",
  });
