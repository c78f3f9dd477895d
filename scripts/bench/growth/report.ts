import { table } from "../../terminal.ts";
import { amount, type Surroundings, threeDigits } from "../report.ts";
import type { Growth, Timing } from "./measure.ts";

/** At the largest size an operation takes less than this. */
const MOST_MS = 100;
/** It takes at most this many times what it takes at the smallest size. */
const MOST_GROWTH = 3;
/** Below this a difference is noise. */
const NOISE_MS = 5;
/** A read model is at least this many times as fast as the same answer from the rows. */
const RAW_FLOOR = 50;

export interface Judged {
  name: string;
  times: string[];
  growth: string;
  raw: string;
  verdict: string;
  isMet: boolean;
}

/** Holds what was measured to the floors. */
export function judgeGrowth({ operation, times, raw }: Growth): Judged {
  const [first, last] = [times[0], times.at(-1)];
  if (!first || !last) throw new Error("nothing was measured");
  const ratio = last.ms / first.ms;
  const faults = [
    last.isCutOff || last.ms >= MOST_MS ? `${MOST_MS} ms` : "",
    ratio > MOST_GROWTH && last.ms > NOISE_MS && !operation.reason ? `${MOST_GROWTH} times` : "",
    raw && raw.ms / last.ms < RAW_FLOOR ? `${RAW_FLOOR} times the rows` : "",
  ].filter((fault) => fault !== "");
  return {
    name: operation.name,
    times: times.map(({ ms, isCutOff }) => amount(ms, "ms", isCutOff)),
    growth: `× ${threeDigits(ratio)}`,
    raw: raw ? rawCell(raw, last) : "",
    verdict: faults.length > 0 ? `missed: ${faults.join(", ")}` : operation.reason ?? "met",
    isMet: faults.length === 0,
  };
}

const rawCell = (raw: Timing, ours: Timing): string =>
  `${amount(raw.ms, "ms", raw.isCutOff)}, × ${threeDigits(raw.ms / ours.ms)}`;

/** Prints the table. */
export function printGrowth(results: readonly Growth[], sizes: readonly number[]): void {
  const columns = columnsOf(sizes);
  table(rowsOf(results, columns), columns, 48);
}

/** docs/growth-times.md. */
export function describeGrowth(
  results: readonly Growth[],
  sizes: readonly number[],
  surroundings: Surroundings,
): string {
  const columns = columnsOf(sizes);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    "# Growth, measured",
    "",
    `Written by \`npm run bench -- growth\`: the same operations over ${
      sizes.map(sizeName).join(", ")
    } issues, ` +
    "engineering issues and tasks, each as its caller, under row security.",
    "",
    "The median of up to 25 calls, prepared, each rolled back. Three comments, two status logs and two tags to an issue; " +
    "nine messages, imports and import logs to ten issues; three steps and half an edge to an engineering issue; a fifth " +
    "of all tasks are one user's, and every fourth task has a pull request. Clients and server share the machine: " +
    `${surroundings.cores} cores (${surroundings.processor}), ${surroundings.memoryGb} GB, PostgreSQL ` +
    `${surroundings.settings["server_version"]}.`,
    "",
    `Floors: under ${MOST_MS} ms at the largest size; at most ${MOST_GROWTH} times the smallest (times below ` +
    `${NOISE_MS} ms differ by noise); a read model at least ${RAW_FLOOR} times as fast as the same answer from the rows.`,
    ...["tracker", "exai", "agents"].flatMap((system) => [
      "",
      `## ${system[0]?.toUpperCase()}${system.slice(1)}`,
      "",
      line(columns),
      line(columns.map(() => "---")),
      ...rowsOf(results.filter(({ operation }) => operation.system === system), columns)
        .map((row) => line(columns.map((column) => row[column] ?? ""))),
    ]),
    "",
  ].join("\n");
}

function rowsOf(results: readonly Growth[], columns: readonly string[]): Record<string, string>[] {
  return results.map(judgeGrowth).map(({ name, times, growth, raw, verdict }) =>
    Object.fromEntries([name, ...times, growth, raw, verdict].map((cell, at) => [columns[at] ?? "", cell]))
  );
}

const sizeName = (size: number): string => size.toLocaleString("en-US");

const columnsOf = (sizes: readonly number[]): string[] => [
  "what",
  ...sizes.map(sizeName),
  "growth",
  "from the rows",
  "floor",
];
