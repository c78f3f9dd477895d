import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModule } from "libpg-query";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../../supabase/tests/support/database.ts";
import { changedStatements } from "./try-schema.ts";
import { readScript } from "./try-script.ts";
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

let database: TestDatabase;
beforeAll(async () => {
  await loadModule();
  mkdirSync(join(root, "supabase/schemas"), { recursive: true });
  database = await createDatabase("platform");
  const sql = connect(database, "postgres", 1);
  await sql.unsafe(TABLE + FUNCTION + POLICY);
  await sql.end();
  git("init", "--quiet");
  write(SCHEMA, TABLE + FUNCTION + POLICY);
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

test("a table that changed can't be created again; a new one can be created", () => {
  write(SCHEMA, TABLE.replace("title text", "title text, body text") + FUNCTION + POLICY);
  expect(() => sqlOf()).toThrow("changes relation public.notes, which exists and can't be created again");
  write(SCHEMA, `${TABLE}create table public.added (id bigint primary key);\n${FUNCTION}${POLICY}`);
  expect(sqlOf()).toEqual(["create table public.added (id bigint primary key);"]);
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
  expect(() => readScript(write("commit.sql", "begin;\ncommit;\n"))).toThrow("commits");
  expect(() => readScript(write("psql.sql", "\\timing\n"))).toThrow("is a command of psql");
});
