import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { claim, complete, connectAs, type Lease, until } from "../support/queue.ts";
import { size } from "../support/size.ts";

// Heartbeats are what a queue writes most. They stay on the page of their row, touch no index and no task.

const LEASES = 50;
const ROUNDS = size(12, 40);
const CONNECTIONS = 5;

let database: TestDatabase;
let admin: Sql;
let workers: Sql[];

beforeAll(async () => {
  database = await createDatabase();
  admin = connect(database, "postgres", 1);
  workers = Array.from({ length: CONNECTIONS }, () => connectAs(database, { role: "service_role" }));
  await admin`
    insert into auth.users (id, email) values ('00000000-0000-4000-8000-000000000001', 'ana@example.com')
  `;
  await admin`update public.agent_settings set running_tasks_per_user = null`;
  // a history to be next to, as there would be
  await admin`
    insert into public.tasks (user_id) select id from public.users, generate_series(1, ${LEASES + 500})
  `;
});

afterAll(async () => {
  await Promise.all([...workers ?? [], admin].map((sql) => sql?.end()));
  await database?.drop();
});

interface Writes {
  inserted: number;
  updated: number;
  hot: number;
}

async function writesTo(table: string): Promise<Writes> {
  const [row] = await admin<Writes[]>`
    select n_tup_ins::integer as inserted, n_tup_upd::integer as updated, n_tup_hot_upd::integer as hot
    from pg_stat_user_tables where schemaname = 'public' and relname = ${table}
  `;
  if (!row) throw new Error("There is a table.");
  return row;
}

/** What these connections did so far is counted when their next transaction ends. */
async function flush(): Promise<void> {
  for (const sql of [...workers, admin]) await sql`select pg_stat_force_next_flush()`;
}

test("heartbeats are HOT, and none writes a task", async () => {
  const worker = (number: number) => {
    const sql = workers[number % CONNECTIONS];
    if (!sql) throw new Error("There is a connection.");
    return { name: `worker ${number}`, sql, token: null };
  };
  const take = async (number: number): Promise<Lease> => {
    const lease = await claim(worker(number));
    if (!lease) throw new Error("There is a task.");
    return lease;
  };
  for (let number = 0; number < 500; number++) await complete(worker(0), await take(0));
  const leases = await Promise.all(Array.from({ length: LEASES }, (_, number) => take(number)));
  await flush();
  await until(async () => {
    await admin`select pg_stat_clear_snapshot()`;
    return (await writesTo("task_attempts")).inserted === LEASES + 500;
  });
  const tasks = await writesTo("tasks");
  // As autovacuum leaves it from time to time, and without it meanwhile: its snapshot keeps what is replaced.
  await admin`alter table public.task_attempts set (autovacuum_enabled = false)`;
  await admin`alter table public.tasks set (autovacuum_enabled = false)`;
  await admin`vacuum (analyze) public.task_attempts`;

  /** The share of the heartbeats that is HOT. */
  async function beat(): Promise<number> {
    const before = await writesTo("task_attempts");
    for (let round = 0; round < ROUNDS; round++) {
      for (const [number, lease] of leases.entries()) {
        await worker(number).sql`select public.heartbeat_task(${lease.task_id}, ${lease.fencing_token})`;
      }
    }
    await flush();
    await until(async () => {
      await admin`select pg_stat_clear_snapshot()`;
      return (await writesTo("task_attempts")).updated >= before.updated + LEASES * ROUNDS;
    });
    const after = await writesTo("task_attempts");
    expect(after.updated - before.updated).toBe(LEASES * ROUNDS);
    return (after.hot - before.hot) / (after.updated - before.updated);
  }

  // Whatever looks at the database for long (an analyze, a connection that is slow to open) keeps what is
  // replaced meanwhile, until a page is full and its rows move. Under other load that is often; with an index
  // on what they write, none would be HOT.
  const shares = [await beat(), await beat(), await beat()];
  expect(Math.max(...shares)).toBeGreaterThan(0.8);
  expect(await writesTo("tasks")).toEqual(tasks);
});

test("no index of the attempts holds what a heartbeat writes", async () => {
  const columns = await admin<{ column: string }[]>`
    select distinct a.attname as column
    from pg_index as i
    join pg_depend as d on d.objid = i.indexrelid and d.refobjid = i.indrelid and d.refobjsubid > 0
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = d.refobjsubid
    where i.indrelid = 'public.task_attempts'::regclass
    union
    select a.attname from pg_index as i
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
    where i.indrelid = 'public.task_attempts'::regclass
  `;
  const names = columns.map(({ column }) => column);
  expect(names).toContain("task_id");
  expect(names).not.toContain("heartbeat_at");
  expect(names).not.toContain("lease_expires_at");
});
