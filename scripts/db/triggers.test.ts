import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../../supabase/tests/support/database.ts";
import { countTriggers, findTable, firedTriggers, plainLines, terminalLines } from "./triggers.ts";

let database: TestDatabase;
let sql: ReturnType<typeof connect>;

beforeAll(async () => {
  database = await createDatabase("platform");
  sql = connect(database, "postgres", 1);
  await sql.unsafe(`
    create schema private;
    create table public.notes (id bigint primary key, title text, body text);
    create table public.note_lines (note_id bigint references public.notes (id) on delete cascade);
    create function private.set_title() returns trigger language plpgsql as 'begin return new; end';
    comment on function private.set_title is 'Sets the title. Errors: none.';
    create function private.log_notes() returns trigger language plpgsql as 'begin return null; end';
    create trigger _200_log after insert or update on public.notes
      for each statement execute function private.log_notes();
    create trigger _300_row after update on public.notes for each row execute function private.log_notes();
    create trigger _100_title before insert or update of title, body on public.notes
      for each row when (new.title is null) execute function private.set_title();
    create trigger _050_first before update on public.notes
      for each statement execute function private.log_notes();
    create constraint trigger _400_last after delete on public.notes deferrable initially deferred
      for each row execute function private.log_notes();
  `);
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

test("what a write fires, in the order in which PostgreSQL fires it", async () => {
  const fired = await firedTriggers(sql, "public.notes");
  expect(fired.map((row) => `${row.event} ${row.time} ${row.trigger}`)).toEqual([
    "insert before row _100_title",
    "insert after statement _200_log",
    "update before statement _050_first",
    "update before row _100_title",
    "update after row _300_row",
    "update after statement _200_log",
    "delete after row _400_last",
  ]);
  expect(fired[0]).toMatchObject({
    condition: "when new.title IS NULL",
    function: "private.set_title",
    does: "Sets the title.",
  });
  expect(fired[3]?.condition).toBe("of title, body, when new.title IS NULL");
  expect(fired[6]?.condition).toBe("at the end of the transaction");
});

test("tables with their number of triggers, those of foreign keys not counted", async () => {
  expect(await countTriggers(sql)).toContainEqual({ table: "notes", triggers: 5 });
  expect((await countTriggers(sql)).map(({ table }) => table)).not.toContain("note_lines");
});

test("a table is found with and without its schema; an unknown one names similar ones", async () => {
  expect(await findTable(sql, "notes")).toBe("public.notes");
  expect(await findTable(sql, "public.notes")).toBe("public.notes");
  await expect(findTable(sql, "nots")).rejects.toMatchObject({
    message: "There is no table nots.",
    hint: expect.stringContaining("notes"),
  });
  await expect(findTable(sql, "zzzzzzzzzz")).rejects.toMatchObject({
    hint: expect.stringContaining("lists"),
  });
});

test("lines fit a terminal, and have tabs for a program", async () => {
  const fired = await firedTriggers(sql, "public.notes");
  for (const line of terminalLines(fired, 60)) {
    // deno-lint-ignore no-control-regex
    expect(line.replaceAll(/\u001b\[\d+m/g, "").length).toBeLessThanOrEqual(60);
  }
  expect(plainLines(fired)[0]).toBe(
    "insert\tbefore row\t_100_title\twhen new.title IS NULL\tprivate.set_title\tSets the title.",
  );
});
