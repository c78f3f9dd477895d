import type { Cluster } from "../cluster.ts";
import { openBench, readSettings } from "../cluster.ts";
import { ISSUE_COUNT } from "../data/bulk.ts";
import { readSurroundings } from "../report.ts";
import { type Growth, measureGrowth } from "./measure.ts";
import { describeGrowth, judgeGrowth, printGrowth } from "./report.ts";

export const GROWTH_SIZES = [10_000, 100_000, 1_000_000];

/**
 * Measures all operations at each size, prints the table, and returns the page and whether each floor is met.
 *
 * @param sizes in ascending order
 */
export async function runGrowth(
  cluster: Pick<Cluster, "url" | "template">,
  sizes: readonly number[],
  progress: (step: string) => void,
): Promise<{ page: string; isMet: boolean }> {
  let results: Growth[] = [];
  // the largest first: what fails there fails early
  for (const size of sizes.toReversed()) {
    const bench = openBench(cluster, { rounds: 1, scale: size / ISSUE_COUNT, progress });
    try {
      const measured = await measureGrowth(bench, size, size === sizes.at(-1));
      results = measured.map((each, at) => ({
        ...results[at],
        ...each,
        times: [...each.times, ...results[at]?.times ?? []],
      }));
    } finally {
      await bench.close();
    }
  }
  printGrowth(results, sizes);
  return {
    page: describeGrowth(results, sizes, readSurroundings(await readSettings(cluster.url))),
    isMet: results.every((result) => judgeGrowth(result).isMet),
  };
}
