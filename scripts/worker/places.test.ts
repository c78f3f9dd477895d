import { writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { some } from "../../supabase/tests/support/size.ts";
import { type Bench, openBench } from "./testing/bench.ts";

// Where an agent may have left its work: everything is in the pull request, or the task says where it is.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench({ kept: "kept\n" });
  writeFileSync(join(bench.folder, ".gitconfig"), "[user]\n\tname = agent\n\temail = agent@example.org\n");
});

afterEach(() => bench.close());

const BRANCH = "fixloop/task-7";
const shown = (path: string): string => bench.git("show", `${BRANCH}:${path}`);
const files = (): string[] => bench.git("ls-tree", "-r", "--name-only", BRANCH).split("\n");

describe("found and taken", () => {
  test.each(some(4, [
    [
      "a folder with a repository of its own",
      `mkdir app; cd app; git init -q; echo work > w; git add .; git commit -qm x`,
      "app/w",
    ],
    ["one without a commit", `mkdir app; cd app; git init -q; echo work > w`, "app/w"],
    [
      "one in one",
      `mkdir -p app/in; cd app; git init -q; cd in; git init -q; echo work > w; git add .; git commit -qm x`,
      "app/in/w",
    ],
    [
      "one that was added to the clone",
      `mkdir app; cd app; git init -q; echo work > w; git add .; git commit -qm x; cd ..; git add app; git commit -qm app`,
      "app/w",
    ],
    [
      "one in a folder of the clone",
      `mkdir -p src; echo 1 > src/a; git add .; git commit -qm src; cd src; git init -q; echo work > w; git add .; git commit -qm x`,
      "src/w",
    ],
    [
      "the clone itself, made a new repository",
      `rm -rf .git; git init -q; echo work > w; git add .; git commit -qm x`,
      "w",
    ],
    ["the same without a commit", `rm -rf .git; git init -q; echo work > w`, "w"],
    [
      "the clone, with its repository in another folder",
      `git init -q --separate-git-dir ../git; git checkout -qb mine; echo work > w; git add .; git commit -qm x; git checkout -q -`,
      "w",
    ],
    ["a clone without .git", `rm -rf .git; echo work > w`, "w"],
    [
      "another branch that is checked out",
      `git checkout -qb mine; echo work > w; git add .; git commit -qm x`,
      "w",
    ],
    [
      "another branch that is not",
      `git checkout -qb mine; echo work > w; git add .; git commit -qm x; git checkout -q -`,
      "w",
    ],
    [
      "the task's branch, with the target checked out",
      `echo work > w; git add .; git commit -qm x; git checkout -q main`,
      "w",
    ],
    ["a branch without a commit", `git checkout -q --orphan other; echo work > w`, "w"],
    [
      "a commit without a branch",
      `git checkout -q --detach; echo work > w; git add .; git commit -qm x`,
      "w",
    ],
    [
      "a worktree with a commit",
      `git worktree add -q ../wt -b mine; cd ../wt; echo work > w; git add .; git commit -qm x`,
      "w",
    ],
    ["a worktree without a commit", `git worktree add -q ../wt -b mine; cd ../wt; echo work > w`, "w"],
    [
      "a worktree inside of the clone",
      `git worktree add -q trees/wt -b mine; cd trees/wt; echo work > w`,
      "w",
    ],
    [
      "a worktree without a branch",
      `git worktree add -q --detach ../wt; cd ../wt; echo work > w; git add .; git commit -qm x`,
      "w",
    ],
    ["a stash", `echo work > w; git add .; git stash -q`, "w"],
    ["a stash of a file that git did not have", `echo work > w; git stash -qu`, "w"],
    [
      "a stash that is a branch's",
      `git checkout -qb mine; echo more >> kept; git stash -q; git checkout -q -`,
      "kept",
    ],
    ["a file that was added although it is ignored", `echo w > .gitignore; echo work > w; git add -f w`, "w"],
    ["one that was committed", `echo w > .gitignore; echo work > w; git add -f w; git commit -qm x`, "w"],
    ["files that git's index ignores", `git update-index --assume-unchanged kept; echo more >> kept`, "kept"],
    [
      "a merge that was not committed",
      `git checkout -qb other; echo other > o; git add .; git commit -qm o; git checkout -q -; echo work > w; git add .; git commit -qm w; git merge -q --no-commit other`,
      "o",
    ],
    [
      "a conflict that is resolved in the file",
      `git checkout -qb other; echo other > kept; git commit -qam o; git checkout -q -; echo mine > kept; git commit -qam w; git merge -q other >&2 || true; echo both > kept`,
      "kept",
    ],
    [
      "a commit that only the log of HEAD has",
      `git checkout -q --detach; echo work > w; git add .; git commit -qm x; git checkout -q fixloop/task-7`,
      "w",
    ],
    [
      "one that was amended before",
      `git checkout -q --detach; echo 1 > w; git add .; git commit -qm x; echo work > w; git commit -q -a --amend -m y; git checkout -q -`,
      "w",
    ],
    [
      "one of a worktree that was removed",
      `git worktree add -q --detach ../wt; cd ../wt; echo work > w; git add .; git commit -qm x; cd ../work; git tag x $(cut -d' ' -f2 .git/worktrees/wt/logs/HEAD | sed -n 2p); git worktree remove ../wt`,
      "w",
    ],
    [
      "a tag",
      `git checkout -q --detach; echo work > w; git add .; git commit -qm x; git tag -am wip wip; git reset -q --hard origin/main; git checkout -q -; rm -r .git/logs`,
      "w",
    ],
    [
      "another reference",
      `echo work > w; git add .; git update-ref refs/wip/x $(git commit-tree -p HEAD -m x $(git write-tree)); git rm -qf w`,
      "w",
    ],
    [
      "a clone with less history",
      `git fetch -q --depth=1 "file://$(git -C ../repository.git rev-parse --absolute-git-dir)" main; echo work > w; git add .; git commit -qm x`,
      "w",
    ],
  ]))("%s", async (_, agent, path) => {
    expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
    expect(files()).toContain(path);
    expect(files()).toContain("README.md");
    expect(shown(path)).not.toBe("kept");
    expect(bench.git("merge-base", "main", BRANCH)).toBe(bench.git("rev-parse", "main"));
    expect(bench.fake.state.pulls).toHaveLength(1);
  });

  test("commits that were amended, rebased or reset away are not lost, and those that are gone are named", async () => {
    bench.commit("main", ".gitignore", "ignored\n");
    const agent = `echo 1 > w; git add .; git commit -qm one; echo 2 > w; git commit -q -a --amend -m two
      echo 3 > w; git commit -qam three; git reset -q --hard HEAD~1; echo 4 > w; git commit -qam four
      git checkout -qb side origin/main; echo s > s; git add .; git commit -qm s; git rebase -q fixloop/task-7; git checkout -q -
      git merge -q side; git branch -d side; echo last > l`;
    expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
    expect(files()).toEqual([".gitignore", "README.md", "kept", "l", "s", "w"]);
    expect(bench.queue.completed[0]?.execution_metadata?.left_out).toEqual([
      expect.stringMatching(/^the commit [0-9a-f]{10} "three" \(removed from its branch\)$/),
    ]);
  });

  test("a sparse checkout removes nothing", async () => {
    const agent =
      `mkdir src; echo 1 > src/a; git add .; git commit -qm a; git sparse-checkout set --no-cone /src; echo 2 > src/b`;
    expect(await bench.run(agent)).toBe("completed");
    expect(files()).toEqual(["README.md", "kept", "src/a", "src/b"]);
  });

  test("a branch that was merged, rebased or made before the last commit leaves nothing behind", async () => {
    const agent = `echo work > w; git add .; git commit -qm one; git branch backup; git branch old
      git commit -q --amend -m "one, better"; git checkout -qb side; echo s > s; git add .; git commit -qm s; git checkout -q -
      git merge -q --squash side; git commit -qm squashed; echo last > l`;
    expect(await bench.run(agent)).toBe("completed");
    expect(files()).toEqual(["README.md", "kept", "l", "s", "w"]);
  });
});

const WORK = `echo w > w; git add .; git commit -qm x`;
const NESTED = `mkdir app; cd app; git init -q; echo a > a; git add .; git commit -qm a`;
/** A submodule that is fetched, with its repository where those of the clone are. */
const SUBMODULE =
  `git -c protocol.file.allow=always submodule --quiet add "$HOME/shop.git" sub; git commit -qm sub; cd sub`;

describe("not chosen from, but told", () => {
  test.each(some(3, [
    [
      "two branches",
      `for b in one two; do git checkout -qb $b origin/main; echo $b > w; git add .; git commit -qm $b; done; git checkout -q main`,
      /the branch one.*the branch two/,
    ],
    [
      "a branch next to a change",
      `git checkout -qb mine; echo 1 > w; git add .; git commit -qm x; git checkout -q -; echo 2 > v`,
      /the branch mine/,
    ],
    ["a stash next to a change", `echo 1 > w; git stash -qu; echo 2 > v`, /the stash "/],
    [
      "the second stash",
      `echo 1 > w; git stash -qu; echo 2 > v; git stash -qu; git stash pop -q`,
      /the stash "/,
    ],
    [
      "a worktree next to a change",
      `git worktree add -q ../wt -b mine; echo 1 > ../wt/w; echo 2 > v`,
      /the worktree .*\/wt/,
    ],
    [
      "conflicts",
      `git checkout -qb other; echo other > kept; git commit -qam o; git checkout -q -; echo mine > kept; git commit -qam w; git merge -q other >&2 || true`,
      /conflicts in kept/,
    ],
    [
      "an unfinished rebase",
      `echo mine > kept; git commit -qam w; echo v > v; git add .; git commit -qm v; git checkout -qb other origin/main; echo other > kept; git commit -qam o; git checkout -q -; git rebase -q other >&2 || true; echo both > kept`,
      /an unfinished rebase|the branch fixloop/,
    ],
    [
      "a clone of another repository with a change",
      `git clone -q . lib; cd lib; echo 1 > w; git add .; git commit -qm x`,
      /in lib, a clone of/,
    ],
    [
      "a nested repository's branch",
      `${NESTED}; git checkout -qb f; ${WORK}; git checkout -q -`,
      /the branch f of app/,
    ],
    ["its stash", `${NESTED}; echo w > w; git stash -qu`, /the stash "[^"]*" of app/],
    [
      "its log",
      `${NESTED}; git checkout -q --detach; ${WORK}; git checkout -q -`,
      /the commit \w+ "x" of app/,
    ],
    [
      "one where no commit is checked out",
      `${NESTED}; git checkout -qb f; ${WORK}; git checkout -q --orphan o; git rm -rqf .`,
      /the branch f of app/,
    ],
    [
      "one in one",
      `mkdir -p app; cd app; git init -q; ${NESTED}; git checkout -qb f; ${WORK}; git checkout -q -`,
      /the branch f of app of app/,
    ],
    [
      "one in a folder of the clone",
      `mkdir app; echo a > app/a; git add .; git commit -qm app; cd app; git init -q; git add .; git commit -qm a; git checkout -qb f; ${WORK}; git checkout -q -`,
      /the branch f of app/,
    ],
    [
      "a clone's branch",
      `git clone -q . lib; cd lib; git checkout -qb f; ${WORK}; git checkout -q -`,
      /the branch f of lib/,
    ],
    ["its stash", `git clone -q . lib; cd lib; echo w > w; git stash -qu`, /the stash "[^"]*" of lib/],
    [
      "its tag",
      `git clone -q . lib; cd lib; git checkout -q --detach; ${WORK}; git tag wip; git checkout -q -`,
      /the tag wip of lib/,
    ],
    [
      "a submodule's branch",
      `${SUBMODULE}; git checkout -qb f; ${WORK}; git checkout -q -`,
      /the branch f of sub/,
    ],
    ["its stash", `${SUBMODULE}; echo w > w; git stash -qu`, /the stash "[^"]*" of sub/],
    [
      "commits that were reset away",
      `${WORK}; git reset -q --hard origin/main`,
      /the commit \w+ "x" \(removed from its branch\)/,
    ],
    [
      "a branch that was deleted",
      `git checkout -qb f; ${WORK}; git checkout -q -; git branch -qD f`,
      /"x" \(removed/,
    ],
    ["an earlier commit", `git checkout -q HEAD~1`, /a commit before the one that it got/],
  ]))("%s", async (_, agent, told) => {
    bench.commit("main", "more", "more\n");
    expect(await bench.run(agent)).toBe("retried");
    expect(bench.queue.failures[0]).toMatchObject({ error_kind: "work_left_behind" });
    expect(bench.queue.failures[0]?.error).toMatch(told);
    expect(bench.leftovers(), "what the message names still exists").toHaveLength(1);
    expect(bench.queue.failures[0]?.error).toContain(
      `${hostname()}:${join(bench.folder, "tasks", bench.leftovers()[0] ?? "")}`,
    );
    expect(bench.git("branch", "--list", BRANCH)).toBe("");
  });
});

test.each(some(1, [
  ["a branch", `git checkout -qb f; ${WORK}; git checkout -q --detach -`, /in the branch f of sub/],
  ["a stash", `echo w > w; git stash -qu`, /in the stash "[^"]*" of sub/],
  ["its log", `${WORK}; git checkout -q HEAD~1`, /in the commit \w+ "x" of sub/],
  ["nothing", `true`, null],
]))("in a submodule of the repository that the agent fetched: %s", async (_, agent, told) => {
  expect(await bench.run(SUBMODULE), bench.lines.join("\n")).toBe("completed");
  bench.git("update-ref", "refs/heads/main", BRANCH);
  const fetched = `git -c protocol.file.allow=always submodule --quiet update --init; cd sub; ${agent}`;
  expect(await bench.run(fetched, { task_id: 8 })).toBe(told ? "retried" : "completed");
  if (told) expect(bench.queue.failures[0]?.error).toMatch(told);
  else expect(bench.queue.completed[1]?.commit_hash).toBeUndefined();
});

describe("nothing changed", () => {
  test.each(some(1, [
    ["nothing at all", `true`],
    ["a commit that was reverted", `echo 1 > w; git add .; git commit -qm x; git revert --no-edit HEAD >&2`],
    ["a clone of another repository, as it is", `git clone -q . lib`],
    [
      "one with branches and tags that it was cloned with",
      `git init -q --bare -b main ../o; p() { GIT_COMMITTER_DATE=2020-01-01T00:00Z git commit-tree -m "$1" $(git write-tree); }; git push -q ../o HEAD:main $(p a):refs/heads/a $(p b):refs/tags/b; git clone -q ../o lib; git fetch -q ../o refs/tags/b:refs/tags/b`,
    ],
    ["a branch at the same commit", `git branch mine; git worktree add -q ../wt -b other`],
    ["a file's times", `touch -d 2001-01-01 kept`],
  ]))("%s", async (_, agent) => {
    expect(await bench.run(agent)).toBe("completed");
    expect(bench.queue.completed[0]?.commit_hash).toBeUndefined();
    expect(bench.fake.state.pulls).toEqual([]);
  });

  test("where line endings make files look changed, and only the agent's change is shown where there is one", async () => {
    bench.commit("main", "a.txt", "one\r\ntwo\r\n");
    bench.commit("main", "b.txt", "one\r\ntwo\r\n");
    bench.commit("main", ".gitattributes", "*.txt text=auto\n");
    expect(await bench.run(`true`)).toBe("completed");
    expect(bench.queue.completed[0]?.commit_hash).toBeUndefined();
    expect(await bench.run(`echo work > w`)).toBe("completed");
    expect(bench.queue.completed[1]?.changed_files?.map(({ path }) => path)).toEqual(["w"]);
  });

  test("what is ignored is left out, and said", async () => {
    bench.commit("main", ".gitignore", "node_modules/\n");
    expect(await bench.run(`mkdir node_modules; echo 1 > node_modules/x`)).toBe("completed");
    expect(bench.queue.completed[0]?.execution_metadata?.left_out).toEqual(["node_modules/ (ignored)"]);
  });
});
