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
import { GROWTH_SIZES, runGrowth } from "./growth/run.ts";
import { plotReport } from "./plot.ts";
import { type CaseReport, describeReport, printReport, readSurroundings } from "./report.ts";
import { measure } from "./rounds.ts";

const HELP = `npm run bench [-- --only <case>] [--rounds <n>] [--scale <share>] [--write]
npm run bench -- growth [--sizes <n,n,…>] [--write]

Measures Fixloop next to its peers on a durable PostgreSQL of its own, and says which floors are reached. Takes some
twenty minutes on two cores, about 4 GB of disk, and no network. Writes docs/benchmarks.md and docs/benchmarks.svg.
Exit code 1 when a floor is missed.

growth measures lists, read models, searches and writes at three sizes, and writes docs/growth-times.md. Takes some
fifteen minutes and 15 GB.

  --only <case>    one case: ${CASES.map(({ name }) => name).join(", ")}
  --rounds <n>     how often each contender runs; 5 if not said
  --scale <share>  fewer rows and operations for a quick look, for example 0.05
  --sizes <n,n,…>  for growth: how many issues, engineering issues and tasks; ${
  GROWTH_SIZES.join(",")
} if not said
  --write          write the docs after a run with --only, --rounds, --scale or --sizes too
`;

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      sizes: { type: "string" },
      only: { type: "string" },
      rounds: { type: "string" },
      scale: { type: "string" },
      write: { type: "boolean", default: false },
    },
  });
  if (positionals.length > 0) return await growth(positionals, values.sizes, values.write);
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
    if (isWhole || values.write) {
      writeFiles({
        "docs/benchmarks.md": describeReport(reports, surroundings, rounds),
        "docs/benchmarks.svg": plotReport(reports.flatMap((each) => each.results)),
      });
    }
    return reports.every(({ results }) =>
      results.every(({ verdicts }) => verdicts.every(({ isMet }) => isMet))
    );
  } finally {
    await cluster.close();
  }
});

async function growth(
  positionals: readonly string[],
  sizes: string | undefined,
  isWritten: boolean,
): Promise<boolean> {
  if (positionals.join(" ") !== "growth") {
    throw new UserError(
      `There is nothing to measure named ${positionals.join(" ")}.`,
      "For example: npm run bench -- growth",
    );
  }
  const numbers = (sizes?.split(",") ?? GROWTH_SIZES).map((size) => positive("--sizes", String(size), 100))
    .sort((a, b) => a - b);
  const cluster = await openCluster(progress);
  try {
    const { page, isMet } = await runGrowth(cluster, numbers, progress);
    if (sizes === undefined || isWritten) writeFiles({ "docs/growth-times.md": page });
    return isMet;
  } finally {
    await cluster.close();
  }
}

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

function writeFiles(files: Readonly<Record<string, string>>): void {
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
