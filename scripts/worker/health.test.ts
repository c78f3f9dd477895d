import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FailureKind, TaskFailure } from "./failure.ts";
import { createHealth, type Health } from "./health.ts";
import type { Claim } from "./queue.ts";

// When a worker stops to count failures, and pauses.

let health: Health;
let lines: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  lines = [];
  health = createHealth({ agents: ["a", "b"], log: (event) => lines.push(event) });
});

afterEach(() => void vi.useRealTimers());

const claim = (task: number, agent = "a") => ({ task_id: task, agent }) as Claim;
const failure = (kind: FailureKind, again: "yes" | "later" | "no" = "yes", message = "x") =>
  new TaskFailure(kind, again, message);

test("of three tasks in a row with the same cause, the third does not count, and the worker pauses", () => {
  expect(health.judge(claim(1), failure("clone_denied"))).toBe("yes");
  expect(health.judge(claim(2), failure("clone_denied"))).toBe("yes");
  expect(health.ready()).toEqual(["a", "b"]);
  expect(health.judge(claim(3), failure("clone_denied"))).toBe("later");
  expect(health.ready()).toEqual([]);
  expect(health.waitMs()).toBe(60_000);
  expect(lines).toEqual(["pausing"]);
  vi.advanceTimersByTime(60_000);
  expect(health.ready()).toEqual(["a", "b"]);
  expect(health.judge(claim(4), failure("clone_denied"))).toBe("later");
  expect(health.waitMs(), "twice as long").toBe(120_000);
});

test("a task that fails so again counts: it may be the cause", () => {
  for (const task of [1, 1, 1, 1]) expect(health.judge(claim(task), failure("clone_denied"))).toBe("yes");
  expect(health.ready()).toEqual(["a", "b"]);
  for (const task of [2, 3]) health.judge(claim(task), failure("clone_denied"));
  expect(health.judge(claim(1), failure("clone_denied"))).toBe("yes");
});

test("a success, or another cause, begins from the start", () => {
  for (const task of [1, 2]) health.judge(claim(task), failure("push_forbidden"));
  health.succeeded(claim(3));
  for (const task of [4, 5]) expect(health.judge(claim(task), failure("push_forbidden"))).toBe("yes");
  expect(health.judge(claim(6), failure("clone_denied"))).toBe("yes");
  expect(health.judge(claim(7), failure("push_forbidden"))).toBe("yes");
  expect(health.ready()).toEqual(["a", "b"]);
});

test("an agent that ends with the same error pauses alone, and different errors are the tasks'", () => {
  for (const task of [1, 2, 3]) health.judge(claim(task), failure("agent_failed", "yes", "no key"));
  expect(health.ready()).toEqual(["b"]);
  for (const task of [4, 5, 6]) {
    expect(health.judge(claim(task, "b"), failure("agent_failed", "yes", `test ${task}`))).toBe("yes");
  }
  expect(health.ready()).toEqual(["b"]);
});

test("faults outside of a task never count, and a limit pauses its agent for as long as it lasts", () => {
  for (const task of [1, 1, 1, 1]) {
    expect(health.judge(claim(task), failure("clone_failed", "later"))).toBe("later");
  }
  expect(health.ready()).toEqual(["a", "b"]);
  const limited = new TaskFailure("agent_limited", "later", "x", { waitMs: 600_000 });
  expect(health.judge(claim(2, "b"), limited)).toBe("later");
  expect(health.ready()).toEqual(["a"]);
  vi.advanceTimersByTime(600_000);
  expect(health.ready()).toEqual(["a", "b"]);
  expect(health.judge(claim(3), failure("agent_failed", "no"))).toBe("no");
});
