import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

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
