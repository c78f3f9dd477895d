import { z } from "zod";
import { HttpError } from "../_shared/failure.ts";

/** The id and the event of a delivery. */
export interface DeliveryHeaders {
  id: string;
  event: string;
}

/** `X-GitHub-Delivery` is a GUID, `X-GitHub-Event` a word. */
const headersSchema = z.object({ id: z.guid(), event: z.string().regex(/^[a-z_0-9]{1,100}$/) });

/**
 * The actions of a `pull_request` event that change something that is stored. The others are about people,
 * labels, locks, milestones and queues.
 */
export const ACTIONS: ReadonlySet<string> = new Set([
  "opened",
  "closed",
  "reopened",
  "edited",
  "synchronize",
  "converted_to_draft",
  "ready_for_review",
]);

/** What is checked here; the database parses the rest out of the same bytes. */
const payloadSchema = z.object({
  action: z.string(),
  number: z.number(),
  pull_request: z.object({ number: z.number(), state: z.string(), updated_at: z.string() }).loose(),
  repository: z.object({ name: z.string(), owner: z.object({ login: z.string() }).loose() }).loose(),
}).loose();

/** Parses the headers of a delivery; throws 400. */
export function parseHeaders(headers: Headers): DeliveryHeaders {
  const parsed = headersSchema.safeParse({
    id: headers.get("x-github-delivery") ?? undefined,
    event: headers.get("x-github-event") ?? undefined,
  });
  if (parsed.success) return parsed.data;
  throw new HttpError({
    status: 400,
    code: "agents_github_headers_required",
    message: "X-GitHub-Event or X-GitHub-Delivery is missing, or is not what GitHub sends.",
    hint: "Point a webhook of GitHub here.",
  });
}

/**
 * The bytes of the JSON: the body itself, or with content type `application/x-www-form-urlencoded` its field
 * `payload`; throws 415 when it is neither.
 */
export function extractJson(body: Uint8Array<ArrayBuffer>, contentType: string | null): Uint8Array {
  const type = contentType?.split(";")[0]?.trim().toLowerCase();
  if (type === "application/json") return body;
  const payload = type === "application/x-www-form-urlencoded"
    ? new URLSearchParams(new TextDecoder().decode(body)).get("payload")
    : null;
  if (payload !== null) return new TextEncoder().encode(payload);
  throw new HttpError({
    status: 415,
    code: "content_type_unsupported",
    message: "The body is neither JSON nor a form with the field payload.",
    hint: "Choose application/json as the webhook's content type.",
  });
}

/**
 * Parses as much of a `pull_request` event as it takes to decide whether the database has to process it;
 * throws 422.
 *
 * @returns the event's action; null where it changes nothing that is stored
 */
export function parsePayload(json: Uint8Array): string | null {
  let payload: unknown;
  try {
    payload = JSON.parse(new TextDecoder().decode(json));
  } catch {
    throw payloadInvalid("It is not JSON.");
  }
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    throw payloadInvalid("It is not a JSON object.");
  }
  const action = "action" in payload && typeof payload.action === "string" ? payload.action : null;
  if (action === null || !ACTIONS.has(action)) return null;
  if (payloadSchema.safeParse(payload).success) return action;
  throw payloadInvalid("It has no pull request or no repository as a pull_request event has them.");
}

const payloadInvalid = (details: string): HttpError =>
  new HttpError({
    status: 422,
    code: "agents_github_payload_invalid",
    message: "The payload is not what GitHub sends for this event.",
    details,
    hint: "Point a webhook of GitHub here.",
  });
