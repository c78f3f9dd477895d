import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { command, progress } from "../command.ts";
import { bin, ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import type { Bench, Case } from "./bench.ts";
import { CASES } from "./cases/index.ts";
import { openBench, openCluster, readSettings } from "./cluster.ts";
import { plotReport } from "./plot.ts";
import { type CaseReport, describeReport, printReport, readSurroundings } from "./report.ts";
import { measure } from "./rounds.ts";

const HELP = `npm run bench [-- --only <case>] [--rounds <n>] [--scale <share>] [--write]

Measures Fixloop next to its peers on a durable PostgreSQL of its own, and says which floors are reached. Takes some
twenty minutes on two cores, about 4 GB of disk, and no network. Writes docs/benchmarks.md and docs/benchmarks.svg.
Exit code 1 when a floor is missed.

  --only <case>    one case: ${CASES.map(({ name }) => name).join(", ")}
  --rounds <n>     how often each contender runs; 5 if not said
  --scale <share>  fewer rows and operations for a quick look, for example 0.05
  --write          write the docs after a run with --only, --rounds or --scale too
`;

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      scale: { type: "string" },
      write: { type: "boolean", default: false },
    },
  });
  const rounds = positive("--rounds", values.rounds, 5);
  const scale = positive("--scale", values.scale, 1);
  const cases = CASES.filter(({ name }) => values.only === undefined || name === values.only);
  if (cases.length === 0) {
    throw new UserError(
      `There is no case ${values.only}.`,
      `Choose one of: ${CASES.map(({ name }) => name).join(", ")}.`,
    );
  }
  if (!Number.isInteger(rounds)) throw new UserError("--rounds has to be whole.", "For example: --rounds 7");

  const cluster = await openCluster(progress);
  try {
    const bench = openBench(cluster, { rounds, scale, progress });
    const reports: CaseReport[] = [];
    for (const each of cases) reports.push(await runCase(each, bench));
    const surroundings = readSurroundings(await readSettings(cluster.url));
    printReport(reports);
    const isWhole = cases.length === CASES.length && rounds >= 5 && scale === 1;
    if (isWhole || values.write) writeDocs(reports, describeReport(reports, surroundings, rounds));
    return reports.every(({ results }) =>
      results.every(({ verdicts }) => verdicts.every(({ isMet }) => isMet))
    );
  } finally {
    await cluster.close();
  }
});

/** Prepares a case, measures everything in it, and looks whether all its work was done. */
export async function runCase(each: Case, bench: Bench): Promise<CaseReport> {
  const prepared = await each.prepare(bench);
  try {
    await prepared.warmUp?.();
    const results = [];
    for (const comparison of prepared.comparisons) {
      results.push(await measure(comparison, bench.rounds, bench.progress));
    }
    await prepared.verify?.();
    return { title: each.title, method: prepared.method, results };
  } finally {
    await prepared.close();
  }
}

function writeDocs(reports: readonly CaseReport[], page: string): void {
  const files = {
    "docs/benchmarks.md": page,
    "docs/benchmarks.svg": plotReport(reports.flatMap((each) => each.results)),
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(ROOT, name), text);
  const formatted = spawnSync(bin("deno"), ["fmt", "--quiet", ...Object.keys(files)], {
    cwd: ROOT,
    stdio: "inherit",
  });
  if (formatted.status !== 0) throw new Error("deno fmt could not format what was written");
  console.log(`\nwritten: ${Object.keys(files).join(", ")}`);
}

function positive(option: string, value: string | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  const number = Number(value);
  if (Number.isFinite(number) && number > 0) return number;
  throw new UserError(`${option} has to be a number above 0.`, `For example: ${option} ${otherwise}`);
}
