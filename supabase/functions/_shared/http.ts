/** The body of every error answer. `code` stands in docs/error-codes.md. */
export interface ErrorBody {
  code: string;
  message: string;
  details: string | null;
  hint: string | null;
  request_id: string;
}

/** What a function says when it refuses or fails. */
export interface Failure {
  status: number;
  code: string;
  message: string;
  details?: string;
  hint?: string;
  headers?: Record<string, string>;
}

/** An answer with the body `{code, message, details, hint, request_id}`. */
export function failureResponse(failure: Failure, requestId: string): Response {
  const body: ErrorBody = {
    code: failure.code,
    message: failure.message,
    details: failure.details ?? null,
    hint: failure.hint ?? null,
    request_id: requestId,
  };
  return jsonResponse(failure.status, body, requestId, failure.headers);
}

/** A JSON answer that carries the request's id, by which it is found in the log. */
export function jsonResponse(
  status: number,
  body: unknown,
  requestId: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json(body, { status, headers: { "x-request-id": requestId, ...headers } });
}

/** Why a body was not read. */
export type BodyRefusal = "too_large" | "too_slow" | "broken_off";

/**
 * Reads the raw body of a request, or of an answer, once.
 *
 * @param maxBytes more is refused while it arrives, whatever `content-length` says
 * @param timeoutMs a body that is not there by then is refused
 */
export async function readBody(
  request: Pick<Request, "headers" | "body">,
  maxBytes: number,
  timeoutMs: number,
): Promise<Uint8Array<ArrayBuffer> | BodyRefusal> {
  if (Number(request.headers.get("content-length") ?? 0) > maxBytes) return "too_large";
  if (!request.body) return new Uint8Array();
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<"too_slow">((resolve) => {
    timer = setTimeout(() => resolve("too_slow"), timeoutMs);
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const part = await Promise.race([reader.read(), timeout]);
      if (part === "too_slow") return await refuse(reader, "too_slow");
      if (part.done) return join(chunks, size);
      size += part.value.byteLength;
      if (size > maxBytes) return await refuse(reader, "too_large");
      chunks.push(part.value);
    }
  } catch {
    return "broken_off";
  } finally {
    clearTimeout(timer);
  }
}

async function refuse(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  why: BodyRefusal,
): Promise<BodyRefusal> {
  await reader.cancel(why).catch(() => {});
  return why;
}

function join(chunks: Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
