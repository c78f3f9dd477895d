import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { claim, complete, connectAs, dice, overlaps, until, type Worker } from "../support/queue.ts";
import { size } from "../support/size.ts";

// More workers than slots: limits hold at every moment, however many claim concurrently.

const WORKERS = size(24, 64);
const USERS = size(4, 12);
const TASKS = size(160, 2_400);
/** Times that all workers claim the last task that one user may run. */
const ROUNDS = size(4, 10);

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
    insert into public.projects (user_id, repo_url, repo_name, repo_owner, name, max_running_tasks)
    select u.id, 'https://github.com/acme/' || p, p, 'acme', p, case when p = 'one' then 1 end
    from public.users as u cross join unnest(array['one', 'two']) as p
  `;
  // four by the setting, one or six by the user's own limit; two of each project, but one of the first
  await admin`
    update public.agent_settings set running_tasks_per_user = 4, running_tasks_per_project = 2
  `;
  await admin`
    update public.users set max_running_tasks = case right(id::text, 1)::integer when 1 then 1 when 2 then 6 end
  `;
  await admin`
    insert into public.tasks (user_id, project_id)
    select u.id, p.id
    from generate_series(0, ${TASKS - 1}) as n
    join public.users as u
      on u.id = ('00000000-0000-4000-8000-' || lpad((n % ${USERS} + 1)::text, 12, '0'))::uuid
    left join public.projects as p
      on p.user_id = u.id and p.name = (array['one', 'two', ''])[n / ${USERS} % 3 + 1]
    order by n
  `;
});

afterAll(async () => {
  await admin?.end();
  await database?.drop();
});

interface Excess {
  user_id: string;
  project_id: string | null;
  running: number;
}

/** Users and projects over their limit, from the open attempts. */
const excessNow = (): Promise<Excess[]> =>
  admin<Excess[]>`
    select a.user_id, a.project_id, count(*)::integer as running
    from public.task_attempts as a
    where a.ended_at is null
    group by grouping sets ((a.user_id), (a.user_id, a.project_id))
    having count(*) > case when grouping(a.project_id) = 1
      then (select coalesce(u.max_running_tasks, 4) from public.users as u where u.id = a.user_id)
      else (select least(p.max_running_tasks, 2) from public.projects as p where p.id = a.project_id) end
  `;

/** The same at every moment so far, with the maximum that ran at the same time. */
const excessEver = (): Promise<Excess[]> =>
  admin<Excess[]>`
    with moments as (
      select a.user_id, a.project_id, m.at, m.change
      from public.task_attempts as a
      cross join lateral (values (a.claimed_at, 1), (a.ended_at, -1)) as m (at, change)
    ),
    runs as (
      select user_id, null::bigint as project_id,
        sum(change) over (partition by user_id order by at, change) as running
      from moments
      union all
      select user_id, project_id, sum(change) over (partition by project_id order by at, change)
      from moments where project_id is not null
    )
    select r.user_id, r.project_id, max(r.running)::integer as running
    from runs as r join public.users as u on u.id = r.user_id
    left join public.projects as p on p.id = r.project_id
    group by r.user_id, r.project_id, u.max_running_tasks, p.max_running_tasks
    having max(r.running) > case when r.project_id is null
      then coalesce(u.max_running_tasks, 4) else least(p.max_running_tasks, 2) end
  `;

test(
  "many workers and fewer slots: no user and no project is ever over the limit",
  async () => {
    let left = TASKS;
    let looks = 0;
    let most = 0;
    const excess: Excess[] = [];

    async function work(number: number): Promise<void> {
      const roll = dice(number + 1);
      const sql = connectAs(database, { role: "service_role" });
      const worker: Worker = { name: `worker ${number}`, sql, token: null };
      try {
        while (left > 0) {
          const lease = await claim(worker);
          if (!lease) continue;
          for (let beat = roll(3); beat > 0; beat--) {
            await sql`select public.heartbeat_task(${lease.task_id}, ${lease.fencing_token})`;
          }
          // what frees a slot: one of ten is released, one of ten fails
          const end = roll(10);
          if (end === 0) {
            await sql`select public.release_task(${lease.task_id}, ${lease.fencing_token})`;
            continue;
          }
          if (end === 1) {
            await sql`
            select public.fail_task(${lease.task_id}, ${lease.fencing_token}, 'broken', retryable => false)
          `;
          } else {
            await complete(worker, lease);
          }
          left--;
        }
      } finally {
        await sql.end({ timeout: 5 });
      }
    }

    async function watch(): Promise<void> {
      await until(async () => {
        excess.push(...await excessNow());
        const [row] = await admin<{ count: number }[]>`
        select count(*)::integer from public.task_attempts where ended_at is null
      `;
        most = Math.max(most, row?.count ?? 0);
        looks++;
        return left <= 0;
      });
    }

    await Promise.all([watch(), ...Array.from({ length: WORKERS }, (_, number) => work(number))]);
    expect(excess).toEqual([]);
    expect(looks).toBeGreaterThan(20);
    // the limits were what delayed the workers
    expect(most).toBeGreaterThan(USERS);
    expect(await excessEver()).toEqual([]);
    expect(await overlaps(admin)).toEqual([]);
    expect(await admin`select distinct status::text from public.tasks order by 1`).toEqual([
      { status: "completed" },
      { status: "failed" },
    ]);
  },
);

test("concurrent claims for the last slot of a user: one gets it", async () => {
  await admin`delete from public.tasks`;
  await admin`update public.users set max_running_tasks = 1`;
  const [user] = await admin<{ id: string }[]>`select id from public.users limit 1`;
  await admin`
    insert into public.tasks (user_id) select ${user?.id ?? ""} from generate_series(1, ${WORKERS * 2})
  `;
  const sql = connectAs(database, { role: "service_role" }, WORKERS);
  try {
    const connections = await Promise.all(Array.from({ length: WORKERS }, () => sql.reserve()));
    for (let round = 0; round < ROUNDS; round++) {
      const leases = await Promise.all(
        connections.map((own, number) => claim({ name: `worker ${number}`, sql: own, token: null })),
      );
      const got = leases.filter((lease) => lease !== undefined);
      expect(got).toHaveLength(1);
      for (const lease of got) await complete({ name: "", sql, token: null }, lease, connections[0]);
    }
    for (const connection of connections) connection.release();
  } finally {
    await sql.end();
  }
});

test("the same claim from many concurrent requests is one lease", async () => {
  await admin`update public.users set max_running_tasks = null`;
  await admin`update public.agent_settings set running_tasks_per_user = null`;
  const sql = connectAs(database, { role: "service_role" }, WORKERS);
  try {
    const key = crypto.randomUUID();
    const answers = await Promise.all(Array.from({ length: WORKERS }, () =>
      sql<{ fencing_token: string }[]>`
        select fencing_token from public.claim_task('w', '{claude}', claim_key => ${key})
      `));
    expect(answers.map((rows) => rows.length)).toEqual(answers.map(() => 1));
    expect(new Set(answers.flat().map(({ fencing_token }) => fencing_token)).size).toBe(1);
  } finally {
    await sql.end();
  }
});
