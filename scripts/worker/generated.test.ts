import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { size } from "../../supabase/tests/support/size.ts";
import { applied } from "./testing/applied.ts";
import { type Bench, openBench } from "./testing/bench.ts";

// Generated repositories and agents: what an agent leaves anywhere in its clone is in the pull request, or the task
// does not complete and says where it is.

const BRANCH = "fixloop/task-7";

/** Names of files, as `printf` writes them. */
const NAMES = [
  "plain",
  "sp ace",
  "ta\\tb",
  "\\303\\274",
  "\\360\\237\\230\\200",
  "caf\\351",
  'qu"ote',
  "d/e/e/p",
];
/** Contents around a token. */
const CONTENTS = ["%s\\n", "%s", "%s\\r\\nx\\r\\n", "\\351 %s\\n", "\\000 %s \\377"];

type Place =
  | "tree"
  | "commit"
  | "branch"
  | "merged"
  | "stash"
  | "popped"
  | "worktree"
  | "worktree commit"
  | "nested"
  | "nested commit"
  | "nested branch"
  | "nested stash"
  | "clone"
  | "clone branch"
  | "clone stash"
  | "submodule"
  | "submodule branch"
  | "submodule stash"
  | "detached"
  | "detached and back"
  | "amended"
  | "rebased"
  | "shared"
  | "conflict"
  | "symlink"
  | "ignored"
  | "deleted"
  | "mode"
  | "reset";

const step = fc.record({
  place: fc.constantFrom<Place>(
    ...[
      "tree",
      "commit",
      "branch",
      "merged",
      "stash",
      "popped",
      "worktree",
      "worktree commit",
      "nested",
    ] as const,
    ...[
      "nested commit",
      "detached",
      "amended",
      "rebased",
      "shared",
      "conflict",
      "symlink",
      "deleted",
      "mode",
    ] as const,
    ...["nested branch", "nested stash", "clone", "clone branch", "clone stash"] as const,
    ...["submodule", "submodule branch", "submodule stash", "detached and back"] as const,
    ...["tree", "commit", "tree", "reset", "ignored"] as const,
  ),
  name: fc.constantFrom(...NAMES),
  content: fc.constantFrom(...CONTENTS),
});
type Step = { place: Place; name: string; content: string };

/** The lines of a shell script for a step; each token that it writes is noted. */
function scriptOf({ place, name, content }: Step, at: number): string {
  const token = `token-${at}-`;
  const noted = `echo ${token} >> "$HOME/tokens"`;
  const write = (folder: string): string =>
    `f="${folder}/$(printf '${name}')-${at}"; mkdir -p "$(dirname "$f")"; printf '${content}' ${token} > "$f"; ${noted}`;
  const here = write(".");
  const commit = `git add -A; git commit -qm "step ${at}"`;
  const side = `git checkout -qb side${at}; ${here}; ${commit}; git checkout -q -`;
  const inside = (enter: string, what: Place): string =>
    `(${enter} && ${
      what.endsWith("branch") ? side : what.endsWith("stash") ? `${here}; git stash -qu` : "true"
    })`;
  switch (place) {
    case "tree":
      return here;
    case "commit":
      return `${here}; ${commit}`;
    case "branch":
      return `${commit}; ${side}`;
    case "merged":
      return `${commit}; ${side}; git merge -q --no-edit side${at}`;
    case "stash":
      return `${here}; git stash -qu`;
    case "popped":
      return `${here}; git stash -qu; git stash pop -q`;
    case "worktree":
      return `git worktree add -q ../wt${at} -b wt${at}; ${write(`../wt${at}`)}`;
    case "worktree commit":
      return `git worktree add -q ../wt${at} --detach; ${write(`../wt${at}`)}; (cd ../wt${at}; ${commit})`;
    case "nested":
      return `mkdir n${at}; git init -q n${at}; ${write(`n${at}`)}`;
    case "nested commit":
      return `mkdir n${at}; git init -q n${at}; ${
        write(`n${at}`)
      }; (cd n${at}; ${commit}); git add n${at} 2>&1`;
    case "nested branch":
    case "nested stash":
      return inside(
        `mkdir n${at}; git init -q n${at}; cd n${at}; git commit -q --allow-empty -m first`,
        place,
      );
    case "clone":
    case "clone branch":
    case "clone stash":
      return inside(`git clone -q "$HOME/shop.git" c${at}; cd c${at}`, place);
    case "submodule":
    case "submodule branch":
    case "submodule stash":
      return inside(
        `git -c protocol.file.allow=always submodule --quiet add "$HOME/shop.git" s${at}; ${commit}; cd s${at}`,
        place,
      );
    case "detached and back":
      return `${commit}; git checkout -q --detach; ${here}; ${commit}; git checkout -q -`;
    case "detached":
      return `${here}; git checkout -q --detach; ${commit}`;
    case "amended":
      return `${here}; git add -A; git commit -qm x; git commit -q --amend -m "step ${at}"`;
    case "rebased":
      return `${commit}; git branch old${at}; ${here}; ${commit}; git rebase -q -f --no-ff HEAD~1`;
    case "shared":
      return `echo ${token} >> shared; ${noted}; ${commit}`;
    case "conflict":
      return `${commit}; git checkout -qb c${at}; echo ${token} >> shared; ${noted}; git commit -qam c; git checkout -q -
        echo mine >> shared; git commit -qam mine; git merge -q c${at}`;
    case "symlink":
      return `ln -s ${token} link${at}; ${noted}`;
    case "ignored":
      return `echo ${token} > ignored-${at}`;
    case "deleted":
      return `rm -f gone`;
    case "mode":
      return `chmod +x kept`;
    case "reset":
      return `${here}; ${commit}; git reset -q --soft HEAD~1`;
  }
}

/** Every file's bytes in the branch's tree, one after the other. */
function contents(bench: Bench): Buffer {
  const ids = bench.git("ls-tree", "-r", BRANCH).split("\n").map((line) => line.split(/\s/)[2]).join("\n");
  return execFileSync("git", ["-C", bench.gitDir, "cat-file", "--batch"], { input: `${ids}\n` });
}

const FILES = {
  kept: "kept\n",
  gone: "gone\n",
  shared: "shared\n",
  "crlf.txt": "one\r\ntwo\r\n",
  ".gitattributes": "*.txt text=auto\n",
  ".gitignore": "ignored-*\n",
};

async function check(bench: Bench, steps: readonly Step[]): Promise<void> {
  writeFileSync(join(bench.folder, ".gitconfig"), "[user]\n\tname = agent\n\temail = agent@example.org\n");
  const lines = steps.map((each, at) => `{ ${scriptOf(each, at)}\n} >&2`);
  const outcome = await bench.run([...lines, "true"].join("\n"));
  const file = join(bench.folder, "tokens");
  const tokens = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const said = bench.lines.join("\n");
  if (outcome !== "completed") {
    expect(bench.queue.failures[0], said).toMatchObject({ error_kind: "work_left_behind", retryable: true });
    expect(bench.git("branch", "--list", BRANCH)).toBe("");
    return;
  }
  const [result] = bench.queue.completed;
  if (!result?.commit_hash) {
    expect(tokens, said).toEqual([]);
    return;
  }
  const all = contents(bench);
  for (const token of tokens) expect(all.includes(token), `${token}\n${said}`).toBe(true);
  // those that the agent committed are what it wanted
  if (steps.at(-1)?.place === "conflict") {
    expect(all.includes("<<<<<<<"), "open conflicts are not published").toBe(false);
  }
  expect(result.changed_files?.map(({ path }) => path)).not.toContain("crlf.txt");
  const tree = bench.git("rev-parse", `${BRANCH}^{tree}`);
  expect(applied(bench, "apply", result.git_diff ?? "", BRANCH)).toBe(tree);
  expect(applied(bench, "am", result.git_patch ?? "", BRANCH)).toBe(tree);
}

test("generated agents lose no work", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
      const bench = await openBench(FILES);
      try {
        await check(bench, steps);
      } finally {
        await bench.close();
      }
    }),
    { numRuns: size(3, 200), seed: 20261129, endOnFailure: true },
  );
});
