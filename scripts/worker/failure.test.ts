import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const read = (name: string): string => readFileSync(join(import.meta.dirname, name), "utf8");
const sorted = (words: Iterable<string>): string[] => [...new Set(words)].sort();

test("the README lists every kind of failure, and whether it is retried", () => {
  const kinds = sorted([...read("failure.ts").matchAll(/^ {2}\| "(\w+)"/gm)].map(([, kind = ""]) => kind));
  const listed = [...read("README.md").matchAll(/^\| `(\w+)` +\|.*\| (yes|no)/gm)]
    .map(([, kind = "", again = ""]) => [kind, again] as const);
  expect(sorted(listed.map(([kind]) => kind))).toEqual(kinds);

  const sources = readdirSync(import.meta.dirname).filter((name) => /(?<!\.test)\.ts$/.test(name)).map(read);
  const thrown = sources.flatMap((
    source,
  ) => [...source.matchAll(/TaskFailure\(\s*"(\w+)",\s*(true|false)/g)]);
  expect(thrown.length).toBeGreaterThan(15);
  const again = new Map(listed);
  for (const [, kind = "", isRetryable] of thrown) {
    expect(again.get(kind), kind).toBe(isRetryable === "true" ? "yes" : "no");
  }
});
