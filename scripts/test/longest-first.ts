import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * The test files that take longest, in that order. Vitest starts with those that took longest the last time; a new checkout
 * has no last time, and one that takes half a minute and begins last keeps the other cores waiting.
 */
export const LONGEST = [
  "scripts/bench/cases.test.ts",
  "scripts/db/migrations.test.ts",
  "scripts/local/start.test.ts",
  "supabase/tests/concurrency/loop-story.test.ts",
  "supabase/tests/concurrency/inbox-locks.test.ts",
  "scripts/triage/triage.test.ts",
  "supabase/tests/api/worker.test.ts",
  "scripts/db/new.test.ts",
  "scripts/local/start-recovery.test.ts",
  "supabase/tests/concurrency/loop-crashes.test.ts",
  "scripts/worker/run-task.test.ts",
  "scripts/worker/refusals.test.ts",
  "supabase/tests/api/worker-fleet.test.ts",
  "supabase/tests/concurrency/devpulse-refresh.test.ts",
];

/** Starts with the longest, and goes on in vitest's order. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONGEST.findIndex((file) => moduleId.endsWith(`/${file}`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
