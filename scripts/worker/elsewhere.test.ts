import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { some } from "../../supabase/tests/support/size.ts";
import { type Bench, openBench } from "./testing/bench.ts";

// Work that only an index, a worktree or a repository in the clone has.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench({ kept: "kept\n", other: "other\n" });
  writeFileSync(join(bench.folder, ".gitconfig"), "[user]\n\tname = agent\n\temail = agent@example.org\n");
});

afterEach(() => bench.close());

const files = (): string[] => bench.git("ls-tree", "-r", "--name-only", "fixloop/task-7").split("\n");
const WORK = `echo w > w; git add .; git commit -qm x`;
const WORKTREE = `git worktree add -q ../wt -b mine; cd ../wt`;

test.each(some(4, [
  [
    "a file of a worktree that was added although it is ignored",
    `${WORKTREE}; echo w > .gitignore; echo 1 > w; git add -f w`,
  ],
  [
    "a worktree that is named by a relative path",
    `${WORKTREE}; echo 1 > w; cd ../work; echo ../../../../wt/.git > .git/worktrees/wt/gitdir`,
  ],
  [
    "a worktree in a worktree",
    `${WORKTREE}; git worktree add -q in -b in; echo 1 > in/w; git worktree remove --force in; echo 1 > w`,
  ],
  ["a stash that is in no log", `echo 1 > w; git stash -qu; rm -r .git/logs`],
  [
    "a file that a repository has though it is ignored around it",
    `echo '*.log' > .gitignore; mkdir app; cd app; git init -q; echo 1 > a.log; git add -f .; git commit -qm x; cd ..; mv app/a.log app/w.log; mkdir z; echo > w`,
  ],
  [
    "a sparse checkout with an index of folders",
    `mkdir src; echo 1 > src/a; ${WORK}; git sparse-checkout set --cone --sparse-index src; echo 2 > w`,
  ],
  [
    "a soft reset in a sparse checkout",
    `${WORK}; git sparse-checkout set --no-cone /w; git reset -q --soft HEAD~1`,
  ],
]))("found and taken: %s", async (_, agent) => {
  expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
  expect(files()).toContain("w");
  expect(files()).toEqual(expect.arrayContaining(["README.md", "kept", "other"]));
});

test.each(some(4, [
  [
    "a clone with a change in a worktree",
    `${WORKTREE}; echo 1 > v; git clone -q "$HOME/shop.git" lib; cd lib; ${WORK}`,
    /in lib, a clone of \S+ of the worktree \S+\/wt/,
  ],
  [
    "a conflict in a worktree",
    `${WORKTREE}; echo mine > kept; git commit -qam m; cd ../work; echo ours > kept; git commit -qam o; git reset -q --hard HEAD~1; cd ../wt; git merge -q HEAD@{1} >&2; git merge -q $(cut -d' ' -f2 ../work/.git/logs/HEAD | sed -n 2p) >&2`,
    /conflicts in kept of the worktree/,
  ],
  [
    "a conflict in a repository in the clone",
    `mkdir app; cd app; git init -q; echo 1 > f; git add .; git commit -qm 1; git checkout -qb o; echo 2 > f; git commit -qam 2; git checkout -q -; echo 3 > f; git commit -qam 3; git merge -q o >&2`,
    /conflicts in f of app/,
  ],
  [
    "a patch of the index",
    `echo more >> kept; git diff > ../p; git checkout -q kept; git apply --cached ../p`,
    /kept, in the index/,
  ],
  ["a file that was only added", `echo 1 > w; git add w; rm w`, /w, in the index/],
  [
    "the changes that a merge put away",
    `git checkout -qb side; echo side > kept; git commit -qam s; git checkout -q -; echo mine > kept; git commit -qam m; echo more >> other; git merge -q --autostash side >&2; echo both > kept`,
    /the stash of an unfinished merge/,
  ],
  [
    "the rest of a cherry-pick",
    `git checkout -qb side; for n in 1 2; do echo $n > kept; git commit -qam $n; done; git checkout -q -; echo mine > kept; git commit -qam m; git branch -q -f side HEAD; git cherry-pick $(cut -d' ' -f2 .git/logs/HEAD | sed -n 3,4p) >&2; echo both > kept`,
    /the commits of an unfinished cherry-pick/,
  ],
  [
    "a folder whose path is too long for git",
    `n=$(printf '%0250d' 0); for i in $(seq 20); do mkdir $n; cd -P $n; done; echo 1 > w`,
    /in the folder 0+.*, which can't be read/,
  ],
]))("told: %s", async (_, agent, told) => {
  expect(await bench.run(`${agent}; true`), bench.lines.join("\n")).toBe("retried");
  expect(bench.queue.failures[0]).toMatchObject({ error_kind: "work_left_behind" });
  expect(bench.queue.failures[0]?.error).toMatch(told);
});

test("a version that only the index has is named next to a change", async () => {
  const agent =
    `echo more >> kept; git add kept; git checkout -q HEAD -- other; git show HEAD:kept > kept; echo 1 > w`;
  expect(await bench.run(agent)).toBe("completed");
  expect(bench.queue.completed[0]?.execution_metadata?.left_out).toEqual([
    "kept (a version that only the index has)",
  ]);
});

test.each(some(2, [
  [
    "committed",
    `git rm -q --cached kept; echo kept > .gitignore; git add .gitignore; git commit -qm untrack`,
  ],
  ["not committed", `git rm -q --cached kept; echo kept > .gitignore`],
  [
    "all files added again",
    `echo kept > .gitignore; git rm -rq --cached .; git add .; git commit -qm untrack`,
  ],
]))("a file that the agent ignores and takes out of the index is removed: %s", async (_, agent) => {
  expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
  expect(files()).toEqual([".gitignore", "README.md", "other"]);
  expect(bench.queue.completed[0]?.execution_metadata?.left_out).toEqual(["kept (ignored)"]);
});

test("clones of other repositories that are partial, old or a worktree are left out as they are", async () => {
  bench.git("config", "uploadpack.allowFilter", "true");
  bench.git("config", "uploadpack.allowAnySHA1InWant", "true");
  const old =
    `tree $(git rev-parse HEAD^{tree})\\nauthor a <a@example.org> 1 +51800\\ncommitter a <a@example.org> 1 +51800\\n\\nold\\n`;
  const agent = `{ git clone -q --filter=blob:none "file://$HOME/shop.git" partial
    git clone -q --depth=1 "file://$HOME/shop.git" shallow
    git clone -q "$HOME/shop.git" lib; git -C lib worktree add -q --detach ../lib-wt
    git init -q --bare ../o; id=$(printf "${old}" | git hash-object -t commit -w --stdin --literally)
    git push -q ../o $id:refs/heads/main; git clone -q -b main ../o old; } >&2; echo 1 > w`;
  expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
  expect(bench.queue.completed[0]?.changed_files?.map(({ path }) => path)).toEqual(["w"]);
  const leftOut = bench.queue.completed[0]?.execution_metadata?.left_out as string[];
  expect(leftOut.map((each) => each.split("/ (a clone of")[0]).sort()).toEqual([
    ...["lib", "lib-wt", "old", "partial", "shallow"],
  ]);
});

test("history that has the faults of old repositories may be fetched", async () => {
  const tree = bench.git("rev-parse", "main^{tree}");
  const old =
    `tree ${tree}\nauthor a <a@example.org> 1 +51800\ncommitter a <a@example.org> 1 +51800\n\nold\n`;
  const file = join(bench.folder, "old");
  writeFileSync(file, old);
  const first = bench.git("hash-object", "-t", "commit", "-w", "--literally", file);
  bench.git("update-ref", "refs/heads/main", bench.git("commit-tree", tree, "-p", first, "-m", "new"));
  const agent = `git fetch -q --unshallow "$HOME/shop.git" main; echo 1 > w`;
  expect(await bench.run(agent, {}, { depth: 1 }), bench.lines.join("\n")).toBe("completed");
});
