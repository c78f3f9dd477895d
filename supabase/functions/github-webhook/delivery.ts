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

/** The actions of a `repository` event that do. */
export const REPOSITORY_ACTIONS: ReadonlySet<string> = new Set([
  "renamed",
  "transferred",
  "privatized",
  "deleted",
]);

/** The action of a `deployment_status` event that does, where its state is `success`. */
export const DEPLOYMENT_ACTIONS: ReadonlySet<string> = new Set(["created"]);

/** What is checked here; the database parses the rest out of the same bytes. */
const accountSchema = z.object({ login: z.string() }).loose();
const repositorySchema = z.object({
  id: z.number().int().optional(),
  name: z.string(),
  owner: accountSchema,
}).loose();
const payloadSchemas = {
  pull_request: z.object({
    action: z.string(),
    number: z.number(),
    pull_request: z.object({ number: z.number(), state: z.string(), updated_at: z.string() }).loose(),
    repository: repositorySchema,
  }).loose(),
  repository: z.object({
    action: z.string(),
    repository: repositorySchema.extend({ id: z.number().int(), updated_at: z.string() }),
    changes: z.object({
      owner: z.object({
        from: z.object({ user: accountSchema.nullish(), organization: accountSchema.nullish() }).loose(),
      }).loose().optional(),
      repository: z.object({ name: z.object({ from: z.string() }).loose() }).loose().optional(),
    }).loose().optional(),
  }).loose(),
  deployment_status: z.object({
    action: z.string(),
    deployment_status: z.object({ state: z.string(), created_at: z.string() }).loose(),
    deployment: z.object({ created_at: z.string() }).loose(),
    repository: repositorySchema.extend({ id: z.number().int() }),
  }).loose(),
};

const ACTIONS_OF: Readonly<Record<KnownEvent, ReadonlySet<string>>> = {
  pull_request: ACTIONS,
  repository: REPOSITORY_ACTIONS,
  deployment_status: DEPLOYMENT_ACTIONS,
};

/** The events that change something that is stored. */
export type KnownEvent = keyof typeof payloadSchemas;

export const isKnownEvent = (event: string): event is KnownEvent => Object.hasOwn(payloadSchemas, event);

/** A delivery that changes something that is stored. */
export interface Change {
  action: string;
  owner: string;
  name: string;
  /** GitHub's id of the repository; null where a delivery has none. */
  githubId: number | null;
  /** What it was called before a change of its name or its owner. */
  former: { owner: string; name: string } | null;
}

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
 * Parses as much of an event as it takes to decide whether the database has to process it; throws 422.
 *
 * @returns its action and its repository; null where it changes nothing that is stored
 */
export function parsePayload(event: KnownEvent, json: Uint8Array): Change | null {
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
  if (action === null || !ACTIONS_OF[event].has(action)) return null;
  const parsed = payloadSchemas[event].safeParse(payload);
  if (parsed.success) {
    if (
      event === "deployment_status" &&
      (parsed.data as DeploymentPayload).deployment_status.state !== "success"
    ) return null;
    const { owner, name, id } = parsed.data.repository;
    const change = { action, owner: owner.login, name, githubId: id ?? null };
    // a pull request's changes are others
    const former = event === "repository"
      ? formerName(change, (parsed.data as RepositoryPayload).changes)
      : null;
    return { ...change, former };
  }
  throw payloadInvalid(`It does not have what a ${event} event has.`);
}

type RepositoryPayload = z.infer<typeof payloadSchemas["repository"]>;
type DeploymentPayload = z.infer<typeof payloadSchemas["deployment_status"]>;

function formerName(
  { owner, name }: { owner: string; name: string },
  changes: RepositoryPayload["changes"],
): Change["former"] {
  const from = changes?.owner?.from;
  const before = {
    owner: from?.organization?.login ?? from?.user?.login ?? owner,
    name: changes?.repository?.name.from ?? name,
  };
  return before.owner === owner && before.name === name ? null : before;
}

/** A pull request's delivery without GitHub's ids of its repository. */
export function withoutIds(json: Uint8Array): Uint8Array {
  const payload = JSON.parse(new TextDecoder().decode(json)) as {
    repository: { id?: number };
    pull_request: { base?: { repo?: { id?: number } } };
  };
  delete payload.repository.id;
  delete payload.pull_request.base?.repo?.id;
  return new TextEncoder().encode(JSON.stringify(payload));
}

const payloadInvalid = (details: string): HttpError =>
  new HttpError({
    status: 422,
    code: "agents_github_payload_invalid",
    message: "The payload is not what GitHub sends for this event.",
    details,
    hint: "Point a webhook of GitHub here.",
  });
