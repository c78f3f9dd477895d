import type { Rpc } from "../_shared/database.ts";
import { createEndpoint, type EndpointDependencies, loadSetting } from "../_shared/endpoint.ts";
import { claimDue, readTicket } from "../_shared/ticket.ts";
import { withRetry } from "../_shared/transient.ts";
import { assist } from "./assist.ts";
import type { AskModel, ModelSettings } from "./model.ts";
import { type Plan, planSchema } from "./plan.ts";

/** What the function needs from outside. */
export interface Dependencies extends Omit<EndpointDependencies, "now"> {
  rpc: Rpc;
  /** The endpoint and model. Throws when none are configured. */
  settings: () => ModelSettings;
  connect: (settings: ModelSettings) => AskModel;
  /** Whether a request carries a secret key of the project. */
  isServer: (request: Request) => Promise<boolean>;
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Limits, which tests make small. */
  batchSize?: number;
  maxMs?: number;
}

/**
 * Well within the 150 s that the platform allows; the deadline leaves time for the last request and its
 * answer.
 */
const MAX_MS = 90_000;
const DEADLINE_MS = 140_000;
const BATCH_SIZE = 20;

/**
 * Puts messages that wait for a decision to the model of the team's choice: `POST /triage-assist` with the
 * header `x-fixloop-ticket`, as the database calls it, or with a secret key. Answers 200 with a `Report`, whose
 * `stopped` is the reason when it did not get through. Errors: 401, 403, 405, 500, 503, 504 with
 * `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const { batchSize = BATCH_SIZE, maxMs = MAX_MS, clock } = deps;
  const rpc = withRetry(deps.rpc);
  const options = { name: "triage-assist", maxBytes: 0, deadlineMs: DEADLINE_MS };
  return createEndpoint({ ...deps, now: clock }, options, async ({ request, details, signal }) => {
    const ticket = await readTicket(request, deps.isServer);
    const settings = loadSetting(deps.settings, {
      status: 503,
      code: "tracker_assist_unavailable",
      message: "There is no model to ask.",
      hint: "Set TRIAGE_ASSIST_URL, TRIAGE_ASSIST_KEY and TRIAGE_ASSIST_MODEL with supabase secrets set.",
    });
    const plan = await claim(rpc, ticket, batchSize);
    const report = await assist(plan, { ask: deps.connect(settings), rpc, clock, signal, maxMs });
    report.paused_until ??= plan.paused_until;
    Object.assign(details, report);
    return Response.json(report);
  });
}

const claim = (rpc: Rpc, ticket: string | null, batch_size: number): Promise<Plan> =>
  claimDue(rpc, "claim_triage_questions", { ticket, batch_size }, planSchema, {
    status: 503,
    code: "tracker_questions_unavailable",
    message: "The database did not return what to ask.",
    hint: "The next run does it.",
  });
