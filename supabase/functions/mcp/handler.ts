import type { Connect } from "../_shared/database.ts";
import { type Call, createEndpoint, type EndpointDependencies } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import { type Caller, identify } from "./caller.ts";
import { WebStandardStreamableHTTPServerTransport } from "./sdk.ts";
import { createServer } from "./server.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  connect: Connect;
  /** Limits, which tests make small. */
  maxBytes?: number;
  bodyTimeoutMs?: number;
  answerTimeoutMs?: number;
}

const MAX_BYTES = 1024 * 1024;

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

/**
 * The MCP server over engineering issues: Streamable HTTP of the Model Context Protocol, stateless, answers in JSON.
 * `POST /mcp` with `Authorization: Bearer <access token>` of a team member; row security decides what that person sees and
 * may do. There are no sessions and no stream to open, so GET and DELETE are answered 405, as the protocol has it.
 *
 * Errors before the protocol begins: 400, 401, 403, 405, 408, 413, 415, 503, 504 with `{code, message, details, hint, request_id}`;
 * what is not JSON-RPC: 400, 406, 415 in its own form. What goes wrong in a tool is a result with `isError`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const { maxBytes = MAX_BYTES, bodyTimeoutMs, answerTimeoutMs } = deps;
  const options = { name: "mcp", maxBytes, bodyTimeoutMs, deadlineMs: answerTimeoutMs };
  return createEndpoint(deps, options, async (call) => {
    rejectPages(call.request);
    const caller = await identify(call.request, deps.connect);
    return await serve(await call.readBody(), caller, call);
  });
}

/**
 * Rejects requests from a page in a browser: across origins, and by DNS rebinding, with which the page would be of the same
 * origin. Browsers name the page's origin in every POST and a page can't leave it out, while assistants, which are programs,
 * send none. A page would not get far without this either: there are no cookies, the token is not the browser's to send, and
 * no CORS header allows a page to add it or to read an answer.
 */
function rejectPages(request: Request): void {
  if (request.headers.get("origin") === null) return;
  throw new HttpError({
    status: 403,
    code: "origin_forbidden",
    message: "Pages in a browser are not served.",
    hint: "Call from a program, without the header Origin.",
  });
}

/** Answers one request with a server of its own: the transport is stateless. */
async function serve(
  body: Uint8Array<ArrayBuffer>,
  caller: Caller,
  { request, details, signal }: Call,
): Promise<Response> {
  const server = createServer(caller, details);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  const receive = transport.onmessage;
  transport.onmessage = (message, extra) => {
    if ("method" in message) details.rpc = LOGGED_METHODS.has(message.method) ? message.method : "other";
    receive?.(message, extra);
  };
  signal.addEventListener("abort", () => void server.close());
  try {
    return await transport.handleRequest(
      new Request(request.url, { method: "POST", headers: request.headers, body }),
    );
  } finally {
    await server.close();
  }
}
