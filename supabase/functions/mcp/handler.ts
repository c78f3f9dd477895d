import type { Connect } from "../_shared/database.ts";
import { type BodyRefusal, type Failure, failureResponse, readBody } from "../_shared/http.ts";
import type { LogEntry } from "../_shared/log.ts";
import { type Caller, identify } from "./caller.ts";
import { WebStandardStreamableHTTPServerTransport } from "./sdk.ts";
import { createServer } from "./server.ts";
import type { Details } from "./tool.ts";

/** What the function needs from outside. */
export interface Dependencies {
  connect: Connect;
  log: (entry: LogEntry) => void;
  /** Milliseconds of a clock that only goes forward. */
  now: () => number;
  newId: () => string;
  /** Bounds, which tests make small. */
  maxBytes?: number;
  bodyTimeoutMs?: number;
  answerTimeoutMs?: number;
}

const MAX_BYTES = 1024 * 1024;
const BODY_TIMEOUT_MS = 10_000;
/** Less than the platform gives a function, so that the caller hears of it. */
const ANSWER_TIMEOUT_MS = 60_000;

/** Methods of the protocol that clients send here. Of any other, the log does not repeat what the caller wrote. */
const LOGGED_METHODS = new Set([
  "initialize",
  "notifications/initialized",
  "notifications/cancelled",
  "ping",
  "tools/list",
  "tools/call",
  "resources/list",
  "resources/templates/list",
  "resources/read",
]);

const REFUSALS: Record<BodyRefusal, Failure> = {
  too_large: {
    status: 413,
    code: "body_too_large",
    message: "The request is larger than 1 MB.",
    hint: "Send less at a time.",
  },
  too_slow: { status: 408, code: "body_expired", message: "The request did not arrive in time." },
  broken_off: { status: 400, code: "body_invalid", message: "The request ended before it was whole." },
};

/**
 * The MCP server over engineering issues: Streamable HTTP of the Model Context Protocol, stateless, answers in JSON.
 * `POST /mcp` with `Authorization: Bearer <access token>` of a team member; row security decides what that person sees and
 * may do. There are no sessions and no stream to open, so GET and DELETE are answered 405, as the protocol has it.
 *
 * Errors before the protocol begins: 400, 401, 403, 405, 408, 413, 503, 504 with `{code, message, details, hint, request_id}`;
 * what is not JSON-RPC: 400, 406, 415 in its own form. What goes wrong in a tool is a result with `isError`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  return async (request) => {
    const started = deps.now();
    const requestId = request.headers.get("sb-request-id") ?? deps.newId();
    const details: Details = {};
    const answered = await answer(request, deps, details);
    const response = answered instanceof Response ? answered : failureResponse(answered, requestId);
    if (!(answered instanceof Response)) details.code = answered.code;
    response.headers.set("x-request-id", requestId);
    response.headers.set("cache-control", "no-store");
    deps.log({
      function: "mcp",
      request_id: requestId,
      method: request.method,
      status: response.status,
      ms: Math.round(deps.now() - started),
      ...details,
    });
    return response;
  };
}

async function answer(request: Request, deps: Dependencies, details: Details): Promise<Response | Failure> {
  if (request.method !== "POST") {
    return {
      status: 405,
      code: "method_unsupported",
      message: "Only POST is accepted: the server keeps no sessions and opens no streams.",
      headers: { allow: "POST" },
    };
  }
  const refusal = refuseOrigin(request);
  if (refusal) return refusal;
  const caller = await identify(request, deps.connect);
  if ("code" in caller) return caller;
  const body = await readBody(request, deps.maxBytes ?? MAX_BYTES, deps.bodyTimeoutMs ?? BODY_TIMEOUT_MS);
  if (typeof body === "string") return REFUSALS[body];
  return await serve(
    new Request(request.url, { method: "POST", headers: request.headers, body: new Uint8Array(body) }),
    caller,
    details,
    deps.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
  );
}

/**
 * A page in a browser must not speak to this server: not across origins, and not by DNS rebinding, with which it would be of
 * the same one. Browsers name the page's origin in every POST and a page can't leave it out, while assistants, which are
 * programs, send none. A page would not get far without this either: there are no cookies, the token is not the browser's to
 * send, and no CORS header allows a page to add it or to read an answer.
 */
function refuseOrigin(request: Request): Failure | undefined {
  if (request.headers.get("origin") === null) return undefined;
  return {
    status: 403,
    code: "origin_forbidden",
    message: "Pages in a browser are not served.",
    hint: "Call from a program, without the header Origin.",
  };
}

/** One server for one request, as a stateless transport wants it. */
async function serve(
  request: Request,
  caller: Caller,
  details: Details,
  timeoutMs: number,
): Promise<Response | Failure> {
  const server = createServer(caller, details);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  const receive = transport.onmessage;
  transport.onmessage = (message, extra) => {
    if ("method" in message) details.rpc = LOGGED_METHODS.has(message.method) ? message.method : "other";
    receive?.(message, extra);
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<Failure>((resolve) => {
    timer = setTimeout(() =>
      resolve({
        status: 504,
        code: "request_expired",
        message: "There was no answer in time.",
        hint: "Send it again; a call that is repeated does nothing twice.",
      }), timeoutMs);
  });
  try {
    return await Promise.race([transport.handleRequest(request), timeout]);
  } finally {
    clearTimeout(timer);
    await server.close();
  }
}
