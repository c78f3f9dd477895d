import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import {
  claim,
  complete,
  connectAs,
  contradictions,
  dice,
  expire,
  type Lease,
  overlaps,
  until,
  type Worker,
} from "../support/queue.ts";
import { size } from "../support/size.ts";

// Many workers, each on a connection of its own, and a long queue. Some attempts end because the worker dies.

const WORKERS = size(24, 64);
const USERS = size(160, 400);
const TASKS = size(800, 20_000);
/** One claim in so many is cut off; of as many leases, one ends with a completion that is cut off and one in silence. */
const CLAIMS_PER_DEATH = size(12, 30);
const LEASES_PER_DEATH = size(20, 60);

let database: TestDatabase;
let admin: Sql;

beforeAll(async () => {
  database = await createDatabase();
  admin = connect(database, "postgres", 4);
  await admin`
    insert into auth.users (id, email)
    select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com'
    from generate_series(1, ${USERS}) as n
  `;
  await admin`
    insert into public.projects (user_id, repo_url, repo_name, repo_owner, name)
    select u.id, 'https://github.com/acme/shop', 'shop', 'acme', 'Shop' from public.users as u
  `;
  // everybody in turn, every other round in a project
  await admin`
    insert into public.tasks (user_id, project_id, max_attempts)
    select u.id, case when n / ${USERS} % 2 = 0 then p.id end, 20
    from generate_series(0, ${TASKS - 1}) as n
    join public.users as u
      on u.id = ('00000000-0000-4000-8000-' || lpad((n % ${USERS} + 1)::text, 12, '0'))::uuid
    join public.projects as p on p.user_id = u.id
    order by n
  `;
  await admin`
    update public.agent_settings
    set running_tasks_per_user = 4, running_tasks_per_project = 2, retry_seconds = 1
  `;
  await admin`vacuum analyze public.tasks`;
});

afterAll(async () => {
  await admin?.end();
  await database?.drop();
});

/** Runs in a transaction whose connection is closed before it can commit. */
async function dieAt(worker: DyingWorker, work: (sql: Sql) => Promise<unknown>): Promise<void> {
  const own = await worker.sql.reserve();
  await own`begin`;
  await work(own);
  const [backend] = await own<{ pid: number }[]>`select pg_backend_pid() as pid`;
  await admin`select pg_terminate_backend(${backend?.pid ?? 0}, 10000)`;
  await worker.closed;
}

interface DyingWorker extends Worker {
  /** When its connection is gone. */
  readonly closed: Promise<void>;
}

function hire(number: number, token: string | null): DyingWorker {
  const { promise, resolve } = Promise.withResolvers<void>();
  const role = token === null ? "service_role" : "anon";
  const sql = connectAs(database, { role }, 1, resolve);
  return { name: `worker ${number}`, sql, token, closed: promise };
}

test(
  `${TASKS} tasks, ${WORKERS} workers of whom many die: each task claimed once at a time, all finished, none lost`,
  async () => {
    const [made] = await admin<{ token: string }[]>`
    select token from public.create_worker_token('fleet', '{claude}', for_everybody => true)
  `;
    const silent: Lease[] = [];
    const taken: Lease[] = [];
    const deaths = { claiming: 0, completing: 0, silent: 0 };
    let finished = 0;
    let isOver = false;

    async function work(number: number): Promise<void> {
      const roll = dice(number + 1);
      // half of them are servers, half send a worker token
      const token = number % 2 === 0 ? null : made?.token ?? "";
      let worker = hire(number, token);
      try {
        while (!isOver) {
          if (roll(CLAIMS_PER_DEATH) === 0) {
            await dieAt(worker, (own) => claim(worker, own));
            worker = hire(number, token);
            deaths.claiming++;
            continue;
          }
          const lease = await claim(worker);
          if (!lease) {
            // the rest waits for run_after, or for the lease of a dead worker
            await until(async () => isOver || await isSomethingReady());
            continue;
          }
          taken.push(lease);
          const fate = roll(LEASES_PER_DEATH);
          if (fate === 0) {
            await dieAt(worker, (own) => complete(worker, lease, own));
            worker = hire(number, token);
            deaths.completing++;
            silent.push(lease);
          } else if (fate === 1) {
            deaths.silent++;
            silent.push(lease);
          } else {
            await complete(worker, lease);
            finished++;
          }
        }
      } finally {
        await worker.sql.end({ timeout: 5 });
      }
    }

    /** One of them asks at a time. */
    let asking: Promise<boolean> | undefined;
    function isSomethingReady(): Promise<boolean> {
      asking ??= admin<{ is: boolean }[]>`
      select exists (
        select from public.tasks where status = 'pending' and agent = 'claude' and run_after <= clock_timestamp()
      ) as is
    `.then(([row]) => row?.is ?? false).finally(() => asking = undefined);
      return asking;
    }

    /** The leases of the dead run out, and the job comes round, until everything is done. */
    async function reclaim(): Promise<void> {
      let reclaimed = 0;
      await until(async () => {
        const dead = silent.splice(0);
        await expire(admin, dead);
        reclaimed += dead.length;
        await admin`select private.reclaim_expired_tasks()`;
        const [left] = await admin<{ count: number }[]>`
        select count(*)::integer from public.tasks where status in ('pending', 'running')
      `;
        isOver = left?.count === 0;
        return isOver;
      });
      expect(reclaimed).toBe(deaths.completing + deaths.silent);
    }

    await Promise.all([reclaim(), ...Array.from({ length: WORKERS }, (_, number) => work(number))]);

    expect(finished).toBe(TASKS);
    for (const count of Object.values(deaths)) expect(count).toBeGreaterThan(TASKS / 100);
    expect(new Set(taken.map(({ fencing_token }) => fencing_token)).size).toBe(taken.length);
    expect(
      await admin`select status, count(*)::integer, min(attempts_count) from public.tasks group by status`,
    ).toEqual([{ status: "completed", count: TASKS, min: 1 }]);
    expect(await admin`select outcome, count(*)::integer from public.task_attempts group by 1 order by 1`)
      .toEqual([
        { outcome: "completed", count: TASKS },
        { outcome: "expired", count: deaths.completing + deaths.silent },
      ]);
    expect(await overlaps(admin)).toEqual([]);
    expect(await contradictions(admin)).toEqual([]);
    // leases are stored as returned, and the result is that of the worker that finished
    expect(
      await admin`
      select a.task_id from public.task_attempts as a
      join public.tasks as t on t.id = a.task_id
      where a.outcome = 'completed' and (
        t.git_diff <> '+ by ' || a.fencing_token or t.attempts_count <> a.attempt
        or exists (
          select from public.task_attempts as b
          where b.task_id = a.task_id and b.fencing_token > a.fencing_token
        )
      )
    `,
    ).toEqual([]);
    const [written] = await admin<{ count: number }[]>`
    select count(*)::integer from public.task_attempts where fencing_token = any (${
      taken.map(({ fencing_token }) => fencing_token)
    }::bigint[])
  `;
    expect(written?.count).toBe(taken.length);
  },
);

test("two open attempts of a task are rejected", async () => {
  const [task] = await admin<{ id: string; user_id: string }[]>`select id, user_id from public.tasks limit 1`;
  const hold = () =>
    admin`
      insert into public.task_attempts (task_id, user_id, attempt, worker, agent, lease_expires_at)
      values (${task?.id ?? 0}, ${task?.user_id ?? ""}, 1, 'w', 'claude', now())
    `;
  await hold();
  await expect(hold()).rejects.toMatchObject({ code: "23505" });
});
