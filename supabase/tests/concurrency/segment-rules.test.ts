import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";

// Admins who change the rules at the same moment: what texts are judged by stays what the rules say.

const ADMINS = 8;

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", ADMINS);
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

interface Patterns {
  segments: string[];
  patterns: string[];
}

async function patterns(): Promise<Patterns | undefined> {
  const [row] = await sql<Patterns[]>`select segments, patterns from private.segment_patterns`;
  return row;
}

/** The patterns as they are kept, and as they are when they are built again from the rules. */
async function keptAndRebuilt(): Promise<[Patterns | undefined, Patterns | undefined]> {
  const kept = await patterns();
  await sql`delete from public.segment_rules where false`;
  return [kept, await patterns()];
}

test("the patterns equal the rules after many admins wrote them, in transactions of several rules, without a deadlock", async () => {
  await Promise.all(
    Array.from({ length: ADMINS }, async (_, admin) => {
      for (let step = 0; step < 15; step++) {
        const words = [0, 1, 2].map((place) => `word ${(admin * 7 + step * (place + 1) * 5) % 11}`);
        await sql.begin(async (transaction) => {
          for (const word of words) {
            await transaction`
              insert into public.segment_rules (words, segment, priority, is_enabled)
              values (${word}, ${step % 2 === 0 ? "code" : "tool"}, ${10 * (1 + admin % 3)}, ${
              step % 5 !== 0
            })
              on conflict (words) do update set
                segment = excluded.segment, priority = excluded.priority, is_enabled = excluded.is_enabled
            `;
          }
          await transaction`delete from public.segment_rules where words = ${words[1] ?? ""}`;
        });
      }
    }),
  );
  const [kept, rebuilt] = await keptAndRebuilt();
  expect(kept).toEqual(rebuilt);
  expect(kept?.patterns.join()).toContain("word");
});

test("a transaction that can't see the latest rules can't write patterns from what it sees", async () => {
  const late = sql.begin("isolation level repeatable read", async (transaction) => {
    await transaction`select from public.segment_rules`;
    await sql`insert into public.segment_rules (words, segment, priority) values ('meanwhile', 'auth', 10)`;
    await transaction`insert into public.segment_rules (words, segment, priority) values ('stale', 'auth', 10)`;
  });
  await expect(late).rejects.toMatchObject({ code: "40001" });
  const [kept, rebuilt] = await keptAndRebuilt();
  expect(kept).toEqual(rebuilt);
  expect(kept?.patterns[0]).toContain("meanwhile");
});
