import { styleText } from "node:util";
import type { Redactor } from "./redact.ts";

export type Fields = Record<string, string | number | boolean | null | undefined>;

/** Writes one line per event, with its fields. */
export type Log = (event: string, fields?: Fields) => void;

/** Without control characters, with which foreign text could write lines or colours of its own. */
// deno-lint-ignore no-control-regex
const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");

/** A log in JSON, or in text for a terminal; secrets are removed from both. */
export function createLog(format: "json" | "text", redactor: Redactor, write = console.log): Log {
  return (event, fields = {}) => {
    const at = new Date().toISOString();
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    if (format === "json") {
      write(redactor.clean(JSON.stringify({ at, event, ...Object.fromEntries(given) })));
      return;
    }
    const parts = given.map(([key, value]) =>
      `${styleText("dim", `${key}=`)}${printable(redactor.clean(String(value)))}`
    );
    write([styleText("dim", at.slice(11, 19)), event, ...parts].join(" "));
  };
}
