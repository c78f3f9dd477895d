import { loadModule } from "libpg-query";
import { beforeAll, describe, expect, test } from "vitest";
import { type StyleOptions, styleProblems } from "./sql-style.ts";
import { tokenize } from "./sql-tokens.ts";
import { tidyTokens } from "./tidy.ts";

beforeAll(loadModule);

const problems = (sql: string, kind: StyleOptions["kind"] = "migration"): string[] =>
  styleProblems(sql, { kind }).map(({ line, message }) => `${line}: ${message}`);

const FUNCTION = `create function private.f() returns text
language plpgsql volatile security invoker set search_path = '' as $$
begin
  return 'Text';
end;
$$;
`;

describe("tokens", () => {
  test.each([
    "select 'it''s', E'a\\'b', b'01', $$ 'x' $$, $tag$ $$ $tag$, $1, a.\"B\" -- 'end\n, 1",
    "/* one /* two */ still */ select 1",
    "select 'left open",
  ])("joined again are the text: %s", (sql) => {
    expect(tokenize(sql).map(({ text }) => text).join("")).toBe(sql);
  });

  test("strings, comments and bodies are one token each", () => {
    const kinds = tokenize("select E'a\\'b' /* a /* b */ */ $x$ ' $x$ \"Q\"").filter(({ kind }) =>
      kind !== "space"
    );
    expect(kinds.map(({ kind }) => kind)).toEqual(["word", "string", "comment", "dollar", "quoted"]);
  });
});

describe("lines", () => {
  test("110 columns, no more, as characters", () => {
    expect(problems(`-- ${"é".repeat(107)}\n`)).toEqual([]);
    expect(problems(`-- ${"é".repeat(108)}\n`)).toEqual(["1: is longer than 110 columns"]);
  });

  test("no tabs, no trailing space, a line end at the end", () => {
    expect(problems("select\t1;\nselect 2; \nselect 3;")).toEqual([
      "1: has a tab",
      "2: ends with white space",
      "3: has no line end at the end of the file",
    ]);
  });
});

describe("patterns", () => {
  test("digits are [0-9], which a cast can read, also in bodies", () => {
    const schema = (pattern: string) =>
      problems(`-- A function.\n\n${FUNCTION.replace("'Text'", () => `p_text ~ '${pattern}'`)}`, "schema")
        .filter((problem) => problem.includes("digits"));
    expect(schema("^\\d+$")).toEqual([
      "6: \\d matches the digits of every script: write [0-9], or [[:digit:]] where that is meant",
    ]);
    expect(schema("^[0-9]+$")).toEqual([]);
    expect(schema("[[:digit:]]")).toEqual([]);
  });
});

describe("words", () => {
  test("lower case, also in bodies", () => {
    expect(problems("SELECT 1;\n")).toEqual(["1: SELECT is not lower case"]);
    expect(problems(FUNCTION.replace("return 'Text'", "RETURN 'Text'"))).toEqual([
      "4: RETURN is not lower case",
    ]);
  });

  test("strings, comments and data are left alone", () => {
    expect(problems("select 'A', $$B$$; -- C\n/* D */\n")).toEqual([]);
  });

  test("no quoted identifiers but those that have no other form", () => {
    expect(problems('select "name" from t;\n')).toEqual(['1: "name" is a quoted identifier']);
    expect(problems('create extension if not exists "uuid-ossp" with schema extensions;\n')).toEqual([]);
    expect(problems('select a from t order by a collate "C";\n')).toEqual([]);
    expect(problems('select f("from" => 1, "to" => 2);\n')).toEqual([]);
  });
});

describe("a schema file", () => {
  test("opens with a sentence", () => {
    expect(problems("-- Who belongs to the team.\nselect 1;\n", "schema")).toEqual([]);
    expect(problems("select 1;\n", "schema")).toEqual(["1: does not open with a comment that is a sentence"]);
    expect(problems("-- team\nselect 1;\n", "schema")).toEqual([
      "1: does not open with a comment that is a sentence",
    ]);
  });
});

describe("a function", () => {
  test("that states everything is fine", () => expect(problems(FUNCTION)).toEqual([]));

  test.each([
    ["volatile ", "volatility"],
    ["security invoker ", "security"],
    [" set search_path = ''", "set search_path = ''"],
  ])("without %j does not state it", (clause, name) => {
    expect(problems(`-- one\n\n${FUNCTION.replace(clause, "")}`)).toEqual([
      `3: private.f does not state ${name}`,
    ]);
  });

  test("a search_path with something in it is not empty", () => {
    expect(problems(FUNCTION.replace("search_path = ''", "search_path = public"))).toEqual([
      "1: private.f does not state set search_path = ''",
    ]);
  });

  test("is under 60 lines", () => {
    const long = (lines: number) =>
      FUNCTION.replace("begin\n", `begin\n${"  perform 1;\n".repeat(lines - 6)}`);
    expect(problems(long(59))).toEqual([]);
    expect(problems(long(60))).toEqual(["1: private.f has 60 lines: under 60 is one idea"]);
  });

  test("of a test or of an extension states what it likes", () => {
    const bare = "create function f() returns integer language sql as $$ select 1 $$;\n";
    expect(problems(bare, "test")).toEqual([]);
    expect(problems(bare, "extension")).toEqual([]);
    expect(problems(bare)).toHaveLength(3);
  });

  test("catches no error unnamed, except in a test", () => {
    const catching = FUNCTION.replace("end;\n", "exception when others then return null;\nend;\n");
    expect(problems(catching)).toEqual(["5: catches every error: name the ones that are expected"]);
    expect(problems(catching, "test")).toEqual([]);
  });

  test("raises no serialization failure, and may catch one", () => {
    const raising = FUNCTION.replace("return 'Text'", "raise exception using errcode = '40001'");
    expect(problems(raising)).toEqual(["4: raises 40001 by hand, which clients retry"]);
    const short = FUNCTION.replace("return 'Text'", "raise sqlstate '40001'");
    expect(problems(short)).toEqual(["4: raises 40001 by hand, which clients retry"]);
    expect(problems(FUNCTION.replace("end;\n", "exception when sqlstate '40001' then return null;\nend;\n")))
      .toEqual([]);
  });
});

test("what does not parse is reported", () => {
  expect(problems("create table;\n")).toEqual([expect.stringMatching(/^1: can't be parsed: syntax error/)]);
});

test("a draft is not finished", () => {
  expect(problems("-- DRAFT: the difference\nselect 1;\n")).toEqual([
    "1: is still a draft: read it, finish it and remove this line",
  ]);
});

test("generated SQL is brought into form: keywords, and quotes that are not needed", () => {
  const generated = 'ALTER TABLE "public"."user" ADD "Odd" text DEFAULT \'A\'; -- As Is\n';
  expect(tidyTokens(generated, new Set(["user"]))).toBe(
    'alter table public."user" add "Odd" text default \'A\'; -- As Is\n',
  );
});
