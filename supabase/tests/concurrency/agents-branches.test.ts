import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { claim, complete, connectAs, overlaps, type Worker } from "../support/queue.ts";
import { size } from "../support/size.ts";

// More workers than branches: of one branch, one task runs at every moment, whoever's it is and however its
// repository is written.

const WORKERS = size(12, 48);
const TASKS = size(60, 1_200);

let database: TestDatabase;
let admin: Sql;

beforeAll(async () => {
  database = await createDatabase();
  admin = connect(database, "postgres", 4);
  await admin`
    insert into auth.users (id, email)
    select ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'user' || n || '@example.com'
    from generate_series(1, 3) as n
  `;
  await admin`
    update public.agent_settings set running_tasks_per_user = null, running_tasks_per_project = null
  `;
  // the first ten name no branch; the others their branches, and two of everybody's
  await admin`
    insert into public.tasks (user_id, repo_url, pr_branch)
    select ('00000000-0000-4000-8000-' || lpad((n % 3 + 1)::text, 12, '0'))::uuid,
      'https://' || (array['github.com/acme/shop', 'github.com/Acme/shop.git', 'www.github.com/acme/shop/'])[n / 3 % 3 + 1],
      case when n >= 10 then (array['fix', 'main', 'fixloop/task-' || n % 10 + 1])[n % 7 % 3 + 1] end
    from generate_series(0, ${TASKS - 1}) as n
    order by n
  `;
});

afterAll(async () => {
  await admin?.end();
  await database?.drop();
});

test("of one branch, one task runs at every moment", async () => {
  let left = TASKS;
  async function work(number: number): Promise<void> {
    const sql = connectAs(database, { role: "service_role" });
    const worker: Worker = { name: `worker ${number}`, sql, token: null };
    try {
      while (left > 0) {
        const lease = await claim(worker);
        if (!lease) continue;
        await complete(worker, lease);
        left--;
      }
    } finally {
      await sql.end({ timeout: 5 });
    }
  }
  await Promise.all(Array.from({ length: WORKERS }, (_, number) => work(number)));

  expect(await overlaps(admin)).toEqual([]);
  const together = await admin`
    select a.branch, count(*)
    from (
      select coalesce(t.pr_branch, 'fixloop/task-' || t.id) as branch, a.ended_at,
        lead(a.claimed_at) over (
          partition by coalesce(t.pr_branch, 'fixloop/task-' || t.id) order by a.claimed_at
        ) as next_at
      from public.task_attempts as a join public.tasks as t on t.id = a.task_id
    ) as a
    where a.next_at < a.ended_at
    group by a.branch
  `;
  expect([...together]).toEqual([]);
  const [row] =
    await admin`select count(*)::integer as completed from public.tasks where status = 'completed'`;
  expect(row).toEqual({ completed: TASKS });
}, 600_000);
