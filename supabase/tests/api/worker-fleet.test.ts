import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createHealth } from "../../../scripts/worker/health.ts";
import { createQueue } from "../../../scripts/worker/queue.ts";
import type { Outcome } from "../../../scripts/worker/run-task.ts";
import { type Bench, openBench, TOKEN } from "../../../scripts/worker/testing/bench.ts";
import { work } from "../../../scripts/worker/worker.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Person, rows, signUp } from "../support/people.ts";
import { size, some } from "../support/size.ts";

// Workers share the queue, and one of them is broken: no task fails because of it.

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

afterEach(() => bench.close());

/** Runs a worker until the shutdown. */
function start(name: string, command: string, options: { token?: string } = {}): Promise<Outcome[]> {
  const deps = bench.deps(command, { goal: "diff" });
  const log = (event: string): void => void bench.lines.push(`${name} ${event}`);
  return work({
    ...deps,
    queue: createQueue(anonymous(project), { worker: name, leaseSeconds: 120, workerToken: token }),
    health: createHealth({ agents: ["scripted"], log, pauseMs: { min: 2_000, max: 4_000 } }),
    githubToken: () => Promise.resolve(options.token ?? TOKEN),
    log,
  }, {
    leaseSeconds: 120,
    concurrency: 1,
    once: false,
    idleMs: { min: 50, max: 400 },
    shutdown: bench.shutdown.signal,
  });
}

test.each(some(1, [
  ["an agent that can't sign in", `echo "no key" >&2; exit 1`, {}],
  ["a token that was revoked", `true`, { token: "ghp_revokedrevokedrevokedrevokedrevoked" }],
  ["no agent", `no-such-agent`, {}],
]))("%s", async (_, command, options) => {
  const count = size(4, 200);
  await sql`insert into public.tasks (user_id, agent, repo_url)
    select ${maya.id}, 'scripted', ${`${bench.fake.url}/acme/shop.git`} from generate_series(1, ${count})`;
  const fleet = [start("broken", command, options)];
  // alone with the queue it would empty it
  await expect.poll(() => bench.lines).toContain("broken pausing");
  for (let at = 1; at < WORKERS; at++) fleet.push(start(`worker ${at}`, `echo x > "x$FIXLOOP_TASK_ID"`));
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
  const counted = await sql`
    select task_id from public.task_attempts where worker = 'broken' and outcome = 'failed'`;
  expect(counted.length, "before it noticed that it is broken").toBeLessThanOrEqual(4);
  await sql`delete from public.tasks`;
});
