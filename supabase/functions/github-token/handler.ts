import { corsHeaders } from "@supabase/supabase-js/cors";
import { z } from "zod";
import type { Connect, Rpc } from "../_shared/database.ts";
import type { MasterKeys } from "../_shared/encryption.ts";
import { type Call, createEndpoint, type EndpointDependencies, requireMethod } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import { refuseOrigin } from "../_shared/origin.ts";
import { loadMasterKeys } from "../_shared/secret-settings.ts";
import { withRetry } from "../_shared/transient.ts";
import { checkStored, removeToken, revealToken, setToken, type Tools } from "./actions.ts";
import { identify } from "./caller.ts";
import type { CheckToken } from "./github.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  /** The Data API as the caller. */
  connect: Connect;
  /** Database functions as the service role. */
  rpc: Rpc;
  /** Whether a request carries a secret key of the project. */
  hasSecretKey: (request: Request) => Promise<boolean>;
  /** The keys that are valid now. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  checkToken: CheckToken;
  /** Limit, which tests make small. */
  bodyTimeoutMs?: number;
}

const MAX_BYTES = 4096;

/** Any text that a header can hold: GitHub's prefixes change, and GitHub itself decides. */
const setSchema = z.object({ token: z.string().trim().regex(/^[\x21-\x7e]{20,255}$/) });

const idSchema = z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,18}$/)]);
const leaseSchema = z.object({ task_id: idSchema, fencing_token: idSchema });

/** What the function does, by path below its name and by method. */
const ACTIONS: Record<string, Record<string, "status" | "set" | "check" | "remove" | "reveal">> = {
  "": { GET: "status", POST: "set", DELETE: "remove" },
  "/check": { POST: "check" },
  "/reveal": { POST: "reveal" },
};

/**
 * The only way of a GitHub token into the database, and out of it.
 *
 * With the access token of its owner: `POST /github-token {token}` sets or replaces it, once GitHub has named
 * its owner; `GET` and `POST /check` return its state, the second after asking GitHub again; `DELETE` removes
 * it. All answer `{is_set, login, scopes, expires_at, checked_at, invalid_at}`. With a secret key: `POST
 * /reveal {task_id, fencing_token}` answers `{token, login}` of the task's user while that lease is open; no
 * other answer contains a token.
 *
 * Errors: 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503, 504 with `{code, message, details, hint,
 * request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return createEndpoint(deps, {
    name: "github-token",
    methods: null,
    maxBytes: MAX_BYTES,
    bodyTimeoutMs: deps.bodyTimeoutMs,
    // pages are for people; no page may call what is for servers
    cors: (request) => parsePath(request) === "/reveal" ? null : CORS,
  }, async (call) => Response.json(await act(call, deps)));
}

const CORS = { ...corsHeaders, "access-control-expose-headers": "x-request-id, retry-after" };

const parsePath = (request: Request): string =>
  new URL(request.url).pathname.replace(/^.*?\/github-token/, "").replace(/\/$/, "");

async function act(call: Call, deps: Dependencies): Promise<unknown> {
  const { request, details } = call;
  const path = parsePath(request);
  const actions = Object.hasOwn(ACTIONS, path) ? ACTIONS[path] : undefined;
  if (!actions) {
    throw new HttpError({
      status: 404,
      code: "path_unknown",
      message: "There is nothing here.",
      hint: "Use /github-token, /github-token/check or /github-token/reveal.",
    });
  }
  requireMethod(request, Object.keys(actions));
  const action = actions[request.method];
  if (action) details.action = action;
  if (action === "reveal") return await reveal(call, deps);
  const caller = await identify(request, deps.connect);
  switch (action) {
    case "set":
      return await setToken(loadTools(deps), caller, await readToken(call), details);
    case "check":
      return await checkStored(loadTools(deps), caller, details);
    case "remove":
      return await removeToken(caller, details);
    default:
      return caller.status;
  }
}

async function readToken(call: Call): Promise<string> {
  const body = setSchema.safeParse(await call.readJson());
  if (body.success) return body.data.token;
  throw new HttpError({
    status: 422,
    code: "agents_github_token_body_invalid",
    message: "The body has to be {token}, a text of 20 to 255 visible ASCII characters.",
    hint: "Send the token as GitHub showed it.",
  });
}

async function reveal(call: Call, deps: Dependencies): Promise<{ token: string; login: string | null }> {
  refuseOrigin(call.request);
  if (!await deps.hasSecretKey(call.request)) {
    throw new HttpError({
      status: 401,
      code: "secret_key_required",
      message: "Only servers with a secret key of the project may get a token.",
      hint: "Send the key in the header apikey.",
    });
  }
  const tools = loadTools(deps);
  const lease = leaseSchema.safeParse(await call.readJson());
  if (lease.success) return await revealToken(tools, lease.data, call.details);
  throw new HttpError({
    status: 422,
    code: "agents_lease_invalid",
    message: "The body has to be {task_id, fencing_token}, both positive whole numbers.",
    hint: "Send what claim_task returned.",
  });
}

const loadTools = (deps: Dependencies): Tools => ({
  ...deps,
  rpc: withRetry(deps.rpc),
  masterKeys: loadMasterKeys(deps.masterKeys),
});
