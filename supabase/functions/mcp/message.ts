import { PROTOCOL_VERSION_META_KEY, SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/server";
import { ProtocolErrorCode } from "@modelcontextprotocol/server";
import { isObject, parseText } from "./generous.ts";

// JSON-RPC messages, before the SDK gets them.

/** The revisions of the protocol that the server speaks, newest first. */
const REVISIONS: readonly string[] = ["2026-07-28", ...SUPPORTED_PROTOCOL_VERSIONS];

/** Longer names and addresses are never valid, and errors repeat them. */
const MAX_NAME = 1_000;

/** Parses a body; throws a `SyntaxError` for what is not JSON in UTF-8. */
export function parseMessage(body: Uint8Array): unknown {
  const message: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  return Array.isArray(message) ? message.map(normalize) : normalize(message);
}

/**
 * A message as the protocol has it, from what clients send: null for an absent member, an empty array for an empty object
 * (PHP's JSON), and JSON text for the arguments of a tool.
 */
function normalize(message: unknown): unknown {
  if (!isObject(message) || typeof message.method !== "string") return message;
  const { params, ...rest } = message;
  if (params === undefined || params === null || isEmpty(params)) return rest;
  if (!isObject(params)) return message;
  const present = Object.fromEntries(
    Object.entries(params).filter(([, value]) => value !== null)
      .map(([key, value]) => [key, isEmpty(value) ? {} : value]),
  );
  if (message.method !== "tools/call") return { ...rest, params: present };
  const { arguments: args, ...others } = present;
  return {
    ...rest,
    params: args === undefined || args === "" ? others : { ...others, arguments: parseText(args) },
  };
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** Revision 2025-03-26 has batches; each of their answers may be as large as one of a message alone. */
const MAX_BATCH = 10;

/** Why a message can't be served, as the response to it; undefined where it can. */
export function refuse(message: unknown, header: string | null): Response | undefined {
  if (Array.isArray(message) && message.length > MAX_BATCH) {
    return errorResponse(400, ProtocolErrorCode.InvalidRequest, {
      message: `A batch has up to ${MAX_BATCH} messages.`,
    });
  }
  const { id, method, params } = isObject(message) ? message : {};
  const given = isObject(params) ? params : {};
  const claimed = isObject(given._meta) ? given._meta[PROTOCOL_VERSION_META_KEY] : undefined;
  const unknown = [header?.trim() || undefined, claimed].find((revision) =>
    typeof revision === "string" && !REVISIONS.includes(revision)
  );
  if (typeof unknown === "string") {
    const requested = unknown.slice(0, 100);
    return errorResponse(400, ProtocolErrorCode.UnsupportedProtocolVersion, {
      id,
      message: `Unsupported protocol version: ${requested}`,
      data: { supported: REVISIONS, requested },
    });
  }
  const ref = isObject(given.ref) ? given.ref : {};
  if ([method, given.name, given.uri, ref.name, ref.uri].some(isTooLong)) {
    return errorResponse(200, ProtocolErrorCode.InvalidParams, {
      id,
      message: `A name or address has more than ${MAX_NAME} characters.`,
    });
  }
  // The SDK would open a stream and keep it, with nothing ever to send on it.
  if (method === "subscriptions/listen") {
    return errorResponse(404, ProtocolErrorCode.MethodNotFound, {
      id,
      message: "This server sends no notifications.",
    });
  }
  return undefined;
}

const isTooLong = (text: unknown): boolean => typeof text === "string" && text.length > MAX_NAME;

/** An error of JSON-RPC, with the request's id where it has one. */
export function errorResponse(
  status: number,
  code: number,
  { id, ...error }: { id?: unknown; message: string; data?: unknown },
): Response {
  const known = typeof id === "string" || typeof id === "number" ? id : null;
  return Response.json({ jsonrpc: "2.0", error: { code, ...error }, id: known }, { status });
}
