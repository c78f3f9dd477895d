import { defineConfig } from "vitest/config";
import { LongestFirst } from "./scripts/test/longest-first.ts";
import { pgtap } from "./supabase/tests/support/pgtap-plugin.ts";
import { size } from "./supabase/tests/support/size.ts";

/**
 * Processes of their own, by the dozen: workers with git, `npm start` and what is killed of it, a browser, benchmarks. A plain
 * `npm test` leaves them out and says so.
 */
const PROCESSES = [
  "supabase/tests/api/worker{,-fleet}.test.ts",
  "supabase/tests/api/support-widget.test.ts",
  "supabase/tests/concurrency/loop-crashes.test.ts",
  "scripts/local/start{,-recovery}.test.ts",
  "scripts/worker/{continuation,describe,elsewhere,filters,generated,limits,places,refusals}.test.ts",
  "scripts/worker/{run-task,secrets,worker,working-tree}.test.ts",
  "scripts/bench/{cases,growth/growth}.test.ts",
  "scripts/triage/{finding,inputs,learning,triage}.test.ts",
  "scripts/support/answers.test.ts",
];

/** Many connections at the same time. */
const STORMS = ["supabase/tests/concurrency/**/*.test.ts"];

/** Scripts against databases and the CLI: `npm test -- --fast` leaves them out. */
const TOOLS = [
  "scripts/db/{advisors,check,migrations,new,operations-page,security-page,triggers,try,types}.test.ts",
  "scripts/exai/{database,exchange}.test.ts",
  "scripts/local/superuser-password.test.ts",
  "scripts/local/postgres-driver.test.ts",
];

// One cluster for the whole run, started by the first test that needs it (supabase/tests/support/global-setup.ts); a
// database of its own for each file that writes.
export default defineConfig({
  plugins: [pgtap()],
  test: {
    globalSetup: ["supabase/tests/support/global-setup.ts"],
    // for what never ends; a machine that is busy with other work is slow
    testTimeout: size(300_000, 3_600_000),
    hookTimeout: size(300_000, 3_600_000),
    expect: { poll: { timeout: 120_000 } },
    // one more than the cores of a small machine, since tests wait for servers and other processes; in full size they hold
    // connections by the hundred
    maxWorkers: size(3, 2),
    // a test file's modules are loaded once in each worker, and hold no state that a test changes
    isolate: false,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["scripts/**/*.test.ts", "supabase/{functions,tests/support}/**/*.test.ts"],
          exclude: [...PROCESSES, ...TOOLS],
        },
      },
      {
        extends: true,
        test: {
          name: "database",
          include: ["supabase/tests/database/**/*.test.sql"],
        },
      },
      { extends: true, test: { name: "tools", include: TOOLS } },
      {
        extends: true,
        test: { name: "api", include: ["supabase/tests/api/**/*.test.ts"], exclude: PROCESSES },
      },
      { extends: true, test: { name: "storms", include: STORMS, exclude: PROCESSES } },
      { extends: true, test: { name: "processes", include: PROCESSES } },
    ],
  },
});
