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
  type Worker,
} from "../support/queue.ts";
import { size } from "../support/size.ts";

// Everything that can be done to a task, done concurrently to the same few by workers, owners, the job and servers.

const WRITERS = 64;
const STEPS = size(40, 80);
/** How often a cancel and the end of the same task are sent concurrently. */
const RACES = size(25, 60);
const OWNERS = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);

let database: TestDatabase;
let admin: Sql;
let servers: Sql;
let anybody: Sql;
let owners: Sql[];

beforeAll(async () => {
  database = await createDatabase();
  admin = connect(database, "postgres", 8);
  servers = connectAs(database, { role: "service_role" }, WRITERS / 2);
  anybody = connectAs(database, { role: "anon" }, WRITERS / 4);
  owners = OWNERS.map((userId) => connectAs(database, { role: "authenticated", userId }, WRITERS / 8));
  for (const owner of OWNERS) {
    await admin`insert into auth.users (id, email) values (${owner}, ${`${owner}@example.com`})`;
    await admin`
      insert into public.projects (user_id, repo_url, repo_name, repo_owner, name)
      values (${owner}, 'https://github.com/acme/shop', 'shop', 'acme', 'Shop')
    `;
  }
  await admin`update public.agent_settings set running_tasks_per_user = 3, running_tasks_per_project = 2`;
});

afterAll(async () => {
  await Promise.all([servers, anybody, ...owners ?? [], admin].map((sql) => sql?.end()));
  await database?.drop();
});

/** Outcomes that the storm has to have, each more than five times. */
const OFTEN = [
  ...[
    ...["claim", "heartbeat", "complete", "complete with a pull request", "fail", "release"],
    ...["cancel as the owner", "delete"],
  ].map((way) => `${way}: done`),
  ...["complete", "fail", "release", "heartbeat"].map((way) => `${way}: agents_task_lease_expired`),
];

/** Errors of calls that came too late. */
const REFUSALS = [
  "agents_task_lease_expired",
  "agents_task_status_conflict",
  "agents_task_conflict",
  "agents_task_transition_invalid",
  "agents_task_unknown",
];

/** `done`, or the error code; anything else, above all a deadlock, fails the test. */
async function orRefused(work: PromiseLike<unknown>): Promise<string> {
  try {
    await work;
    return "done";
  } catch (error) {
    const { message, code } = error as { message: string; code?: string };
    if (code?.startsWith("PT4") && REFUSALS.includes(message)) return message;
    throw error;
  }
}

/** A task of an owner, in their project or in none. */
const newTask = (owner: number, sql: Sql, isInProject = false) =>
  sql<{ id: string }[]>`
    insert into public.tasks (user_id, project_id, max_attempts)
    select u.id, p.id, 20
    from public.users as u left join public.projects as p on p.user_id = u.id and ${isInProject}
    where u.id = ${OWNERS[owner] ?? ""}
    returning id
  `;

/** The maximum of attempts of one user or project at the same time. */
async function mostAtOnce(column: "user_id" | "project_id"): Promise<number> {
  const [row] = await admin<{ most: number }[]>`
    select max(running)::integer as most from (
      select sum(m.change) over (partition by ${admin(column)} order by m.at, m.change) as running
      from public.task_attempts as a
      cross join lateral (values (a.claimed_at, 1), (a.ended_at, -1)) as m (at, change)
      where ${admin(column)} is not null and m.at is not null
    ) as r
  `;
  return row?.most ?? 0;
}

test(
  "claims, heartbeats, ends, cancels, reclaims, edits, messages and deletes of the same tasks: no deadlock, one outcome",
  async () => {
    const [made] = await admin<{ token: string }[]>`
    select token from public.create_worker_token('fleet', '{claude}', for_everybody => true)
  `;
    const tasks: { id: string; owner: number }[] = [];
    for (let n = 0; n < 9; n++) {
      const [task] = await newTask(n % 3, admin, n % 2 === 0);
      tasks.push({ id: task?.id ?? "", owner: n % 3 });
    }
    const leases: Lease[] = [];
    const completed: string[] = [];
    const seen = new Map<string, number>();

    /** Whether each call succeeded, and each that can be too late was. How soon depends on how busy the machine is. */
    const wasSeenOften = (): boolean => OFTEN.every((what) => (seen.get(what) ?? 0) > 5);

    async function write(writer: number): Promise<void> {
      const roll = dice(writer + 1);
      const token = writer % 2 === 0 ? null : made?.token ?? "";
      const worker: Worker = { name: `worker ${writer}`, sql: token === null ? servers : anybody, token };
      for (let step = 0; step < STEPS || !wasSeenOften() && step < 20 * STEPS; step++) {
        const at = roll(tasks.length);
        const task = tasks[at] ?? { id: "0", owner: 0 };
        const mine = owners[task.owner] ?? servers;
        const lease = leases[Math.max(0, leases.length - 1 - roll(8))] ??
          { task_id: "0", fencing_token: "0" };
        const holder = roll(2) === 0 ? { sql: servers, token: null } : worker;
        const held = [lease.task_id, lease.fencing_token] as const;
        const ways: Record<string, () => PromiseLike<unknown>> = {
          claim: async () => {
            const got = await claim(worker);
            if (got) leases.push(got);
          },
          "claim again": async () => {
            const got = await claim(worker);
            if (got) leases.push(got);
          },
          heartbeat: () =>
            holder.sql`select public.heartbeat_task(${held[0]}, ${held[1]}, worker_token => ${holder.token})`,
          "heartbeat with a message": () =>
            holder.sql`
            select public.heartbeat_task(${held[0]}, ${
              held[1]
            }, 60, 'At work', worker_token => ${holder.token})
          `,
          complete: async () => {
            await complete({ ...worker, ...holder }, lease);
            completed.push(lease.fencing_token);
          },
          "complete with a pull request": async () => {
            await holder.sql`
            select public.complete_task(
              ${held[0]}, ${held[1]}, pr_branch => 'fix', pr_number => ${1 + roll(3)}, message => 'Done',
              pr_url => ${`https://github.com/acme/shop/pull/${1 + roll(3)}`}, worker_token => ${holder.token}
            )
          `;
            completed.push(lease.fencing_token);
          },
          fail: () =>
            holder.sql`
            select public.fail_task(
              ${held[0]}, ${held[1]}, 'It broke', ${roll(2) === 0}, 'broken', worker_token => ${holder.token}
            )
          `,
          release: () =>
            holder.sql`select public.release_task(${held[0]}, ${held[1]}, worker_token => ${holder.token})`,
          "go silent": () => expire(admin, [lease]),
          reclaim: () => admin`select private.reclaim_expired_tasks()`,
          "cancel as the owner": () => mine`select public.cancel_task(${task.id})`,
          "cancel as a server": () => servers`select public.cancel_task(${task.id})`,
          "run again": () =>
            mine`update public.tasks set status = 'pending', priority = ${roll(9)} where id = ${task.id}`,
          "make ready": () =>
            admin`update public.tasks set run_after = now() where id = ${task.id} and status = 'pending'`,
          edit: () =>
            mine`update public.tasks set priority = ${roll(9)}, pr_branch = 'b' where id = ${task.id}`,
          "change the project": () =>
            mine`
            update public.tasks set project_id = (
              select p.id from public.projects as p where ${roll(2) === 0} limit 1
            ) where id = ${task.id}
          `,
          "send the row back": () =>
            mine`
            insert into public.tasks (id, agent, priority)
            select id, agent, ${roll(9)} from public.tasks where id = ${task.id}
            on conflict (id) do update set agent = excluded.agent, priority = excluded.priority
          `,
          say: () => mine`select public.append_task_message(${task.id}, 'user', ${`said ${writer} ${step}`})`,
          delete: async () => {
            // one of four times, so that tasks are left
            if (roll(4) > 0) return;
            await mine`delete from public.tasks where id = ${task.id}`;
            const [another] = await newTask(task.owner, mine, roll(2) === 0);
            tasks[at] = { id: another?.id ?? "", owner: task.owner };
          },
        };
        const names = Object.keys(ways);
        const name = names[roll(names.length)] ?? "";
        const outcome = await orRefused(ways[name]?.() ?? Promise.resolve());
        const what = `${name}: ${outcome}`;
        seen.set(what, (seen.get(what) ?? 0) + 1);
      }
    }

    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));

    for (const what of OFTEN) expect(seen.get(what), what).toBeGreaterThan(5);
    expect(seen.get("run again: agents_task_conflict")).toBeGreaterThan(0);

    expect(await contradictions(admin)).toEqual([]);
    expect(await overlaps(admin)).toEqual([]);
    // what was reported as done is done
    expect(
      await admin`
      select fencing_token from public.task_attempts
      where fencing_token = any (${completed}::bigint[]) and outcome <> 'completed'
    `,
    ).toEqual([]);
    expect(
      await admin`
      select fencing_token from public.task_attempts
      where outcome = 'completed' and fencing_token <> all (${completed}::bigint[])
    `,
    ).toEqual([]);
    // of a running task the open attempt counts
    expect(
      await admin`
      select t.id, t.attempts_count, a.attempt from public.tasks as t
      join public.task_attempts as a on a.task_id = t.id and a.ended_at is null
      where t.attempts_count <> a.attempt
    `,
    ).toEqual([]);
    // limits held, also for tasks whose project was changed before they were claimed
    expect(await mostAtOnce("user_id")).toBeLessThanOrEqual(3);
    expect(await mostAtOnce("project_id")).toBeLessThanOrEqual(2);
    // conversations are in order
    expect(
      await admin`
      select t.id from public.tasks as t
      where (select jsonb_agg(m order by (m ->> 'timestamp')::numeric, n)
        from jsonb_array_elements(t.chat_messages) with ordinality as e (m, n)) is distinct from
        nullif(t.chat_messages, '[]')
    `,
    ).toEqual([]);
  },
);

test("a cancel, heartbeats and the end concurrently: one of them ends it, and every caller learns which", async () => {
  const [owner] = owners;
  if (!owner) throw new Error("There is an owner.");
  const worker: Worker = { name: "w", sql: servers, token: null };
  const ends = { completed: 0, cancelled: 0 };
  for (let round = 0; round < RACES; round++) {
    await admin`delete from public.tasks`;
    const [task] = await newTask(0, admin);
    const lease = await claim(worker);
    if (!task || !lease) throw new Error("There is a task.");
    const beat = async (message: string | null): Promise<string> => {
      const [row] = await servers<{ state: string }[]>`
        select public.heartbeat_task(${lease.task_id}, ${lease.fencing_token}, 60, ${message}) ->> 'state' as state
      `;
      return row?.state ?? "";
    };
    const done = () => orRefused(complete(worker, lease));
    const cancel = () => orRefused(owner`select public.cancel_task(${task.id})`);
    const [[first, second], ...beats] = await Promise.all([
      // which of the two is sent first alternates
      round % 2 === 0
        ? Promise.all([done(), cancel()])
        : Promise.all([cancel(), done()]).then((e) => e.reverse()),
      beat(null).catch(String),
      beat("At work").catch(String),
    ]);
    const [row] = await admin<{ status: "completed" | "cancelled"; outcome: string }[]>`
      select t.status, a.outcome from public.tasks as t
      join public.task_attempts as a on a.task_id = t.id where t.id = ${task.id}
    `;
    if (!row) throw new Error("There is an attempt.");
    ends[row.status]++;
    expect(row.outcome).toBe(row.status);
    expect([first, second]).toEqual(
      row.status === "completed"
        ? ["done", "agents_task_status_conflict"]
        : ["agents_task_lease_expired", "done"],
    );
    const late = row.status === "completed" ? "PostgresError: agents_task_lease_expired" : "cancelled";
    for (const state of beats) expect(["running", late]).toContain(state);
    expect(await beat(null).catch(String)).toBe(late);
  }
  expect(ends.completed).toBeGreaterThan(0);
  expect(ends.cancelled).toBeGreaterThan(0);
});
