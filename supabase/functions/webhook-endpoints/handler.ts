import { corsHeaders } from "@supabase/supabase-js/cors";
import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { parseBearer, tokenInvalid } from "../_shared/bearer.ts";
import { databaseFailure } from "../_shared/database-failure.ts";
import type { Connect } from "../_shared/database.ts";
import { encryptSecret, type MasterKeys } from "../_shared/encryption.ts";
import { type Call, createEndpoint, type EndpointDependencies } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import { loadMasterKeys } from "../_shared/secret-settings.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  /** The Data API as the caller, whose role the database checks. */
  connect: Connect;
  /** The keys that are valid now. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  /** So many random bytes. */
  randomBytes: (count: number) => Uint8Array;
}

const MAX_BYTES = 8192;
/** Standard Webhooks asks for 24 to 64 bytes. */
const KEY_BYTES = 32;
/** As `deliver` opens it. */
const SECRET_KIND = "webhook_endpoint";
const CORS = { ...corsHeaders, "access-control-expose-headers": "x-request-id, retry-after" };

const urlSchema = z.string().trim().min(1).max(2048);
const createSchema = z.object({
  id: z.guid().nullish(),
  name: z.string().trim().min(1).max(200),
  url: urlSchema,
  kind: z.enum(["webhook", "slack"]).nullish(),
  events: z.array(z.string().max(50)).max(50).nullish(),
});
const rotateSchema = z.object({
  url: urlSchema.nullish(),
  overlap_hours: z.int().min(0).max(720).nullish(),
});

/**
 * Creates endpoints and their secrets, for admins of the team, with their access token:
 *
 * - `POST /webhook-endpoints {name, url, kind?, events?}` answers `{endpoint, secret}`
 * - `POST /webhook-endpoints/<id>/rotate {overlap_hours?}` answers `{secret, expires_at}`: the earlier secrets sign until
 *   then. Of a slack endpoint `{url}`, which replaces its URL.
 *
 * Errors: 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 500, 503, 504 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return createEndpoint(
    deps,
    { name: "webhook-endpoints", maxBytes: MAX_BYTES, cors: () => CORS },
    async (call) => {
      const path = new URL(call.request.url).pathname.replace(/^.*?\/webhook-endpoints/, "").replace(
        /\/$/,
        "",
      );
      const rotated = path.match(/^\/([0-9a-f-]{36})\/rotate$/i)?.[1];
      if (path !== "" && rotated === undefined) {
        throw new HttpError({
          status: 404,
          code: "path_unknown",
          message: "There is nothing here.",
          hint: "Use /webhook-endpoints or /webhook-endpoints/<id>/rotate.",
        });
      }
      const db = deps.connect(parseBearer(call.request, "an admin of the team").token);
      const masterKeys = loadMasterKeys(deps.masterKeys);
      const result = rotated === undefined
        ? await create(call, db, deps, masterKeys)
        : await rotate(call, db, deps, masterKeys, rotated);
      return Response.json(result);
    },
  );
}

async function create(call: Call, db: SupabaseClient, deps: Dependencies, masterKeys: MasterKeys) {
  const { id, name, url, kind, events } = await read(call, createSchema);
  const endpointId = id ?? deps.newId();
  const isSlack = kind === "slack";
  const made = await make(deps, masterKeys, endpointId, isSlack ? url : null);
  const endpoint = await ask(call, db, "create_webhook_endpoint", {
    id: endpointId,
    name,
    url: isSlack ? originOf(url) : url,
    kind: kind ?? "webhook",
    events: events ?? [],
    secret_id: made.secretId,
    sealed: made.sealed,
  });
  return { endpoint, secret: made.secret };
}

async function rotate(
  call: Call,
  db: SupabaseClient,
  deps: Dependencies,
  masterKeys: MasterKeys,
  endpointId: string,
) {
  const { url, overlap_hours } = await read(call, rotateSchema);
  const made = await make(deps, masterKeys, endpointId, url ?? null);
  const expiresAt = await ask(call, db, "rotate_webhook_secret", {
    endpoint_id: endpointId,
    secret_id: made.secretId,
    sealed: made.sealed,
    url: url ? originOf(url) : null,
    ...(overlap_hours === null || overlap_hours === undefined ? {} : { overlap_hours }),
  });
  return { secret: made.secret, expires_at: expiresAt };
}

/** A secret for an endpoint, sealed: the URL of a slack endpoint, else a new key. */
async function make(deps: Dependencies, masterKeys: MasterKeys, endpointId: string, url: string | null) {
  const secretId = deps.newId();
  const key = url === null ? `whsec_${btoa(String.fromCharCode(...deps.randomBytes(KEY_BYTES)))}` : null;
  const identity = { id: secretId, kind: SECRET_KIND, ownerId: endpointId };
  return { secretId, secret: key, sealed: await encryptSecret(masterKeys, identity, key ?? url ?? "") };
}

/** Scheme and host, which are not secret. */
const originOf = (url: string): string => URL.parse(url)?.origin ?? url;

async function read<T>(call: Call, schema: z.ZodType<T>): Promise<T> {
  const body = schema.safeParse(await call.readJson());
  if (body.success) return body.data;
  throw new HttpError({
    status: 422,
    code: "loop_webhook_body_invalid",
    message: "The body has to be {name, url} with kind and events, or {overlap_hours} or {url} to rotate.",
    details: body.error.issues.map(({ path }) => path.join(".")).join(", "),
    hint: "kind is webhook or slack; events are hops such as resolved; overlap_hours is 0 to 720.",
  });
}

async function ask(
  call: Call,
  db: SupabaseClient,
  name: string,
  args: Record<string, unknown>,
): Promise<unknown> {
  const { data, error, status } = await db.rpc(name, args);
  if (!error) return data;
  if (status === 401 && !error.code?.startsWith("PT")) throw tokenInvalid(error.message);
  throw databaseFailure(error, call.details);
}
