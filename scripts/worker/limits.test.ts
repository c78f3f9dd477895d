import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { some } from "../../supabase/tests/support/size.ts";
import type { Outcome } from "./run-task.ts";
import { runTask } from "./run-task.ts";
import { type Bench, openBench } from "./testing/bench.ts";
import { work } from "./worker.ts";

// "Later, not counted": an agent that can't go on now.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
});

afterEach(() => bench.close());

describe("an agent's limit", () => {
  test.each(some(2, [
    ["exit code 75", `echo "come back later" >&2; exit 75`, 300],
    [
      "with its time",
      `echo '{"retry_after_seconds": 1200}' > "$FIXLOOP_METADATA_FILE"; exit 75`,
      1200,
    ],
    ["a sentence that is known", `echo "Claude AI usage limit reached"; exit 1`, 300],
    ["of another agent", `echo "ERROR: rate_limit_exceeded: try again" >&2; exit 2`, 300],
    ["a login that ended", `echo "Invalid API key · Please run /login"; exit 1`, 300],
    ["with exit code 0", `echo "You've hit your usage limit."`, 300],
    ["a sentence of the setting", `echo "Die Waage ist voll" >&2; exit 1`, 300],
  ]))("%s", async (_, agent, seconds) => {
    const limits = { ...bench.deps("").options.limits };
    const outcome = await bench.run(agent, {}, {
      limits: { ...limits, sentences: [...limits.sentences, /waage ist voll/i] },
    });
    expect(outcome).toBe("later");
    expect(bench.queue.later).toEqual([
      { task: 7, retryAfterSeconds: seconds, reason: expect.stringContaining("agent_limited") },
    ]);
    expect(bench.queue.failures).toEqual([]);
  });

  test("until a time that it names", async () => {
    const until = Math.floor(Date.now() / 1000) + 3600;
    expect(await bench.run(`echo "Claude AI usage limit reached|${until}"; exit 1`)).toBe("later");
    expect(bench.queue.later[0]?.retryAfterSeconds).toBeGreaterThan(3500);
    expect(bench.queue.later[0]?.retryAfterSeconds).toBeLessThanOrEqual(3600);
  });

  test("is not what it wrote about the code, nor that of a task it changed something for", async () => {
    const talk = `echo "rate limit exceeded"; yes 'a line about something else' | head -50; exit 1`;
    expect(await bench.run(talk)).toBe("retried");
    expect(await bench.run(`echo x > x; echo "Usage limit reached"`)).toBe("completed");
    expect(await bench.run(`echo "Users who are not logged in see a banner."`)).toBe("completed");
  });

  test("that one task reports three times in a row is its answer, or its failure", async () => {
    const deps = {
      answers: bench.deps(`echo "usage limit reached"`),
      fails: bench.deps(`echo "429 too many requests"; exit 1`),
    };
    const three = async (given: typeof deps.answers): Promise<Outcome[]> => {
      const outcomes: Outcome[] = [];
      for (const attempt of [1, 2, 3]) {
        const claim = bench.claim({ attempt });
        outcomes.push(await runTask(given, claim, bench.lease(claim)));
      }
      return outcomes;
    };
    expect(await three(deps.answers)).toEqual(["later", "later", "completed"]);
    expect(bench.queue.completed[0]?.message).toBe("usage limit reached");
    expect(await three(deps.fails)).toEqual(["later", "later", "retried"]);
    expect(bench.queue.failures[0]).toMatchObject({ error_kind: "agent_failed" });
  });

  test("the worker takes no more tasks of that agent until then", async () => {
    bench.queue.pending.push(bench.claim(), bench.claim({ task_id: 8, user_id: "ana" }));
    const ending = work(bench.deps(`exit 75`), options());
    await expect.poll(() => bench.lines.join("\n")).toContain("pausing");
    bench.shutdown.abort();
    expect(await ending).toEqual(["later"]);
    expect(bench.queue.pending).toHaveLength(1);
  });

  test("in an answer, which a prompt may ask for, delays no other user's tasks", async () => {
    const mallory = { user_id: "mallory", project_id: null, priority: 100 };
    const ask = (task_id: number) => bench.claim({ ...mallory, task_id });
    bench.queue.pending.push(ask(7), ask(8), ask(9), bench.claim({ task_id: 10 }));
    const agent = `[ "$FIXLOOP_TASK_ID" = 10 ] || echo "usage limit reached|1999999999"`;
    const ending = work(bench.deps(agent), options());
    await expect.poll(() => bench.queue.completed.length).toBe(1);
    bench.shutdown.abort();
    expect(await ending).toEqual(["later", "completed"]);
    expect(bench.queue.later).toMatchObject([{ task: 7, retryAfterSeconds: 6 * 3600 }]);
    expect(bench.queue.pending.map(({ task_id }) => task_id)).toEqual([8, 9]);
  });
});

const options = () => ({
  leaseSeconds: 60,
  concurrency: 1,
  once: false,
  idleMs: { min: 5, max: 10 },
  shutdown: bench.shutdown.signal,
});
