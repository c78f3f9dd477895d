import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Rpc } from "../_shared/database.ts";
import { type BodyRefusal, type Failure, failureResponse, jsonResponse, readBody } from "../_shared/http.ts";
import type { LogEntry } from "../_shared/log.ts";
import { isOneOf } from "../_shared/secrets.ts";

/** What the function needs from outside. */
export interface Dependencies {
  /** The secrets that are valid now, newest first. Throws when none are configured. */
  secrets: () => readonly string[];
  rpc: Rpc;
  log: (entry: LogEntry) => void;
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
  newId: () => string;
  /** Bounds, which tests make small. */
  maxBytes?: number;
  bodyTimeoutMs?: number;
}

/** Larger than any message of Circle's; PostgREST takes it as base64, a third more. */
const MAX_BYTES = 1024 * 1024;
const BODY_TIMEOUT_MS = 10_000;

/** What `ingest_circle_event` returns. */
const outcomeSchema = z.object({
  event_id: z.string(),
  status: z.enum(["received", "processed", "failed", "unrecognised", "hint", "unreadable"]),
  processed: z.number().int().optional(),
  imported: z.array(z.unknown()).optional(),
  errors: z.array(z.unknown()).optional(),
  hints: z.number().int().optional(),
  unrecognised: z.number().int().optional(),
}).loose();

/** Deadlock and lock time-out: gone the next moment, so tried again at once. */
const PASSING = new Set(["40P01", "55P03"]);
const MAX_TRIES = 3;

const REFUSALS: Record<BodyRefusal, Failure> = {
  too_large: {
    status: 413,
    code: "body_too_large",
    message: "The body is larger than 1 MB.",
    hint: "Send messages in smaller batches.",
  },
  too_slow: {
    status: 408,
    code: "body_expired",
    message: "The body did not arrive in time.",
    hint: "Send it again.",
  },
  broken_off: {
    status: 400,
    code: "body_invalid",
    message: "The body ended before it was whole.",
    hint: "Send it again.",
  },
};

/**
 * Takes in what Circle, or a workflow that reads Circle, sends: `POST /circle-webhook?secret=…` (or header
 * `x-webhook-secret`), any JSON up to 1 MB.
 *
 * One database call stores the raw bytes and turns them into messages and issues. Where that fails, another one stores them
 * alone, so that nothing is lost, and the scheduler works on them. Answers 200 `{event_id, status, processed, imported, errors, hints, unrecognised}` once every
 * message is imported or refused (`errors` says which and why), and 202 with the same body where nothing was imported: an
 * unknown shape, a hint without content, or processing that has to be repeated. The same body sent again is the same event.
 * Errors: 400, 401, 405, 408, 413, 415, 503 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    const started = deps.now();
    const requestId = request.headers.get("sb-request-id") ?? deps.newId();
    const details: Record<string, string | number> = {};
    const response = await answer(request, requestId, deps, details);
    deps.log({
      function: "circle-webhook",
      request_id: requestId,
      method: request.method,
      status: response.status,
      ms: Math.round(deps.now() - started),
      ...details,
    });
    return response;
  };
}

async function answer(
  request: Request,
  requestId: string,
  deps: Dependencies,
  details: Record<string, string | number>,
): Promise<Response> {
  const refuse = (failure: Failure): Response => {
    details.code = failure.code;
    return failureResponse(failure, requestId);
  };
  if (request.method !== "POST") {
    return refuse({
      status: 405,
      code: "method_unsupported",
      message: "Only POST is accepted.",
      headers: { allow: "POST" },
    });
  }
  const refusal = refuseSecret(request, deps) ?? refuseEncoding(request);
  if (refusal) return refuse(refusal);

  const body = await readBody(request, deps.maxBytes ?? MAX_BYTES, deps.bodyTimeoutMs ?? BODY_TIMEOUT_MS);
  if (typeof body === "string") return refuse(REFUSALS[body]);

  return await ingest(Buffer.from(body).toString("base64"), requestId, deps, details, refuse);
}

async function ingest(
  body: string,
  requestId: string,
  deps: Dependencies,
  details: Record<string, string | number>,
  refuse: (failure: Failure) => Response,
): Promise<Response> {
  let result = await deps.rpc("ingest_circle_event", { p_body: body });
  for (let tries = 1; tries < MAX_TRIES && !result.ok && PASSING.has(result.code); tries++) {
    result = await deps.rpc("ingest_circle_event", { p_body: body });
  }
  const outcome = outcomeSchema.safeParse(result.ok ? result.data : null);
  if (result.ok && outcome.success) {
    const answer = answerBody(outcome.data);
    details.event_id = answer.event_id;
    details.outcome = answer.status;
    details.processed = answer.processed;
    details.errors = answer.errors.length;
    const isDone = answer.status === "processed" || answer.status === "failed";
    return jsonResponse(isDone ? 200 : 202, answer, requestId);
  }
  details.cause = result.ok ? "unexpected_result" : result.code;
  const stored = await deps.rpc("receive_circle_event", { p_body: body });
  if (!stored.ok) {
    return refuse({
      status: 503,
      code: "inbox_unavailable",
      message: "The message could not be stored.",
      hint: "Send it again; the same body is never counted twice.",
      headers: { "retry-after": "5" },
    });
  }
  const answer = answerBody({ event_id: String(stored.data), status: "received" });
  details.event_id = answer.event_id;
  details.outcome = answer.status;
  return jsonResponse(202, answer, requestId);
}

function answerBody(outcome: z.infer<typeof outcomeSchema>) {
  const { event_id, status, processed = 0, imported = [], errors = [], hints = 0, unrecognised = 0 } =
    outcome;
  return { event_id, status, processed, imported, errors, hints, unrecognised };
}

/** What is stored is what was meant: a compressed body would be kept, and never be read. */
function refuseEncoding(request: Request): Failure | undefined {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase();
  if (!encoding || encoding === "identity") return undefined;
  return {
    status: 415,
    code: "encoding_unsupported",
    message: "Compressed bodies are not accepted.",
    hint: "Send the JSON as it is, without content-encoding.",
  };
}

function refuseSecret(request: Request, deps: Dependencies): Failure | undefined {
  let secrets: readonly string[];
  try {
    secrets = deps.secrets();
  } catch (error) {
    return {
      status: 503,
      code: "tracker_webhook_unavailable",
      message: "The webhook has no valid secret to check against.",
      details: error instanceof Error ? error.message : String(error),
      hint: "Set it: supabase secrets set CIRCLE_WEBHOOK_SECRETS=<at least 20 random characters>",
    };
  }
  const given = request.headers.get("x-webhook-secret") ?? new URL(request.url).searchParams.get("secret");
  if (given !== null && isOneOf(given, secrets)) return undefined;
  return {
    status: 401,
    code: "tracker_webhook_secret_invalid",
    message: given === null ? "The webhook's secret is missing." : "The webhook's secret is wrong.",
    hint: "Call the function with ?secret=<secret>, or with the header x-webhook-secret.",
  };
}
