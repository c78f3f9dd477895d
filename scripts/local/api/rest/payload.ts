import { ApiError } from "./errors.ts";

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
    const bytes = Buffer.from(await request.arrayBuffer());
    return { text: `\\x${bytes.toString("hex")}`, keys: [] };
  }
  const text = await request.text();
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

const invalidBody = (message: string): ApiError => new ApiError(400, { code: "PGRST102", message });

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The lines of a CSV text as objects; `NULL` without quotes or with them is null. */
function parseCsv(text: string): Record<string, string | null>[] {
  const [header = [], ...lines] = csvLines(text);
  return lines.map((fields) => {
    if (fields.length !== header.length) throw invalidBody("All lines must have same number of fields");
    return Object.fromEntries(
      header.map((name, at) => [name, fields[at] === "NULL" ? null : fields[at] ?? null]),
    );
  });
}

function csvLines(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  const fields = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|\r|$)/y;
  while (fields.lastIndex < text.length || line.length > 0) {
    const [, field = "", end = ""] = fields.exec(text) ?? [];
    line.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field);
    if (end === ",") continue;
    if (line.length > 1 || line[0] !== "") lines.push(line);
    line = [];
    if (end === "") break;
  }
  return lines;
}
