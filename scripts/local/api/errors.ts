// Fixes in @supabase/lite: errors of the server have other statuses for some SQLSTATEs, lose `details` and
// `hint` for others, and `raise sqlstate 'PGRST'` is not supported.
// Unnecessary when: lite maps errors by PostgREST's table, for every SQLSTATE.

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

/** PostgREST's body of an error: always four keys, null where there is no value. */
export function errorResponse(
  status: number,
  error: { code: string; message: string; details?: string | null; hint?: string | null },
  headers: Record<string, string> = {},
): Response {
  const { code, message, details = null, hint = null } = error;
  return new Response(JSON.stringify({ code, details, hint, message }), {
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
 * @param table the request's table, which PostgREST's statements name before every column
 */
export function serverErrorResponse(error: ServerError, anonymous: boolean, table?: string): Response {
  if (error.code === "PGRST") return raisedResponse(error);
  const message = error.code === "42703" && table
    ? error.message.replace(/^column "([^"]+)" does not exist$/, `column ${table}.$1 does not exist`)
    : error.message;
  return errorResponse(statusOf(error.code, error.message, anonymous), {
    code: error.code,
    message,
    details: error.detail ?? null,
    hint: error.hint ?? null,
  });
}

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
    const status = Number(code.slice(2));
    return status >= 200 && status <= 599 ? status : 500;
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
  if (typeof answer?.status !== "number" || typeof answer.headers !== "object" || answer.headers === null) {
    return invalid(`Invalid JSON value for DETAIL: '${error.detail}'`, keys);
  }
  const text = (value: unknown): string | null => typeof value === "string" ? value : null;
  return errorResponse(
    answer.status,
    { code: body.code, message: body.message, details: text(body.details), hint: text(body.hint) },
    answer.headers as Record<string, string>,
  );
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : undefined;
  } catch {
    return undefined;
  }
}
