import assert from "node:assert/strict";
import type postgres from "postgres";
import { type BenchDatabase, type Case, type Contender, loops, type Sample } from "../bench.ts";
import { openGraphileWorker } from "../peers/graphile-worker.ts";
import { openPgBoss } from "../peers/pg-boss.ts";
import { openPgmq } from "../peers/pgmq.ts";
import { createRequests } from "../peers/queue-peer.ts";

const TASKS = 6_400;
const USERS = 200;

const MOST_WORKERS = 64;

/** Tasks that are left over, so that the last ones are not what many wait for. */
const SPARE = 400;

/** Waiting tasks of a user who is at the limit, before all others. */
const IN_FRONT = 100_000;

const OURS = "claim_task and complete_task";
const CLAIM = "select task_id, fencing_token from public.claim_task($1, '{claude}')";
const COMPLETE = "select public.complete_task($1, $2)";
const START = "update public.tasks set status = 'running', started_at = now() where id = $1";
const FINISH = "update public.tasks set status = 'completed', completed_at = now() where id = $1";

/** Waiting tasks of all users in turn, as they were when the database was made, and nothing else. */
async function fillTasks(admin: postgres.Sql, count: number, inFront = 0): Promise<void> {
  const requests = createRequests(500);
  await admin.begin(async (tx) => {
    await tx`set local session_replication_role = replica`;
    await tx`truncate public.tasks, public.task_attempts, public.projects cascade`;
    await tx`
      insert into public.projects (id, user_id, repo_url, repo_name, repo_owner, name)
      select row_number() over (), u.id, 'https://github.com/acme/widget', 'widget', 'acme', 'Widget'
      from public.users as u
    `;
    await tx`
      insert into public.tasks (id, user_id, project_id, repo_url, chat_messages, run_after)
      select n, p.user_id, p.id, p.repo_url, jsonb_build_array(
          jsonb_build_object('role', 'user', 'content', (${requests}::text[])[1 + n % 500], 'timestamp', 1750000000 + n)
        ), now() - interval '1 day' + n * interval '1 ms'
      from generate_series(1, ${inFront + count}::integer) as n
      join public.projects as p
        on p.id = case when n <= ${inFront}::integer then 1 else 2 + n % ${USERS - 1}::integer end
    `;
    await tx`select setval('public.tasks_id_seq', ${inFront + count})`;
    if (inFront > 0) {
      await tx`update public.users set max_running_tasks = 0 where id = (select user_id from public.projects where id = 1)`;
    }
  });
  await admin`vacuum (analyze) public.tasks`;
}

async function prepareUsers(database: BenchDatabase): Promise<postgres.Sql> {
  const admin = database.connect({ role: "supabase_admin" });
  await admin`
    insert into auth.users (id, email)
    select gen_random_uuid(), 'user-' || n || '@example.com' from generate_series(1, ${USERS}::integer) as n
  `;
  return admin;
}

async function workOurs(connections: readonly postgres.Sql[], each: number): Promise<Sample> {
  return await loops(connections.length, each, async (client) => {
    const sql = connections[client];
    assert(sql);
    const [lease] = await sql.unsafe(CLAIM, [`worker-${client}`], { prepare: true });
    assert(lease, "there is a task for everybody");
    await sql.unsafe(COMPLETE, [lease.task_id, lease.fencing_token], { prepare: true });
  });
}

/** What the table alone costs: both changes of a task's status by its key, with no trigger, limit, lease or history. */
async function explainByTableAlone(database: BenchDatabase, workers: number, tasks: number): Promise<string> {
  const pool = database.connect({ role: "supabase_admin", max: workers });
  try {
    await fillTasks(pool, tasks);
    const each = Math.floor(tasks / workers);
    const connections = await Promise.all(Array.from({ length: workers }, () => pool.reserve()));
    await Promise.all(connections.map((sql) => sql`set session_replication_role = replica`));
    const { operations, ms } = await loops(workers, each, async (client, nth) => {
      const id = 1 + client * each + nth;
      await connections[client]?.unsafe(START, [id], { prepare: true });
      await connections[client]?.unsafe(FINISH, [id], { prepare: true });
    });
    for (const sql of connections) sql.release();
    const rate = Math.round((operations / ms) * 1000);
    return `${rate} /s is what the table alone reaches, ${workers} workers, no trigger:\n${START}\n${FINISH}`;
  } finally {
    await pool.end();
  }
}

export const agentsQueueCase: Case = {
  name: "agents-queue",
  title: "Claiming and finishing tasks, and other queues in PostgreSQL",
  async prepare(bench) {
    const tasks = Math.max(64, bench.scaled(TASKS));
    const inFront = bench.scaled(IN_FRONT);
    const ours = await bench.createDatabase("queue");
    const admin = await prepareUsers(ours);
    const connections = Array.from({ length: MOST_WORKERS }, () => ours.connect());
    const peers = [
      await openPgmq(await bench.createDatabase("pgmq"), MOST_WORKERS),
      await openGraphileWorker(await bench.createDatabase("graphile")),
      await openPgBoss(await bench.createDatabase("pgboss"), MOST_WORKERS),
    ];
    const run = (workers: number, front = 0) => async (): Promise<Sample> => {
      const each = Math.floor(tasks / workers);
      await fillTasks(admin, tasks + SPARE, front);
      const sample = await workOurs(connections.slice(0, workers), each);
      const [row] = await admin<{ done: number; attempts: number }[]>`
        select (select count(*)::integer from public.tasks where status = 'completed') as done,
          (select count(*)::integer from public.task_attempts where outcome = 'completed') as attempts
      `;
      assert.deepEqual(
        { ...row },
        { done: each * workers, attempts: each * workers },
        "each is done, and once",
      );
      return sample;
    };
    const others = (workers: number): Contender[] =>
      peers.map((peer) => ({
        name: peer.name,
        run: () => peer.run(workers, Math.floor(tasks / workers), tasks + SPARE),
      }));
    const eight = `${OURS}, 8 workers`;
    const open = `${OURS}, nothing in front`;
    return {
      comparisons: [
        {
          name: "agents-queue-8",
          title: "a task claimed and finished, 8 workers",
          clients: "8 connections",
          unit: "per second",
          contenders: [{ name: OURS, run: run(8) }, ...others(8)],
          floors: [
            { against: "pgmq", ratio: 0.6 },
            { against: "graphile-worker", ratio: 0.4 },
            { against: "pg-boss", ratio: 2 },
          ],
          explain: () => explainByTableAlone(ours, 8, tasks),
        },
        {
          name: "agents-queue-64",
          title: "a task claimed and finished, 64 workers",
          clients: "64 connections",
          unit: "per second",
          contenders: [{ name: OURS, run: run(64) }, ...others(64), { name: eight, run: run(8) }],
          floors: [
            { against: "pgmq", ratio: 0.45 },
            { against: "graphile-worker", ratio: 0.4 },
            { against: "pg-boss", ratio: 2 },
            { against: eight, ratio: 0.9 },
          ],
          explain: () => explainByTableAlone(ours, 64, tasks),
        },
        {
          name: "agents-queue-front",
          title: "the same behind 100,000 tasks of a user at the limit",
          clients: "8 connections",
          unit: "per second",
          contenders: [{ name: OURS, run: run(8, inFront) }, { name: open, run: run(8) }],
          floors: [{ against: open, ratio: 0.5 }],
        },
      ],
      method:
        `${tasks} tasks a round, of ${USERS} users with a project each, whose limits are in force (8 of a user and 4 of a ` +
        "project at once). Each worker claims one task and finishes it, each in a transaction of its own, on a " +
        "connection of its own, without a pause; afterwards every task is done, and has one attempt. The peers hold the " +
        "same request and addresses: pgmq 1.11.1 reads one message and archives it; graphile-worker 0.18 runs a task that " +
        "does nothing in its own runner, without its local queue; pg-boss 12.38 fetches one job and completes it, its " +
        "maintenance off. None of them has users, limits per user, a history of attempts or fencing tokens. In the last comparison " +
        `${inFront} tasks of a user whose limit is 0 stand before all others.`,
      async close() {
        for (const sql of [admin, ...connections]) await sql.end();
        for (const peer of peers) await peer.close();
      },
    };
  },
};
