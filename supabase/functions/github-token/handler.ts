import { corsHeaders } from "@supabase/supabase-js/cors";
import { z } from "zod";
import type { Connect, Rpc } from "../_shared/database.ts";
import type { MasterKeys } from "../_shared/encryption.ts";
import { type BodyRefusal, type Failure, failureResponse, jsonResponse, readBody } from "../_shared/http.ts";
import type { LogEntry } from "../_shared/log.ts";
import { checkStored, type Details, removeToken, revealToken, setToken, type Tools } from "./actions.ts";
import { identify, type TokenStatus } from "./caller.ts";
import type { CheckToken } from "./github.ts";

/** What the function needs from outside. */
export interface Dependencies {
  /** The Data API as the caller. */
  connect: Connect;
  /** Database functions as the service role. */
  rpc: Rpc;
  /** Whether a request comes with a secret key of the project. */
  hasSecretKey: (request: Request) => Promise<boolean>;
  /** The keys that are valid now. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  checkToken: CheckToken;
  log: (entry: LogEntry) => void;
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
  newId: () => string;
  /** Bounds, which tests make small. */
  bodyTimeoutMs?: number;
}

const MAX_BYTES = 4096;
const BODY_TIMEOUT_MS = 10_000;

/** Any text that a header can hold: GitHub's prefixes change, and GitHub itself knows best. */
const setSchema = z.object({ token: z.string().trim().regex(/^[\x21-\x7e]{20,255}$/) });

const idSchema = z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,18}$/)]);
const leaseSchema = z.object({ task_id: idSchema, fencing_token: idSchema });

const REFUSALS: Record<BodyRefusal, Failure> = {
  too_large: { status: 413, code: "body_too_large", message: "The body is larger than 4 kB." },
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

type Action = "status" | "set" | "check" | "remove" | "reveal";

const ACTIONS: Record<string, Partial<Record<string, Action>>> = {
  "": { GET: "status", POST: "set", DELETE: "remove" },
  "/check": { POST: "check" },
  "/reveal": { POST: "reveal" },
};

/**
 * The one way of a GitHub token into the database, and out again.
 *
 * With the access token of its owner: `POST /github-token {token}` sets or replaces it, once GitHub has said whose it is;
 * `GET` and `POST /check` answer what is known about it, the second after asking GitHub again; `DELETE` removes it. All
 * answer `{is_set, login, scopes, expires_at, checked_at, invalid_at}`. With a secret key: `POST /reveal {task_id,
 * fencing_token}` answers `{token, login}` of the task's user while that lease is open; no other answer holds a token.
 *
 * Errors: 400, 401, 404, 405, 408, 409, 413, 422, 429, 500, 503 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    const started = deps.now();
    const requestId = request.headers.get("sb-request-id") ?? deps.newId();
    const path = new URL(request.url).pathname.replace(/^.*?\/github-token/, "").replace(/\/$/, "");
    // pages are for people; servers have no use for a page that may speak to them
    const cors = path === "/reveal" ? {} : corsHeaders;
    const headers = { ...cors, "cache-control": "no-store" };
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers });
    const details: Details = {};
    const answered = await answer(request, path, deps, details);
    const response = "code" in answered
      ? failureResponse({ ...answered, headers: { ...answered.headers, ...headers } }, requestId)
      : jsonResponse(200, answered, requestId, headers);
    if ("code" in answered) details.code = answered.code;
    deps.log({
      function: "github-token",
      request_id: requestId,
      method: request.method,
      status: response.status,
      ms: Math.round(deps.now() - started),
      ...details,
    });
    return response;
  };
}

type Revealed = { token: string; login: string | null };

async function answer(
  request: Request,
  path: string,
  deps: Dependencies,
  details: Details,
): Promise<TokenStatus | Revealed | Failure> {
  const actions = ACTIONS[path];
  if (!actions) {
    return {
      status: 404,
      code: "path_unknown",
      message: "There is nothing here.",
      hint: "Use /github-token, /github-token/check or /github-token/reveal.",
    };
  }
  const action = actions[request.method];
  if (!action) {
    const allow = Object.keys(actions).join(", ");
    return {
      status: 405,
      code: "method_unsupported",
      message: `Only ${allow} is accepted here.`,
      headers: { allow },
    };
  }
  details.action = action;
  return action === "reveal"
    ? await reveal(request, deps, details)
    : await serveOwner(request, action, deps, details);
}

async function serveOwner(
  request: Request,
  action: Exclude<Action, "reveal">,
  deps: Dependencies,
  details: Details,
): Promise<TokenStatus | Failure> {
  const caller = await identify(request, deps.connect);
  if ("code" in caller) return caller;
  if (action === "status") return caller.status;
  if (action === "remove") return await removeToken(caller, details);
  const tools = prepare(deps);
  if ("code" in tools) return tools;
  if (action === "check") return await checkStored(tools, caller, details);
  const body = await readJson(request, deps);
  if (isFailure(body)) return body;
  const wish = setSchema.safeParse(body.value);
  if (!wish.success) {
    return {
      status: 422,
      code: "agents_github_token_body_invalid",
      message: "The body has to be {token}, a text of 20 to 255 visible ASCII characters.",
      hint: "Send the token as GitHub showed it.",
    };
  }
  return await setToken(tools, caller, wish.data.token, details);
}

async function reveal(request: Request, deps: Dependencies, details: Details): Promise<Revealed | Failure> {
  if (!await deps.hasSecretKey(request)) {
    return {
      status: 401,
      code: "secret_key_required",
      message: "Only servers with a secret key of the project may see a token.",
      hint: "Send the key in the header apikey.",
    };
  }
  const tools = prepare(deps);
  if ("code" in tools) return tools;
  const body = await readJson(request, deps);
  if (isFailure(body)) return body;
  const lease = leaseSchema.safeParse(body.value);
  if (!lease.success) {
    return {
      status: 422,
      code: "agents_lease_invalid",
      message: "The body has to be {task_id, fencing_token}, both positive whole numbers.",
      hint: "Send what claim_task returned.",
    };
  }
  return await revealToken(tools, lease.data, details);
}

function prepare(deps: Dependencies): Tools | Failure {
  try {
    return { ...deps, masterKeys: deps.masterKeys() };
  } catch (error) {
    return {
      status: 503,
      code: "agents_secrets_unavailable",
      message: "The function has no valid master key.",
      details: error instanceof Error ? error.message : String(error),
      hint: "Make one with `npm run secrets:key`, and set it: supabase secrets set SECRETS_MASTER_KEYS=…",
    };
  }
}

const isFailure = (value: { value: unknown } | Failure): value is Failure => "code" in value;

async function readJson(request: Request, deps: Dependencies): Promise<{ value: unknown } | Failure> {
  const body = await readBody(request, MAX_BYTES, deps.bodyTimeoutMs ?? BODY_TIMEOUT_MS);
  if (typeof body === "string") return REFUSALS[body];
  try {
    return { value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) };
  } catch {
    // what the parser says repeats the text
    return {
      status: 400,
      code: "body_invalid",
      message: "The body is not JSON.",
      hint: "Send an object, as application/json.",
    };
  }
}
