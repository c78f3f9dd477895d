import { loadModule } from "libpg-query";
import { beforeAll, describe, expect, test } from "vitest";
import { literalProblems, wrapLiterals } from "./comment-literals.ts";
import { argumentProblems, functionProblems, nameProblems, numberProblems } from "./schema-rules.ts";

beforeAll(loadModule);

test("no number twice in a folder, among files and folders", () => {
  expect(numberProblems(["20_a/10_x/10_b.sql", "20_a/10_x/20_c.sql", "20_a/20_y/10_b.sql"])).toEqual([]);
  expect(numberProblems(["20_a/10_x/10_b.sql", "20_a/10_x/10_c.sql"])).toEqual([
    "20_a/10_x/10_c.sql: has the number of 20_a/10_x/10_b.sql",
  ]);
  expect(numberProblems(["20_a/10_x.sql", "20_a/10_y/10_b.sql"])).toEqual([
    "20_a/10_y: has the number of 20_a/10_x.sql",
  ]);
});

test("no name twice in a system", () => {
  expect(nameProblems(["20_a/10_x/50_claim.sql", "20_a/20_y/52_claim.sql", "30_b/10_claim.sql"])).toEqual([
    "20_a/20_y/52_claim.sql: has the name of 20_a/10_x/50_claim.sql",
  ]);
});

test("arguments only where a name has several functions", () => {
  const define = (parameters: string): string =>
    `create function private.f(${parameters}) returns int language sql as 'select 1';\n`;
  const comment =
    "comment on function private.f(int) is 'F.';\ngrant execute on function private.f (int) to a;\n";
  expect(argumentProblems([{ path: "a.sql", sql: define("a int") + comment }])).toEqual([
    "a.sql:2: function private.f is the only one of its name: leave its arguments out",
    "a.sql:3: function private.f is the only one of its name: leave its arguments out",
  ]);
  expect(
    argumentProblems([{ path: "a.sql", sql: define("a int") + comment }, {
      path: "b.sql",
      sql: define("a text"),
    }]),
  )
    .toEqual([]);
});

describe("the literal of a comment", () => {
  const long =
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen";
  const comment = (...pieces: string[]): string =>
    `comment on table public.t is\n${pieces.map((piece) => `  '${piece}'`).join("\n")};\n`;

  test.each([
    ["with lines that are full", comment(`${long} `, "seventeen eighteen nineteen")],
    ["that fits a line", "comment on table public.t is 'Short.';\n"],
    [
      "whose last line is an error with its status",
      comment(`${long} Errors: `, "tracker_circle_issue_conflict (409)."),
    ],
  ])("%s is left as it is", (_, sql) => {
    expect(literalProblems(sql)).toEqual([]);
    expect(wrapLiterals(sql)).toBe(sql);
  });

  test("that continues with one word is wrapped earlier", () => {
    const sql = comment(`${long} `, "seventeen.");
    expect(literalProblems(sql)).toHaveLength(1);
    expect(wrapLiterals(sql)).toBe(
      comment(long.replace("fifteen sixteen", ""), "fifteen sixteen seventeen."),
    );
  });

  test("that is wrapped too early is filled, and joined where all of it fits", () => {
    const sql = comment("one two ", "three four ", `${long} `, "seventeen eighteen nineteen");
    expect(literalProblems(sql)).not.toEqual([]);
    const fixed = wrapLiterals(sql);
    expect(literalProblems(fixed)).toEqual([]);
    for (const line of fixed.split("\n")) expect(line.length).toBeLessThanOrEqual(110);
    expect(wrapLiterals(comment("It''s ", "one."))).toBe("comment on table public.t is 'It''s one.';\n");
  });
});

test("a function is defined in one file", () => {
  const sql = (...names: string[]) =>
    names.map((name) => `create or replace function ${name}() returns text\n`).join("");
  expect(functionProblems([
    { path: "20_a/10_one.sql", sql: sql("private.parse_one", "private.parse_one") },
    { path: "30_b/10_two.sql", sql: sql("private.parse_one", "public.parse_one") },
  ])).toEqual(["30_b/10_two.sql: private.parse_one is also defined in 20_a/10_one.sql"]);
});
