import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";

// Workers on connections of their own that claim, keep and end the same tasks at the same moment.

const WORKERS = 64;
const USERS = 40;

let database: TestDatabase;
let sql: Sql;

beforeAll(async () => {
  database = await createDatabase();
  sql = connect(database, "postgres", WORKERS);
  await sql`
    insert into auth.users (id, email)
    select ${userId(0)}::uuid, 'u0@example.com'
    union all
    select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'u' || n || '@example.com'
    from generate_series(1, ${USERS - 1}::integer) as n
  `;
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
});

beforeEach(async () => {
  await sql`delete from public.tasks where true`;
  await setLimits(null, null);
});

const userId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

const setLimits = (user: number | null, project: number | null) =>
  sql`update public.agent_settings set running_tasks_per_user = ${user}, running_tasks_per_project = ${project}`;

/** Tasks of all users in turn, each with a project of its user's. */
async function addTasks(count: number, users = USERS): Promise<void> {
  await sql`
    insert into public.projects (user_id, repo_url, repo_name, repo_owner, name)
    select u.id, 'https://github.com/o/r', 'r', 'o', 'R' from public.users as u
    on conflict do nothing
  `;
  // as a restore writes: twenty thousand at once are not what is looked at here
  const admin = connect(database, "supabase_admin", 1);
  await admin`set session_replication_role = replica`;
  await admin`
    insert into public.tasks (id, user_id, project_id, max_attempts)
    select nextval('public.tasks_id_seq'), p.user_id, p.id, 20
    from generate_series(1, ${count}::integer) as n
    join (
      select p.*, row_number() over (order by p.user_id) - 1 as place from public.projects as p
      order by p.user_id limit ${users}::integer
    ) as p on p.place = n % ${users}::integer
  `;
  await admin.end();
}

/** A sequence of numbers that is the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed * 2654435761 % 4294967296;
  return (sides) => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return Math.floor(state / 4294967296 * sides);
  };
}

interface Lease {
  task_id: string;
  fencing_token: string;
}

async function claim(on: Sql, worker: string): Promise<Lease | undefined> {
  const rows = await on<Lease[]>`
    select task_id, fencing_token from public.claim_task(${worker}, '{claude}', 60)
  `;
  return rows[0];
}

const complete = (on: Sql, lease: Lease) =>
  on`select public.complete_task(${lease.task_id}, ${lease.fencing_token})`;

/** A refusal of these is an answer; anything else, a deadlock above all, fails the test. */
async function orRefused<T>(work: PromiseLike<T>, ...codes: string[]): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && codes.includes(error.message)) return undefined;
    throw error;
  }
}

/** No task had two attempts at once, no attempt is open for one that is not running, and every end has its outcome. */
async function expectOneHolder(): Promise<void> {
  const overlaps = await sql`
    select a.task_id from public.task_attempts as a
    join public.task_attempts as b on b.task_id = a.task_id and b.fencing_token > a.fencing_token
    where a.ended_at is null or b.claimed_at < a.ended_at
  `;
  expect(overlaps).toHaveLength(0);
  const apart = await sql`
    select t.id from public.tasks as t
    left join public.task_attempts as a on a.task_id = t.id and a.ended_at is null
    where (t.status = 'running') <> (a.task_id is not null)
  `;
  expect(apart).toHaveLength(0);
  const odd = await sql`
    select a.task_id from public.task_attempts as a
    where (a.ended_at is null) <> (a.outcome is null) or a.ended_at < a.claimed_at
      or a.outcome not in ('completed', 'failed', 'expired', 'released', 'cancelled')
  `;
  expect(odd).toHaveLength(0);
}

const letLeasesRunOut = () =>
  sql`
    update public.task_attempts set lease_expires_at = clock_timestamp()
    where ended_at is null and worker like 'silent %'
  `;

/** Ends the connection in the middle of a transaction that has claimed a task and, maybe, finished it. */
const killedInTransaction = (on: Sql, worker: string, isFinished: boolean) =>
  on.unsafe(`
    begin;
    do $$
    declare
      v_lease record;
    begin
      select c.task_id, c.fencing_token into v_lease from public.claim_task('${worker}', '{claude}', 60) as c;
      if found and ${isFinished} then
        perform public.complete_task(v_lease.task_id, v_lease.fencing_token);
      end if;
    end;
    $$;
    select pg_terminate_backend(pg_backend_pid());
  `).simple();

const isKilled = (error: unknown): boolean =>
  error instanceof Error && "code" in error &&
  (error.code === "57P01" || String(error.code).startsWith("CONNECTION_"));

test(
  "64 workers and 20,000 tasks, 5 % of the workers killed or gone silent: each done once, none lost",
  async () => {
    await addTasks(20_000);
    await setLimits(50, null);
    let killed = 0;
    let silent = 0;
    let isOver = false;
    let round = Promise.resolve();
    const work = async (worker: number): Promise<void> => {
      const roll = dice(worker + 1);
      let own = connect(database, "postgres", 1);
      while (!isOver) {
        const fate = roll(400);
        try {
          if (fate < 10) {
            killed++;
            await killedInTransaction(own, `worker ${worker}`, fate < 5);
          }
          const lease = await claim(own, `${fate < 20 ? "silent" : "worker"} ${worker}`);
          // the others' leases run out, or there is no more to do
          if (!lease) await round;
          else if (fate < 20) silent++;
          else await complete(own, lease);
        } catch (error) {
          if (!isKilled(error)) throw error;
          // as a worker's process that is started anew
          own = connect(database, "postgres", 1);
        }
      }
      await own.end();
    };
    const reclaim = async (): Promise<void> => {
      await letLeasesRunOut();
      await sql`select private.reclaim_expired_tasks()`;
      await sql`update public.tasks set run_after = now() where status = 'pending' and attempts_count > 0`;
      const left = await sql`select from public.tasks where status in ('pending', 'running') limit 1`;
      isOver = left.count === 0;
    };
    const clock = async (): Promise<void> => {
      while (!isOver) await (round = reclaim());
    };
    await Promise.all([clock(), ...Array.from({ length: WORKERS }, (_, worker) => work(worker))]);
    expect(killed).toBeGreaterThan(100);
    expect(silent).toBeGreaterThan(100);
    await expectOneHolder();
    const ends = await sql`select status::text, count(*)::integer from public.tasks group by status`;
    expect(ends.map(({ status, count }) => [status, count])).toEqual([["completed", 20_000]]);
    const twice = await sql`
    select task_id from public.task_attempts where outcome = 'completed' group by task_id having count(*) > 1
  `;
    expect(twice).toHaveLength(0);
  },
  180_000,
);

test(
  "whatever users, workers and the clock do to the same tasks at once: no deadlock, one truth",
  async () => {
    const worst = 60;
    await addTasks(worst);
    const ids = (await sql<{ id: string }[]>`select id from public.tasks order by id`).map(({ id }) => id);
    const refusals = [
      "task_lease_lost",
      "task_held_by_worker",
      "task_status_way_illegal",
      "task_already_ended",
      "task_not_found",
    ];
    const counts = new Map<string, number>();
    await Promise.all(Array.from({ length: WORKERS }, async (_, worker) => {
      const roll = dice(worker + 2001);
      let lease: Lease | undefined;
      for (let step = 0; step < 40; step++) {
        const id = ids[roll(worst)] ?? "";
        const { task_id: task, fencing_token: token } = lease ?? { task_id: "0", fencing_token: "0" };
        const ways: Record<string, () => PromiseLike<unknown>> = {
          claim: async () => lease = await claim(sql, `silent ${worker}`),
          complete: () =>
            sql`select public.complete_task(${task}, ${token}, 'c', 'diff', message => 'Done.')`,
          beat: () => sql`select public.heartbeat_task(${task}, ${token})`,
          tell: () => sql`select public.heartbeat_task(${task}, ${token}, 60, 'Still there.')`,
          fail: () => sql`select public.fail_task(${task}, ${token}, 'No.', ${roll(2) === 0})`,
          release: () => sql`select public.release_task(${task}, ${token})`,
          cancel: () => sql`select public.cancel_task(${id})`,
          append: () => sql`select public.append_task_message(${id}, 'user', 'And?')`,
          again: () => sql`update public.tasks set status = 'pending' where id = ${id}`,
          edit: () => sql`update public.tasks set priority = ${roll(3)}, run_after = now() where id = ${id}`,
          expire: () =>
            sql`
          update public.task_attempts set lease_expires_at = clock_timestamp()
          where task_id = ${id} and ended_at is null`,
          reclaim: () => sql`select private.reclaim_expired_tasks()`,
          delete: () => roll(20) === 0 ? sql`delete from public.tasks where id = ${id}` : sql`select 1`,
        };
        const names = Object.keys(ways);
        const name = lease && roll(3) === 0
          ? "complete"
          : roll(2) === 0
          ? "claim"
          : names[roll(names.length)] ?? "";
        const done = await orRefused(ways[name]?.() ?? Promise.resolve(), ...refusals);
        if (done !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }));
    for (const name of ["claim", "complete", "cancel", "reclaim"]) {
      expect(counts.get(name), name)
        .toBeGreaterThan(5);
    }
    await expectOneHolder();
  },
  60_000,
);

test("limits hold at every moment, and everybody gets through", async () => {
  await addTasks(1_500, 10);
  await setLimits(3, 2);
  let isOver = false;
  const seen: number[] = [];
  const workers = Promise.all(Array.from({ length: WORKERS }, async (_, worker) => {
    for (;;) {
      const lease = await claim(sql, `worker ${worker}`);
      if (lease) await complete(sql, lease);
      else if ((await sql`select from public.tasks where status = 'pending' limit 1`).count === 0) break;
    }
  })).finally(() => isOver = true);
  const watcher = connect(database, "postgres", 1);
  while (!isOver) {
    const [most] = await watcher<{ user: number; project: number }[]>`
      select
        coalesce((select max(n) from (select count(*) as n from public.task_attempts where outcome is null
          group by user_id) as u), 0)::integer as user,
        coalesce((select max(n) from (select count(*) as n from public.task_attempts where outcome is null
          group by project_id) as p), 0)::integer as project
    `;
    expect(most?.user).toBeLessThanOrEqual(3);
    expect(most?.project).toBeLessThanOrEqual(2);
    seen.push(most?.project ?? 0);
  }
  await workers;
  await watcher.end();
  expect(Math.max(...seen)).toBe(2);
  // what was open at the same time, from the times that were written
  const [most] = await sql<{ open: number }[]>`
    select max(n)::integer as open from (
      select count(*) as n from public.task_attempts as a
      join public.task_attempts as b on b.project_id = a.project_id
        and b.claimed_at <= a.claimed_at and b.ended_at > a.claimed_at
      group by a.task_id, a.fencing_token
    ) as each
  `;
  expect(most?.open).toBe(2);
  await expectOneHolder();
}, 60_000);

test("claims of one user at the same moment fill the limit, and no more", async () => {
  await addTasks(64, 1);
  await setLimits(5, null);
  const leases = await Promise.all(
    Array.from({ length: WORKERS }, (_, worker) => claim(sql, `worker ${worker}`)),
  );
  const held = leases.filter((lease) => lease !== undefined);
  expect(held.length).toBeLessThanOrEqual(5);
  expect(held.length).toBeGreaterThan(0);
  while (await claim(sql, "one more")) held.push({ task_id: "0", fencing_token: "0" });
  expect(held.length).toBe(5);
});

test("the same claim key from many requests at once is one lease", async () => {
  await addTasks(64, 1);
  const key = crypto.randomUUID();
  const rows = (await Promise.all(Array.from({ length: 20 }, () =>
    sql<Lease[]>`
      select task_id, fencing_token from public.claim_task('w', '{claude}', 60, null, ${key})`))).flat();
  expect(rows).toHaveLength(20);
  expect(new Set(rows.map((row) => row.fencing_token)).size).toBe(1);
});

test("heartbeats stay where they are on their page", async () => {
  await addTasks(50);
  const leases = await Promise.all(Array.from({ length: 50 }, (_, at) => claim(sql, `worker ${at}`)));
  const read = async () => {
    await sql`select pg_stat_force_next_flush()`;
    const [row] = await sql<{ updated: number; hot: number }[]>`
      select n_tup_upd::integer as updated, n_tup_hot_upd::integer as hot
      from pg_stat_user_tables where relid = 'public.task_attempts'::regclass
    `;
    return row ?? { updated: 0, hot: 0 };
  };
  const admin = connect(database, "supabase_admin", 1);
  await admin`select pg_stat_reset_single_table_counters('public.task_attempts'::regclass)`;
  const beats = connect(database, "postgres", 1);
  for (let round = 0; round < 40; round++) {
    for (const lease of leases) {
      if (lease) await beats`select public.heartbeat_task(${lease.task_id}, ${lease.fencing_token})`;
    }
  }
  // counts are told when a connection ends
  await beats.end();
  await admin.end();
  await expect.poll(async () => (await read()).updated).toBe(2_000);
  expect((await read()).hot).toBeGreaterThanOrEqual(1_980);
});
