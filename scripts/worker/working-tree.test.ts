import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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

test("never completed with a repository elsewhere in a folder of the repository", async () => {
  bench.commit("main", "src/a", "1\n");
  expect(await bench.run(`git init -q --separate-git-dir ../g src; echo work > src/w`)).toBe("retried");
  expect(bench.queue.failures[0]?.error).toMatch(/in src, a clone of a repository elsewhere/);
});

test("all files deleted, by commit or not, is a change", async () => {
  expect(await bench.run(`rm README.md kept`)).toBe("completed");
  expect(bench.queue.completed[0]?.changed_files?.map(({ path }) => path)).toEqual(["README.md", "kept"]);
});

describe("line endings that the agent's git converts", () => {
  beforeEach(() => {
    bench.commit("main", "crlf", "1\r\n2\r\n");
    bench.commit("main", "last", "1\n");
  });

  test("by its user's configuration", async () => {
    writeFileSync(
      join(bench.folder, ".gitconfig"),
      "[user]\n\tname = agent\n\temail = agent@example.org\n[core]\n\tautocrlf = input\n",
    );
    const agent = `printf '1\\r\\n2\\r\\n' > new; git add .; git commit -qm new`;
    expect(await bench.run(agent)).toBe("completed");
    expect(bench.queue.completed[0]?.commit_hash, "is as it was committed").toBe(
      bench.git("rev-parse", "fixloop/task-7"),
    );
    expect(bench.git("log", "--format=%s", "main..fixloop/task-7")).toBe("new");
  });

  test("by the clone's", async () => {
    const agent =
      `git config core.autocrlf true; rm kept crlf; git checkout -q kept crlf; git checkout -q HEAD~1; git checkout -q -`;
    expect(await bench.run(agent)).toBe("completed");
    expect(bench.queue.completed[0]?.commit_hash).toBeUndefined();
    expect(await bench.run(`${agent}; echo more >> kept`)).toBe("completed");
    expect(bench.queue.completed[1]?.changed_files).toMatchObject([{
      path: "kept",
      additions: 1,
      deletions: 0,
    }]);
  });
});

test.each(some(1, [
  ["by commit", `git commit -qm normalized`],
  ["not committed", `true`],
]))("files that the agent normalized in its index alone: %s", async (_, then) => {
  bench.commit("main", "a.txt", "one\r\ntwo\r\n");
  const agent =
    `echo '*.txt text=auto' > .gitattributes; git add .gitattributes; git add --renormalize .; ${then}`;
  expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
  expect(bench.queue.completed[0]?.changed_files?.map(({ path }) => path)).toEqual([
    ".gitattributes",
    "a.txt",
  ]);
  expect(bench.git("show", "fixloop/task-7:a.txt")).toBe("one\ntwo");
});

test("a mode is all that is changed of a file whose line endings, or whose filter, make it look changed", async () => {
  bench.commit("main", "a.txt", "one\r\ntwo\r\n");
  bench.commit("main", "key", "sealed:x\n");
  bench.commit("main", ".gitattributes", "*.txt text=auto\nkey filter=seal\n");
  const filters = { seal: "sed s/^/sealed:/" };
  expect(await bench.run(`chmod +x a.txt key`, {}, { filters }), JSON.stringify(bench.queue.failures)).toBe(
    "completed",
  );
  expect(bench.queue.completed[0]?.changed_files).toEqual(
    ["a.txt", "key"].map((path) => ({ path, status: "modified", additions: 0, deletions: 0 })),
  );
});
