import { invalidBody } from "./errors.ts";

/**
 * The lines of a CSV text as objects, by the names of its first line; `NULL` without quotes or with them is null.
 *
 * @throws ApiError when lines differ in length, or quotes are not as in RFC 4180
 */
export function parseCsv(text: string): Record<string, string | null>[] {
  const [header = [], ...lines] = readLines(text);
  return lines.map((fields) => {
    if (fields.length !== header.length) throw invalidBody("All lines must have same number of fields");
    return Object.fromEntries(
      header.map((name, at) => [name, fields[at] === "NULL" ? null : fields[at] ?? null]),
    );
  });
}

/** All lines that are not empty. */
function readLines(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  for (let at = 0; at < text.length || line.length > 0;) {
    const isQuoted = text[at] === '"';
    const end = isQuoted ? closingQuote(text, at) + 1 : nextIndex(/[",\r\n]/g, text, at);
    line.push(isQuoted ? withoutDoubles(text.slice(at + 1, end - 1)) : text.slice(at, end));
    const separator = text.startsWith("\r\n", end) ? "\r\n" : text[end] ?? "";
    if (!["", ",", "\n", "\r", "\r\n"].includes(separator)) throw malformed();
    at = end + separator.length;
    if (separator === ",") continue;
    if (line.length > 1 || line[0] !== "") lines.push(line);
    line = [];
  }
  return lines;
}

/** Where a quoted field ends: two quotes in it stand for one. */
function closingQuote(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  throw malformed();
}

/** Takes every second quote out, in steps that cost little: there may be millions. */
function withoutDoubles(text: string): string {
  if (!text.includes('"')) return text;
  const units = new Uint16Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    units[length++] = text.charCodeAt(at);
    if (text[at] === '"') at++;
  }
  return Buffer.from(units.buffer, 0, 2 * length).toString("utf16le");
}

function nextIndex(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(text)?.index ?? text.length;
}

const malformed = () =>
  invalidBody("Quotes in CSV enclose whole fields, and two quotes in one stand for a quote");
