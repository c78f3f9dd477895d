import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { some } from "../../supabase/tests/support/size.ts";
import { type Bench, openBench } from "./testing/bench.ts";

// A task that is run again follows its pull request; a task that names no branch, the repository's default.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
});

afterEach(() => bench.close());

const BRANCH = "fixloop/task-7";
const again = { pr_branch: BRANCH, attempt: 2 };
const commits = (): string[] => bench.git("log", "--format=%s", `main..${BRANCH}`).split("\n");

/** Merges the branch into the target as one commit, as GitHub does it; other work follows. */
function squash(isLater = true): void {
  const tree = bench.git("rev-parse", `${BRANCH}^{tree}`);
  const commit = bench.git("commit-tree", tree, "-p", "main", "-m", "squashed");
  bench.git("update-ref", "refs/heads/main", commit);
  const [pull] = bench.fake.state.pulls;
  if (pull) Object.assign(pull, { state: "closed", mergedAt: new Date(), closedAt: new Date() });
  if (isLater) bench.commit("main", "one", "changed since\n");
}

test("an open pull request goes on", async () => {
  expect(await bench.run(`echo 1 > one`)).toBe("completed");
  expect(await bench.run(`echo 2 > two`, again)).toBe("completed");
  expect(commits()).toHaveLength(2);
  expect(bench.fake.state.pulls).toHaveLength(1);
  expect(bench.queue.completed[1]?.changed_files?.map(({ path }) => path)).toEqual(["one", "two"]);
});

test.each([true, false])(
  "after a squash merge it starts from the target (changed since: %s)",
  async (isLater) => {
    expect(await bench.run(`echo 1 > one`)).toBe("completed");
    squash(isLater);
    expect(await bench.run(`cat one; echo 2 > two`, again), bench.lines.join("\n")).toBe("completed");
    expect(bench.queue.completed[1]?.message).toBe(isLater ? "changed since" : "1");
    expect(commits()).toEqual(["Say hello"]);
    expect(bench.queue.completed[1]?.changed_files?.map(({ path }) => path)).toEqual(["two"]);
    expect(bench.fake.state.pulls).toHaveLength(2);
  },
);

test("also where the pull requests can't be asked for", async () => {
  expect(await bench.run(`echo 1 > one`)).toBe("completed");
  squash(false);
  bench.fake.state.faults.push({ path: "/pulls?", status: 403, body: { message: "no" } });
  expect(await bench.run(`echo 2 > two`, again)).toBe("completed");
  expect(commits()).toEqual(["Say hello"]);
});

test("commits that came after the merge go on, and so does the branch of one that was closed", async () => {
  expect(await bench.run(`echo 1 > one`)).toBe("completed");
  squash();
  bench.commit(BRANCH, "three", "3\n");
  expect(await bench.run(`echo 2 > two`, again)).toBe("completed");
  expect(bench.git("show", `${BRANCH}:three`)).toBe("3");

  expect(await bench.run(`echo 1 > other`, { task_id: 8 })).toBe("completed");
  const pull = bench.fake.state.pulls.at(-1);
  if (pull) Object.assign(pull, { state: "closed", closedAt: new Date() });
  expect(await bench.run(`echo 2 > more`, { task_id: 8, pr_branch: "fixloop/task-8" })).toBe("completed");
  expect(bench.git("show", "fixloop/task-8:other")).toBe("1");
});

test("no branch named is the repository's default branch, which is recorded", async () => {
  bench.git("branch", "-m", "main", "trunk");
  bench.git("symbolic-ref", "HEAD", "refs/heads/trunk");
  const shop = bench.fake.state.repo("acme", "shop");
  if (shop) shop.defaultBranch = "trunk";
  expect(await bench.run(`echo x > x`, { target_branch: null })).toBe("completed");
  expect(bench.fake.state.pulls[0]?.base.ref).toBe("trunk");
  expect(bench.queue.heartbeats.map((start) => start?.targetBranch)).toContain("trunk");
  expect(await bench.run(`echo x > x`, { target_branch: "main" })).toBe("failed");
  expect(bench.queue.failures[0]?.error_kind).toBe("target_branch_missing");
});

test("commits of the target that the agent merged or rebased on are not its changes", async () => {
  bench.commit("main", "before", "1\n");
  const push =
    `(git clone -q "$HOME/shop.git" "$HOME/other" && cd "$HOME/other" && echo theirs > theirs && git add . &&
    git -c user.name=o -c user.email=o@example.org commit -qm theirs && git push -q origin HEAD:main) >&2`;
  for (const [task, how] of [[7, "rebase -q"], [8, "merge -q"]] as const) {
    const agent = `rm -rf "$HOME/other"; ${push.replaceAll("theirs", `theirs${task}`)}
      echo mine > mine${task}; git add .; git commit -qm mine; git fetch -q "$HOME/shop.git" main; git ${how} FETCH_HEAD`;
    expect(await bench.run(agent, { task_id: task }), bench.lines.join("\n")).toBe("completed");
    const result = bench.queue.completed.at(-1);
    expect(result?.changed_files?.map(({ path }) => path)).toEqual([`mine${task}`]);
    expect(result?.git_diff).not.toContain("theirs");
    expect(result?.git_patch).not.toContain(`+theirs`);
  }
  const nothing = `rm -rf "$HOME/other"; ${push.replaceAll("theirs", "theirs9")}
    git fetch -q "$HOME/shop.git" main; git merge -q FETCH_HEAD`;
  expect(await bench.run(nothing, { task_id: 9 })).toBe("completed");
  expect(bench.queue.completed.at(-1)?.commit_hash).toBeUndefined();
});

describe("an agent that leaves the branch of an open pull request", () => {
  test.each(some(3, [
    ["the target, with a change", `git checkout -q main; echo 2 > two`, false],
    ["the target, with nothing", `git checkout -q main`, false],
    [
      "a branch from the target",
      `git checkout -qb mine main; echo 2 > two; git add .; git commit -qm x`,
      false,
    ],
    [
      "the same, and back",
      `git checkout -qb mine main; echo 2 > two; git add .; git commit -qm x; git checkout -q -`,
      false,
    ],
    [
      "commits that it amended",
      `echo 2 > one; echo 2 > two; git add .; git commit -q --amend -m amended`,
      true,
    ],
    [
      "commits that it put on the target",
      `echo 2 > two; git add .; git commit -qm x; git rebase -q main`,
      true,
    ],
    ["a message that it changed", `git commit -q --amend -m "better words"`, true],
    [
      "the target that it began again from",
      `git reset -q --hard main; echo 2 > two; git add .; git commit -qm x`,
      true,
    ],
  ]))("%s", async (_, agent, isTaken) => {
    expect(await bench.run(`echo 1 > one`)).toBe("completed");
    bench.commit("main", "more", "more\n");
    const before = bench.git("rev-parse", BRANCH);
    const as = `git config user.name a; git config user.email a@example.org; git branch -q main origin/main`;
    const outcome = await bench.run(`${as}; ${agent}`, again);
    if (isTaken) {
      expect(outcome, bench.lines.join("\n")).toBe("completed");
      expect(bench.git("rev-parse", BRANCH)).not.toBe(before);
      expect(bench.queue.completed[1]?.commit_hash).toBe(bench.git("rev-parse", BRANCH));
      return;
    }
    expect(outcome, bench.lines.join("\n")).toBe("retried");
    expect(bench.queue.failures[0]?.error).toMatch(/without the commits that fixloop\/task-7 had/);
    expect(bench.git("rev-parse", BRANCH), "nothing of it is lost").toBe(before);
  });
});

test("a target that was deleted meanwhile ends the task", async () => {
  bench.commit("release", "x", "x\n");
  const agent = `echo 1 > one; git -C "$HOME/shop.git" branch -D release >&2`;
  expect(await bench.run(agent, { target_branch: "release" })).toBe("failed");
  expect(bench.queue.failures[0]?.error_kind).toBe("target_branch_missing");
});

test("a default branch is HEAD's own, whatever else points to a branch", async () => {
  bench.git("branch", "-m", "main", "trunk");
  bench.git("symbolic-ref", "HEAD", "refs/heads/trunk");
  bench.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/heads/trunk");
  bench.git("symbolic-ref", "refs/zz/HEAD", "refs/heads/nothing");
  bench.git("branch", "other", "trunk");
  bench.git("symbolic-ref", "refs/heads/zz/HEAD", "refs/heads/other");
  expect(await bench.run(`echo x > x`, { target_branch: null }, { goal: "push" })).toBe("completed");
  expect(bench.queue.heartbeats.map((start) => start?.targetBranch)).toContain("trunk");
});
