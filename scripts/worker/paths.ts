import { isUtf8 } from "node:buffer";

const ESCAPES: Record<string, string> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  '"': '\\"',
  "\\": "\\\\",
};

/**
 * A path as text. One that is not UTF-8 is escaped as git does it in a diff, without the quotes around it:
 * `caf\351.txt`.
 *
 * @param path a character per byte
 */
export function readablePath(path: string): { text: string; isEscaped: boolean } {
  const bytes = Buffer.from(path, "latin1");
  if (isUtf8(bytes)) return { text: bytes.toString("utf8"), isEscaped: false };
  const escaped = path.replaceAll(
    // deno-lint-ignore no-control-regex
    /[\u0000-\u001f"\\\u007f-\u00ff]/g,
    (each) => ESCAPES[each] ?? `\\${each.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
  return { text: escaped, isEscaped: true };
}
