import { globSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import config from "../../vitest.config.ts";
import { ROOT } from "../local/paths.ts";
import { chooseFiles, testFiles } from "./files.ts";
import { LONGEST } from "./longest-first.ts";
import { STEPS } from "./steps.ts";

const TAGS = "supabase/tests/database/tracker/tags.test.sql";

test.each([TAGS, join(ROOT, TAGS), "tracker/tags", "scripts/test/files.test.ts"])(
  "%s is one file",
  (name) => {
    expect(chooseFiles([name], ROOT)).toEqual([name.startsWith("scripts") ? name : TAGS]);
  },
);

test("a path relative to the current folder, and one relative to the root from another folder", () => {
  expect(chooseFiles(["tags.test.sql"], join(ROOT, "supabase/tests/database/tracker"))).toEqual([TAGS]);
  expect(chooseFiles([TAGS], "/")).toEqual([TAGS]);
});

test("a folder is its test files, several names are all of theirs, each once", () => {
  const files = chooseFiles(["supabase/tests/database/tracker/", TAGS, "scripts/test"], ROOT);
  expect(files).toContain(TAGS);
  expect(files).toContain("scripts/test/files.test.ts");
  expect(files.every((file) => /^(supabase\/tests\/database\/tracker|scripts\/test)\//.test(file))).toBe(
    true,
  );
  expect(new Set(files).size).toBe(files.length);
});

test.each([
  ["supabase/tests/database/tracker/tag.test.sql", "There is no test file", `Did you mean`],
  ["/nowhere/tags.test.sql", "There is no test file", "Did you mean"],
  ["zzz", "There is no test file", "For example"],
  ["scripts/test/run.ts", "is not a test file", "*.test.sql or *.test.ts"],
  ["docs", "contains no test file", "*.test.sql or *.test.ts"],
])("%s is refused", (name, message, hint) => {
  expect(() => chooseFiles([name], ROOT)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    }),
  );
});

test("every test file is in one project, every pattern of a project has a file, and every project is a step", () => {
  const found = (patterns: string[] = []): string[] =>
    patterns.flatMap((name) => globSync(name, { cwd: ROOT }));
  const names: string[] = [];
  const files: string[] = [];
  for (const project of config.test?.projects ?? []) {
    if (typeof project !== "object" || !("test" in project)) throw new Error("a project of another kind");
    const { name, include = [], exclude } = project.test ?? {};
    names.push(String(name));
    for (const pattern of [...include, ...exclude ?? []]) {
      expect(found([pattern]), `${String(name)}: ${pattern}`).not.toEqual([]);
    }
    const without = new Set(found(exclude));
    files.push(...found(include).filter((file) => !without.has(file)));
  }
  expect(files.sort()).toEqual(testFiles());
  expect(files).toEqual(expect.arrayContaining(LONGEST));
  expect(STEPS.flatMap(({ command }) => command.join(" ").match(/--project=(\w+)/)?.[1] ?? [])).toEqual(
    names,
  );
});
