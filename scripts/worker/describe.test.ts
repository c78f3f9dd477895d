import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { some } from "../../supabase/tests/support/size.ts";
import type { Result } from "./queue.ts";
import { applied } from "./testing/applied.ts";
import { type Bench, openBench } from "./testing/bench.ts";

// Diff, patch and files are what the pull request shows, whatever bytes it contains.

let bench: Bench;

beforeEach(async () => {
  bench = await openBench();
  writeFileSync(join(bench.folder, ".gitconfig"), "[user]\n\tname = agent\n\temail = agent@example.org\n");
});

afterEach(() => bench.close());

const BRANCH = "fixloop/task-7";

/** Runs an agent; its diff and its patch have to reproduce the commit. */
async function run(agent: string): Promise<Result> {
  expect(await bench.run(agent), bench.lines.join("\n")).toBe("completed");
  const result = bench.queue.completed.at(-1) ?? {};
  const tree = bench.git("rev-parse", `${BRANCH}^{tree}`);
  expect(applied(bench, "apply", result.git_diff ?? "", BRANCH), "git apply").toBe(tree);
  expect(applied(bench, "am", result.git_patch ?? "", BRANCH), "git am").toBe(tree);
  return result;
}

/** Files of every kind, by a program: a shell has no bytes in names and contents. */
function files(program: string): string {
  const file = join(bench.folder, "files.mjs");
  writeFileSync(file, `import fs from "node:fs";\n${program}\n`);
  return `node "$HOME/files.mjs"`;
}

test("files of every kind, in one commit and in several", async () => {
  const setup = files(`
    fs.writeFileSync("latin1.txt", Buffer.from("na\\u00efve caf\\u00e9\\nline\\n", "latin1"));
    fs.writeFileSync("crlf.txt", "one\\r\\ntwo\\r\\nthree\\r\\n");
    fs.writeFileSync("mixed.txt", "one\\r\\ntwo\\nthree\\r");
    fs.writeFileSync("moved.txt", "1\\n2\\n3\\n4\\n5\\n6\\n7\\n8\\n");
    fs.writeFileSync("run.sh", "#!/bin/sh\\n"); fs.writeFileSync("gone", "x\\n"); fs.writeFileSync("link-to-be", "x\\n");
    fs.symlinkSync("crlf.txt", "link"); fs.writeFileSync("data.bin", Buffer.from([0, 1, 2, 255]));
    fs.writeFileSync("utf16.txt", Buffer.from("\\ufeffh\\u00e9llo\\n", "utf16le"));`);
  expect(await bench.run(setup, { task_id: 1 })).toBe("completed");
  bench.git("update-ref", "refs/heads/main", "fixloop/task-1");

  const change = files(`
    fs.appendFileSync("latin1.txt", Buffer.from("\\u00fc\\n", "latin1"));
    fs.writeFileSync("crlf.txt", "one\\r\\n2\\r\\nthree\\r\\n"); fs.writeFileSync("mixed.txt", "one\\ntwo\\r\\nthree");
    fs.renameSync("moved.txt", "moved to.txt"); fs.appendFileSync("moved to.txt", "9\\r\\n");
    fs.chmodSync("run.sh", 0o755); fs.rmSync("gone"); fs.rmSync("link-to-be"); fs.symlinkSync("nowhere \\u00e9", "link-to-be");
    fs.rmSync("link"); fs.writeFileSync("link", "now a file\\n"); fs.writeFileSync("data.bin", Buffer.from([0, 9, 2, 255]));
    fs.writeFileSync("empty", ""); fs.writeFileSync("no-newline", "x"); fs.writeFileSync("late-nul", "x\\n".repeat(9000) + "\\0\\n");
    fs.writeFileSync("lone.txt", Buffer.from([0xed, 0xa0, 0x80, 10])); fs.writeFileSync("utf8.txt", "\\u{1f600} na\\u00efve\\n");
    fs.symlinkSync(Buffer.from([0x66, 0xe9]), "link-latin1"); fs.writeFileSync("utf16.txt", Buffer.from("\\ufeffhi\\n", "utf16le"));
    fs.mkdirSync("new/deep", { recursive: true }); fs.writeFileSync("new/deep/x", "From me\\n---\\ndiff --git a b\\n-- \\n");`);
  const once = await run(change);
  expect(once.git_diff).toContain("naïve");
  expect(once.git_diff, "CRLF is text in a diff").toContain("-two\r\n+2\r\n");
  const kinds = new Map(once.changed_files?.map(({ path, status }) => [path, status]));
  expect(Object.fromEntries(kinds)).toMatchObject({
    "latin1.txt": "modified",
    "moved to.txt": "renamed",
    "run.sh": "modified",
    gone: "deleted",
    link: "type_changed",
    empty: "added",
  });
});

test("commits of the agent, with messages that a mail can't have, in another encoding, and with merges", async () => {
  for (
    const agent of some(1, [
      `echo 1 > one; git add .; git commit -qm first; echo 2 > two; git add .; git commit -qm "second: ü"`,
      `echo 1 > one; git add .; git commit -qm "first\n\ndiff --git a/x b/x\n--- a/x"; echo 2 > two`,
      `echo 1 > one; git add .; git commit -q --allow-empty-message -m ""; echo 2 > two`,
      `git config i18n.commitEncoding ISO-8859-1; echo 1 > one; git add .; printf 'caf\\351\\n' | git commit -qF -`,
      `git checkout -qb side; echo 1 > one; git add .; git commit -qm side; git checkout -q -; echo 2 > two; git add .
       git commit -qm two; git merge -q --no-edit side; printf '3\\r\\n' > three`,
      `echo 1 > one; git add .; git -c user.email= commit -qm first; echo 2 > two`,
      `mkdir d; echo 1 > d/f; echo 1 > e; git add .; git commit -qm d; rm -r d; ln -s e d; rm e; mkdir e; echo 2 > e/g`,
      `mv README.md readme.md; echo 1 > a; echo 2 > b; git add -A; git commit -qm ab; mv a c; mv b a; mv c b`,
    ])
  ) {
    await run(agent);
    await bench.close();
    bench = await openBench();
    writeFileSync(join(bench.folder, ".gitconfig"), "[user]\n\tname = agent\n\temail = agent@example.org\n");
  }
});

describe("names", () => {
  test("are the same in the list and in the diff, and one that is not UTF-8 is escaped and marked", async () => {
    const result = await run(files(`
      for (const name of ["ümlaut 😀.txt", "tab\\there", 'a "quoted" name', "back\\\\slash", "line\\nbreak", "e\\u0301"]) {
        fs.writeFileSync(name, "x\\n");
      }
      fs.writeFileSync(Buffer.from("caf\\u00e9 \\"x\\".txt", "latin1"), "x\\n");
      fs.mkdirSync(Buffer.from("d\\u00ff", "latin1")); fs.writeFileSync(Buffer.from("d\\u00ff/\\u00e9", "latin1"), Buffer.from([233]));`));
    expect(new Set(result.changed_files)).toEqual(
      new Set([
        ...["ümlaut 😀.txt", "tab\there", 'a "quoted" name', "back\\slash", "line\nbreak", "e\u0301"].map((
          path,
        ) => ({
          path,
          status: "added",
          additions: 1,
          deletions: 0,
        })),
        ...['caf\\351 \\"x\\".txt', "d\\377/\\351"].map((path) => ({
          path,
          status: "added",
          additions: 1,
          deletions: 0,
          is_path_escaped: true,
        })),
      ]),
    );
    expect(result.git_diff).toContain("+++ b/ümlaut 😀.txt");
    expect(result.git_diff).toContain('+++ "b/tab\\there"');
    expect(result.git_diff).toContain('+++ "b/caf\\351 \\"x\\".txt"');
    expect(result.git_diff).toContain('"b/d\\377/\\351"');
  });
});
