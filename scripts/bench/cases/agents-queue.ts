import assert from "node:assert/strict";
import type postgres from "postgres";
import { type BenchDatabase, type Case, loops, type Sample } from "../bench.ts";
import { createPgmq } from "../pgmq.ts";
import { between, createRandom, createWriter } from "../words.ts";

const TASKS = 6_400;
const USERS = 200;

/** Tasks that are left over, so that the last ones are not what many wait for. */
const SPARE = 400;

/** Waiting tasks of a user who has no room, in front of all others. */
const IN_FRONT = 100_000;

const OURS = "claim_task and complete_task";
const PGMQ = "pgmq's read and archive";
const CLAIM = "select task_id, fencing_token from public.claim_task($1, '{claude}')";
const COMPLETE = "select public.complete_task($1, $2)";
const READ = "select msg_id from pgmq.read('tasks', 300, 1)";
const ARCHIVE = "select pgmq.archive('tasks', $1::bigint)";

/** Requests of 100 to 400 characters, which stand in a task and in a message alike. */
function createRequests(count: number): string[] {
  const random = createRandom(count);
  const write = createWriter(random);
  return Array.from({ length: count }, () => write(between(random, 16, 55)));
}

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

async function fillMessages(admin: postgres.Sql, count: number): Promise<void> {
  await admin`truncate pgmq.q_tasks, pgmq.a_tasks`;
  await admin`
    insert into pgmq.q_tasks (vt, message)
    select now(), jsonb_build_object(
      'task_id', n, 'project_id', n, 'agent', 'claude', 'repo_url', 'https://github.com/acme/widget',
      'target_branch', 'main', 'chat_messages', jsonb_build_array(jsonb_build_object(
        'role', 'user', 'content', (${createRequests(500)}::text[])[1 + n % 500], 'timestamp', 1750000000 + n
      ))
    )
    from generate_series(1, ${count}::integer) as n
  `;
  await admin`vacuum (analyze) pgmq.q_tasks`;
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

const BEGIN =
  "update public.tasks set status = 'running', started_at = now(), updated_at = now() where id = $1";
const END =
  "update public.tasks set status = 'completed', completed_at = now(), updated_at = now() where id = $1";

/** The status of a task written twice, by its key, as the queue's functions write it, and nothing else. */
async function writeStatus(connections: readonly postgres.Sql[], each: number): Promise<Sample> {
  return await loops(connections.length, each, async (client, nth) => {
    const sql = connections[client];
    assert(sql);
    const id = 1 + client * each + nth;
    await sql.unsafe(BEGIN, [id], { prepare: true });
    await sql.unsafe(END, [id], { prepare: true });
  });
}

async function workPgmq(connections: readonly postgres.Sql[], each: number): Promise<Sample> {
  return await loops(connections.length, each, async (client) => {
    const sql = connections[client];
    assert(sql);
    const [message] = await sql.unsafe(READ, [], { prepare: true });
    assert(message, "there is a message for everybody");
    await sql.unsafe(ARCHIVE, [message.msg_id], { prepare: true });
  });
}

export const agentsQueueCase: Case = {
  name: "agents-queue",
  title: "Claiming and finishing tasks, and pgmq",
  async prepare(bench) {
    const tasks = Math.max(64, bench.scaled(TASKS));
    const inFront = bench.scaled(IN_FRONT);
    const ours = await bench.createDatabase("queue");
    const peer = await bench.createDatabase("pgmq");
    const admin = await prepareUsers(ours);
    const peerAdmin = peer.connect({ role: "supabase_admin" });
    await createPgmq(peerAdmin);
    await peerAdmin`select pgmq.create('tasks')`;
    const connections = Array.from({ length: 64 }, () => ours.connect());
    const peers = Array.from({ length: 64 }, () => peer.connect({ role: "supabase_admin" }));
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
    const runPeer = (workers: number) => async (): Promise<Sample> => {
      const each = Math.floor(tasks / workers);
      await fillMessages(peerAdmin, tasks + SPARE);
      const sample = await workPgmq(peers.slice(0, workers), each);
      const [row] = await peerAdmin<{ done: number }[]>`select count(*)::integer as done from pgmq.a_tasks`;
      assert.equal(row?.done, each * workers, "each is archived");
      return sample;
    };
    const explain = (workers: number) => async (): Promise<string> => {
      const each = Math.floor(tasks / workers);
      const asQueue = connections.slice(0, workers);
      for (const sql of asQueue) await sql`set app.task_queue = 'on'`;
      const rates: number[] = [];
      for (let round = 0; round < bench.rounds; round++) {
        await fillTasks(admin, tasks + SPARE);
        const { operations, ms } = await writeStatus(asQueue, each);
        rates.push(operations * 1000 / ms);
      }
      for (const sql of asQueue) await sql`reset app.task_queue`;
      const middle = rates.sort((a, b) => a - b)[rates.length >> 1] ?? 0;
      return `${
        Math.round(middle)
      } /s: the status of a task written twice by the task's key, over the same connections, each time in
a transaction of its own, and nothing else. That is what the table with its four indexes costs before a task is chosen,
limits are looked at, a lease is given, an attempt is recorded, or the worker is told what to do.`;
    };
    const eight = `${OURS}, 8 workers`;
    const open = `${OURS}, nothing in front`;
    return {
      comparisons: [
        {
          name: "agents-queue-8",
          title: "a task claimed and finished, 8 workers",
          clients: "8 connections",
          unit: "per second",
          contenders: [{ name: OURS, run: run(8) }, { name: PGMQ, run: runPeer(8) }],
          floors: [{ against: PGMQ, ratio: 1.5 }],
          explain: explain(8),
        },
        {
          name: "agents-queue-64",
          title: "a task claimed and finished, 64 workers",
          clients: "64 connections",
          unit: "per second",
          contenders: [
            { name: OURS, run: run(64) },
            { name: PGMQ, run: runPeer(64) },
            { name: eight, run: run(8) },
          ],
          floors: [{ against: PGMQ, ratio: 1.5 }, { against: eight, ratio: 0.8 }],
          explain: explain(64),
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
        "connection of its own, without a pause; afterwards every task is done, and has one attempt. pgmq 1.11.1 reads " +
        "one message, which holds the same request and addresses, and archives it, in the same way. It knows no users, " +
        "limits, priorities, attempts or leases that can be lost. In the last comparison " +
        `${inFront} tasks of a user whose limit is 0 stand before all others.`,
      async close() {
        for (const sql of [admin, peerAdmin, ...connections, ...peers]) await sql.end();
      },
    };
  },
};
