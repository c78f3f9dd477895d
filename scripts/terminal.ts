import { styleText } from "node:util";

// Without colours where the output is piped or NO_COLOR is set.

/** Prints a heading. */
export function heading(title: string): void {
  console.log(`\n${styleText(["bold", "cyan"], title)}`);
}

/** Prints one line below it. */
export function print(line: string): void {
  console.log(`  ${line}`);
}

/** Runs a step and prints how long it took. */
export async function timed<T>(what: string, step: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await step();
  print(
    `${styleText("green", "✓")} ${what} ${styleText("dim", `${Math.round(performance.now() - started)} ms`)}`,
  );
  return result;
}

/** Prints text from the database, marked as a quotation. */
export function quote(text: string): void {
  for (const line of text.split("\n")) print(`${styleText("dim", "│")} ${line}`);
}

/** Prints rows as an aligned table. Long cells are cut; null is a dash. */
export function table(
  rows: readonly Record<string, unknown>[],
  columns: readonly string[],
  maxWidth = 40,
): void {
  const cells = rows.map((row) => columns.map((column) => cell(row[column], maxWidth)));
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...cells.map((row) => row[at]?.length ?? 0))
  );
  const line = (row: readonly string[]): string =>
    row.map((text, at) => text.padEnd(widths[at] ?? 0)).join("  ").trimEnd();
  print(styleText("bold", line(columns)));
  print(styleText("dim", widths.map((width) => "─".repeat(width)).join("  ")));
  for (const row of cells) print(line(row));
}

function cell(value: unknown, maxWidth: number): string {
  if (value === null || value === undefined) return "–";
  const text = (Array.isArray(value) ? value.join(", ") : String(value)).replaceAll(/\s+/g, " ");
  return text.length > maxWidth ? `${text.slice(0, maxWidth - 1)}…` : text;
}
