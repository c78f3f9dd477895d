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
