import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { command } from "../command.ts";
import { bin, ROOT } from "../local/paths.ts";
import { chooseFiles, testFiles } from "./files.ts";
import { quoteArguments, runSteps } from "./run-steps.ts";
import type { Step } from "./steps.ts";

const HELP = `
npm run soak [-- <file or folder>…]

Runs the tests that npm test runs in a small size at their full one: generated sequences, storms of connections, kill
cycles, and every pgTAP file three times in one database. Takes an hour and a half on two cores.

  <file or folder>   run these alone: *.test.sql, *.test.ts, a folder, or a part of a path
  --sizes            print the sizes and run nothing
`;

interface Size {
  file: string;
  /** The code that has it. */
  what: string;
  small: string;
  full: string;
}

/** Every `size(small, full)` and `some(small, cases)` of some test files. */
function sizesOf(files: string[]): Size[] {
  return files.flatMap((file) =>
    readFileSync(join(ROOT, file), "utf8").split("\n").flatMap((line) => {
      const [, cases = ""] = line.match(/\bsome\((\d+),/) ?? [];
      const [, small = cases, full = "all"] = line.match(/\bsize\(([^,()]+), ([^()]+)\)/) ?? [];
      if (!small) return [];
      const what = line.trim().replace(/^(export )?const (\w+) = .*/, "$2").replace(/[({,]+$/, "");
      return [{ file, what, small, full }];
    })
  );
}

const isPgtap = (file: string): boolean => file.endsWith(".test.sql");

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { sizes: { type: "boolean" } },
  });
  const chosen = positionals.length > 0 ? chooseFiles(positionals) : testFiles();
  const sizes = sizesOf(chosen);
  const sized = chosen.filter((file) => isPgtap(file) || sizes.some((size) => size.file === file));
  printSizes(sizes, sized.filter(isPgtap).length);
  if (values.sizes) return true;
  return await runSteps(stepsOf(positionals.length > 0 ? chosen : sized, positionals), "npm run soak", {
    SOAK: "1",
  });
});

function printSizes(sizes: Size[], pgtapCount: number): void {
  console.log(`${"npm test".padStart(10)}${"soak".padStart(12)}`);
  for (const { file, what, small, full } of sizes) {
    console.log(`${small.padStart(10)}${full.padStart(12)}  ${file}: ${what}`);
  }
  if (pgtapCount > 0) {
    console.log(`${"1".padStart(10)}${"3".padStart(12)}  runs of ${pgtapCount} pgTAP files`);
  }
}

function stepsOf(files: string[], names: string[]): Step[] {
  const rerun = quoteArguments(names);
  const step = (name: string, what: string, chosen: string[]): Step[] =>
    chosen.length === 0
      ? []
      : [{ name, what, command: [bin("vitest"), "run", ...chosen], isFast: false, rerun }];
  return [
    ...step("pgtap", "pgTAP files, three times each", files.filter(isPgtap)),
    ...step("sizes", "full sizes", files.filter((file) => !isPgtap(file))),
  ];
}
