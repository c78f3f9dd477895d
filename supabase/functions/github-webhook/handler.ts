import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Rpc } from "../_shared/database.ts";
import { type BodyRefusal, type Failure, failureResponse, jsonResponse, readBody } from "../_shared/http.ts";
import type { LogEntry } from "../_shared/log.ts";
import { type DeliveryHeaders, jsonOf, readHeaders, readPayload } from "./delivery.ts";
import { isSigned, readSignature } from "./signature.ts";

/** What the function needs from outside. */
export interface Dependencies {
  /** The secrets that are valid now, newest first. Throws when none are configured. */
  secrets: () => readonly string[];
  /** Works on a delivery; given up early enough that there is time left to store it instead. */
  ingest: Rpc;
  /** Only stores a delivery. */
  store: Rpc;
  log: (entry: LogEntry) => void;
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
  newId: () => string;
  /** Bounds, which tests make small. */
  maxBytes?: number;
  bodyTimeoutMs?: number;
}

/** GitHub's own cap: a larger payload is not delivered. */
const MAX_BYTES = 25 * 1024 * 1024;
/** GitHub gives up after 10 s: half of them for the body, and four for the database. */
const BODY_TIMEOUT_MS = 5_000;

/** What `ingest_github_delivery` returns. */
const outcomeSchema = z.object({
  delivery_id: z.guid(),
  status: z.enum(["done", "already_done", "failed", "ignored"]),
});

const REFUSALS: Record<BodyRefusal, Failure> = {
  too_large: {
    status: 413,
    code: "body_too_large",
    message: "The body is larger than 25 MB.",
    hint: "GitHub delivers no larger ones.",
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

const SIGNATURE_WRONG: Failure = {
  status: 401,
  code: "agents_webhook_signature_invalid",
  message: "X-Hub-Signature-256 is missing, or is not the body's signature with the webhook's secret.",
  hint: "Give GitHub's webhook the secret that stands in GITHUB_WEBHOOK_SECRETS.",
};

type Details = Record<string, string | number>;

/**
 * Takes in GitHub's webhook: `POST /github-webhook`, signed with the webhook's secret, JSON or form-encoded, up to 25 MB.
 *
 * What changes no pull request of ours is answered 200 `{status: "ignored"}` and written nowhere. Of the rest, one database call
 * stores the bytes and merges what they say; where that fails, another one stores them alone and the scheduler works on them.
 * Answers 200 `{delivery_id, status}` with `done` or `already_done`, and 202 with `failed` or `received`, which are tried again.
 * Errors: 400, 401, 405, 408, 413, 415, 422, 503 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    const started = deps.now();
    const requestId = request.headers.get("sb-request-id") ?? deps.newId();
    const details: Details = {};
    const answered = await answer(request, deps, details);
    if ("code" in answered) details.code = answered.code;
    const response = "code" in answered
      ? failureResponse(answered, requestId)
      : jsonResponse(answered.status, answered.body, requestId);
    deps.log({
      function: "github-webhook",
      request_id: requestId,
      method: request.method,
      status: response.status,
      ms: Math.round(deps.now() - started),
      ...details,
    });
    return response;
  };
}

interface Answer {
  status: number;
  body: { delivery_id: string; status: string };
}

async function answer(request: Request, deps: Dependencies, details: Details): Promise<Answer | Failure> {
  const refusal = refuseMethod(request) ?? refuseEncoding(request);
  if (refusal) return refusal;
  const secrets = readSecrets(deps);
  if ("code" in secrets) return secrets;

  const signature = readSignature(request.headers.get("x-hub-signature-256"));
  if (!signature) return SIGNATURE_WRONG;
  const bytes = await readBody(request, deps.maxBytes ?? MAX_BYTES, deps.bodyTimeoutMs ?? BODY_TIMEOUT_MS);
  if (typeof bytes === "string") return REFUSALS[bytes];
  if (!await isSigned(bytes, signature, secrets.valid)) return SIGNATURE_WRONG;

  const headers = readHeaders(request.headers);
  if ("code" in headers) return headers;
  details.event = headers.event;
  details.delivery_id = headers.id;
  const ignored: Answer = { status: 200, body: { delivery_id: headers.id, status: "ignored" } };
  if (headers.event !== "pull_request") {
    details.outcome = "ignored";
    return ignored;
  }

  const json = jsonOf(bytes, request.headers.get("content-type"));
  if (json === null) {
    return {
      status: 415,
      code: "content_type_unsupported",
      message: "The body is neither JSON nor a form with the field payload.",
      hint: "Choose application/json as the webhook's content type.",
    };
  }
  const reading = readPayload(json);
  if ("unreadable" in reading) {
    return {
      status: 422,
      code: "agents_github_payload_invalid",
      message: "The payload is none that GitHub sends for this event.",
      details: reading.unreadable,
      hint: "Point a webhook of GitHub here.",
    };
  }
  if ("ignored" in reading) {
    details.outcome = "ignored";
    return ignored;
  }
  details.action = reading.action;
  return await ingest(Buffer.from(json).toString("base64"), headers, deps, details);
}

async function ingest(
  body: string,
  { id, event }: DeliveryHeaders,
  deps: Dependencies,
  details: Details,
): Promise<Answer | Failure> {
  const args = { p_delivery_id: id, p_event: event, p_body: body };
  const result = await deps.ingest("ingest_github_delivery", args);
  const outcome = outcomeSchema.safeParse(result.ok ? result.data : null);
  if (result.ok && outcome.success) {
    details.outcome = outcome.data.status;
    return { status: outcome.data.status === "failed" ? 202 : 200, body: outcome.data };
  }
  details.cause = result.ok ? "unexpected_result" : result.code;
  const stored = await deps.store("receive_github_delivery", args);
  if (!stored.ok) {
    return {
      status: 503,
      code: "inbox_unavailable",
      message: "The delivery could not be stored.",
      hint: "Redeliver it; nothing is counted twice. The sweep mends what stays undelivered.",
      headers: { "retry-after": "5" },
    };
  }
  details.outcome = "received";
  return { status: 202, body: { delivery_id: id, status: "received" } };
}

function readSecrets(deps: Dependencies): { valid: readonly string[] } | Failure {
  try {
    return { valid: deps.secrets() };
  } catch (error) {
    return {
      status: 503,
      code: "agents_github_webhook_unavailable",
      message: "The webhook has no valid secret to check against.",
      details: error instanceof Error ? error.message : String(error),
      hint: "Set it: supabase secrets set GITHUB_WEBHOOK_SECRETS=<at least 20 random characters>",
    };
  }
}

function refuseMethod(request: Request): Failure | undefined {
  if (request.method === "POST") return undefined;
  return {
    status: 405,
    code: "method_unsupported",
    message: "Only POST is accepted.",
    headers: { allow: "POST" },
  };
}

/** The signature is over the bytes that are sent; GitHub compresses nothing. */
function refuseEncoding(request: Request): Failure | undefined {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase();
  if (!encoding || encoding === "identity") return undefined;
  return {
    status: 415,
    code: "encoding_unsupported",
    message: "Compressed bodies are not accepted.",
    hint: "Send the body as it is, without content-encoding.",
  };
}
