import type { Rpc } from "../_shared/database.ts";
import { decryptSecret, type MasterKeys, SecretError } from "../_shared/encryption.ts";
import { type Failure, failureResponse, jsonResponse } from "../_shared/http.ts";
import type { LogEntry } from "../_shared/log.ts";
import type { AskGithub } from "./github.ts";
import { planSchema, type Reader } from "./plan.ts";
import { type Report, sweep } from "./sweep.ts";

/** What the function needs from outside. */
export interface Dependencies {
  rpc: Rpc;
  ask: AskGithub;
  /** The keys that tokens are sealed with. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  /** Whether a request carries a secret key of the project. */
  isServer: (request: Request) => Promise<boolean>;
  log: (entry: LogEntry) => void;
  /** Milliseconds since 1970. */
  clock: () => number;
  newId: () => string;
  /** Bounds, which tests make small. */
  maxRequests?: number;
  maxMs?: number;
}

/** Well within the 150 s that a function may take. */
const MAX_MS = 90_000;
const MAX_REQUESTS = 200;

/**
 * Asks GitHub about the pull requests that are due: `POST /github-sweep` with the header `x-fixloop-ticket`, as the database
 * calls it, or with a secret key. Answers 200 with what it did (`Report`), `stopped` saying why when it did not get through.
 * Errors: 401, 405, 503 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    const started = deps.clock();
    const requestId = request.headers.get("sb-request-id") ?? deps.newId();
    const answered = await answer(request, deps);
    const isFailure = "code" in answered;
    deps.log({
      function: "github-sweep",
      request_id: requestId,
      method: request.method,
      status: isFailure ? answered.status : 200,
      ms: deps.clock() - started,
      ...(isFailure ? { code: answered.code } : answered),
    });
    return isFailure ? failureResponse(answered, requestId) : jsonResponse(200, answered, requestId);
  };
}

async function answer(request: Request, deps: Dependencies): Promise<Report | Failure> {
  if (request.method !== "POST") {
    return {
      status: 405,
      code: "method_unsupported",
      message: "Only POST is accepted.",
      headers: { allow: "POST" },
    };
  }
  const ticket = request.headers.get("x-fixloop-ticket");
  if (ticket === null && !await deps.isServer(request)) return TICKET_INVALID;
  let keys: MasterKeys;
  try {
    keys = deps.masterKeys();
  } catch (error) {
    return {
      status: 503,
      code: "agents_secrets_unavailable",
      message: "There are no keys to open the users' tokens with.",
      details: error instanceof Error ? error.message : String(error),
      hint: "Set them: supabase secrets set SECRETS_MASTER_KEYS=<id>:<key>",
    };
  }
  const begun = await deps.rpc("begin_github_sweep", { p_ticket: ticket, p_limit: MAX_REQUESTS });
  if (!begun.ok && begun.code === "PT401") return TICKET_INVALID;
  const plan = planSchema.safeParse(begun.ok ? begun.data : null);
  if (!plan.success) {
    return {
      status: 503,
      code: "agents_sweep_unavailable",
      message: "The database did not say what is due.",
      details: begun.ok ? "unexpected result" : begun.code,
      hint: "The next sweep does it.",
    };
  }
  const report = await sweep(plan.data, {
    ask: deps.ask,
    rpc: deps.rpc,
    open: (reader) => openToken(keys, reader),
    clock: deps.clock,
    maxRequests: deps.maxRequests ?? MAX_REQUESTS,
    maxMs: deps.maxMs ?? MAX_MS,
  });
  return { ...report, paused_until: report.paused_until ?? plan.data.paused_until };
}

const TICKET_INVALID: Failure = {
  status: 401,
  code: "function_ticket_invalid",
  message: "The ticket is missing, unknown, used, or more than five minutes old.",
  hint: "Call with a secret key from a server.",
};

async function openToken(keys: MasterKeys, reader: Reader): Promise<string | null> {
  try {
    return await decryptSecret(
      keys,
      { id: reader.secret_id, kind: "github_token", ownerId: reader.user_id },
      reader.sealed,
    );
  } catch (error) {
    if (error instanceof SecretError) return null;
    throw error;
  }
}
