import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { QueueError, type Result } from "./queue.ts";
import { runTask } from "./run-task.ts";
import { type Bench, openBench } from "./testing/bench.ts";
import { work, type WorkerOptions } from "./worker.ts";

// Leases, cancellation, shutdown: what a worker does when it loses its task, and when it has to stop.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
});

afterEach(async () => {
  await bench.close();
});

/** Agents that never end, the second one not even on SIGTERM. They create a folder when they start. */
const ENDLESS = `echo x > x; mkdir -p "$HOME/working/$FIXLOOP_TASK_ID"; sleep 60`;
const IGNORES_SIGTERM = `trap '' TERM; ${ENDLESS.replace("sleep 60", "while :; do sleep 1; done")}`;

/** Waits until the agent of a task has started. */
const working = (task = 7) =>
  expect.poll(() => existsSync(join(bench.folder, "working", String(task)))).toBe(true);
const lost = new QueueError("agents_task_lease_expired", "The lease has expired.", 409);
const silence = new QueueError(null, "fetch failed");

/** Expects that the worker stored, pushed and opened nothing. */
function expectNothingWritten(): void {
  expect([bench.queue.completed, bench.queue.failures]).toEqual([[], []]);
  expect(bench.git("branch", "--list").trim()).toBe("* main");
  expect(bench.fake.state.requests.filter(({ method }) => method !== "GET")).toEqual([]);
  expect(bench.leftovers()).toEqual([]);
}

async function runWithLease(command: string, leaseSeconds: number): Promise<string> {
  const claim = bench.claim();
  return await runTask(bench.deps(command), claim, bench.lease(claim, leaseSeconds));
}

describe("a task that ends from outside", () => {
  test("cancelled: the agent is ended at the next heartbeat, and nothing is written", async () => {
    const running = runWithLease(ENDLESS, 3);
    await working();
    bench.queue.state = "cancelled";
    expect(await running).toBe("cancelled");
    expectNothingWritten();
  });

  test("lost to another worker", async () => {
    const running = runWithLease(ENDLESS, 3);
    await working();
    bench.queue.state = lost;
    expect(await running).toBe("lease_lost");
    expectNothingWritten();
  });

  test("a worker whose token was revoked", async () => {
    bench.queue.state = new QueueError("agents_worker_token_invalid", "revoked", 401);
    expect(await runWithLease(ENDLESS, 3)).toBe("lease_lost");
    expectNothingWritten();
  });

  test("lost because no heartbeat got through before the lease expired, also with an agent that ignores SIGTERM", async () => {
    const running = runWithLease(IGNORES_SIGTERM, 2);
    await working();
    bench.queue.state = silence;
    const began = performance.now();
    expect(await running).toBe("lease_lost");
    expect(performance.now() - began, "not before the lease has expired").toBeGreaterThan(1_200);
    expectNothingWritten();
  });

  test("lost during the agent's run: detected before the push", async () => {
    const claim = bench.claim();
    const agent = ENDLESS.replace("sleep 60", `until [ -e "$HOME/lost" ]; do sleep 0.05; done`);
    const running = runTask(bench.deps(agent), claim, bench.lease(claim, 600));
    await working();
    bench.queue.state = lost;
    writeFileSync(join(bench.folder, "lost"), "");
    expect(await running).toBe("lease_lost");
    expectNothingWritten();
  });

  test("a heartbeat or a result without an answer is sent again while the lease lasts", async () => {
    bench.queue.errors.push(silence);
    const claim = bench.claim();
    const running = runTask(bench.deps(`echo done`), claim, bench.lease(claim));
    await bench.queue.until(() => bench.queue.heartbeats.length >= 2);
    bench.queue.errors.push(silence, silence);
    expect(await running).toBe("completed");
    expect(bench.queue.completed).toHaveLength(1);
  });

  test("a result that the queue rejects is not sent forever", async () => {
    const claim = bench.claim();
    const running = runTask(bench.deps(`echo done`), claim, bench.lease(claim));
    await bench.queue.until(() => bench.queue.heartbeats.length >= 1);
    bench.queue.errors.push(new QueueError("agents_task_result_too_large", "more than 50 MB", 413));
    expect(await running).toBe("failed");
    expect(bench.queue.failures[0]).toMatchObject({ error_kind: "result_refused", retryable: false });
  });
});

describe("an account that may store no more", () => {
  /** Leaves a long report, and a diff. */
  const agent = `echo run >> "$HOME/runs"; echo hello >> README.md; printf 'report %.0s' $(seq 300)`;
  const names = (result: Result | undefined): string[] =>
    (result?.execution_metadata?.left_out as string[] | undefined ?? []).map((each) =>
      each.split(" ")[0] ?? ""
    );

  test("a task is completed without what takes space, and the agent is run once", async () => {
    bench.queue.space = 700;
    expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
    const [result] = bench.queue.completed;
    expect(result).toMatchObject({ pr_number: 1, changed_files: [{ path: "README.md" }] });
    expect(result).not.toHaveProperty("git_diff");
    expect(result).not.toHaveProperty("message");
    expect(names(result)).toEqual(["git_diff", "git_patch", "message"]);
    expect(readFileSync(join(bench.folder, "runs"), "utf8")).toBe("run\n");
  });

  test("also where there is no space at all, not for the message at its start either", async () => {
    bench.queue.space = JSON.stringify({}).length;
    expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
    expect(Object.keys(bench.queue.completed[0] ?? {}).sort()).toEqual([
      "commit_hash",
      "pr_branch",
      "pr_number",
      "pr_url",
    ]);
    expect(bench.queue.heartbeats.slice(0, 2)).toEqual([
      { message: expect.stringMatching(/^scripted starts on main/), targetBranch: "main" },
      { targetBranch: "main" },
    ]);
    expect(await bench.run(`exit 1`)).toBe("retried");
    expect(bench.queue.failures[0]).not.toHaveProperty("execution_metadata");
  });
});

describe("the loop", () => {
  const options = (wish: Partial<WorkerOptions> = {}): WorkerOptions => ({
    leaseSeconds: 60,
    concurrency: 1,
    once: false,
    idleMs: { min: 5, max: 40 },
    shutdown: bench.shutdown.signal,
    ...wish,
  });

  test("at a shutdown it releases its tasks and claims no more", async () => {
    bench.queue.pending.push(bench.claim(), bench.claim({ task_id: 8 }), bench.claim({ task_id: 9 }));
    const ending = work(bench.deps(ENDLESS), options({ concurrency: 2 }));
    await working(7);
    await working(8);
    bench.shutdown.abort();
    expect(await ending).toEqual(["shutdown", "shutdown"]);
    expect(bench.queue.released.sort()).toEqual([7, 8]);
    expect(bench.queue.pending).toHaveLength(1);
    expectNothingWritten();
  });

  test("with --once it claims one task", async () => {
    bench.queue.pending.push(bench.claim(), bench.claim());
    expect(await work(bench.deps(`exit 65`), options({ once: true }))).toEqual(["failed"]);
    expect(bench.queue.pending).toHaveLength(1);
    bench.queue.pending.length = 0;
    expect(await work(bench.deps(`true`), options({ once: true }))).toEqual([]);
  });

  test("a claim without an answer is repeated with the same key, the next one has another", async () => {
    bench.queue.errors.push(silence, silence);
    bench.queue.pending.push(bench.claim());
    const ending = work(bench.deps(`true`), options());
    await bench.queue.until(() => bench.queue.claimKeys.length >= 4);
    bench.shutdown.abort();
    await ending;
    const [first, second, third, fourth] = bench.queue.claimKeys;
    expect([second, third]).toEqual([first, first]);
    expect(fourth).not.toBe(first);
  });

  test("an empty queue is polled less and less often", async () => {
    const began = performance.now();
    const ending = work(bench.deps(`true`), options({ idleMs: { min: 10, max: 80 } }));
    await bench.queue.until(() => bench.queue.claimKeys.length >= 6);
    bench.shutdown.abort();
    await ending;
    // 10 + 20 + 40 + 80 + 80, less a quarter at most
    expect(performance.now() - began).toBeGreaterThan(230 * 0.75 - 5);
  });

  test.each([
    new QueueError("agents_worker_token_invalid", "unknown", 401),
    new QueueError(null, "404: no such function", 404),
  ])("a queue that rejects the worker ends it: %s", async (error) => {
    bench.queue.errors.push(error);
    await expect(work(bench.deps(`true`), options())).rejects.toBe(error);
  });
});
