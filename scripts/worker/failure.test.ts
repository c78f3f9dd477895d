import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { endOfAttempt, TaskFailure } from "./failure.ts";

const read = (name: string): string => readFileSync(join(import.meta.dirname, name), "utf8");
const sorted = (words: Iterable<string>): string[] => [...new Set(words)].sort();

test("the README lists every kind of failure, and whether the task is attempted again", () => {
  const kinds = sorted([...read("failure.ts").matchAll(/^ {2}\| "(\w+)"/gm)].map(([, kind = ""]) => kind));
  const listed = [...read("README.md").matchAll(/^\| `(\w+)` +\|.*\| ((?:yes|no|later)[^|]*)\|$/gm)]
    .map(([, kind = "", again = ""]) => [kind, again.match(/yes|no|later/g) ?? []] as const);
  expect(sorted(listed.map(([kind]) => kind))).toEqual(kinds);

  const sources = readdirSync(import.meta.dirname).filter((name) => /(?<!\.test)\.ts$/.test(name)).map(read);
  const thrown = sources.flatMap((source) => [
    ...source.matchAll(/TaskFailure\(\s*"(\w+)",\s*"(\w+)"/g),
    ...source.matchAll(/failureOf\(error, "(\w+)", "(\w+)"/g),
  ]);
  expect(sorted(thrown.map(([, kind = ""]) => kind)).length).toBeGreaterThan(20);
  const again = new Map(listed);
  for (const [, kind = "", is = ""] of thrown) expect(again.get(kind), kind).toContain(is);
});

test("without its folder, whatever fails is the worker's", () => {
  const folder = mkdtempSync(join(tmpdir(), "fixloop-folder-"));
  const denied = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
  const commit = new TaskFailure("commit_failed", "no", "not a git repository");
  const unusable = { kind: "work_dir_unavailable", again: "later", message: expect.any(String) };
  expect(endOfAttempt(denied, folder, true)).toMatchObject({ kind: "worker_failed", again: "yes" });
  expect(endOfAttempt(commit, folder, true)).toBe(commit);
  expect(endOfAttempt(denied, folder, false), "no task's folder could be made").toMatchObject(unusable);
  rmSync(folder, { recursive: true });
  for (const error of [denied, commit]) expect(endOfAttempt(error, folder, true)).toMatchObject(unusable);
  writeFileSync(folder, "");
  expect(endOfAttempt(commit, folder, true)).toMatchObject(unusable);
  rmSync(folder);
});
