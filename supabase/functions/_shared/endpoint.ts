import { parseJson, readRequestBody } from "./body.ts";
import { type Failure, failureResponse, HttpError } from "./failure.ts";
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
  /** The headers that let pages call it; no headers, and no preflight answer, where it returns null. */
  cors?: (request: Request) => Readonly<Record<string, string>> | null;
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

const BODY_TIMEOUT_MS = 10_000;
const DEADLINE_MS = 60_000;

/**
 * The outside of an edge function: checks the method, runs the handler within a deadline, turns an
 * `HttpError` into `{code, message, details, hint, request_id}`, and writes one log line. The request id is
 * the gateway's `sb-request-id`, else a new one; every response carries it in `x-request-id`.
 *
 * An exception of any other kind is answered 500, and logged by its name and position alone: its message may
 * repeat what was sent.
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
    for (const [name, value] of Object.entries(options.cors?.(request) ?? {})) {
      response.headers.set(name, value);
    }
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

/**
 * Loads what an operator has to set; throws `failure` with the reason in `details` where it is missing or
 * invalid.
 */
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
  if (request.method === "OPTIONS" && options.cors?.(request)) return new Response(null, { status: 204 });
  if (methods) requireMethod(request, methods);
  const deadline = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new HttpError(EXPIRED));
      deadline.abort();
    }, deadlineMs);
  });
  const readBody = () => readRequestBody(request, options.maxBytes, options.bodyTimeoutMs ?? BODY_TIMEOUT_MS);
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

/** Ids of the gateway are UUIDs; anything else that is short and plain is taken as well. */
const parseRequestId = (header: string | null): string | undefined => header?.match(/^[\w.-]{1,100}$/)?.[0];
