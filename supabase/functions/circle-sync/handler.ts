import type { CircleApi } from "../_shared/circle-api.ts";
import type { Rpc } from "../_shared/database.ts";
import type { MasterKeys } from "../_shared/encryption.ts";
import { createEndpoint, type EndpointDependencies } from "../_shared/endpoint.ts";
import type { Details } from "../_shared/log.ts";
import { loadMasterKeys } from "../_shared/secret-settings.ts";
import { claimDue, readTicket } from "../_shared/ticket.ts";
import { withRetry } from "../_shared/transient.ts";
import { type Claim, claimSchema, type Read } from "./claim.ts";
import { runRead, type RunResult, type RunTools } from "./run.ts";

/** What the function needs from outside. */
export interface Dependencies extends Omit<EndpointDependencies, "now"> {
  rpc: Rpc;
  /** The keys that the bot's tokens are encrypted with. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  /** Circle's APIs, for one run. */
  open: (rpc: Rpc) => CircleApi;
  /** Whether a request carries a secret key of the project. */
  isServer: (request: Request) => Promise<boolean>;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Limits, which tests make small. */
  maxMs?: number;
  maxRequests?: number;
}

/** What a call of the function did. */
export interface Report {
  claimed: number;
  done: number;
  /** Runs that left something for the next one. */
  more: number;
  deferred: number;
  failed: number;
  /** Runs that lost their lease. */
  lost: number;
  /** Messages, replies, posts and comments that were imported. */
  changed: number;
  /** Without an id that can be read, or that the database can't store. */
  invalid: number;
  removed: number;
  /** Rooms that were added to `circle_spaces`. */
  rooms: number;
  /** Requests to Circle. */
  requests: number;
  /** Why it did not get through; null where nothing is due any more. */
  stopped: "time" | "failing" | "database" | null;
}

/**
 * The platform allows 150 s. No read is begun after 75 s and nothing is asked after 120 s, which leaves time for the last
 * answer and for storing it.
 */
const MAX_MS = 75_000;
const LAST_MS = 45_000;
const DEADLINE_MS = 145_000;
/** Of one run, so that a room with a long history leaves the others their share. */
const MAX_REQUESTS = 60;
const WORKERS = 3;
const BATCH = 3;
/** So many runs in a row that Circle did not answer: it is not asked in this call any more. */
const MAX_FAILURES_IN_A_ROW = 5;

/**
 * Reads from Circle what is due: `POST /circle-sync` with the header `x-fixloop-ticket`, as the database calls it, or with a
 * secret key. Answers 200 with a `Report`. Errors: 401, 403, 405, 500, 503, 504 with
 * `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const { maxMs = MAX_MS, maxRequests = MAX_REQUESTS, clock } = deps;
  const rpc = withRetry(deps.rpc);
  const options = { name: "circle-sync", maxBytes: 1024, deadlineMs: DEADLINE_MS };
  return createEndpoint({ ...deps, now: clock }, options, async ({ request, details }) => {
    const ticket = await readTicket(request, deps.isServer);
    // without keys every room would be claimed for nothing
    loadMasterKeys(deps.masterKeys);
    const started = clock();
    const tools: RunTools = {
      rpc,
      open: () => deps.open(rpc),
      clock,
      deadline: started + maxMs + LAST_MS,
      maxRequests,
    };
    const report = await syncDue(await claim(rpc, ticket), tools, started + maxMs, details);
    Object.assign(details, report);
    return Response.json(report);
  });
}

async function syncDue(first: Claim, tools: RunTools, until: number, details: Details): Promise<Report> {
  const report: Report = {
    claimed: 0,
    done: 0,
    more: 0,
    deferred: 0,
    failed: 0,
    lost: 0,
    changed: 0,
    invalid: 0,
    removed: 0,
    rooms: 0,
    requests: 0,
    stopped: null,
  };
  let failures = 0;
  for (let claimed = first; claimed.reads.length > 0;) {
    report.claimed += claimed.reads.length;
    const queue = [...claimed.reads];
    const { reads: _, ...settings } = claimed;
    const work = async (): Promise<void> => {
      for (let read = queue.shift(); read; read = queue.shift()) {
        const result = await runRead(read, settings, tools);
        failures = result.code === "loop_circle_read_unavailable" ? failures + 1 : 0;
        count(report, details, read, result);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
    if (tools.clock() >= until) report.stopped = "time";
    else if (failures >= MAX_FAILURES_IN_A_ROW) report.stopped = "failing";
    if (report.stopped !== null) break;
    const next = await claim(tools.rpc, null).catch(() => null);
    if (next === null) report.stopped = "database";
    claimed = next ?? { ...claimed, reads: [] };
  }
  return report;
}

function count(report: Report, details: Details, { kind }: Read, result: RunResult): void {
  report[result.state]++;
  report.changed += result.counts.changed;
  report.invalid += result.counts.invalid;
  report.removed += result.counts.removed;
  report.rooms += result.counts.rooms;
  report.requests += result.requests;
  if (result.code !== null) details[result.code] = Number(details[result.code] ?? 0) + 1;
  if (result.cause !== null) details.cause = `${kind} ${result.cause}`;
}

const claim = (rpc: Rpc, ticket: string | null): Promise<Claim> =>
  claimDue(rpc, "claim_circle_reads", { ticket, batch_size: BATCH }, claimSchema, {
    status: 503,
    code: "loop_circle_sync_unavailable",
    message: "The database did not return what is due.",
    hint: "The next run does it.",
  });
