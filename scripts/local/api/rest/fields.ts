import type { Scanner } from "./scanner.ts";

// Names of columns and what follows them in `select`, `order` and filters.

export interface JsonStep {
  key: string;
  isIndex: boolean;
  /** `->>`, which returns text. */
  asText: boolean;
}

/** A column, and a path into its JSON. */
export interface Field {
  name: string;
  path: JsonStep[];
}

const IDENTIFIER = /[\p{L}\p{N}_ $]+(?:-(?!>)[\p{L}\p{N}_ $]+)*/uy;
const JSON_KEY = /[^(\-:.,>)]+(?:-(?!>)[^(\-:.,>)]+)*/y;

/** `"…"`, with `\` before a quote or another `\`. */
export function readQuoted(scanner: Scanner): string | undefined {
  const quoted = scanner.tryMatch(/"(?:[^"\\]|\\[\s\S])*"/y);
  return quoted?.slice(1, -1).replace(/\\([\s\S])/g, "$1");
}

/** A name, quoted or without quotes. */
export function readName(scanner: Scanner): string {
  return readQuoted(scanner) ?? strip(scanner.tryMatch(IDENTIFIER)) ??
    scanner.fail("field name (* or [a..z0..9_$])");
}

/** Names with dashes lose the blanks around each part. */
const strip = (text: string | undefined): string | undefined =>
  text?.split("-").map((part) => part.trim()).join("-");

export function readField(scanner: Scanner): Field {
  scanner.skipBlanks();
  const name = readName(scanner);
  const path = readJsonPath(scanner);
  scanner.skipBlanks();
  return { name, path };
}

export function readJsonPath(scanner: Scanner): JsonStep[] {
  const path: JsonStep[] = [];
  for (;;) {
    const arrow = scanner.tryMatch(/->>?/y);
    if (!arrow) return path;
    const asText = arrow === "->>";
    const index = scanner.tryMatch(/-?\d+(?=->|::|[.,)]|$)/y);
    if (index !== undefined) {
      path.push({ key: index, isIndex: true, asText });
      continue;
    }
    if (scanner.isFollowedBy(/-/y)) scanner.fail("digit");
    const key = readQuoted(scanner) ?? strip(scanner.tryMatch(JSON_KEY)) ??
      scanner.fail("any non reserved character different from: .,>()");
    path.push({ key, isIndex: false, asText });
  }
}

/** The name under which a JSON value is returned: its last key. */
export function jsonName({ name, path }: Field): string {
  return path.findLast(({ isIndex }) => !isIndex)?.key ?? name;
}

/** `::type` of a cast: letters, digits, blanks and `_`. It becomes SQL as it is, so no `$`, which may quote. */
export const readCast = (scanner: Scanner): string | undefined =>
  scanner.tryString("::")
    ? scanner.tryMatch(/[\p{L}\p{N}_ ]+/uy)?.trim() ?? scanner.fail("letter or digit")
    : undefined;

export function readNames(text: string, scanner: Scanner): string[] {
  if (text === "") scanner.fail("field name (* or [a..z0..9_$])");
  const names = [readName(scanner)];
  for (;;) {
    scanner.skipBlanks();
    if (!scanner.tryString(",")) break;
    scanner.skipBlanks();
    names.push(readName(scanner));
  }
  scanner.expectEnd();
  return names;
}
