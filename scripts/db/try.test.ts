import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModule } from "libpg-query";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../../supabase/tests/support/database.ts";
import { changedStatements } from "./try-schema.ts";
import { readTryScript } from "./try-script.ts";
import { tryScript } from "./try.ts";

const root = mkdtempSync(join(tmpdir(), "fixloop-try-"));
const write = (file: string, text: string): string => {
  writeFileSync(join(root, file), text);
  return join(root, file);
};
const git = (...args: string[]): void => {
  const { status, stderr } = spawnSync("git", [
    "-c",
    "user.name=t",
    "-c",
    "user.email=t@example.com",
    ...args,
  ], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
};

const TABLE = "create table public.notes (id bigint primary key, title text);\n";
const FUNCTION = "create function public.note_title() returns text language sql as $$ select 'old' $$;\n" +
  "comment on function public.note_title is 'A title.';\n";
const POLICY = "create policy notes_select_all on public.notes for select to authenticated using (true);\n";
const SCHEMA = "supabase/schemas/10_notes.sql";

const TYPE = "create type public.mood as enum ('good');\n";
const SIZE = "create function public.note_size(a integer) returns integer language sql as $$ select a $$;\n";
const SIZE_COMMENT = "comment on function public.note_size is 'A size.';\n";
const SIZES = "create function public.sizes() returns integer language sql\n" +
  "begin atomic select public.note_size(1) + public.note_size(2); end;\n";
const VIEW = "create view public.note_list as select id, title from public.notes;\n" +
  "comment on view public.note_list is 'A list.';\n";
const TITLES = "create view public.titles as select public.note_title() as title;\n";
const CODE = TYPE + SIZE + SIZE_COMMENT + SIZES + VIEW + TITLES;
const CODE_FILE = "supabase/schemas/20_code.sql";

let database: TestDatabase;
beforeAll(async () => {
  await loadModule();
  mkdirSync(join(root, "supabase/schemas"), { recursive: true });
  database = await createDatabase("platform");
  const sql = connect(database, "postgres", 1);
  await sql.unsafe(TABLE + FUNCTION + POLICY + CODE);
  await sql.end();
  git("init", "--quiet");
  write(SCHEMA, TABLE + FUNCTION + POLICY);
  write(CODE_FILE, CODE);
  git("add", ".");
  git("commit", "--quiet", "--message", "base");
});
beforeEach(() => git("checkout", "--quiet", "--", "."));
afterAll(async () => {
  await database.drop();
  rmSync(root, { recursive: true });
});

const sqlOf = (named: string[] = []): string[] =>
  changedStatements(root, named).statements.map(({ sql }) => sql);
const run = (file: string, text: string) => tryScript(database.url(), write(file, text), [], root);

test("only what differs from the last commit runs, so that it can run again", () => {
  expect(sqlOf()).toEqual([]);
  write(SCHEMA, TABLE + FUNCTION.replace("'old'", "'new'") + POLICY.replace("(true)", "(id > 0)"));
  const [create = "", policy = "", ...others] = sqlOf();
  expect(create).toMatch(/^create or replace function public\.note_title/);
  expect(policy).toMatch(/^drop policy if exists notes_select_all on public\.notes;\ncreate policy/);
  expect(others).toEqual([]);
});

const ADDED = "create table public.added (id bigint primary key);\ninsert into public.added values (7);\n";
const asItIs = (name: string): string =>
  `${name} is as the running stack has it: alter it at the top of the file that you run, or run ` +
  "npm run db:baseline and npm start -- --reset";

test("a table or type that changed stays as the stack has it and is named; a new one is created", async () => {
  const table = TABLE.replace("title text", "title text, body text");
  const grant = "grant insert (id, body) on public.notes to authenticated;\n";
  write(SCHEMA, table + grant + ADDED + FUNCTION.replace("'old'", "'new'") + POLICY);
  write(CODE_FILE, CODE.replace("'good'", "'good', 'bad'"));
  const { results, left } = await run(
    "test.sql",
    "select id, public.note_title() as title from public.added;",
  );
  expect(results.flat()).toEqual([{ id: "7", title: "new" }]);
  expect(left).toEqual([
    asItIs("relation public.notes"),
    asItIs("type public.mood"),
    `grant of relation public.notes (${SCHEMA}:2) was left out: column "body" of relation "notes" does not exist`,
  ]);
  await expect(run("test.sql", "select body from public.notes;")).rejects.toMatchObject({
    message: expect.stringContaining('column "body" does not exist'),
    hint: expect.stringContaining(asItIs("relation public.notes")),
  });

  const altered = await run(
    "test.sql",
    "begin;\nalter table public.notes\n  add column body text;\ninsert into public.notes values (1, 'a', 'b');\n" +
      "select has_column_privilege('authenticated', 'public.notes', 'body', 'insert') as may_insert;\nrollback;\n",
  );
  expect(altered.results.flat()).toEqual([{ may_insert: true }]);
  expect(altered.left).toEqual([asItIs("relation public.notes"), asItIs("type public.mood")]);
});

test("a new table that the stack has already, with its rows, stays", async () => {
  const sql = connect(database, "postgres", 1);
  try {
    await sql.unsafe(ADDED);
    write(SCHEMA, TABLE + FUNCTION + POLICY + ADDED);
    const { results, left } = await run("test.sql", "select id from public.added;");
    expect(results.flat()).toEqual([{ id: "7" }]);
    expect(left).toEqual([
      asItIs("relation public.added"),
      expect.stringMatching(/^insert of relation public\.added \(.*:6\) was left out: duplicate key value/),
    ]);
  } finally {
    await sql.unsafe("drop table if exists public.added");
    await sql.end();
  }
});

const SIZE_OF_TWO = SIZE.replace("a integer", "a integer, b bigint[]");

test("a function with other arguments replaces the old one, with its comment and what uses it", async () => {
  write(
    CODE_FILE,
    TYPE + SIZE_OF_TWO + SIZE_COMMENT + SIZES.replaceAll(/\((\d)\)/g, "($1, '{}')") + VIEW + TITLES,
  );
  const { results, left } = await run(
    "test.sql",
    "select to_regprocedure('public.note_size(integer)') as old, public.sizes() as sizes, " +
      "obj_description('public.note_size'::regproc) as comment;",
  );
  expect(results.flat()).toEqual([{ old: null, sizes: 3, comment: "A size." }]);
  expect(left).toEqual([]);
});

test("a function with other arguments stays, and is named, while something depends on it", async () => {
  write(CODE_FILE, TYPE + SIZE_OF_TWO + SIZE_COMMENT + SIZES + VIEW + TITLES);
  const { results, left } = await run("test.sql", "select public.note_size(5, null) as size;");
  expect(results.flat()).toEqual([{ size: 5 }]);
  expect(left).toEqual([
    "function public.note_size(int4) has other arguments in the schema files; the stack still has it: " +
    "function sizes() depends on function note_size(integer)",
    expect.stringContaining(
      "comment of function public.note_size (supabase/schemas/20_code.sql:3) was left out",
    ),
  ]);
});

test("a view with other columns is dropped and created again, with its comment", async () => {
  write(CODE_FILE, CODE.replace("select id, title", "select title, id"));
  const { results, left } = await run(
    "test.sql",
    "insert into public.notes values (1, 'a');\n" +
      "select v.*, obj_description('public.note_list'::regclass) as comment from public.note_list as v;",
  );
  expect(results.flat()).toEqual([{ title: "a", id: "1", comment: "A list." }]);
  expect(left).toEqual([]);
});

test("a function with another type that something depends on is an error that names the way out", async () => {
  write(SCHEMA, TABLE + FUNCTION.replace("returns text", "returns integer").replace("'old'", "1") + POLICY);
  await expect(run("test.sql", "select 1;")).rejects.toMatchObject({
    message: expect.stringMatching(
      /10_notes\.sql:2: cannot change return type.*\(42P13\)\s+view titles depends on/,
    ),
    hint: expect.stringContaining("drop routine public.note_title() cascade"),
  });
  const { results } = await run(
    "test.sql",
    "drop routine public.note_title() cascade;\n" +
      "select public.note_title() as title, obj_description('public.note_title'::regproc) as comment;",
  );
  expect(results.flat()).toEqual([{ title: 1, comment: "A title." }]);
});

test("a committed file that is named runs again, without its tables; an unknown one is an error", () => {
  expect(sqlOf([join(root, SCHEMA)]).map((sql) => sql.slice(0, 14))).toEqual([
    "create or repl",
    "comment on fun",
    "drop policy if",
  ]);
  expect(() => sqlOf([join(root, "no.sql")])).toThrow("There is no schema file");
});

test("what the schema files no longer have is named, since it stays in the database", () => {
  write(SCHEMA, TABLE + FUNCTION);
  expect(changedStatements(root, []).left).toEqual(["policy notes_select_all on public.notes"]);
});

test("a script sees the changed schema, has a transaction of its own, and leaves nothing behind", async () => {
  write(SCHEMA, TABLE + FUNCTION.replace("'old'", "'new'") + POLICY);
  const text =
    "begin;\ninsert into public.notes values (1);\nselect public.note_title() as title;\nrollback;\n" +
    "select count(*)::integer as count from public.notes;\n";
  const { results } = await run("test.sql", text);
  expect(results.flat()).toEqual([{ title: "new" }, { count: 0 }]);
  const sql = connect(database, "postgres", 1);
  expect(await sql`select public.note_title() as title`).toEqual([{ title: "old" }]);
  await sql.end();
});

test("an error names the file and the line, also of a file that is included", async () => {
  write("part.psql", "select 1;\n\nselect * from public.absent;\n");
  await expect(run("whole.sql", "select 'ä';\n\\ir part.psql\nselect 2;\n")).rejects.toThrow(
    /part\.psql:3: relation "public\.absent" does not exist \(42P01\)/,
  );
  write(SCHEMA, TABLE + FUNCTION.replace("'old'", "absent()") + POLICY);
  await expect(run("one.sql", "select 1;")).rejects.toThrow(
    /10_notes\.sql:2: function absent\(\) does not exist/,
  );
});

test("a script that commits, or has psql's other commands, is refused", () => {
  expect(() => readTryScript(write("commit.sql", "begin;\ncommit;\n"))).toThrow("commits");
  expect(() => readTryScript(write("psql.sql", "\\timing\n"))).toThrow("is a command of psql");
});
