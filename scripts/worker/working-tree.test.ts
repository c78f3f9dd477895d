import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { some } from "../../supabase/tests/support/size.ts";
import { type Bench, openBench } from "./testing/bench.ts";

// States of the working tree that no editor leaves, and scripts do.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench({ kept: "kept\n" });
  writeFileSync(join(bench.folder, ".gitconfig"), "[user]\n\tname = agent\n\temail = agent@example.org\n");
});

afterEach(() => bench.close());

const files = (): string[] => bench.git("ls-tree", "-r", "--name-only", "fixloop/task-7").split("\n");

test.each(some(2, [
  ["a file .git that git did not write", `mkdir a; echo x > a/.git; echo work > a/w`, "a/w"],
  [
    "a folder that became a file",
    `mkdir d; echo 1 > d/f; git add .; git commit -qm d; rm -r d; echo work > d`,
    "d",
  ],
  ["files that the index skips", `git update-index --skip-worktree kept; echo more >> kept`, "kept"],
  ["an exclude file of the clone's own", `echo w >> .git/info/exclude; echo work > w`, "w"],
  [
    "locks that a killed git left",
    `echo work > w; touch .git/index.lock .git/HEAD.lock .git/config.lock`,
    "w",
  ],
  ["a pipe next to a change", `mkfifo pipe; echo work > w`, "w"],
]))("%s", async (_, agent, path) => {
  expect(await bench.run(agent), JSON.stringify(bench.queue.failures)).toBe("completed");
  expect(files()).toContain(path);
  expect(files()).toContain("README.md");
});

test.each(some(2, [
  [
    "a folder with files and a repository elsewhere",
    `mkdir src; echo 1 > src/a; git add .; git commit -qm a; git init -q --separate-git-dir ../g src; echo work > src/w`,
    /in src, a clone of a repository elsewhere/,
  ],
  [
    "a commit whose files are gone without another one",
    `echo work > w; git add .; git commit -qm x; rm w`,
    /in the commit \w{10}, which its files are without/,
  ],
  [
    "a commit of another folder",
    `mkdir ../other; cp kept README.md ../other; git config core.worktree "$PWD/../other"; echo work > ../other/w; git add -A; git commit -qm x`,
    /in the commit \w{10}/,
  ],
  [
    "a clone that was moved away",
    `cd ..; mv work elsewhere; mkdir work; echo work > elsewhere/w`,
    /no working tree/,
  ],
]))("never completed without the work: %s", async (_, agent, told) => {
  expect(await bench.run(agent)).toBe("retried");
  expect(bench.queue.failures[0]?.error).toMatch(told);
  expect(bench.git("branch", "--list", "fixloop/task-7")).toBe("");
});

test("all files deleted, by commit or not, is a change", async () => {
  expect(await bench.run(`rm README.md kept`)).toBe("completed");
  expect(bench.queue.completed[0]?.changed_files?.map(({ path }) => path)).toEqual(["README.md", "kept"]);
});
