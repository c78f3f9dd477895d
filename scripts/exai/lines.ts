import { z } from "zod";
import { UserError } from "../local/user-error.ts";

/** A line of an exchange file, with its number in the file, counted from 1. */
export interface Line {
  number: number;
  text: string;
  kind: "issue" | "relation";
}

const lineSchema = z.union([
  z.strictObject({ issue: z.looseObject({ id: z.string(), issue_number: z.int() }) }),
  z.strictObject({ relation: z.looseObject({ from_issue_id: z.string(), to_issue_id: z.string() }) }),
]);

/**
 * Parses an exchange file and checks what can be checked without a database: UTF-8, one JSON object per line, each issue
 * once. Lines end with LF or CRLF only: a text may contain the other line breaks of Unicode. Empty lines are skipped.
 *
 * @throws UserError with the number of the line
 */
export function parseLines(file: Buffer): Line[] {
  const lines: Line[] = [];
  const seen = new Map<string | number, number>();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  for (let start = 0, number = 1; start < file.length; number++) {
    const end = file.indexOf(0x0a, start);
    const bytes = file.subarray(start, end === -1 ? file.length : end);
    start = end === -1 ? file.length : end + 1;
    const text = decode(decoder, bytes, number).replace(/\r$/, "");
    if (text.trim() === "") continue;
    const line = parseLine(text, number);
    if ("issue" in line) {
      for (const key of [line.issue.id.toLowerCase(), line.issue.issue_number]) {
        const first = seen.get(key);
        if (first !== undefined) {
          throw new UserError(
            `Line ${number}: issue ${key} is already in line ${first}.`,
            "Remove one of the two lines. Nothing was imported.",
          );
        }
        seen.set(key, number);
      }
    }
    lines.push({ number, text, kind: "issue" in line ? "issue" : "relation" });
  }
  return lines;
}

function decode(decoder: TextDecoder, bytes: Buffer, number: number): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new UserError(`Line ${number} is not UTF-8.`, "Save the file as UTF-8. Nothing was imported.");
  }
}

function parseLine(text: string, number: number): z.infer<typeof lineSchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `Line ${number} is not JSON: ${error instanceof Error ? error.message : error}`,
      "Each line is one JSON object, as npm run exai:export writes it. Nothing was imported.",
    );
  }
  const parsed = lineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UserError(
    `Line ${number} is neither an issue nor a relation.`,
    'It must be {"issue": {"id", "issue_number", …}} or {"relation": {"from_issue_id", "to_issue_id", "kind", …}}. ' +
      "Nothing was imported.",
  );
}

/**
 * Splits the lines into portions for one call each: in their order, issues before relations.
 *
 * @param maxLength characters per portion; a longer line is a portion by itself
 */
export function portions(lines: readonly Line[], maxLength: number): Line[][] {
  const result: Line[][] = [];
  let length = Infinity;
  for (const kind of ["issue", "relation"]) {
    for (const line of lines.filter((one) => one.kind === kind)) {
      if (length + line.text.length > maxLength) {
        result.push([]);
        length = 0;
      }
      result.at(-1)?.push(line);
      length += line.text.length + 1;
    }
  }
  return result;
}
