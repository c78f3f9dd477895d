import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, type Person, rows, server, signUp } from "../support/people.ts";

// A worker with nothing but the URL, the publishable key and a worker token; and what other callers get.

let project: TestProject;
let ana: Person;
let other: Person;
let worker: Client;
let token: { id: string; token: string };

beforeAll(async () => {
  project = await openTestProject();
  ana = await signUp(project, "ana");
  other = await signUp(project, "otto");
  worker = anonymous(project);
});

afterAll(() => project?.close());

const newTask = (person: Person) =>
  rows(
    person.client.from("tasks").insert({
      agent: "claude",
      repo_url: "https://github.com/acme/shop",
      chat_messages: [{ role: "user", content: "Fix it", timestamp: Date.now() / 1000 }],
    }).select("id").single(),
  );

const claim = (client: Client, worker_token?: string, more: Record<string, unknown> = {}) =>
  client.rpc("claim_task", {
    worker: "laptop",
    agents: ["claude"],
    ...(worker_token === undefined ? {} : { worker_token }),
    ...more,
  });

/** What a worker sends with each call about its task. */
function heldBy(leases: { task_id: number | null; fencing_token: number | null }[]) {
  const [lease] = leases;
  if (!lease?.task_id || !lease.fencing_token) throw new Error("There is a lease.");
  return { task_id: lease.task_id, fencing_token: lease.fencing_token, worker_token: token.token };
}

/** Status and code of an error. */
async function refusal(
  call: PromiseLike<{ status: number; error: { code: string; message: string } | null }>,
) {
  const { status, error } = await call;
  return [status, error?.code, error?.message];
}

test("a user creates a worker token and sees all of it but the token", async () => {
  token = await rows(
    ana.client.rpc("create_worker_token", { name: "Laptop", agents: ["claude"], expires_in_days: 30 })
      .single(),
  );
  expect(token.token).toMatch(/^flw_/);
  const list = await rows(ana.client.from("worker_tokens").select("*"));
  expect(list).toMatchObject([{ id: token.id, name: "Laptop", agents: ["claude"], last_used_at: null }]);
  expect(JSON.stringify(list)).not.toContain(token.token.slice(4));
  expect(await rows(other.client.from("worker_tokens").select("*"))).toEqual([]);
});

test("from claim to end", async () => {
  const { id } = await newTask(ana);
  const leases = await rows(claim(worker, token.token));
  const [lease] = leases;
  expect(lease).toMatchObject({
    task_id: id,
    attempt: 1,
    agent: "claude",
    repo_url: "https://github.com/acme/shop",
    repo_owner: "acme",
    repo_name: "shop",
    target_branch: null,
    chat_messages: [{ role: "user", content: "Fix it" }],
    github_token: null,
  });
  expect(Date.parse(lease?.lease_expires_at ?? "") - Date.now()).toBeGreaterThan(240_000);
  expect(await rows(claim(worker, token.token))).toEqual([]);
  const held = heldBy(leases);

  const beat = await rows(
    worker.rpc("heartbeat_task", { ...held, lease_seconds: 600, message: "Reading the code" }),
  );
  expect(beat).toMatchObject({ state: "running", cancel_requested: false });
  expect(await rows(ana.client.from("task_attempts").select("attempt, worker, outcome"))).toEqual([
    { attempt: 1, worker: "laptop", outcome: null },
  ]);

  const result = {
    ...held,
    commit_hash: "abc",
    git_diff: "+ fixed",
    changed_files: ["README.md"],
    pr_branch: "fix",
    pr_number: 7,
    pr_url: "https://github.com/acme/shop/pull/7",
    message: "Done",
    execution_metadata: { model: "large" },
  };
  const completed = await rows(worker.rpc("complete_task", result));
  expect(completed).toMatchObject({ task_id: id, status: "completed" });
  // supabase-js repeats a POST when the answer was lost
  expect(await rows(worker.rpc("complete_task", result))).toEqual(completed);
  const task = await rows(ana.client.from("tasks").select("*").eq("id", id).single());
  expect(task).toMatchObject({
    status: "completed",
    git_diff: "+ fixed",
    changed_files: ["README.md"],
    pr_number: 7,
    execution_metadata: { model: "large" },
    chat_messages: [{ content: "Fix it" }, { role: "assistant", content: "Reading the code" }, {
      role: "assistant",
      content: "Done",
    }],
  });
});

/** A diff of this many lines that can't be compressed, with every character that JSON escapes. */
function largeDiff(lines: number): string {
  return Array.from({ length: lines }, (_, line) => {
    const digest = createHash("sha512").update(`${line}`).digest("base64");
    return `${"+- "[line % 3]}\t"${digest}" \\ 'ä€😀' \u2028\u0001 ${line % 100 === 0 ? "\r" : ""}`;
  }).join("\n");
}

test("a diff of 10 MB is stored within a worker's 3 seconds and returned byte for byte", async () => {
  const sql = connect(project.database);
  try {
    const [anon] = await sql`select rolconfig from pg_roles where rolname = 'anon'`;
    expect(anon?.rolconfig).toContain("statement_timeout=3s");
  } finally {
    await sql.end();
  }
  const { id } = await newTask(ana);
  const held = heldBy(await rows(claim(worker, token.token)));
  expect(held.task_id).toBe(id);
  const git_diff = largeDiff(90_000);
  expect(Buffer.byteLength(git_diff)).toBeGreaterThan(10_000_000);
  // on a busy machine not at once
  await expect.poll(() => worker.rpc("complete_task", { ...held, git_diff, message: "Done" }))
    .toMatchObject({ error: null, data: { task_id: id, status: "completed" } });
  const task = await rows(ana.client.from("tasks").select("status, git_diff").eq("id", id).single());
  expect(task.status).toBe("completed");
  // compared separately, so that a failure does not print it
  expect(task.git_diff === git_diff).toBe(true);
  expect(await rows(ana.client.from("task_list").select("diff_bytes").eq("id", id).single()))
    .toEqual({ diff_bytes: Buffer.byteLength(git_diff) });
});

test("a task that fails, is released, is cancelled", async () => {
  const { id } = await newTask(ana);
  const take = async () => heldBy(await rows(claim(worker, token.token)));
  const released = await rows(worker.rpc("release_task", await take()));
  expect(released).toEqual({ task_id: id, status: "pending" });
  const failed = await rows(
    worker.rpc("fail_task", { ...await take(), error: "Red tests", error_kind: "tests" }),
  );
  expect(failed).toMatchObject({ task_id: id, status: "pending", attempts_left: 2 });
  expect(await rows(ana.client.from("tasks").select("error, error_kind").eq("id", id).single()))
    .toEqual({ error: "Red tests", error_kind: "tests" });
  await rows(ana.client.from("tasks").update({ run_after: new Date(0).toISOString() }).eq("id", id).select());
  const held = await take();
  expect(await refusal(ana.client.from("tasks").update({ status: "cancelled" }).eq("id", id)))
    .toEqual([409, "PT409", "agents_task_conflict"]);
  expect(await refusal(other.client.rpc("cancel_task", { task_id: id })))
    .toEqual([404, "PT404", "agents_task_unknown"]);
  expect(await rows(ana.client.rpc("cancel_task", { task_id: id }))).toEqual({
    task_id: id,
    status: "cancelled",
  });
  expect(await rows(worker.rpc("heartbeat_task", held))).toMatchObject({
    state: "cancelled",
    cancel_requested: true,
  });
  expect(await refusal(worker.rpc("complete_task", { ...held, git_diff: "late" })))
    .toEqual([409, "PT409", "agents_task_lease_expired"]);
});

test("calls with an expired lease are rejected", async () => {
  const { id } = await newTask(ana);
  const held = heldBy(await rows(claim(worker, token.token)));
  expect(held.task_id).toBe(id);
  const sql = connect(project.database);
  try {
    await sql`update public.task_attempts set lease_expires_at = clock_timestamp() where task_id = ${id}`;
  } finally {
    await sql.end();
  }
  const { status, error } = await worker.rpc("heartbeat_task", held);
  expect(status).toBe(409);
  expect(error).toMatchObject({
    code: "PT409",
    message: "agents_task_lease_expired",
    hint: expect.stringContaining("claim"),
  });
  expect(await refusal(worker.rpc("complete_task", held))).toEqual([
    409,
    "PT409",
    "agents_task_lease_expired",
  ]);
  expect((await rows(ana.client.from("tasks").select("status").eq("id", id).single())).status).toBe(
    "running",
  );
});

test("claims with wrong arguments", async () => {
  expect(await refusal(claim(worker))).toEqual([401, "PT401", "agents_worker_token_required"]);
  expect(await refusal(claim(ana.client))).toEqual([401, "PT401", "agents_worker_token_required"]);
  expect(await refusal(claim(worker, "flw_invented"))).toEqual([401, "PT401", "agents_worker_token_invalid"]);
  expect(await refusal(claim(worker, token.token, { agents: ["claude", "codex"] })))
    .toEqual([403, "PT403", "agents_worker_agents_forbidden"]);
  expect(await refusal(claim(worker, token.token, { lease_seconds: 1 })))
    .toEqual([422, "PT422", "agents_worker_input_invalid"]);
  expect(
    await refusal(
      worker.rpc("complete_task", { task_id: 1, fencing_token: 999_999, worker_token: token.token }),
    ),
  ).toEqual([409, "PT409", "agents_task_lease_expired"]);
});

test("a worker token is valid for the queue and nothing else", async () => {
  await newTask(other);
  expect(await rows(claim(worker, token.token))).toEqual([]);
  for (const key of [undefined, token.token]) {
    const headers = key === undefined ? {} : { Authorization: `Bearer ${key}` };
    for (const path of ["tasks", "task_attempts", "worker_tokens", "projects", "users", "task_list"]) {
      const response = await fetch(`${project.url}/rest/v1/${path}?select=*`, {
        headers: { apikey: project.publishableKey, ...headers },
      });
      expect([path, response.status]).toEqual([path, 401]);
    }
  }
  const answers = [
    await worker.rpc("cancel_task", { task_id: 1 }),
    await worker.rpc("append_task_message", { task_id: 1, role: "user", content: "Hi" }),
    await worker.rpc("create_worker_token", { name: "Mine", agents: ["claude"] }),
    await worker.rpc("revoke_worker_token", { id: token.id }),
  ];
  expect(answers.map(({ status, error }) => [status, error?.code])).toEqual(
    answers.map(() => [401, "42501"]),
  );
});

test("a claim that is repeated with its key returns the same lease", async () => {
  const claim_key = crypto.randomUUID();
  await newTask(other);
  const [first] = await rows(claim(server(project), undefined, { claim_key }));
  const [again] = await rows(claim(server(project), undefined, { claim_key }));
  expect(first).toBeDefined();
  expect(again).toEqual(first);
});

test("a worker whose token is revoked is rejected immediately", async () => {
  await newTask(ana);
  const held = heldBy(await rows(claim(worker, token.token)));
  expect(await refusal(other.client.rpc("revoke_worker_token", { id: token.id })))
    .toEqual([404, "PT404", "agents_worker_token_unknown"]);
  expect((await ana.client.rpc("revoke_worker_token", { id: token.id })).error).toBeNull();
  const answers = [
    await refusal(claim(worker, token.token)),
    await refusal(worker.rpc("heartbeat_task", held)),
    await refusal(worker.rpc("complete_task", held)),
    await refusal(worker.rpc("fail_task", { ...held, error: "broken" })),
    await refusal(worker.rpc("release_task", held)),
  ];
  expect(answers).toEqual(answers.map(() => [401, "PT401", "agents_worker_token_invalid"]));
});
