import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readScript, splitAtSemicolons } from "./sql-script.ts";
import { parseTap } from "./tap.ts";

test("a semicolon in a string, a comment, a dollar-quoted body or a begin atomic body ends no statement", () => {
  const statements = [
    "select ';', E'\\';', \";\" from t;",
    "do $$ begin perform 1; end; $$;",
    "create function f() returns int language sql begin atomic select 1; select case when true then 2 end; end;",
    "begin;",
    "select 1",
  ];
  const script = `-- a comment; not a statement\n${statements.join(" /* ; */\n")}`;
  expect(splitAtSemicolons(script).map(({ text }) => text.replace("/* ; */\n", ""))).toEqual(statements);
});

test("a file with what it includes: each statement with its own file and line", () => {
  const folder = mkdtempSync(join(tmpdir(), "fixloop-script-"));
  try {
    mkdirSync(join(folder, "tests"));
    const file = join(folder, "tests/a.test.sql");
    const helper = join(folder, "helper.psql");
    writeFileSync(file, "-- first\nbegin;\n\n\\ir ../helper.psql\nselect\n  1; select 2;\nrollback;\n");
    writeFileSync(helper, "\nselect 'helper';\n");
    expect(readScript(file)).toEqual([
      { text: "begin;", file, line: 2 },
      { text: "select 'helper';", file: helper, line: 2 },
      { text: "select\n  1;", file, line: 5 },
      { text: "select 2;", file, line: 6 },
      { text: "rollback;", file, line: 7 },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("values of pgTAP: the plan, assertions with their diagnostics, comments before them", () => {
  expect(parseTap(["1..2"])).toEqual({ planned: 2, assertions: [], diagnostics: "" });
  expect(parseTap(["ok 1 - first", 'not ok 2 - second\n# Failed test 2: "second"\n#   have: 1']).assertions)
    .toEqual([
      { number: 1, ok: true, description: "first", diagnostics: "" },
      { number: 2, ok: false, description: "second", diagnostics: 'Failed test 2: "second"\nhave: 1\n' },
    ]);
  expect(parseTap(["# Looks like you planned 3 tests but ran 2"]).diagnostics).toContain("planned 3");
});
