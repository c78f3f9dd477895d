import { type Failure, HttpError } from "./failure.ts";

/** Why a body was not read to its end. */
export type BodyError = "too_large" | "timeout" | "aborted";

/**
 * Reads the raw body of a request or a response, once.
 *
 * @param maxBytes a larger body is given up while it arrives, also with a wrong `content-length`
 * @param timeoutMs a body that has not arrived in full by then is given up
 */
export async function readBody(
  message: Pick<Request, "headers" | "body">,
  maxBytes: number,
  timeoutMs: number,
): Promise<Uint8Array<ArrayBuffer> | BodyError> {
  if (Number(message.headers.get("content-length") ?? 0) > maxBytes) return "too_large";
  if (!message.body) return new Uint8Array();
  const reader = message.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<"timeout">((resolve) => {
    timer = setTimeout(() => resolve("timeout"), timeoutMs);
  });
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const part = await Promise.race([reader.read(), timeout]);
      if (part === "timeout") return await cancel(reader, "timeout");
      if (part.done) return concat(chunks, size);
      size += part.value.byteLength;
      if (size > maxBytes) return await cancel(reader, "too_large");
      chunks.push(part.value);
    }
  } catch {
    return "aborted";
  } finally {
    clearTimeout(timer);
  }
}

async function cancel(reader: ReadableStreamDefaultReader<Uint8Array>, why: BodyError): Promise<BodyError> {
  await reader.cancel(why).catch(() => {});
  return why;
}

function concat(chunks: Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

/** Reads the raw body of a request; throws 400, 408, 413 or 415. */
export async function readRequestBody(
  request: Request,
  maxBytes: number,
  timeoutMs: number,
): Promise<Uint8Array<ArrayBuffer>> {
  // signatures, digests and the size limit are about the bytes that are stored
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase();
  if (encoding && encoding !== "identity") throw new HttpError(ENCODED);
  const body = await readBody(request, maxBytes, timeoutMs);
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

/** Parses JSON in UTF-8; throws 400. */
export function parseJson(bytes: Uint8Array): unknown {
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

const formatBytes = (bytes: number): string =>
  bytes >= 1024 * 1024
    ? `${bytes / 1024 / 1024} MB`
    : bytes >= 1024
    ? `${bytes / 1024} kB`
    : `${bytes} bytes`;
