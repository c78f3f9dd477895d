import { z } from "zod";
import type { Failure } from "../_shared/http.ts";

/** What the headers of a delivery say. */
export interface DeliveryHeaders {
  id: string;
  event: string;
}

/** `X-GitHub-Delivery` is a GUID, `X-GitHub-Event` a word. */
const headersSchema = z.object({ id: z.guid(), event: z.string().regex(/^[a-z_0-9]{1,100}$/) });

/**
 * The actions of a `pull_request` event after which something that we hold is different. The others are about people, labels,
 * locks, milestones and queues.
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

/** What is looked at here; the database reads the rest out of the same bytes. */
const payloadSchema = z.object({
  action: z.string(),
  number: z.number(),
  pull_request: z.object({ number: z.number(), state: z.string(), updated_at: z.string() }).loose(),
  repository: z.object({ name: z.string(), owner: z.object({ login: z.string() }).loose() }).loose(),
}).loose();

/** The id and the kind of a delivery, or why there are none. */
export function readHeaders(headers: Headers): DeliveryHeaders | Failure {
  const read = headersSchema.safeParse({
    id: headers.get("x-github-delivery") ?? undefined,
    event: headers.get("x-github-event") ?? undefined,
  });
  if (read.success) return read.data;
  return {
    status: 400,
    code: "agents_github_headers_required",
    message: "X-GitHub-Event or X-GitHub-Delivery is missing, or is not what GitHub sends.",
    hint: "Point a webhook of GitHub here.",
  };
}

/**
 * The bytes of the JSON: the body itself, or with content type `application/x-www-form-urlencoded` its field `payload`.
 * Null when it is neither.
 */
export function jsonOf(body: Uint8Array<ArrayBuffer>, contentType: string | null): Uint8Array | null {
  const type = contentType?.split(";")[0]?.trim().toLowerCase();
  if (type === "application/json") return body;
  if (type !== "application/x-www-form-urlencoded") return null;
  const payload = new URLSearchParams(new TextDecoder().decode(body)).get("payload");
  return payload === null ? null : new TextEncoder().encode(payload);
}

/** What a payload is about: `ignored` changes nothing that we hold; a string says why it can't be read. */
export type Reading = { action: string } | { ignored: string | null } | { unreadable: string };

/** Reads as much of a `pull_request` event as it takes to know whether the database has to see it. */
export function readPayload(json: Uint8Array): Reading {
  let payload: unknown;
  try {
    payload = JSON.parse(new TextDecoder().decode(json));
  } catch {
    return { unreadable: "It is no JSON." };
  }
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) {
    return { unreadable: "It is no JSON object." };
  }
  const action = "action" in payload && typeof payload.action === "string" ? payload.action : null;
  if (action === null || !ACTIONS.has(action)) return { ignored: action };
  if (!payloadSchema.safeParse(payload).success) {
    return { unreadable: "It has no pull request or no repository as a pull_request event has them." };
  }
  return { action };
}
