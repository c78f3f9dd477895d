import { afterEach, beforeEach, expect, test } from "vitest";
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
