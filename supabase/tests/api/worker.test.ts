import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Bench, openBench, TOKEN } from "../../../scripts/worker/testing/bench.ts";
import { bin, ROOT } from "../../../scripts/local/paths.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { type Person, rows, signUp } from "../support/people.ts";

// The worker of scripts/worker as a program, with the real queue: Data API, Postgres, git over HTTP, GitHub's
// API.

interface Worker {
  process: ChildProcessWithoutNullStreams;
  /** Its output so far. */
  output(): string;
  /** Its exit code. */
  ended: Promise<number | null>;
}

let project: TestProject;
let sql: Sql;
let maya: Person;
let token: { id: string; token: string };
let bench: Bench;
const workers: Worker[] = [];

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  maya = await signUp(project, "maya");
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

beforeEach(async () => {
  bench = await openBench();
  [token] = await rows(maya.client.rpc("create_worker_token", { name: "test", agents: ["scripted"] })) as [
    typeof token,
  ];
});

afterEach(async () => {
  for (const worker of workers.splice(0)) {
    worker.process.kill("SIGKILL");
    await worker.ended;
  }
  await sql`delete from public.projects`;
  await bench.close();
});

function startWorker(command: string, args: string[] = [], environment: Record<string, string> = {}): Worker {
  const child = spawn(bin("node"), [
    join(ROOT, "scripts/worker/main.ts"),
    ...["--agents", "scripted", "--command", command, "--allow-protocol", "http", "--lease", "30"],
    ...["--work-dir", join(bench.folder, "tasks"), "--grace", "1", "--idle", "1", ...args],
  ], {
    env: {
      PATH: process.env.PATH ?? "",
      HOME: bench.folder,
      SUPABASE_URL: project.url,
      GITHUB_API_URL: bench.fake.url,
      ...environment,
    },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const worker: Worker = {
    process: child,
    output: () => output,
    ended: new Promise((resolve) => child.once("close", resolve)),
  };
  workers.push(worker);
  return worker;
}

/** The environment of a user's own machine: a worker token, the publishable key, the user's GitHub token. */
const ownKeys = () => ({
  SUPABASE_PUBLISHABLE_KEY: project.publishableKey,
  WORKER_TOKEN: token.token,
  GITHUB_TOKEN: TOKEN,
});

async function queueTask(content = "Say hello"): Promise<number> {
  const [connected] = await rows(
    maya.client.from("projects").upsert({
      repo_url: `${bench.fake.url}/acme/shop.git`,
      repo_owner: "acme",
      repo_name: "shop",
      name: "Shop",
    }, { onConflict: "user_id,repo_url" }).select("id"),
  );
  const [task] = await rows(
    maya.client.from("tasks").insert({
      project_id: connected?.id ?? 0,
      agent: "scripted",
      chat_messages: [{ role: "user", content, timestamp: Date.now() / 1000 }],
    }).select("id"),
  );
  return task?.id ?? 0;
}

const taskOf = async (id: number) =>
  await rows(maya.client.from("tasks").select("*, task_attempts(*)").eq("id", id).single());

/** An agent that creates a file and does not end. */
const ENDLESS = `echo x > x; touch "$HOME/working"; sleep 30`;
const working = () => expect.poll(() => existsSync(join(bench.folder, "working"))).toBe(true);

describe("with a worker token", () => {
  test("a pending task is completed, with its chat, diff and pull request", async () => {
    const id = await queueTask();
    const worker = startWorker(`echo hello >> README.md; echo "Said hello."`, ["--once", "--model", "m-1"], {
      ...ownKeys(),
    });
    expect(await worker.ended, worker.output()).toBe(0);
    const task = await taskOf(id);
    expect(task).toMatchObject({
      status: "completed",
      pr_branch: `fixloop/task-${id}`,
      pr_number: 1,
      pr_url: "https://github.com/acme/shop/pull/1",
      commit_hash: bench.git("rev-parse", `fixloop/task-${id}`),
      changed_files: [{ path: "README.md", status: "modified", additions: 1, deletions: 0 }],
      execution_metadata: { model: "m-1" },
      task_attempts: [{ attempt: 1, outcome: "completed", agent: "scripted", worker_token_id: token.id }],
    });
    expect(task.git_diff).toContain("+hello");
    const chat = task.chat_messages as { role: string; content: string; timestamp: number }[];
    expect(chat.map(({ role }) => role)).toEqual(["user", "assistant", "assistant"]);
    expect(chat.at(-1)?.content).toBe("Said hello.");
    const links = await sql`select source from public.task_pull_requests where task_id = ${id}`;
    expect(links).toEqual([{ source: "owner" }]);
    const seen = await rows(maya.client.from("pull_requests").select("number"));
    expect(seen, "of a private repository, as long as nobody has looked with her token").toEqual([]);
    expect(worker.output()).not.toMatch(new RegExp(`${TOKEN}|${token.token}`));
  });

  test("a task of an account that may store no more has its pull request, and names what it lacks", async () => {
    const id = await queueTask();
    const [{ before }] = await sql<
      [{ before: string }]
    >`select stored_bytes_per_user as before from public.agent_settings`;
    await sql`update public.agent_settings set stored_bytes_per_user = private.count_stored_bytes(${maya.id})`;
    try {
      const worker = startWorker(`head -c 50000 /dev/urandom | base64 > big`, ["--once"], ownKeys());
      expect(await worker.ended, worker.output()).toBe(0);
    } finally {
      await sql`update public.agent_settings set stored_bytes_per_user = ${before}`;
    }
    expect(await taskOf(id)).toMatchObject({
      status: "completed",
      pr_number: 1,
      git_diff: null,
      git_patch: null,
      changed_files: [{ path: "big" }],
      execution_metadata: {
        pushed: null,
        left_out: [expect.stringMatching(/^git_diff /), expect.stringMatching(/^git_patch /)],
      },
      task_attempts: [{ outcome: "completed" }],
    });
  });

  test("what was pushed is in the task until its pull request is open, which the next worker opens alone", async () => {
    const id = await queueTask();
    bench.fake.state.faults.push({ path: "/pulls", method: "POST", status: 502, times: 1000 });
    const agent = `echo run >> "$HOME/runs"; echo hello >> README.md`;
    const first = startWorker(agent, ["--once", "--patience", "1"], ownKeys());
    expect(await first.ended, first.output()).toBe(1);
    const pushed = bench.git("rev-parse", `fixloop/task-${id}`);
    expect(await taskOf(id)).toMatchObject({
      status: "pending",
      attempts_count: 0,
      execution_metadata: { pushed: { commit: pushed } },
    });
    bench.fake.state.faults.length = 0;
    await sql`update public.tasks set run_after = now() where id = ${id}`;
    const second = startWorker(agent, ["--once"], ownKeys());
    expect(await second.ended, second.output()).toBe(0);
    expect(await taskOf(id)).toMatchObject({ status: "completed", pr_number: 1, commit_hash: pushed });
    expect(readFileSync(join(bench.folder, "runs"), "utf8")).toBe("run\n");
  });

  test("when its owner cancels a task, the agent is ended, and nothing is pushed", async () => {
    const id = await queueTask();
    const worker = startWorker(ENDLESS, ["--once", "--lease", "9"], ownKeys());
    await working();
    await rows(maya.client.rpc("cancel_task", { task_id: id }));
    expect(await worker.ended).toBe(1);
    const task = await taskOf(id);
    expect(task).toMatchObject({
      status: "cancelled",
      commit_hash: null,
      task_attempts: [{ outcome: "cancelled" }],
    });
    expect(bench.git("branch", "--list").trim()).toBe("* main");
    expect(worker.output()).toContain('"event":"cancelled"');
  });

  test("at a shutdown it releases its task, and the attempt of the next worker is the first one", async () => {
    const id = await queueTask();
    const first = startWorker(ENDLESS, [], ownKeys());
    await working();
    first.process.kill("SIGTERM");
    expect(await first.ended, first.output()).toBe(0);
    expect(await taskOf(id)).toMatchObject({ status: "pending", attempts_count: 0 });
    const second = startWorker(`echo x > x`, ["--once"], ownKeys());
    expect(await second.ended, second.output()).toBe(0);
    expect((await taskOf(id)).task_attempts.map(({ outcome }) => outcome).sort()).toEqual([
      "completed",
      "released",
    ]);
  });

  test("after SIGKILL its lease expires, and another worker completes the task", async () => {
    const id = await queueTask();
    const first = startWorker(ENDLESS, [], ownKeys());
    await working();
    first.process.kill("SIGKILL");
    await first.ended;
    await sql`update public.task_attempts set lease_expires_at = clock_timestamp() - interval '1 second'
      where task_id = ${id} and ended_at is null`;
    await sql`select private.reclaim_expired_tasks()`;
    await sql`update public.tasks set run_after = now() where id = ${id}`;
    const second = startWorker(`echo x > x`, ["--once"], ownKeys());
    expect(await second.ended, second.output()).toBe(0);
    const task = await taskOf(id);
    expect(task.status).toBe("completed");
    expect(task.task_attempts.map(({ outcome }) => outcome).sort()).toEqual(["completed", "expired"]);
  });

  test("two workers with two tasks at a time share the queue, and run no task twice", async () => {
    const ids: number[] = [];
    for (let at = 0; at < 4; at++) ids.push(await queueTask(`Task ${at}`));
    const both = [1, 2].map(() =>
      startWorker(`echo x > "x$FIXLOOP_TASK_ID"`, ["--concurrency", "2"], ownKeys())
    );
    const left = () =>
      rows(maya.client.from("task_list").select("id").in("id", ids).neq("status", "completed"));
    await expect.poll(left, { interval: 200 }).toEqual([]);
    for (const { process } of both) process.kill("SIGTERM");
    expect(await Promise.all(both.map(({ ended }) => ended))).toEqual([0, 0]);
    const attempts = await rows(
      maya.client.from("task_attempts").select("task_id, outcome").in("task_id", ids),
    );
    expect(attempts.map(({ task_id }) => task_id).sort((a, b) => a - b)).toEqual(ids);
    expect(bench.fake.state.pulls.map(({ title }) => title).sort()).toEqual(ids.map((_, at) => `Task ${at}`));
  });

  test("a failure is stored in the task, and retried only where that can help", async () => {
    const id = await queueTask();
    const worker = startWorker(`echo "no idea" >&2; exit 65`, ["--once"], ownKeys());
    expect(await worker.ended).toBe(1);
    expect(await taskOf(id)).toMatchObject({
      status: "failed",
      error_kind: "agent_failed",
      error: "The agent ended with exit code 65:\nno idea",
      task_attempts: [{ outcome: "failed", error_kind: "agent_failed", is_retryable: false }],
    });
    const again = await queueTask();
    expect(await startWorker(`exit 1`, ["--once"], ownKeys()).ended).toBe(1);
    const { status, run_after, attempts_count } = await taskOf(again);
    expect([status, attempts_count]).toEqual(["pending", 1]);
    expect(Date.parse(run_after)).toBeGreaterThan(Date.now());
  });

  test("a revoked token ends the worker, and its task with it", async () => {
    await queueTask();
    const worker = startWorker(ENDLESS, ["--lease", "9"], ownKeys());
    await working();
    await rows(maya.client.rpc("revoke_worker_token", { id: token.id }));
    expect(await worker.ended).toBe(1);
    expect(worker.output()).toContain("agents_worker_token_invalid");
    expect(bench.git("branch", "--list").trim()).toBe("* main");
  });
});

describe("with the secret key", () => {
  test("each task is run with the GitHub token that its owner stored", async () => {
    const project2 = await openTestProject({ functions: { env: { GITHUB_API_URL: bench.fake.url } } });
    try {
      const noor = await signUp(project2, "noor");
      const set = await noor.client.functions.invoke("github-token", { body: { token: TOKEN } });
      expect(set.error).toBeNull();
      const [connected] = await rows(
        noor.client.from("projects").insert({
          repo_url: `${bench.fake.url}/acme/shop.git`,
          repo_owner: "acme",
          repo_name: "shop",
          name: "Shop",
        }).select("id"),
      );
      const [task] = await rows(
        noor.client.from("tasks").insert({ agent: "scripted", project_id: connected?.id ?? 0 }).select("id"),
      );
      const worker = startWorker(`echo x > x`, ["--once"], {
        SUPABASE_URL: project2.url,
        SUPABASE_SECRET_KEY: project2.secretKey,
      });
      expect(await worker.ended, worker.output()).toBe(0);
      expect(bench.git("show", `fixloop/task-${task?.id}:x`)).toBe("x");
      expect(await rows(noor.client.from("pull_requests").select("repo_owner, repo_name, number, state")))
        .toEqual([{ repo_owner: "acme", repo_name: "shop", number: 1, state: "open" }]);
      expect(worker.output()).not.toContain(TOKEN);
    } finally {
      await project2.close();
    }
  });
});

test("without keys, or with wrong ones, it prints what to do and ends", async () => {
  const nothing = startWorker(`true`);
  expect(await nothing.ended).toBe(1);
  expect(nothing.output()).toContain("WORKER_TOKEN and SUPABASE_PUBLISHABLE_KEY");
  const unknown = startWorker(`true`, [], { ...ownKeys(), WORKER_TOKEN: "flw_guessed" });
  expect(await unknown.ended).toBe(1);
  expect(unknown.output()).toContain("agents_worker_token_invalid");
});
