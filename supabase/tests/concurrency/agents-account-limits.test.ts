import type { ReservedSql, Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { claim, complete, connectAs, type Worker } from "../support/queue.ts";
import { size } from "../support/size.ts";

// What one account may have, with many of its connections writing at the same moment.

const CONNECTIONS = 64;
const ROUNDS = size(3, 20);
const USER = "00000000-0000-4000-8000-000000000001";

let database: TestDatabase;
let admin: Sql;
let user: Sql;
let connections: ReservedSql[];

beforeAll(async () => {
  database = await createDatabase();
  admin = connect(database, "postgres", 2);
  await admin`insert into auth.users (id, email) values (${USER}, 'user@example.com')`;
  user = connectAs(database, { role: "authenticated", userId: USER }, CONNECTIONS + 1);
  connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => user.reserve()));
});
afterAll(async () => {
  for (const connection of connections ?? []) connection.release();
  await user?.end();
  await admin?.end();
  await database?.drop();
});

/** What all connections get when they write at the same moment: how many succeed, and the errors of the others. */
async function together(write: (sql: ReservedSql, at: number) => Promise<unknown>) {
  const answers = await Promise.all(
    connections.map((sql, at) => write(sql, at).then(() => null, (error: Error) => error.message)),
  );
  return {
    succeeded: answers.filter((answer) => answer === null).length,
    errors: [...new Set(answers.filter((answer) => answer !== null))],
  };
}
const count = async (table: "tasks" | "projects" | "worker_tokens") =>
  (await admin<{ count: number }[]>`select count(*)::integer from ${admin(`public.${table}`)}`)[0]?.count;

test("pending tasks, projects and worker tokens", async () => {
  await admin`
    update public.agent_settings set pending_tasks_per_user = 20, projects_per_user = 7, worker_tokens_per_user = 5
  `;
  for (let round = 0; round < ROUNDS; round++) {
    expect(
      await together((sql) =>
        sql`insert into public.tasks (agent) select 'claude' from generate_series(1, 3)`
      ),
    )
      .toEqual({ succeeded: 6, errors: ["agents_pending_tasks_limit_reached"] });
    expect(await count("tasks")).toBe(18);
    await admin`update public.tasks set status = 'cancelled'`;
    expect(
      await together((sql) =>
        sql`update public.tasks set status = 'pending' where id = (select min(id) + ${
          round % 5
        } from public.tasks)`
      ),
    ).toEqual({ succeeded: CONNECTIONS, errors: [] });
    expect(
      await together((sql, at) =>
        sql`
          insert into public.projects (repo_url, repo_owner, repo_name, name)
          values (${`https://github.com/acme/${at}`}, 'acme', ${at}, ${at})
        `
      ),
    ).toEqual({ succeeded: 7, errors: ["agents_projects_limit_reached"] });
    expect(await together((sql) => sql`select public.create_worker_token('w', '{claude}')`))
      .toEqual({ succeeded: 5, errors: ["agents_worker_tokens_limit_reached"] });
    expect([await count("projects"), await count("worker_tokens")]).toEqual([7, 5]);
    for (const table of ["tasks", "projects", "worker_tokens"]) {
      await admin`delete from ${admin(`public.${table}`)}`;
    }
  }
});

test("stored bytes, while the job folds them", async () => {
  await admin`
    update public.agent_settings set pending_tasks_per_user = null, running_tasks_per_user = null,
      running_tasks_per_project = null, worker_tokens_per_user = null, stored_bytes_per_user = 4096 * 1000
  `;
  const [token] = await user<
    { token: string }[]
  >`select token from public.create_worker_token('w', '{claude}')`;
  for (let round = 0; round < ROUNDS; round++) {
    await admin`delete from public.tasks`;
    await user`insert into public.tasks (agent) select 'claude' from generate_series(1, ${CONNECTIONS}::integer)`;
    const diff = "x".repeat(4096 * 99);
    let isOver = false;
    const folding = (async () => {
      while (!isOver) await admin`select private.fold_stored_bytes()`;
    })();
    // half of them as the user, half as a worker: nine diffs of a hundred pages and 64 tasks of one
    const answer = await together(async (sql, at) => {
      if (at % 2 === 0) {
        await sql`
          update public.tasks set git_diff = ${diff}
          where id = (select id from public.tasks order by id limit 1 offset ${at / 2})
        `;
        return;
      }
      const worker: Worker = { name: `worker ${at}`, sql: user, token: token?.token ?? "" };
      const lease = await claim(worker, sql);
      await sql`
        select public.complete_task(
          ${lease?.task_id ?? 0}, ${
        lease?.fencing_token ?? 0
      }, git_patch => ${diff}, worker_token => ${worker.token}
        )
      `;
    });
    isOver = true;
    await folding;
    expect(answer).toEqual({ succeeded: 9, errors: ["agents_stored_bytes_limit_reached"] });
    const [row] = await admin<{ stored: string; counted: string }[]>`
      select sum(stored_bytes) as stored, private.count_stored_bytes(${USER}) as counted from public.tasks
    `;
    expect(row).toEqual({ stored: String(4096 * (64 + 9 * 99)), counted: String(4096 * (64 + 9 * 99)) });
  }
});

test("at the limit, results that take no page more are stored by all of them", async () => {
  await admin`delete from public.tasks`;
  await user`insert into public.tasks (agent) select 'claude' from generate_series(1, ${CONNECTIONS}::integer)`;
  await admin`update public.agent_settings set stored_bytes_per_user = 0`;
  const [token] = await admin<{ token: string }[]>`
    select token from public.create_worker_token('fleet', '{claude}', for_everybody => true)
  `;
  expect(
    await together(async (sql, at) => {
      const worker: Worker = { name: `worker ${at}`, sql: user, token: token?.token ?? "" };
      const lease = await claim(worker, sql);
      if (lease) await complete(worker, lease, sql);
    }),
  ).toEqual({ succeeded: CONNECTIONS, errors: [] });
  expect(await admin`select from public.tasks where status = 'completed'`).toHaveLength(CONNECTIONS);
});
