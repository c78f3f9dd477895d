import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { size } from "../support/size.ts";

// Many processes reserve at the same time: no budget is overspent, and nobody gets another one's share.

const CONNECTIONS = size(16, 48);
const CALLS = size(400, 4_000);

interface Reservation {
  granted: boolean;
  wait_ms: number;
  reserved_at: string;
}

let database: TestDatabase;
let sql: Sql;
let secrets: string[];

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", CONNECTIONS);
  await sql`
    insert into auth.users (id, email)
    select gen_random_uuid(), 'user' || n || '@example.com' from generate_series(1, 8) as n
  `;
  const rows = await sql<{ id: string }[]>`
    insert into private.secrets (id, user_id, kind, sealed)
    select gen_random_uuid(), u.id, 'github_token', 'v1.k1.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAAAA'
    from auth.users as u returning id
  `;
  secrets = rows.map(({ id }) => id);
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

beforeEach(async () => {
  await sql`delete from private.provider_spending`;
  await sql`delete from private.provider_user_spending`;
});

/** Reserves from all connections, each for the next user, and returns what each call got. */
async function storm(provider: string, calls: number): Promise<{ secret: string; result: Reservation }[]> {
  return await Promise.all(Array.from({ length: CALLS }, async (_, at) => {
    const secret = secrets[at % secrets.length] ?? "";
    const [row] = await sql<{ result: Reservation }[]>`
      select public.reserve_provider_calls(${provider}, ${secret}, ${calls}) as result
    `;
    if (!row) throw new Error("no answer");
    return { secret, result: row.result };
  }));
}

const spent = async (): Promise<number[]> =>
  (await sql<{ spent_count: number }[]>`select spent_count from private.provider_spending`)
    .map(({ spent_count }) => spent_count);

test("a project's day is spent to the last call, and not one more", async () => {
  await sql`
    update private.provider_budgets set calls_limit = 200, calls_reserve = 10, users_count = 8
    where provider = 'youtube'
  `;
  const granted = (await storm("youtube", 3)).filter(({ result }) => result.granted);
  const [total] = await spent();
  expect(total).toBe(granted.length * 3);
  expect(total).toBeLessThanOrEqual(190);
  // 8 users with a share of 23: seven times 3 each, and what the first half allowed beyond
  expect(total).toBeGreaterThanOrEqual(8 * 21);
  for (const secret of secrets) {
    expect(granted.filter((one) => one.secret === secret).length).toBeGreaterThanOrEqual(7);
  }
  const users = await sql<{ spent_count: number }[]>`select spent_count from private.provider_user_spending`;
  expect(users.reduce((sum, { spent_count }) => sum + spent_count, 0)).toBe(total);
});

test("each token's hour is its own", async () => {
  await sql`
    update private.provider_budgets set calls_limit = 20, calls_reserve = 2
    where provider = 'github' and scope = 'token'
  `;
  const granted = (await storm("github", 1)).filter(({ result }) => result.granted);
  expect(granted).toHaveLength(8 * 18);
  expect(await spent()).toEqual(Array(8).fill(18));
});

test("what is given back can be reserved again, and the sum stays right", async () => {
  await sql`
    update private.provider_budgets set calls_limit = 100000, calls_reserve = 0, users_count = 0
    where provider = 'youtube'
  `;
  await Promise.all(Array.from({ length: CALLS }, async (_, at) => {
    const secret = secrets[at % secrets.length] ?? "";
    await sql`
      select public.settle_provider_calls('youtube', ${secret}, 2, (r ->> 'reserved_at')::timestamptz)
      from public.reserve_provider_calls('youtube', ${secret}, 3) as r
    `;
  }));
  expect(await spent()).toEqual([CALLS]);
});

test("paced calls get slots that are 100 ms apart, each once", async () => {
  await sql`
    update private.provider_budgets set spacing_ms = 100, max_wait_ms = 600000 where provider = 'devto'
  `;
  const began = Date.now();
  const results = await storm("devto", 1);
  expect(results.every(({ result }) => result.granted)).toBe(true);
  const [row] = await sql<{ next_call_at: Date }[]>`select next_call_at from private.provider_spending`;
  expect((row?.next_call_at.getTime() ?? 0) - began).toBeGreaterThanOrEqual(CALLS * 100 - 50);
});
