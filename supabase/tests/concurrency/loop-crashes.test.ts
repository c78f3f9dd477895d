import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { freePort } from "../../../scripts/local/ports.ts";
import { discardFolder, scratchFolder } from "../../../scripts/local/scratch-folder.ts";
import { type Stack, type StackOptions, startStack } from "../../../scripts/local/stack.ts";
import { some } from "../support/size.ts";
import { postmaster } from "../support/start.ts";
import { Story } from "../support/story.ts";
import { startOutside } from "../support/outside.ts";

// Postgres is killed in the middle of a hop of the loop, which is then done again: nobody is told twice, and nothing is lost.

const HOPS = [
  "import",
  "triage",
  "escalation",
  "promotion",
  "dispatch",
  "claim",
  "pull request",
  "merge",
  "answer",
];

test.each(some(2, HOPS))("Postgres is killed during the hop %s", async (victim) => {
  const outside = await startOutside();
  const dataDir = scratchFolder("crash");
  const options: StackOptions = {
    dataDir,
    apiPort: await freePort(),
    dbPort: await freePort(),
    functions: { env: outside.env, log: () => {} },
  };
  let stack: Stack = await startStack(options);
  let crashes = 0;
  const story = new Story({
    outside,
    project: () => stack.project,
    async around(hop, step) {
      if (hop !== victim || crashes > 0) return await step();
      crashes++;
      const attempt = step().catch((error: unknown) => error);
      // somewhere within the hop
      await sleep(20 + Math.random() * 200);
      process.kill(postmaster(dataDir), "SIGKILL");
      await attempt;
      await stack.stop().catch(() => {});
      stack = await startStack(options);
      await expireLeases(story);
      await expect.poll(() => step().then(() => "done", String), { interval: 500 }).toBe("done");
    },
  });
  try {
    await story.prepare();
    await story.report();
    await story.promote();
    await story.work();
    await story.ship();
    await story.tell();
    expect(crashes).toBe(1);
    await story.check();
  } finally {
    await stack.stop().catch(() => {});
    await outside.stop();
    await discardFolder(dataDir);
  }
});

/** The leases of what was killed have run out. */
const expireLeases = (story: Story) =>
  story.sql(async (sql) => {
    await sql`update private.circle_reads set lease_expires_at = now() where lease_expires_at is not null`;
    await sql`update private.delivery_queue set is_leased = false, next_attempt_at = clock_timestamp()`;
  });
