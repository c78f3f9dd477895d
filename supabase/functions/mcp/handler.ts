import {
  createMcpHandler,
  isLegacyRequest,
  ProtocolErrorCode,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { Connect } from "../_shared/database.ts";
import { type Call, createEndpoint, type EndpointDependencies, requireMethod } from "../_shared/endpoint.ts";
import { type Caller, identify } from "./caller.ts";
import { describeResource, isMetadataRequest, METADATA_CORS, metadataUrl } from "./discovery.ts";
import { isObject } from "./generous.ts";
import { errorResponse, parseMessage, refuse } from "./message.ts";
import { corsHeaders, requireTrustedOrigin } from "./origins.ts";
import { createServer } from "./server.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  connect: Connect;
  /** The project's URL as clients know it. Never from a request, whose headers the caller chooses. */
  projectUrl: string;
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
  "server/discover",
  "tools/list",
  "tools/call",
  "resources/list",
  "resources/templates/list",
  "resources/read",
  "completion/complete",
]);

/**
 * The MCP server over engineering issues: Streamable HTTP of the Model Context Protocol, stateless, answers in JSON.
 * `POST /mcp` with `Authorization: Bearer <access token>` of a team member; row security decides what that person sees and
 * may do. There are no sessions and no stream to open, so GET and DELETE are answered 405, as the protocol has it.
 * `GET /mcp/.well-known/oauth-protected-resource` names the authorization server, as do the challenges of 401.
 *
 * Errors before the protocol begins: 400, 401, 403, 405, 408, 413, 415, 503, 504 with `{code, message, details, hint, request_id}`;
 * what is not JSON-RPC: 400, 406, 415 in its own form. What goes wrong in a tool is a result with `isError`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const { maxBytes = MAX_BYTES, bodyTimeoutMs, answerTimeoutMs, projectUrl } = deps;
  const origin = URL.canParse(projectUrl) ? new URL(projectUrl).origin : null;
  const options = {
    name: "mcp",
    methods: null,
    maxBytes,
    bodyTimeoutMs,
    deadlineMs: answerTimeoutMs,
    cors: (request: Request) => isMetadataRequest(request) ? METADATA_CORS : corsHeaders(request, origin),
  };
  return createEndpoint(deps, options, async (call) => {
    if (isMetadataRequest(call.request)) {
      requireMethod(call.request, ["GET"]);
      return describeResource(projectUrl);
    }
    requireTrustedOrigin(call.request, origin);
    requireMethod(call.request, ["POST"]);
    const caller = await identify(call.request, deps.connect, metadataUrl(projectUrl));
    return await answer(await call.readBody(), caller, call);
  });
}

async function answer(body: Uint8Array, caller: Caller, call: Call): Promise<Response> {
  const { details } = call;
  let message: unknown;
  try {
    message = parseMessage(body);
  } catch {
    return errorResponse(400, ProtocolErrorCode.ParseError, { message: "The body is not JSON in UTF-8." });
  }
  if (isObject(message) && typeof message.method === "string") {
    details.rpc = LOGGED_METHODS.has(message.method) ? message.method : "other";
  }
  return refuse(message, call.request.headers.get("mcp-protocol-version")) ??
    await serve(message, caller, call);
}

/** Serves one message with a server of its own, in the revision of the protocol that the request names. */
async function serve(
  message: unknown,
  caller: Caller,
  { request, details, signal }: Call,
): Promise<Response> {
  const forwarded = new Request(request.url, {
    method: "POST",
    headers: acceptBoth(request.headers),
    signal,
  });
  const given = { parsedBody: message };
  if (!await isLegacyRequest(forwarded, message)) {
    const handler = createMcpHandler(() => createServer(caller, details), { legacy: "reject" });
    return await handler.fetch(forwarded, given);
  }
  const server = createServer(caller, details);
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  signal.addEventListener("abort", () => void server.close());
  try {
    return await transport.handleRequest(forwarded, given);
  } finally {
    await server.close();
  }
}

/** The transport wants clients to accept a stream too, which it never sends, and takes an empty revision for one. */
function acceptBoth(given: Headers): Headers {
  const headers = new Headers(given);
  if (!headers.get("mcp-protocol-version")?.trim()) headers.delete("mcp-protocol-version");
  if (/application\/(json|\*)|\*\/\*/.test(headers.get("accept") ?? "*/*")) {
    headers.set("accept", "application/json, text/event-stream");
  }
  return headers;
}
