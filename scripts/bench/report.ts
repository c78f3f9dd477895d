import { availableParallelism, cpus, totalmem } from "node:os";
import { styleText } from "node:util";
import { table } from "../terminal.ts";
import type { Result, Verdict } from "./rounds.ts";

/** What a case came to, and how it was measured. */
export interface CaseReport {
  title: string;
  method: string;
  results: Result[];
}

/** What the figures hang on. Names no machine. */
export interface Surroundings {
  processor: string;
  cores: number;
  memoryGb: number;
  platform: string;
  node: string;
  /** The server's version and settings. */
  settings: Record<string, string>;
}

export function readSurroundings(settings: Record<string, string>): Surroundings {
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    settings,
  };
}

/** A rate or a time, with three digits that count. */
export function amount(msEach: number, unit: "per second" | "ms", isCutOff = false): string {
  const value = unit === "ms" ? msEach : 1000 / msEach;
  return `${isCutOff ? "> " : ""}${threeDigits(value)} ${unit === "ms" ? "ms" : "/s"}`;
}

export function threeDigits(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

const reached = ({ reached, isCutOff }: Verdict): string => `${isCutOff ? "> " : ""}${threeDigits(reached)}`;

/** A line for each floor. */
function lines(reports: readonly CaseReport[]) {
  return reports.flatMap(({ results }) =>
    results.flatMap(({ comparison, contenders, verdicts }) => {
      const [ours] = contenders;
      return verdicts.map((verdict) => {
        const peer = contenders.find(({ name }) => name === verdict.against);
        return {
          what: comparison.title,
          clients: comparison.clients,
          ours: ours ? amount(ours.msEach, comparison.unit, ours.isCutOff) : "",
          peer: peer ? amount(peer.msEach, comparison.unit, peer.isCutOff) : "",
          against: verdict.against,
          // two that were given up at the same limit say nothing about each other
          ratio: ours?.isCutOff ? "–" : reached(verdict),
          range: ours?.isCutOff ? "–" : verdict.range.map(threeDigits).join(" – "),
          floor: threeDigits(verdict.ratio),
          met: verdict.isMet ? "✓" : "✗",
        };
      });
    })
  );
}

/** Prints the table, and what explains a floor that was missed. */
export function printReport(reports: readonly CaseReport[]): void {
  console.log("");
  table(lines(reports), ["met", "what", "clients", "ours", "peer", "against", "ratio", "range", "floor"], 48);
  for (const { comparison, explanation } of reports.flatMap(({ results }) => results)) {
    if (!explanation) continue;
    console.log(`\n${styleText("yellow", comparison.title)}`);
    console.log(explanation.replaceAll(/^/gm, "  "));
  }
}

/** docs/benchmarks.md. */
export function describeReport(
  reports: readonly CaseReport[],
  surroundings: Surroundings,
  rounds: number,
): string {
  const { settings } = surroundings;
  const { server_version: version, ...reported } = settings;
  const rows = lines(reports).map((line) =>
    `| ${line.what} | ${line.clients} | ${line.ours} | ${line.peer} | ${line.against} | ${line.ratio} | ${line.range} | ${line.floor} | ${
      line.met === "✓" ? "met" : "**missed**"
    } |`
  );
  const missed = reports.flatMap(({ results }) => results).filter(({ explanation }) => explanation);
  return [
    "# Benchmarks",
    "",
    "Written by `npm run bench`: Fixloop next to its peers, in one run, on one machine.",
    "",
    "![Each ratio against its floor.](benchmarks.svg)",
    "",
    "| what | clients | ours | peer | the peer | ratio | rounds | floor | |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "A ratio is our speed divided by the peer's: 0.5 is half as fast, 20 is twenty times as fast. `rounds` is the " +
    "smallest and the largest ratio of a single round.",
    "",
    "## Method",
    "",
    `Each contender runs ${rounds} times, in turn with the others, every other round in the opposite order; the table ` +
    "has medians. The cluster is made for the run and deleted after it. It waits for the disk as a deployed one does: " +
    `${
      Object.entries(reported).map(([name, value]) => `\`${name} = ${value}\``).join(", ")
    }. Clients and server share the ` +
    `machine: ${surroundings.cores} cores (${surroundings.processor}), ${surroundings.memoryGb} GB, ` +
    `${surroundings.platform}, PostgreSQL ${version}, Node ${surroundings.node}.`,
    ...reports.flatMap(({ title, method }) => ["", `### ${title}`, "", method]),
    ...(missed.length === 0 ? [] : ["", "## Floors that are missed"]),
    ...missed.flatMap(({ comparison, explanation = "" }) => [
      "",
      `### ${comparison.title[0]?.toUpperCase()}${comparison.title.slice(1)}`,
      "",
      "```",
      explanation,
      "```",
    ]),
    "",
  ].join("\n");
}
