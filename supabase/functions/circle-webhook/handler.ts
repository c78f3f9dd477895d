import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Rpc } from "../_shared/database.ts";
import { type Call, createEndpoint, type EndpointDependencies, loadSetting } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import { isOneOf } from "../_shared/secrets.ts";
import { withRetry } from "../_shared/transient.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  /** The secrets that are valid now, newest first. Throws when none are configured. */
  secrets: () => readonly string[];
  rpc: Rpc;
  /** Limits, which tests make small. */
  maxBytes?: number;
  bodyTimeoutMs?: number;
}

/** Larger than any message of Circle's; PostgREST gets it as base64, a third more. */
const MAX_BYTES = 1024 * 1024;

/** What `ingest_circle_event` returns. */
const outcomeSchema = z.object({
  event_id: z.string(),
  status: z.enum(["received", "processed", "failed", "unrecognised", "hint", "unreadable"]),
  processed: z.number().int().default(0),
  imported: z.array(z.unknown()).default([]),
  errors: z.array(z.unknown()).default([]),
  hints: z.number().int().default(0),
  unrecognised: z.number().int().default(0),
});
type Outcome = z.infer<typeof outcomeSchema>;

/**
 * Receives what Circle, or a workflow that reads Circle, sends: `POST /circle-webhook?secret=…` (or header
 * `x-webhook-secret`), any JSON up to 1 MB.
 *
 * One database call stores the raw bytes and turns them into messages and issues. Where that fails, another
 * one stores them alone, so that nothing is lost, and the scheduler processes them. Answers 200 `{event_id,
 * status, processed, imported, errors, hints, unrecognised}` once every message is imported or refused
 * (`errors` lists which and why), 422 with the same body where every one was refused, and 202 with the same
 * body where nothing was imported: an unknown shape, a hint without content, or processing that has to be
 * repeated. The same body sent again is the same event.
 *
 * Errors: 400, 401, 405, 408, 413, 415, 500, 503, 504 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const { maxBytes = MAX_BYTES, bodyTimeoutMs } = deps;
  return createEndpoint(deps, { name: "circle-webhook", maxBytes, bodyTimeoutMs }, async (call) => {
    checkSecret(call.request, deps);
    const body = Buffer.from(await call.readBody()).toString("base64");
    return await ingest(body, deps.rpc, call.details);
  });
}

async function ingest(body: string, rpc: Rpc, details: Call["details"]): Promise<Response> {
  const result = await withRetry(rpc)("ingest_circle_event", { body });
  const ingested = outcomeSchema.safeParse(result.ok ? result.data : null);
  if (!ingested.success) details.cause = result.ok ? "unexpected_result" : result.code;
  const outcome = ingested.data ?? await store(body, rpc);
  details.event_id = outcome.event_id;
  details.outcome = outcome.status;
  details.processed = outcome.processed;
  details.errors = outcome.errors.length;
  return Response.json(outcome, { status: statusOf(outcome) });
}

function statusOf({ status, processed, hints, errors }: Outcome): number {
  const isRefused = status === "failed" && processed === 0 && hints === 0 && errors.length > 0;
  if (isRefused) return 422;
  return status === "processed" || status === "failed" ? 200 : 202;
}

/** Stores the bytes alone, for the scheduler to process. */
async function store(body: string, rpc: Rpc): Promise<Outcome> {
  const stored = await rpc("receive_circle_event", { body });
  if (stored.ok) return outcomeSchema.parse({ event_id: String(stored.data), status: "received" });
  throw new HttpError({
    status: 503,
    code: "inbox_unavailable",
    message: "The message could not be stored.",
    hint: "Send it again; the same body is never counted twice.",
    headers: { "retry-after": "5" },
  });
}

function checkSecret(request: Request, deps: Dependencies): void {
  const secrets = loadSetting(deps.secrets, {
    status: 503,
    code: "tracker_webhook_unavailable",
    message: "The webhook has no valid secret to check against.",
    hint: "Set it: supabase secrets set CIRCLE_WEBHOOK_SECRETS=<at least 20 random characters>",
  });
  const given = request.headers.get("x-webhook-secret") ?? new URL(request.url).searchParams.get("secret");
  if (given !== null && isOneOf(given, secrets)) return;
  throw new HttpError({
    status: 401,
    code: "tracker_webhook_secret_invalid",
    message: given === null ? "The webhook's secret is missing." : "The webhook's secret is wrong.",
    hint: "Call the function with ?secret=<secret>, or with the header x-webhook-secret.",
  });
}
