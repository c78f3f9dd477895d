// Errors as responses: docs.postgrest.org/en/v14/references/errors.html

/** The four fields of an error's body; those that are left out are null. */
export interface ErrorBody {
  code: string;
  message: string;
  details?: unknown;
  hint?: string | null;
}

/** An error of a request, answered as it is. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly headers: Record<string, string>;

  constructor(status: number, body: ErrorBody, headers: Record<string, string> = {}) {
    super(body.message);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** The error of a body that can't be read. */
export const invalidBody = (message: string): ApiError => new ApiError(400, { code: "PGRST102", message });

/** What `postgres` throws for an error that the server reported. */
export interface ServerError extends Error {
  code: string;
  detail?: string;
  hint?: string;
}

/** An error that PostgreSQL reported, not one of the driver or of our own. */
export function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && error.name === "PostgresError" &&
    typeof (error as Partial<ServerError>).code === "string";
}

const LOST = [
  "CONNECTION_CLOSED",
  "CONNECTION_DESTROYED",
  "CONNECTION_ENDED",
  "CONNECT_TIMEOUT",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  // another backend crashed, and the server starts again
  "57P02",
  "57P03",
];

/**
 * PostgREST's response where the connection to the server was lost or cannot be opened; `undefined` for any
 * other error.
 */
export function lostConnectionResponse(error: unknown): Response | undefined {
  const { code, message } = error as Partial<ServerError>;
  if (!code || !LOST.includes(code)) return undefined;
  return errorResponse(503, {
    code: "PGRST001",
    message: "Database client error. Retrying the connection.",
    details: message ?? null,
  });
}

/** Whether responses of a status have no body. */
export const isEmptyStatus = (status: number): boolean => [204, 205, 304].includes(status);

/** Whether a response can have a status. */
export const isStatus = (status: number): boolean =>
  Number.isInteger(status) && status >= 200 && status <= 599;

/** PostgREST's body of an error: always four keys, null where there is no value. */
export function errorResponse(
  status: number,
  error: ErrorBody,
  headers: Record<string, string> = {},
): Response {
  const { code, message, details = null, hint = null } = error;
  return new Response(isEmptyStatus(status) ? null : JSON.stringify({ code, details, hint, message }), {
    status,
    headers: {
      "content-type": "application/json; charset=utf-8",
      ...(status === 401 ? { "www-authenticate": "Bearer" } : {}),
      ...headers,
    },
  });
}

/**
 * The response for an error of the server, as PostgREST has it: the fields passed on, the status from its
 * table.
 *
 * @param anonymous whether the request runs as the anonymous role, for which a missing privilege is 401
 */
export function serverErrorResponse(error: ServerError, anonymous: boolean): Response {
  if (error.code === "PGRST") return raisedResponse(error);
  return errorResponse(statusOf(error.code, error.message, anonymous), {
    code: error.code,
    message: error.code === "42703" ? withTheirNames(error.message) : error.message,
    details: error.detail ?? null,
    hint: error.hint ?? null,
  });
}

/** PostgREST's names of what a call returns and of a body's rows, where PostgreSQL misses a column of one. */
const withTheirNames = (message: string): string =>
  message.replace(/^column api_call\./, "column pgrst_call.").replace(
    /^column api_row\./,
    "column pgrst_body.",
  );

/**
 * By prefix, the longest first: https://docs.postgrest.org/en/v14/references/errors.html#http-status-codes
 */
const STATUSES: [prefix: string, status: number][] = [
  ["08", 503],
  ["09", 500],
  ["0L", 403],
  ["0P", 403],
  ["21000", 500],
  ["23503", 409],
  ["23505", 409],
  ["25006", 405],
  ["25", 500],
  ["28", 403],
  ["2D", 500],
  ["38", 500],
  ["39", 500],
  ["3B", 500],
  ["40", 500],
  ["42883", 404],
  ["42P01", 404],
  ["42P17", 500],
  ["53400", 500],
  ["53", 503],
  ["54", 500],
  ["55", 500],
  ["57P01", 503],
  ["57", 500],
  ["58", 500],
  ["F0", 500],
  ["HV", 500],
  ["P0001", 400],
  ["P0", 500],
  ["XX", 500],
];

/** The HTTP status for a SQLSTATE. */
function statusOf(code: string, message: string, anonymous: boolean): number {
  if (code.startsWith("PT")) {
    const status = /^PT(\d{3})$/.exec(code)?.[1];
    return status !== undefined && isStatus(Number(status)) ? Number(status) : 500;
  }
  if (code === "42501") return anonymous ? 401 : 403;
  if (code === "21000" && message.endsWith("requires a WHERE clause")) return 400;
  if (code === "22023" && /^role .* does not exist$/.test(message)) return 401;
  return STATUSES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 400;
}

/** `raise sqlstate 'PGRST'`: message and detail are JSON that defines the whole response. */
function raisedResponse(error: ServerError): Response {
  const invalid = (details: string, hint: string): Response =>
    errorResponse(500, {
      code: "PGRST121",
      message: `Could not parse JSON in the "RAISE SQLSTATE 'PGRST'" error`,
      details,
      hint,
    });
  const body = parseObject(error.message);
  if (typeof body?.code !== "string" || typeof body.message !== "string") {
    return invalid(
      `Invalid JSON value for MESSAGE: '${error.message}'`,
      "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
    );
  }
  const keys =
    "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";
  if (!error.detail) return invalid("DETAIL is missing in the RAISE statement", keys);
  const answer = parseObject(error.detail);
  const headers = parseHeaders(answer?.headers);
  if (typeof answer?.status !== "number" || !isStatus(answer.status) || !headers) {
    return invalid(`Invalid JSON value for DETAIL: '${error.detail}'`, keys);
  }
  const text = (value: unknown): string | null => typeof value === "string" ? value : null;
  return errorResponse(
    answer.status,
    { code: body.code, message: body.message, details: text(body.details), hint: text(body.hint) },
    headers,
  );
}

/** Headers that a response can have; `undefined` for anything else. */
function parseHeaders(given: unknown): Record<string, string> | undefined {
  if (typeof given !== "object" || given === null) return undefined;
  const entries = Object.entries(given as Record<string, unknown>);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === "string")) return undefined;
  try {
    return Object.fromEntries(new Headers(entries));
  } catch {
    return undefined;
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
