import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../local/paths.ts";
import { chooseFiles } from "./files.ts";

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
