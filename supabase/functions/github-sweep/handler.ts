import type { Rpc } from "../_shared/database.ts";
import { decryptSecret, type MasterKeys, SecretError } from "../_shared/encryption.ts";
import { createEndpoint, type EndpointDependencies, loadSetting } from "../_shared/endpoint.ts";
import { claimDue, readTicket } from "../_shared/ticket.ts";
import { withRetry } from "../_shared/transient.ts";
import type { Budgets } from "../_shared/provider-budget.ts";
import type { AskGithub } from "../_shared/github.ts";
import { type Plan, planSchema, type Reader } from "./plan.ts";
import { sweep } from "./sweep.ts";

/** What the function needs from outside. */
export interface Dependencies extends Omit<EndpointDependencies, "now"> {
  rpc: Rpc;
  ask: AskGithub;
  /** What GitHub may be asked. */
  budgets: Budgets;
  /** The keys that tokens are encrypted with. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  /** Whether a request carries a secret key of the project. */
  isServer: (request: Request) => Promise<boolean>;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Limits, which tests make small. */
  maxRequests?: number;
  maxMs?: number;
}

/**
 * Well within the 150 s that the platform allows; the deadline leaves time for the last request and its
 * answer.
 */
const MAX_MS = 90_000;
const DEADLINE_MS = 140_000;
const MAX_REQUESTS = 200;

/**
 * Asks GitHub about the pull requests that are due: `POST /github-sweep` with the header `x-fixloop-ticket`,
 * as the database calls it, or with a secret key. Answers 200 with a `Report`, whose `stopped` is the reason
 * when it did not get through. Errors: 401, 403, 405, 500, 503, 504 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const { maxRequests = MAX_REQUESTS, maxMs = MAX_MS, ask, budgets, clock } = deps;
  const rpc = withRetry(deps.rpc);
  const options = { name: "github-sweep", maxBytes: 0, deadlineMs: DEADLINE_MS };
  return createEndpoint({ ...deps, now: clock }, options, async ({ request, details }) => {
    const ticket = await readTicket(request, deps.isServer);
    const keys = loadSetting(deps.masterKeys, {
      status: 503,
      code: "agents_secrets_unavailable",
      message: "There are no keys to decrypt the users' tokens with.",
      hint: "Set them: supabase secrets set SECRETS_MASTER_KEYS=<id>:<key>",
    });
    const plan = await beginSweep(rpc, ticket);
    const open = (reader: Reader) => openToken(keys, reader);
    const report = await sweep(plan, { ask, rpc, budgets, open, clock, maxRequests, maxMs });
    report.paused_until ??= plan.paused_until;
    Object.assign(details, report);
    return Response.json(report);
  });
}

const beginSweep = (rpc: Rpc, ticket: string | null): Promise<Plan> =>
  claimDue(rpc, "begin_github_sweep", { ticket, batch_size: MAX_REQUESTS }, planSchema, {
    status: 503,
    code: "agents_sweep_unavailable",
    message: "The database did not return what is due.",
    hint: "The next sweep does it.",
  });

async function openToken(keys: MasterKeys, reader: Reader): Promise<string | null> {
  const identity = { id: reader.secret_id, kind: "github_token", ownerId: reader.user_id };
  try {
    return await decryptSecret(keys, identity, reader.sealed);
  } catch (error) {
    if (error instanceof SecretError) return null;
    throw error;
  }
}
