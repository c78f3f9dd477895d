import { bin } from "../local/paths.ts";

export interface Step {
  name: string;
  what: string;
  command: string[];
  /** Part of `--fast`. */
  isFast: boolean;
  /** Left out by a plain `npm test`, which names it at its end: part of `--all`. */
  isExtra?: boolean;
  /** The arguments that run it alone; default `--only <name>`. */
  rerun?: string;
}

const node = bin("node");
/** Where tsc leaves what it need not check again. */
const TYPES = "node_modules/.cache/tsc.tsbuildinfo";

/** Tests of one project of vitest.config.ts. */
const vitest = (name: string, project: string, what: string, isFast: boolean): Step => ({
  name,
  what,
  command: [bin("vitest"), "run", `--project=${project}`],
  isFast,
});

/** What `npm test -- --all` runs, in this order. */
export const STEPS: Step[] = [
  { name: "format", what: "deno fmt", command: [bin("deno"), "fmt", "--check"], isFast: true },
  { name: "lint", what: "deno lint", command: [bin("deno"), "lint", "--quiet"], isFast: true },
  {
    name: "types-node",
    what: "tsc over scripts and tests",
    command: [bin("tsc"), "--project", ".", "--incremental", "--tsBuildInfoFile", TYPES],
    isFast: true,
  },
  {
    name: "types-deno",
    what: "deno check over the edge functions",
    command: [
      bin("deno"),
      "check",
      "--quiet",
      "supabase/functions/*/index.ts",
      "scripts/bench/functions/*/index.ts",
      "scripts/local/function-host.ts",
    ],
    isFast: true,
  },
  {
    name: "schema",
    what: "baselines, SQL style, words, squawk, drift, types, advisors",
    command: [node, "scripts/db/verify.ts"],
    isFast: false,
  },
  vitest("unit", "unit", "tests that need no database", true),
  vitest("pgtap", "database", "pgTAP tests", true),
  vitest("tools", "tools", "scripts against databases and the CLI", false),
  vitest("api", "api", "tests over HTTP", false),
  vitest("storms", "storms", "many connections at once", false),
  { name: "demo", what: "npm run demo", command: [node, "scripts/demo/run.ts"], isFast: false },
  {
    ...vitest("processes", "processes", "workers with git, starts and crashes, a browser, benchmarks", false),
    isExtra: true,
  },
];
