import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Changes, collectChanges } from "./changes.ts";
import { prepareWorkspace, type Workspace } from "./clone.ts";
import { createGit, type Git } from "./git.ts";

// The agent's changes are collected, and no program that it left in its clone is run: the agent may be
// sandboxed, the worker is not.

let folder: string;
let git: Git;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fixloop-changes-test-"));
  mkdirSync(join(folder, "source"));
  mkdirSync(join(folder, "task"));
  git = createGit({
    folder: join(folder, "task"),
    protocols: ["file"],
    author: { name: "t", email: "t@example.org" },
    signal: new AbortController().signal,
  }, process.env);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const sh = (cwd: string, script: string): string =>
  execFileSync("sh", ["-ec", script], {
    cwd,
    stdio: "pipe",
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      GIT_AUTHOR_NAME: "a",
      GIT_AUTHOR_EMAIL: "a@example.org",
      GIT_COMMITTER_NAME: "a",
      GIT_COMMITTER_EMAIL: "a@example.org",
    },
  }).toString();

/** Creates the task's repository, and the agent's clone of it. */
async function clone(source: string): Promise<Workspace> {
  sh(join(folder, "source"), `git init -q -b main; ${source}; git add .; git commit -qm one`);
  return await prepareWorkspace(git, {
    url: `file://${join(folder, "source")}`,
    target: "main",
    branch: "work",
    isContinued: () => Promise.resolve(false),
    depth: 50,
    credentials: null,
    folder: join(folder, "task"),
  });
}

/**
 * A script that creates a repository whose configuration and attributes run a program, which leaves a file.
 */
function trap(): string {
  const program = join(folder, "program");
  writeFileSync(program, `#!/bin/sh\ntouch '${join(folder, "ran")}'\ncat\n`, { mode: 0o755 });
  return `
    git init -q .; echo 1 > file; echo '* filter=trap' > .git/info/attributes; echo '* -diff' > .gitattributes; git add .; git commit -qm sub
    git config core.fsmonitor '${program}'; git config filter.trap.clean '${program}'
    touch -t 203001010000 file`;
}

const summary = ({ files }: Changes): string[] => files.map(({ status, path }) => `${status} ${path}`);

test("git does not run in a submodule that the agent created", async () => {
  const space = await clone("echo hi > a");
  sh(space.work, `mkdir trap; cd trap; ${trap()}; cd ..; git add trap; git commit -qm trap; echo more >> a`);
  const changes = await collectChanges(git, space, "message\n");
  expect(existsSync(join(folder, "ran"))).toBe(false);
  expect(summary(changes)).toEqual(["modified a", "added trap/.gitattributes", "added trap/file"]);
});

test("git does not run in a submodule of the repository, and what was changed in it is not lost", async () => {
  const commit = "1234567890123456789012345678901234567890";
  const space = await clone(
    `echo hi > a; mkdir sub; git update-index --add --cacheinfo 160000,${commit},sub`,
  );
  sh(space.work, `cd sub; ${trap()}; cd ..; echo more >> a`);
  await expect(collectChanges(git, space, "message\n")).rejects.toMatchObject({
    kind: "work_left_behind",
    message: expect.stringContaining("inside the submodule sub"),
  });
  expect(existsSync(join(folder, "ran"))).toBe(false);
});

test("a submodule that was not fetched stays, and one that the agent removed or replaced is deleted", async () => {
  const commit = "1234567890123456789012345678901234567890";
  const add = (name: string) => `mkdir ${name}; git update-index --add --cacheinfo 160000,${commit},${name}`;
  const space = await clone(`echo hi > a; ${add("empty")}; ${add("removed")}; ${add("replaced")}`);
  sh(space.work, "rmdir removed replaced; mkdir replaced; echo 1 > replaced/file");
  const changes = await collectChanges(git, space, "message\n");
  expect(summary(changes).sort()).toEqual(["added replaced/file", "deleted removed", "deleted replaced"]);
});

test("git does not run in a submodule whose path is not UTF-8", async () => {
  const space = await clone("echo hi > a");
  sh(
    space.work,
    `d=$(printf 'trap\\377'); mkdir "$d"; cd "$d"; ${trap()}; cd ..; git add "$d"; git commit -qm trap`,
  );
  const changes = await collectChanges(git, space, "message\n");
  expect(summary(changes)).toEqual(["added trap\\377/.gitattributes", "added trap\\377/file"]);
  expect(existsSync(join(folder, "ran"))).toBe(false);
});
