import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { includedFiles, readParts } from "./sql-includes.ts";

const folder = mkdtempSync(join(tmpdir(), "fixloop-includes-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "tests"));
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test("the parts of a file and of what it includes, each with its first line", () => {
  const inner = write("inner.psql", "select 'inner';\n");
  const outer = write("outer.psql", "\\ir inner.psql\n");
  const empty = write("empty.psql", "");
  const file = write(
    "tests/a.sql",
    "begin;\n\\ir ../outer.psql\n\\ir ../empty.psql \nselect 1;\nselect 2;\n\\ir ../inner.psql",
  );
  expect(readParts(file)).toEqual([
    { file, line: 1, text: "begin;" },
    { file: inner, line: 1, text: "select 'inner';\n" },
    { file: outer, line: 2, text: "" },
    { file: empty, line: 1, text: "" },
    { file, line: 4, text: "select 1;\nselect 2;" },
    { file: inner, line: 1, text: "select 'inner';\n" },
  ]);
  expect(includedFiles(file)).toEqual([inner, outer, empty]);
});

test("another command of psql is an error with its line", () => {
  const part = write("part.psql", "select 1;\n\\timing\n");
  const file = write("whole.sql", "\\ir part.psql\n");
  expect(() => readParts(file)).toThrow(`${part}:2: \\timing is a command of psql.`);
});
