import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterAll, describe, expect, test } from "vitest";
import { connect, createDatabase } from "../../supabase/tests/support/database.ts";
import { findings, lint } from "./advisors.ts";
import { checkMigrations } from "./squawk.ts";

const database = await createDatabase("platform");
const sql: Sql = connect(database, "postgres", 1);
afterAll(async () => {
  await sql.end();
  await database.drop();
});

const found = async (): Promise<string[]> =>
  (await lint(database)).map(({ rule, object }) => `${rule} ${object}`);

describe("the checks over all schemas", () => {
  test.each([
    [
      "a foreign key without an index that leads with it",
      `create index on private.children (other, parent_id);`,
      ["unindexed_foreign_key private.children.children_parent_id_fkey"],
    ],
    ["a partial index doesn't count", "create index on private.children (parent_id) where other > 1;", [
      "unindexed_foreign_key private.children.children_parent_id_fkey",
    ]],
    [
      "an index that there is already",
      "create index on private.children (parent_id); create index on private.children (parent_id);",
      ["duplicate_index private.children"],
    ],
    [
      "the other order is another index",
      "create index on private.children (parent_id); create index on private.children (parent_id desc);",
      [],
    ],
    [
      "a table without row level security",
      "create index on private.children (parent_id); alter table private.parents disable row level security;",
      ["rls_disabled private.parents"],
    ],
    [
      "a function without a search_path",
      "create index on private.children (parent_id); create function private.f() returns int language sql as 'select 1';",
      ["function_search_path_mutable private.f()"],
    ],
    [
      "two permissive policies for one role and action",
      "create index on private.children (parent_id); create policy a on private.parents for select to anon using (true);" +
      "create policy b on private.parents to anon, authenticated using (true);",
      ["multiple_permissive_policies private.parents"],
    ],
    [
      "a restrictive one next to it is fine",
      "create index on private.children (parent_id); create policy a on private.parents for select to anon using (true);" +
      "create policy b on private.parents as restrictive for select to anon using (true);",
      [],
    ],
  ])("%s", async (_name, statements, expected) => {
    await sql.unsafe(`
      create schema private;
      create table private.parents (id int primary key);
      create table private.children (parent_id int references private.parents (id), other int);
      alter table private.parents enable row level security;
      alter table private.children enable row level security;
      ${statements}
    `).simple();
    try {
      expect(await found()).toEqual(expected);
    } finally {
      await sql`drop schema private cascade`;
    }
  });
});

test("the CLI's advisors are heard, an exception silences its finding, and an idle exception is one", async () => {
  await sql`create table public.open (id int primary key)`;
  const all = await findings(database, []);
  expect(all.map(({ rule, object }) => `${rule} ${object}`)).toEqual([
    "rls_disabled_in_public public.open",
    "rls_disabled public.open",
  ]);
  const exceptions = all.map(({ rule, object }) => ({ rule, object, reason: "for the test" }));
  expect(await findings(database, exceptions)).toEqual([]);
  await sql`alter table public.open enable row level security`;
  expect(await findings(database, exceptions)).toEqual(
    exceptions.map(({ rule, object }) => ({
      rule,
      object,
      detail: expect.stringContaining("not needed any more"),
    })),
  );
});

test("squawk is heard", () => {
  const root = mkdtempSync(join(tmpdir(), "fixloop-squawk-"));
  try {
    mkdirSync(join(root, "supabase/migrations"), { recursive: true });
    expect(checkMigrations(root)).toEqual([]);
    const timeouts = "set local lock_timeout = '5s';\nset local statement_timeout = '2min';\n";
    writeFileSync(
      join(root, "supabase/migrations/20260101000000_a.sql"),
      `${timeouts}alter table t drop column c;\n`,
    );
    expect(checkMigrations(root)).toEqual([
      expect.stringMatching(/^supabase\/migrations\/20260101000000_a\.sql:3: warning ban-drop-column: /),
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
