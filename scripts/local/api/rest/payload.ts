import { parseCsv } from "./csv.ts";
import { ApiError, invalidBody } from "./errors.ts";

/** The body of a write or call. */
export interface Payload {
  /** JSON text; of a raw body, its bytes as text, or in hexadecimal for `bytea`. */
  text: string;
  /** The keys of its objects; `undefined` when `columns` decides. */
  keys: string[] | undefined;
  /** The fields of a form. */
  form?: [name: string, value: string][];
}

const RAW = ["text/plain", "text/xml", "application/octet-stream"];

/**
 * Reads a request's body.
 *
 * @param mediaType its type, without parameters
 * @param hasColumns whether the request names the columns, so that the keys of the body don't count
 */
export async function readPayload(
  request: Request,
  mediaType: string,
  hasColumns: boolean,
  isCall: boolean,
): Promise<Payload> {
  if (mediaType === "application/octet-stream" && isCall) {
    return { text: `\\x${(await readBytes(request)).toString("hex")}`, keys: [] };
  }
  const text = decodeText(await readBytes(request));
  if (mediaType === "application/json") {
    if (hasColumns) return { text, keys: undefined };
    return keysOf(text === "" && isCall ? "{}" : text);
  }
  if (mediaType === "text/csv") return keysOf(JSON.stringify(parseCsv(text)));
  if (mediaType === "application/x-www-form-urlencoded") {
    const form = [...new URLSearchParams(text)];
    const fields = Object.fromEntries(form);
    return { text: JSON.stringify(fields), keys: Object.keys(fields), form };
  }
  if (RAW.includes(mediaType) && isCall) return { text, keys: [] };
  throw new ApiError(400, { code: "PGRST102", message: `Content-Type not acceptable: ${mediaType}` });
}

/** Text in UTF-8; other bytes are refused, and not replaced. */
function decodeText(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalidBody("Empty or invalid json");
  }
}

/** The largest body, in bytes: both diffs of a task, 50 MB each, fit in with the signs that JSON escapes. */
const LARGEST_BODY = 128 * 1024 * 1024;

async function readBytes(request: Request): Promise<Buffer> {
  const length = request.headers.get("content-length");
  // the server makes sure that a body has the length that its header gives
  if (length !== null && Number(length) <= LARGEST_BODY) return Buffer.from(await request.arrayBuffer());
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of request.body ?? []) {
    size += part.byteLength;
    if (size <= LARGEST_BODY) parts.push(part);
    // the rest is read as well, since many clients read no response before they have sent everything
    else parts.length = 0;
  }
  if (size <= LARGEST_BODY) return Buffer.concat(parts);
  throw new ApiError(413, {
    code: "body_too_large",
    message: `The body has more than ${LARGEST_BODY} bytes.`,
    hint: "Send the rows in several requests.",
  });
}

/** JSON text as it is, since numbers may have more digits than JavaScript's, with the keys of its objects. */
function keysOf(text: string): Payload {
  const value = parseJson(text);
  if (Array.isArray(value)) {
    if (value.length === 0) return { text: "[]", keys: [] };
    const keys = isObject(value[0]) ? Object.keys(value[0]) : undefined;
    const isUniform = keys &&
      value.every((each) =>
        isObject(each) && Object.keys(each).length === keys.length &&
        keys.every((name) => Object.hasOwn(each, name))
      );
    if (!isUniform) throw invalidBody("All object keys must match");
    return { text, keys };
  }
  return isObject(value) ? { text, keys: Object.keys(value) } : { text: "[]", keys: [] };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidBody("Empty or invalid json");
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
