import type { Sql } from "postgres";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createHealth } from "../../../scripts/worker/health.ts";
import { createQueue, type Queue } from "../../../scripts/worker/queue.ts";
import type { Outcome, TaskDeps, TaskOptions } from "../../../scripts/worker/run-task.ts";
import { type Bench, openBench } from "../../../scripts/worker/testing/bench.ts";
import { work } from "../../../scripts/worker/worker.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Person, rows, server, signUp } from "../support/people.ts";
import { size, some } from "../support/size.ts";

// Workers share the queue, and one of them is broken: no task fails because of it. One user's tasks fail: nobody
// else's wait.

const WORKERS = size(3, 8);

let project: TestProject;
let sql: Sql;
let maya: Person;
let token: string;
let bench: Bench;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  maya = await signUp(project, "maya");
  await sql`update public.agent_settings
    set running_tasks_per_user = null, running_tasks_per_project = null, retry_seconds = 1`;
  ({ token } = await rows(
    maya.client.rpc("create_worker_token", { name: "fleet", agents: ["scripted"] }).single(),
  ) as { token: string });
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

beforeEach(async () => {
  bench = await openBench();
});

afterEach(async () => {
  bench.shutdown.abort();
  await bench.close();
  await sql`delete from public.tasks`;
});

interface Way {
  queue?: Queue;
  options?: Partial<TaskOptions>;
  githubToken?: TaskDeps["githubToken"];
  pauseMs?: { min: number; max: number };
}

/** Runs a worker until the shutdown. */
function start(name: string, command: string, way: Way = {}): Promise<Outcome[]> {
  const { pauseMs = { min: 2_000, max: 4_000 }, options, ...other } = way;
  const deps = bench.deps(command, { goal: "diff", agentTimeoutMs: 300_000, laterMs: 1_000, ...options });
  const log = (event: string): void => void bench.lines.push(`${name} ${event}`);
  return work({
    ...deps,
    queue: createQueue(anonymous(project), { worker: name, leaseSeconds: 120, workerToken: token }),
    health: createHealth({ agents: ["scripted"], log, pauseMs }),
    log,
    ...other,
  }, {
    leaseSeconds: 120,
    concurrency: 1,
    once: false,
    idleMs: { min: 50, max: 400 },
    shutdown: bench.shutdown.signal,
  });
}

const revoked = "ghp_revokedrevokedrevokedrevokedrevoked";

test.each<[string, string, Way]>(some(1, [
  ["an agent that can't sign in", `echo "no key at $(date +%N)" >&2; exit 1`, {}],
  ["an agent that hangs", `sleep 600`, { options: { agentTimeoutMs: 300 } }],
  ["an agent that replaces its clone", `rm -rf ../work && ln -s "$HOME" ../work`, {}],
  ["no agent", `no-such-agent`, {}],
  ["a token that was revoked", `true`, { githubToken: () => Promise.resolve(revoked) }],
  ["tokens that can't be read", `true`, { githubToken: () => Promise.reject(new Error("no tokens")) }],
  ["the hosts of another GitHub", `true`, {
    options: { rules: { protocols: ["https", "http"], hosts: ["ghe.acme.example"] } },
  }],
  ["no folder", `true`, { options: { folder: "/nowhere" } }],
]))("%s", async (_, command, way) => {
  const count = size(8, 200);
  await sql`insert into public.tasks (user_id, agent, repo_url)
    select ${maya.id}, 'scripted', ${`${bench.fake.url}/acme/shop.git`} from generate_series(1, ${count})`;
  const go = join(bench.folder, "go");
  const fleet = [start("broken", command, way)];
  for (let at = 1; at < WORKERS; at++) {
    fleet.push(start(`worker ${at}`, `until [ -e ${go} ]; do sleep 0.1; done; echo x > "x$FIXLOOP_TASK_ID"`));
  }
  // alone with the queue it would empty it
  await expect.poll(() => bench.lines).toContain("broken pausing");
  writeFileSync(go, "");
  const open = async (): Promise<number> => {
    const [{ n }] = await sql<[{ n: number }]>`
      select count(*)::integer as n from public.tasks where status in ('pending', 'running')`;
    return n;
  };
  await expect.poll(open, { timeout: size(250_000, 3_000_000), interval: 300 }).toBe(0);
  bench.shutdown.abort();
  await Promise.all(fleet);
  const ended = await sql`select status::text, count(*)::integer as n from public.tasks group by status`;
  expect(ended).toEqual([{ status: "completed", n: count }]);
  const [tries] = await sql<[{ counted: number; repeated: number }]>`
    select (count(*) filter (where outcome = 'failed'))::integer as counted,
      (count(*) - count(distinct task_id))::integer as repeated
    from public.task_attempts where worker = 'broken'`;
  expect(tries.counted, "before it noticed that it is broken, and of tasks that it had before")
    .toBeLessThanOrEqual(4 + tries.repeated);
});

test("a user whose repositories can't be cloned delays nobody else", async () => {
  const mallory = await signUp(project, "mallory");
  await sql`insert into public.tasks (user_id, agent, repo_url, priority)
    select ${mallory.id}, 'scripted', ${bench.fake.url}::text || '/mallory/gone-' || n, 100 from generate_series(1, 9) as n`;
  await sql`insert into public.tasks (user_id, agent, repo_url)
    select ${maya.id}, 'scripted', ${`${bench.fake.url}/acme/shop.git`} from generate_series(1, 2)`;
  const shared = start("shared", `echo x > x`, {
    queue: createQueue(server(project), { worker: "shared", leaseSeconds: 120 }),
    pauseMs: { min: 3_600_000, max: 3_600_000 },
  });
  const ended = () =>
    sql`select status::text, count(*)::integer as n from public.tasks where user_id = ${maya.id} group by status`;
  await expect.poll(ended).toEqual([{ status: "completed", n: 2 }]);
  bench.shutdown.abort();
  await shared;
  const tried = await sql`select distinct task_id from public.task_attempts where user_id = ${mallory.id}`;
  expect(tried).toHaveLength(3);
});
