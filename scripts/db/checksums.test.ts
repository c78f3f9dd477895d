import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checksumProblems, recordChecksums } from "./checksums.ts";
import { chooseFile, joinSchemas } from "./new.ts";

let folder: string;
beforeEach(() => folder = mkdtempSync(join(tmpdir(), "fixloop-checksums-")));
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text = "select 1;\n"): void => writeFileSync(join(folder, name), text);

describe("recorded migrations", () => {
  test("stay as they are", () => {
    write("20260101000000_one.sql");
    expect(recordChecksums(folder)).toEqual(["20260101000000_one.sql"]);
    expect(recordChecksums(folder)).toEqual([]);
    expect(checksumProblems(folder)).toEqual([]);
    expect(readFileSync(join(folder, "checksums.txt"), "utf8")).toMatch(
      /^[0-9a-f]{64} {2}20260101000000_one\.sql\n$/,
    );
  });

  test("can't be changed, by a byte", () => {
    write("20260101000000_one.sql");
    recordChecksums(folder);
    appendFileSync(join(folder, "20260101000000_one.sql"), "\n");
    expect(checksumProblems(folder)).toEqual([
      expect.stringContaining("20260101000000_one.sql is recorded as finished and was"),
    ]);
  });

  test("can't be removed or renamed", () => {
    write("20260101000000_one.sql");
    recordChecksums(folder);
    rmSync(join(folder, "20260101000000_one.sql"));
    expect(checksumProblems(folder)).toEqual([expect.stringContaining("is gone")]);
  });

  test("come before those that are not", () => {
    write("20260102000000_two.sql");
    recordChecksums(folder);
    write("20260101000000_one.sql");
    expect(checksumProblems(folder)).toEqual([
      expect.stringContaining("comes before 20260102000000_two.sql"),
    ]);
  });
});

test("a name that the CLI would skip, and a version twice, are refused", () => {
  write("one.sql");
  write("20260101000000_one.sql");
  write("20260101000000_two.sql");
  expect(checksumProblems(folder)).toEqual([
    "20260101000000_two.sql has the version of another migration",
    "one.sql is not named <14 digits>_<snake_case>.sql",
  ]);
});

describe("a new migration", () => {
  const now = new Date("2026-11-21T10:20:30Z");
  const choose = (name: string, options: { replace?: boolean; at?: string } = {}) =>
    chooseFile(folder, { name, replace: options.replace ?? false, at: options.at, now });

  test("has the time in UTC as its version", () => {
    expect(choose("add_priority")).toEqual({ file: "20261121102030_add_priority.sql" });
  });

  test("comes after the last one, also when that lies ahead", () => {
    write("20261231235959_ahead.sql");
    expect(choose("add_priority")).toEqual({ file: "20270101000000_add_priority.sql" });
    expect(() => choose("add_priority", { at: "20261231235959" })).toThrow(
      "is not a version for a new migration",
    );
    expect(choose("add_priority", { at: "20270101000000" }).file).toBe("20270101000000_add_priority.sql");
  });

  test.each(["AddPriority", "add-priority", "", "1st", "add__priority", "../x"])(
    "is not called %j",
    (name) => {
      expect(() => choose(name)).toThrow("is not snake_case");
    },
  );

  test.each(["2026", "20261332000000", "later"])("has no version %j", (at) => {
    expect(() => choose("add_priority", { at })).toThrow("is not a version");
  });

  test("doesn't take a name that is taken, except to write an unfinished one again", () => {
    write("20260101000000_one.sql");
    expect(() => choose("one")).toThrow("A migration has that name");
    expect(choose("one", { replace: true })).toEqual({
      file: "20260101000000_one.sql",
      replaced: "20260101000000_one.sql",
    });
    recordChecksums(folder);
    expect(() => choose("one", { replace: true })).toThrow("is recorded as finished");
  });

  test("of a system is its schema files in their order, each under its path", () => {
    write("20_b.sql", "-- B.\nselect 'b';\n\n");
    write("10_a.sql", "-- A.\nselect 'a';\n");
    const [schemas, system] = [join(folder, ".."), folder.split("/").at(-1) ?? ""];
    expect(joinSchemas(schemas, system)).toBe(
      [
        `-- supabase/schemas/${system}, joined.\n`,
        "set local lock_timeout = '5s';",
        "set local statement_timeout = '2min';\n",
        `-- ${system}/10_a.sql`,
        "-- A.\nselect 'a';\n",
        `-- ${system}/20_b.sql`,
        "-- B.\nselect 'b';\n",
      ].join("\n"),
    );
    expect(() => joinSchemas(schemas, "99_nothing")).toThrow("There are no schema files");
  });
});
