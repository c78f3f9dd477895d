import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Rpc } from "../_shared/database.ts";
import { type Call, createEndpoint, type EndpointDependencies, loadSetting } from "../_shared/endpoint.ts";
import { type Failure, HttpError } from "../_shared/failure.ts";
import {
  type DeliveryHeaders,
  extractJson,
  isKnownEvent,
  type KnownEvent,
  parseHeaders,
  parsePayload,
  withoutIds,
} from "./delivery.ts";
import type { RepositorySecret } from "./repository-secrets.ts";
import { isSigned, parseSignature } from "./signature.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  /** The secrets that are valid now, newest first. Throws when none are configured. */
  secrets: () => readonly string[];
  /** Secrets that are good for one repository alone; default: none. */
  repositorySecrets?: () => readonly RepositorySecret[];
  /** Processes a delivery; its timeout leaves time to store the delivery instead. */
  ingest: Rpc;
  /** Only stores a delivery. */
  store: Rpc;
  /** Limits, which tests make small. */
  maxBytes?: number;
  bodyTimeoutMs?: number;
}

/** GitHub's own limit: a larger payload is not delivered. */
const MAX_BYTES = 25 * 1024 * 1024;
/**
 * GitHub waits 10 s for the response: 5 s for the body, and 4 s for the database, so that a call is not
 * retried here.
 */
const BODY_TIMEOUT_MS = 5_000;

/** What `ingest_github_delivery` returns. */
const outcomeSchema = z.object({
  delivery_id: z.guid(),
  status: z.enum(["done", "already_done", "failed", "refused", "ignored"]),
});

const SIGNATURE_INVALID: Failure = {
  status: 401,
  code: "agents_webhook_signature_invalid",
  message: "X-Hub-Signature-256 is missing, or is not the body's signature with the webhook's secret.",
  hint: "Give GitHub's webhook the secret of GITHUB_WEBHOOK_SECRETS.",
};

const UNAVAILABLE: Failure = {
  status: 503,
  code: "inbox_unavailable",
  message: "The delivery could not be stored.",
  hint: "Redeliver it; nothing is counted twice. The sweep finds what is not redelivered.",
  headers: { "retry-after": "5" },
};

const TIME_INVALID: Failure = {
  status: 422,
  code: "agents_github_time_invalid",
  message: "A time of the pull request or the repository is more than five minutes ahead.",
  hint: "Compare the clock of GitHub, if it is a server of your own, with that of the database.",
};

/**
 * Receives GitHub's webhook: `POST /github-webhook`, signed with the webhook's secret, JSON or form-encoded,
 * up to 25 MB.
 *
 * A delivery that changes no stored pull request is answered 200 `{status: "ignored"}` and not stored. For
 * the others, one database call stores and merges them; where that fails, another one stores the bytes alone
 * and the scheduler processes them. Answers 200 `{delivery_id, status}` with `done` or `already_done`, and
 * 202 with `failed` or `received`, which are tried again. Errors: 400, 401, 405, 408, 413, 415, 422, 500, 503, 504 with
 * `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const { maxBytes = MAX_BYTES, bodyTimeoutMs = BODY_TIMEOUT_MS } = deps;
  return createEndpoint(deps, { name: "github-webhook", maxBytes, bodyTimeoutMs }, async (call) => {
    const { body, repositories } = await readSigned(call, deps);
    const delivery = parseHeaders(call.request.headers);
    call.details.event = delivery.event;
    call.details.delivery_id = delivery.id;
    const json = isKnownEvent(delivery.event)
      ? await parseChange(delivery.event, body, call, repositories, deps)
      : undefined;
    if (json) return await ingest(Buffer.from(json).toString("base64"), delivery, deps, call.details);
    call.details.outcome = "ignored";
    return Response.json({ delivery_id: delivery.id, status: "ignored" });
  });
}

interface Signed {
  body: Uint8Array<ArrayBuffer>;
  /** The repositories that the signature is good for; null for all. */
  repositories: readonly string[] | null;
}

/** The raw body, once its signature is checked. */
async function readSigned(call: Call, deps: Dependencies): Promise<Signed> {
  const unavailable: Failure = {
    status: 503,
    code: "agents_github_webhook_unavailable",
    message: "The webhook has no valid secret to check against.",
    hint: "Set it: supabase secrets set GITHUB_WEBHOOK_SECRETS=<at least 20 random characters>",
  };
  const secrets = loadSetting(deps.secrets, unavailable);
  const ofRepositories = loadSetting(deps.repositorySecrets ?? (() => []), unavailable);
  const signature = parseSignature(call.request.headers.get("x-hub-signature-256"));
  if (!signature) throw new HttpError(SIGNATURE_INVALID);
  const body = await call.readBody();
  if (await isSigned(body, signature, secrets)) return { body, repositories: null };
  const repositories: string[] = [];
  for (const { repository, secret } of ofRepositories) {
    if (await isSigned(body, signature, [secret])) repositories.push(repository);
  }
  if (repositories.length === 0) throw new HttpError(SIGNATURE_INVALID);
  return { body, repositories };
}

/**
 * The JSON of an event; undefined where it changes nothing that is stored. Throws 401 where its signature is not good
 * for its repository: for that name and the one before, and for the id that GitHub has reported. An id that it has
 * not reported may be any repository's: a pull request is stored without it, and a change of the repository is not.
 */
async function parseChange(
  event: KnownEvent,
  body: Uint8Array<ArrayBuffer>,
  { request, details }: Call,
  repositories: readonly string[] | null,
  deps: Dependencies,
): Promise<Uint8Array | undefined> {
  const json = extractJson(body, request.headers.get("content-type"));
  const change = parsePayload(event, json);
  if (change === null) return undefined;
  details.action = change.action;
  if (repositories === null) return json;
  const { owner, name, githubId, former } = change;
  for (const named of [{ owner, name }, ...former ? [former] : []]) {
    if (!repositories.includes(`${named.owner}/${named.name}`.toLowerCase())) {
      throw new HttpError(SIGNATURE_INVALID);
    }
  }
  const named = former ?? { owner, name };
  const checked = await deps.ingest("is_github_repository", { ...named, github_id: githubId });
  if (!checked.ok) throw new HttpError(UNAVAILABLE);
  if (checked.data === true) return json;
  if (checked.data === null && event === "pull_request") return withoutIds(json);
  throw new HttpError(SIGNATURE_INVALID);
}

async function ingest(
  body: string,
  { id, event }: DeliveryHeaders,
  deps: Dependencies,
  details: Call["details"],
): Promise<Response> {
  const args = { delivery_id: id, event, body };
  const result = await deps.ingest("ingest_github_delivery", args);
  const outcome = outcomeSchema.safeParse(result.ok ? result.data : null);
  if (outcome.success) {
    details.outcome = outcome.data.status;
    if (outcome.data.status === "refused") throw new HttpError(TIME_INVALID);
    return Response.json(outcome.data, { status: outcome.data.status === "failed" ? 202 : 200 });
  }
  details.cause = result.ok ? "unexpected_result" : result.code;
  const stored = await deps.store("receive_github_delivery", args);
  if (!stored.ok) {
    throw new HttpError(UNAVAILABLE);
  }
  details.outcome = "received";
  return Response.json({ delivery_id: id, status: "received" }, { status: 202 });
}
