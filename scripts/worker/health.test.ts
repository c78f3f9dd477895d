import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FailureKind, TaskFailure } from "./failure.ts";
import { createHealth, type Health } from "./health.ts";
import type { Claim } from "./queue.ts";

// When a worker stops to count failures, and whose tasks pause then.

let health: Health;
let lines: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  lines = [];
  health = createHealth({ agents: ["a", "b"], log: (event) => lines.push(event) });
});

afterEach(() => void vi.useRealTimers());

interface Wishes {
  agent?: string;
  user?: string;
  project?: number;
}

const claim = (task: number, { agent = "a", user = `user ${task}`, project }: Wishes = {}) =>
  ({ task_id: task, agent, user_id: user, project_id: project ?? null }) as Claim;
const failure = (kind: FailureKind, again: "yes" | "later" | "no" = "yes", message = "x") =>
  new TaskFailure(kind, again, message);
const limit = (seconds: number, isUnsure = true) =>
  new TaskFailure("agent_limited", "later", "x", { waitMs: seconds * 1000, isUnsure });

const ready = () => health.ready().flatMap(({ agents }) => agents);
/** Agents whose tasks of some users or projects pause. */
const excepted = () =>
  health.ready().flatMap(({ agents, exceptUsers, exceptProjects }) =>
    exceptUsers.length + exceptProjects.length > 0 ? [[...agents, ...exceptUsers, ...exceptProjects]] : []
  );

test.each<[FailureKind, "yes" | "later"]>([
  ["clone_denied", "yes"],
  ["worker_failed", "yes"],
  ["commit_failed", "yes"],
  ["repository_refused", "later"],
])(
  "of three tasks in a row with the same %s, the third does not count, and the worker pauses",
  (kind, again) => {
    expect(health.judge(claim(1), failure(kind, again))).toBe(again);
    expect(health.judge(claim(2), failure(kind, again))).toBe(again);
    expect(ready()).toEqual(["a", "b"]);
    expect(health.judge(claim(3), failure(kind, again))).toBe("later");
    expect(ready()).toEqual([]);
    expect(health.waitMs()).toBe(60_000);
    expect(lines).toEqual(["pausing"]);
    vi.advanceTimersByTime(60_000);
    expect(ready()).toEqual(["a", "b"]);
    expect(health.judge(claim(4), failure(kind, again))).toBe("later");
    expect(health.waitMs(), "twice as long").toBe(120_000);
  },
);

test("a task that fails so again counts: it may be the cause", () => {
  for (const task of [1, 1, 1, 1]) expect(health.judge(claim(task), failure("clone_denied"))).toBe("yes");
  expect(ready()).toEqual(["a", "b"]);
  for (const task of [2, 3]) health.judge(claim(task), failure("clone_denied"));
  expect(health.judge(claim(1), failure("clone_denied"))).toBe("yes");
});

test("a success, or another cause, begins from the start", () => {
  for (const task of [1, 2]) health.judge(claim(task), failure("push_forbidden"));
  health.succeeded(claim(3));
  for (const task of [4, 5]) expect(health.judge(claim(task), failure("push_forbidden"))).toBe("yes");
  expect(health.judge(claim(6), failure("clone_denied"))).toBe("yes");
  expect(health.judge(claim(7), failure("push_forbidden"))).toBe("yes");
  expect(ready()).toEqual(["a", "b"]);
});

test("what fails for one project or one user pauses their tasks, and nobody else's", () => {
  const mallory = { user: "mallory" };
  for (const task of [1, 2, 3]) {
    health.judge(claim(task, { ...mallory, project: 5 }), failure("clone_denied"));
  }
  expect(excepted()).toEqual([["a", "b", 5]]);
  expect(health.judge(claim(4, { ...mallory, project: 6 }), failure("clone_denied"))).toBe("later");
  expect(excepted()).toEqual([["a", "b", "mallory", 5]]);
  for (const task of [5, 6]) {
    health.judge(claim(task, { ...mallory, agent: "b" }), failure("agent_timeout"));
    expect(health.judge(claim(task, mallory), failure("clone_denied"))).toBe("later");
  }
  expect(ready(), "however many they are").toEqual(["a", "b"]);
  expect(health.judge(claim(7, { user: "ana" }), failure("clone_denied")), "until another user's fails").toBe(
    "later",
  );
  expect(ready()).toEqual([]);
});

test("a pause of one user's tasks of an agent leaves the other agents to that user", () => {
  for (const task of [1, 2, 3]) health.judge(claim(task, { user: "mallory" }), failure("agent_timeout"));
  expect(health.ready()).toEqual([
    { agents: ["a"], exceptUsers: ["mallory"], exceptProjects: [] },
    { agents: ["b"], exceptUsers: [], exceptProjects: [] },
  ]);
  vi.advanceTimersByTime(60_000);
  expect(health.ready()).toEqual([{ agents: ["a", "b"], exceptUsers: [], exceptProjects: [] }]);
});

test("an agent that ends with the same error pauses alone, and different errors are the tasks'", () => {
  const error = (text: string, code = 1) =>
    failure("agent_failed", "yes", `The agent ended with exit code ${code}:\n${text}`);
  const times = [
    "22:10:04 no key (req_011CQ)",
    "22:10:09 no key (req_7f3)",
    "23:00:00 no key (req_deadbeef00)",
  ];
  for (const [at, text] of times.entries()) health.judge(claim(at), error(text));
  expect(ready(), "without times and ids").toEqual(["b"]);
  for (const [task, text] of ["the export fails", "no such table", "no tests"].entries()) {
    expect(health.judge(claim(task, { agent: "b" }), error(text))).toBe("yes");
  }
  for (const code of [1, 2, 3]) {
    expect(health.judge(claim(code, { agent: "b" }), error("x", code))).toBe("yes");
  }
  expect(ready()).toEqual(["b"]);
});

test("faults of a server or this machine never count, and those of the machine pause everything", () => {
  for (const task of [1, 1, 1, 1]) {
    expect(health.judge(claim(task), failure("clone_failed", "later"))).toBe("later");
  }
  expect(ready()).toEqual(["a", "b"]);
  for (const task of [1, 2, 3]) {
    health.judge(claim(task, { user: "maya", project: 5 }), failure("work_dir_unavailable", "later"));
  }
  expect(ready()).toEqual([]);
});

test("a limit that an adapter reports pauses its agent for as long as it lasts", () => {
  expect(health.judge(claim(2, { agent: "b" }), limit(86_400, false))).toBe("later");
  expect(ready()).toEqual(["a"]);
  vi.advanceTimersByTime(86_399_000);
  expect(ready()).toEqual(["a"]);
  vi.advanceTimersByTime(1_000);
  expect(ready()).toEqual(["a", "b"]);
  expect(health.judge(claim(3), failure("agent_failed", "no"))).toBe("no");
});

test("a limit in a text pauses its user's tasks for a short time, and everybody's after another user's", () => {
  const maya = { user: "maya", project: 5 };
  expect(health.judge(claim(1, maya), limit(20_000))).toBe("later");
  expect(excepted()).toEqual([["a", "maya"]]);
  vi.advanceTimersByTime(300_000);
  expect(excepted()).toEqual([]);
  health.judge(claim(2, { user: "ana" }), limit(400));
  expect(ready()).toEqual(["b"]);
  vi.advanceTimersByTime(400_000);
  expect(ready(), "no longer than it lasts").toEqual(["a", "b"]);
});

test("a text is not taken for a limit the third time in a row, unless other tasks report it too", () => {
  for (let times = 0; times < 2; times++) {
    expect(health.believesLimits(claim(1))).toBe(true);
    health.judge(claim(1), limit(60));
  }
  expect(health.believesLimits(claim(1))).toBe(false);
  expect(health.believesLimits(claim(2))).toBe(true);
  for (const task of [2, 3]) health.judge(claim(task), limit(60));
  expect(health.believesLimits(claim(1))).toBe(true);
  health.succeeded(claim(4));
  expect(health.believesLimits(claim(1))).toBe(false);
  health.judge(claim(1), failure("agent_failed"));
  expect(health.believesLimits(claim(1))).toBe(true);
});

test("what a worker's settings refuse counts from the third time on: perhaps no worker takes it", () => {
  const refused = new TaskFailure("repository_refused", "later", "x", { isUnsure: true });
  expect([1, 2, 3, 4].map(() => health.judge(claim(1), refused))).toEqual(["later", "later", "yes", "yes"]);
  health.succeeded(claim(2));
  expect(health.judge(claim(3), refused)).toBe("later");
});
