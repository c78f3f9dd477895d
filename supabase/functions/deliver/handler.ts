import { z } from "zod";
import type { CircleApi } from "../_shared/circle-api.ts";
import type { Rpc } from "../_shared/database.ts";
import type { MasterKeys } from "../_shared/encryption.ts";
import { createEndpoint, type EndpointDependencies } from "../_shared/endpoint.ts";
import { type Failure, HttpError } from "../_shared/failure.ts";
import { loadMasterKeys } from "../_shared/secret-settings.ts";
import { readTicket, TICKET_INVALID } from "../_shared/ticket.ts";
import { withRetry } from "../_shared/transient.ts";
import { type CircleTools, deliverReply } from "./circle.ts";
import { type Channel, type Claim, claimsSchema, type Outcome } from "./claim.ts";
import { Endpoints } from "./endpoint.ts";
import type { Poster } from "./post.ts";

/** What the function needs from outside. */
export interface Dependencies extends Omit<EndpointDependencies, "now"> {
  rpc: Rpc;
  /** The keys that secrets are encrypted with. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  poster: Poster;
  /** Circle's APIs for one run. */
  openCircle: (rpc: Rpc) => CircleApi;
  sleep: (ms: number) => Promise<void>;
  /** Whether a request carries a secret key of the project. */
  isServer: (request: Request) => Promise<boolean>;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Limits, which tests make small. */
  maxMs?: number;
  leaseSeconds?: number;
}

/** What a call of the function did. */
export interface Report {
  claimed: number;
  delivered: number;
  failed: number;
  /** Deliveries that somebody else had by then, or that were cancelled. */
  lost: number;
  /** Replies to support, which the database sends. */
  support: number;
  /** Why it did not get through; null where nothing is due any more. */
  stopped: "time" | "database" | null;
}

/** The platform allows 150 s. No delivery is begun after 90 s, and each takes 20 s at most, or Circle's calls. */
const MAX_MS = 90_000;
const DEADLINE_MS = 145_000;
/** More than a batch takes: so many deliveries one after the other in each worker, of 20 s at most. */
const LEASE_SECONDS = 75;
/** Circle gets one request at a time. */
const CHANNELS: Record<Channel, { workers: number; batch: number }> = {
  webhook: { workers: 8, batch: 16 },
  slack: { workers: 2, batch: 4 },
  circle: { workers: 1, batch: 1 },
};

const UNAVAILABLE: Failure = {
  status: 503,
  code: "loop_deliver_unavailable",
  message: "The database did not open the run.",
  hint: "The next run delivers what is due.",
};

/**
 * Delivers what is due: `POST /deliver` with the header `x-fixloop-ticket`, as the database calls it, or with a secret key.
 * Answers 200 with a `Report`. Errors: 401, 403, 405, 500, 503, 504 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const { maxMs = MAX_MS, leaseSeconds = LEASE_SECONDS, clock } = deps;
  const rpc = withRetry(deps.rpc);
  const options = { name: "deliver", maxBytes: 1024, deadlineMs: DEADLINE_MS };
  return createEndpoint({ ...deps, now: clock }, options, async ({ request, details }) => {
    const ticket = await readTicket(request, deps.isServer);
    const masterKeys = loadMasterKeys(deps.masterKeys);
    const report: Report = {
      claimed: 0,
      delivered: 0,
      failed: 0,
      lost: 0,
      support: await begin(rpc, ticket),
      stopped: null,
    };
    const endpoints = new Endpoints({ rpc, masterKeys, poster: deps.poster, clock });
    const api = deps.openCircle(rpc);
    const circle: CircleTools = { rpc, api, clock, sleep: deps.sleep, leaseSeconds };
    const run: Run = { rpc, report, until: clock() + maxMs, leaseSeconds, clock };
    const toEndpoint: Deliver = {
      load: (claims) => endpoints.load(claims),
      one: (claim) => endpoints.deliver(claim),
    };
    try {
      await Promise.all([
        deliverChannel(run, "webhook", toEndpoint),
        deliverChannel(run, "slack", toEndpoint),
        deliverChannel(run, "circle", { one: (claim) => deliverReply(claim, circle) }),
      ]);
    } finally {
      await api.settle();
    }
    Object.assign(details, report);
    return Response.json(report);
  });
}

async function begin(rpc: Rpc, ticket: string | null): Promise<number> {
  const begun = await rpc("begin_deliver", { ticket });
  if (!begun.ok && begun.code === "PT401") throw new HttpError(TICKET_INVALID);
  const sent = z.int().safeParse(begun.ok ? begun.data : null);
  if (sent.success) return sent.data;
  throw new HttpError({ ...UNAVAILABLE, details: begun.ok ? "unexpected result" : begun.code });
}

interface Run {
  rpc: Rpc;
  report: Report;
  /** When no delivery is begun any more. */
  until: number;
  leaseSeconds: number;
  clock: () => number;
}

interface Deliver {
  /** Before a batch. Returns false where it can't be delivered now. */
  load?: (claims: readonly Claim[]) => Promise<boolean>;
  one: (claim: Claim) => Promise<Outcome>;
}

/** Claims batch after batch until nothing of the channel is due. */
async function deliverChannel(run: Run, channel: Channel, deliver: Deliver): Promise<void> {
  const { rpc, report, until, leaseSeconds, clock } = run;
  const { workers, batch } = CHANNELS[channel];
  for (;;) {
    if (clock() >= until) {
      report.stopped ??= "time";
      return;
    }
    const claims = await claim(rpc, channel, batch, leaseSeconds);
    if (claims === null || claims.length > 0 && !(await deliver.load?.(claims) ?? true)) {
      report.stopped ??= "database";
      return;
    }
    report.claimed += claims.length;
    const waiting = [...claims];
    await Promise.all(Array.from({ length: workers }, async () => {
      for (let one = waiting.shift(); one; one = waiting.shift()) {
        await settle(run, one, await deliver.one(one));
      }
    }));
    if (claims.length < batch) return;
  }
}

async function claim(rpc: Rpc, channel: Channel, max_count: number, lease_seconds: number) {
  const claimed = await rpc("claim_deliveries", { channel, max_count, lease_seconds });
  const claims = claimsSchema.safeParse(claimed.ok ? claimed.data : null);
  return claims.success ? claims.data : null;
}

/** Tells the database. What it does not hear of is tried again when the lease has run out. */
async function settle({ rpc, report }: Run, { id, fencing_token }: Claim, outcome: Outcome): Promise<void> {
  if (outcome.kind === "lost") {
    report.lost++;
    return;
  }
  const told = outcome.kind === "delivered"
    ? await rpc("finish_delivery", { id, fencing_token, reference: outcome.reference })
    : await rpc("fail_delivery", {
      id,
      fencing_token,
      error: outcome.error,
      status_code: outcome.statusCode ?? null,
      retry_after_seconds: outcome.retryAfter ?? null,
      counted: outcome.isCounted ?? true,
      final: outcome.isFinal ?? false,
    });
  if (!told.ok) {
    report.lost++;
    if (told.code !== "PT409") report.stopped ??= "database";
  } else if (outcome.kind === "delivered") report.delivered++;
  else report.failed++;
}
