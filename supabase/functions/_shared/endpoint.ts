import { type BodyError, readBody } from "./body.ts";
import type { Details, LogEntry } from "./log.ts";

/** What every function needs from outside. */
export interface EndpointDependencies {
  log: (entry: LogEntry) => void;
  /** Milliseconds; only differences count. */
  now: () => number;
  newId: () => string;
}

export interface EndpointOptions {
  /** The function's name in its log lines. */
  name: string;
  /** Default: POST alone. Null where they depend on the path: the handler calls `requireMethod` itself. */
  methods?: readonly string[] | null;
  /** Size limit of a request body. */
  maxBytes: number;
  /** Time limit for a request body to arrive in full; default 10 s. */
  bodyTimeoutMs?: number | undefined;
  /** Time limit for the whole request; default 60 s, less than the 150 s that the platform allows. */
  deadlineMs?: number | undefined;
}

/** One request, as a handler sees it. */
export interface Call {
  readonly request: Request;
  /** Added to the log line: names, codes and counts, never what was sent. */
  readonly details: Details;
  /** Aborted when the deadline has passed and the caller has its answer. */
  readonly signal: AbortSignal;
  /** The raw body, which can be read once. Throws 408, 413 or 415, or 400 for a body that broke off. */
  readBody(): Promise<Uint8Array<ArrayBuffer>>;
  /** The body as JSON in UTF-8. Throws what `readBody` throws, and 400. */
  readJson(): Promise<unknown>;
}

/** The body of every error response. `code` is documented in docs/error-codes.md. */
export interface ErrorBody {
  code: string;
  message: string;
  details: string | null;
  hint: string | null;
  request_id: string;
}

/** An error response. */
export interface Failure {
  status: number;
  code: string;
  message: string;
  details?: string | undefined;
  hint?: string;
  headers?: Record<string, string>;
}

/** Ends a request with an error response. */
export class HttpError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.name = "HttpError";
    this.failure = failure;
  }
}

const BODY_TIMEOUT_MS = 10_000;
const DEADLINE_MS = 60_000;

/**
 * The outside of an edge function: checks the method, runs the handler within a deadline, turns an `HttpError` into
 * `{code, message, details, hint, request_id}`, and writes one log line. The request id is the gateway's `sb-request-id`,
 * else a new one; every response carries it in `x-request-id`.
 *
 * An exception of any other kind is answered 500, and logged by its name and position alone: its message may repeat what
 * was sent.
 */
export function createEndpoint(
  deps: EndpointDependencies,
  options: EndpointOptions,
  handle: (call: Call) => Promise<Response>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    const started = deps.now();
    const requestId = parseRequestId(request.headers.get("sb-request-id")) ?? deps.newId();
    const details: Details = {};
    const response = await respond(request, options, details, handle).catch((error: unknown) => {
      const failure = failureOf(error, details);
      details.code = failure.code;
      return failureResponse(failure, requestId);
    });
    response.headers.set("x-request-id", requestId);
    response.headers.set("cache-control", "no-store");
    deps.log({
      function: options.name,
      request_id: requestId,
      method: request.method,
      status: response.status,
      ms: Math.round(deps.now() - started),
      ...details,
    });
    return response;
  };
}

/** Throws 405 unless the request's method is one of these. */
export function requireMethod(request: Request, methods: readonly string[]): void {
  if (methods.includes(request.method)) return;
  const allow = methods.join(", ");
  throw new HttpError({
    status: 405,
    code: "method_unsupported",
    message: `Only ${allow} is accepted here.`,
    headers: { allow },
  });
}

/** Loads what an operator has to set; throws `failure` with the reason in `details` where it is missing or invalid. */
export function loadSetting<T>(load: () => T, failure: Failure): T {
  try {
    return load();
  } catch (error) {
    throw new HttpError({ ...failure, details: error instanceof Error ? error.message : String(error) });
  }
}

async function respond(
  request: Request,
  options: EndpointOptions,
  details: Details,
  handle: (call: Call) => Promise<Response>,
): Promise<Response> {
  const { methods = ["POST"], deadlineMs = DEADLINE_MS } = options;
  if (methods) requireMethod(request, methods);
  const deadline = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new HttpError(EXPIRED));
      deadline.abort();
    }, deadlineMs);
  });
  const readBody = () => readRequestBody(request, options);
  const readJson = async () => parseJson(await readBody());
  try {
    return await Promise.race([
      handle({ request, details, signal: deadline.signal, readBody, readJson }),
      expired,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

const EXPIRED: Failure = {
  status: 504,
  code: "request_expired",
  message: "The request took longer than its time limit.",
  hint: "Send it again; a request that is repeated does nothing twice.",
};

async function readRequestBody(
  request: Request,
  { maxBytes, bodyTimeoutMs = BODY_TIMEOUT_MS }: EndpointOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  // signatures, digests and the size limit are about the bytes that are stored
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase();
  if (encoding && encoding !== "identity") throw new HttpError(ENCODED);
  const body = await readBody(request, maxBytes, bodyTimeoutMs);
  if (typeof body === "string") throw new HttpError(bodyFailure(body, maxBytes));
  return body;
}

const ENCODED: Failure = {
  status: 415,
  code: "encoding_unsupported",
  message: "Compressed bodies are not accepted.",
  hint: "Send the body as it is, without content-encoding.",
};

function bodyFailure(error: BodyError, maxBytes: number): Failure {
  switch (error) {
    case "too_large":
      return {
        status: 413,
        code: "body_too_large",
        message: `The body is larger than ${formatBytes(maxBytes)}.`,
        hint: "Send less at a time.",
      };
    case "timeout":
      return {
        status: 408,
        code: "body_expired",
        message: "The body did not arrive in time.",
        hint: "Send it again.",
      };
    case "aborted":
      return {
        status: 400,
        code: "body_invalid",
        message: "The body ended before it was complete.",
        hint: "Send it again.",
      };
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // the parser's message repeats the text
    throw new HttpError({
      status: 400,
      code: "body_invalid",
      message: "The body is not JSON.",
      hint: "Send an object, as application/json.",
    });
  }
}

function failureOf(error: unknown, details: Details): Failure {
  if (error instanceof HttpError) return error.failure;
  details.cause = error instanceof Error ? error.name : typeof error;
  details.at = error instanceof Error ? firstFrame(error) : null;
  return {
    status: 500,
    code: "function_unavailable",
    message: "The function failed.",
    hint: "Send it again; if it fails again, report the request id.",
  };
}

/** Where an error was thrown, without its message. */
function firstFrame({ stack = "", message }: Error): string | null {
  const frames = stack.slice(stack.indexOf(message) + message.length);
  return frames.match(/^\s+at (.*)$/m)?.[1] ?? null;
}

function failureResponse(failure: Failure, requestId: string): Response {
  const body: ErrorBody = {
    code: failure.code,
    message: failure.message,
    details: failure.details ?? null,
    hint: failure.hint ?? null,
    request_id: requestId,
  };
  return Response.json(body, { status: failure.status, headers: failure.headers ?? {} });
}

/** Ids of the gateway are UUIDs; anything else that is short and plain is taken as well. */
const parseRequestId = (header: string | null): string | undefined => header?.match(/^[\w.-]{1,100}$/)?.[0];

const formatBytes = (bytes: number): string =>
  bytes >= 1024 * 1024
    ? `${bytes / 1024 / 1024} MB`
    : bytes >= 1024
    ? `${bytes / 1024} kB`
    : `${bytes} bytes`;
