import { loadModule } from "libpg-query";
import { beforeAll, expect, test } from "vitest";
import { signatureOf, splitStatements } from "./statements.ts";

beforeAll(loadModule);

test.each([
  [
    "create function private.f() returns int language sql as 'select 1'",
    "create",
    "function private.f",
    "private.f",
  ],
  ["comment on function private.f is 'x'", "comment", "function private.f", "private.f"],
  ["grant execute on function private.f to a", "grant", "function private.f", "private.f"],
  ["drop function private.f(int)", "drop", "function private.f", "private.f"],
  ["create table public.t (a int)", "create", "relation public.t", "public.t"],
  ["create view public.v as select 1", "create", "relation public.v", "public.v"],
  ["alter table public.t enable row level security", "alter", "relation public.t", "public.t"],
  ["comment on column public.t.a is 'x'", "comment", "column a on public.t", "public.t"],
  ["grant insert (a) on public.t to x", "grant", "relation public.t", "public.t"],
  ["revoke all on table public.t from x", "revoke", "relation public.t", "public.t"],
  ["create index i on public.t (a)", "create", "index i on public.t", "public.t"],
  [
    "create trigger g before insert on public.t for each row execute function private.f()",
    "create",
    "trigger g on public.t",
    "public.t",
  ],
  ["drop trigger g on public.t", "drop", "trigger g on public.t", "public.t"],
  ["create policy p on public.t for select to a using (true)", "create", "policy p on public.t", "public.t"],
  ["create type public.e as enum ('a')", "create", "type public.e", "public.e"],
  ["insert into public.t values (1)", "insert", "relation public.t", "public.t"],
  ["rollback", "transaction", "TRANS_STMT_ROLLBACK", ""],
])("%s", (sql, action, object, owner) => {
  expect(splitStatements(sql)).toMatchObject([{ action, object, owner, text: `${sql};` }]);
});

test.each(["", " \n", "-- a comment\n"])("%j has no statements", (sql) => {
  expect(splitStatements(sql)).toEqual([]);
});

test("statements have their text, the comment directly above them and where they begin", () => {
  const sql = "-- Über t.\n\n-- First.\n-- Really.\nselect 1; -- after\n\nselect 'é' ;\n";
  const statements = splitStatements(sql);
  expect(statements.map(({ lead, text }) => lead + text)).toEqual([
    "-- First.\n-- Really.\nselect 1;",
    "select 'é';",
  ]);
  for (const { start, text } of statements) expect(sql.slice(start).startsWith(text.slice(0, 8))).toBe(true);
});

test.each([
  ["f()", "private.f()"],
  ["f(a integer, b bigint default 1, out c text, variadic d text[])", "private.f(int4,int8,text[])"],
  ["f(a timestamp with time zone, inout b public.t) ", "private.f(timestamptz,public.t)"],
  ['"F"(a "Odd"."T"[])', 'private."F"("Odd"."T"[])'],
])("the signature of %s", (head, signature) => {
  const [statement] = splitStatements(`create function private.${head} language sql as 'select 1'`);
  expect(statement && signatureOf(statement)).toBe(signature);
});
