import { styleText } from "node:util";
import type { Redactor } from "./redact.ts";

export type Fields = Record<string, string | number | boolean | null | undefined>;

/** One line an event. `message` says it in words, `fields` what it is about. */
export type Log = (event: string, fields?: Fields) => void;

/** Control characters would let a text that is not ours write lines or colours of its own. */
// deno-lint-ignore no-control-regex
const printable = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");

/** JSON for machines, or a line for people; secrets taken out of either. */
export function createLog(format: "json" | "text", redactor: Redactor, write = console.log): Log {
  return (event, fields = {}) => {
    const at = new Date().toISOString();
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    if (format === "json") {
      write(redactor.clean(JSON.stringify({ at, event, ...Object.fromEntries(given) })));
      return;
    }
    const words = given.map(([key, value]) =>
      `${styleText("dim", `${key}=`)}${printable(redactor.clean(String(value)))}`
    );
    write([styleText("dim", at.slice(11, 19)), event, ...words].join(" "));
  };
}
