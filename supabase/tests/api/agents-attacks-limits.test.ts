import type { Sql } from "postgres";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, type Person, rows, server, signUp } from "../support/people.ts";

// Somebody fills the database with what one account can create: tasks, projects, tokens, bytes, attempts.

let project: TestProject;
let sql: Sql;
let mallory: Person;
let ana: Person;
let worker: Client;
let token: string;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  mallory = await signUp(project, "mallory");
  ana = await signUp(project, "ana");
  worker = anonymous(project);
  token = await newToken(mallory);
  await sql`
    update public.agent_settings set pending_tasks_per_user = 100, projects_per_user = 5,
      worker_tokens_per_user = 3, stored_bytes_per_user = 4000000, attempts_per_task = 4
  `;
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
});

afterEach(async () => {
  await sql`delete from public.tasks`;
});

interface Answer {
  status: number;
  error: { message: string } | null;
}
const refusal = async (call: PromiseLike<Answer>) => {
  const { status, error } = await call;
  return [status, error?.message];
};
const PENDING = [409, "agents_pending_tasks_limit_reached"];
const BYTES = [409, "agents_stored_bytes_limit_reached"];

const newToken = async (person: Person) =>
  (await rows(person.client.rpc("create_worker_token", { name: "w", agents: ["claude"] }).single())).token;
const insert = (count: number, more: object = {}, person = mallory) =>
  person.client.from("tasks").insert(Array.from({ length: count }, () => ({ agent: "claude", ...more })));
const countOf = async (table: "tasks" | "projects", person = mallory) =>
  (await person.client.from(table).select("id", { count: "exact", head: true })).count;
const claim = async () => {
  const [lease] = await rows(
    worker.rpc("claim_task", { worker: "w", agents: ["claude"], worker_token: token }),
  );
  return {
    task_id: Number(lease?.task_id),
    fencing_token: Number(lease?.fencing_token),
    worker_token: token,
  };
};

test("ten thousand tasks in one request are refused, and none of them is stored", async () => {
  expect(await refusal(insert(10_000))).toEqual(PENDING);
  expect(await countOf("tasks")).toBe(0);
  await rows(insert(100).select("id"));
  expect(await refusal(insert(1))).toEqual(PENDING);
  // running ones that are set back, and ended ones that are run again
  const ended = await rows(insert(2, { status: "completed" }).select("id"));
  for (const { id } of ended) {
    expect(await refusal(mallory.client.from("tasks").update({ status: "pending" }).eq("id", id)))
      .toEqual(PENDING);
  }
  const held = await rows(insert(2, { status: "running" }).select("id"));
  expect(
    await refusal(
      mallory.client.from("tasks").update({ status: "pending" }).in("id", held.map(({ id }) => id)),
    ),
  ).toEqual(PENDING);
  // everything else goes on, for mallory and for others
  expect((await mallory.client.from("tasks").update({ priority: 1 }).eq("status", "pending")).status).toBe(
    204,
  );
  await rows(insert(50, {}, ana).select("id"));
  const [first] = await rows(mallory.client.from("tasks").select("id").eq("status", "pending").limit(1));
  await rows(mallory.client.rpc("cancel_task", { task_id: first?.id ?? 0 }));
  await rows(insert(1).select("id"));
  expect(await refusal(insert(1))).toEqual(PENDING);
  // a server is not limited
  await rows(
    server(project).from("tasks").insert(
      Array.from({ length: 10 }, () => ({ agent: "claude", user_id: mallory.id })),
    ).select("id"),
  );
});

test("many requests that come together stay within the limits as well", async () => {
  await rows(insert(90).select("id"));
  const answers = await Promise.all(Array.from({ length: 40 }, () => refusal(insert(1))));
  expect(answers.filter(([status]) => status === 201)).toHaveLength(10);
  expect(answers.filter(([status]) => status !== 201)).toEqual(Array.from({ length: 30 }, () => PENDING));
  expect(await countOf("tasks")).toBe(100);
});

test("projects have a limit, and an upsert of one that exists adds none", async () => {
  const add = (...names: string[]) =>
    mallory.client.from("projects").upsert(
      names.map((name) => ({
        repo_url: `https://github.com/acme/${name}`,
        repo_owner: "acme",
        repo_name: name,
        name,
      })),
      { onConflict: "user_id,repo_url" },
    );
  const refused = [409, "agents_projects_limit_reached"];
  expect(await refusal(add(..."abcdef"))).toEqual(refused);
  expect(await countOf("projects")).toBe(0);
  expect((await add(..."abcde")).status).toBe(201);
  expect((await add(..."abcde")).error).toBeNull();
  expect(await refusal(add("f"))).toEqual(refused);
  const answers = await Promise.all([..."ghijklmn"].map((name) => refusal(add(name))));
  expect(answers).toEqual(answers.map(() => refused));
  expect(await countOf("projects")).toBe(5);
});

test("valid worker tokens have a limit, and ended ones do not pile up", async () => {
  const refused = [409, "agents_worker_tokens_limit_reached"];
  const create = () => refusal(mallory.client.rpc("create_worker_token", { name: "w", agents: ["x"] }));
  const answers = await Promise.all(Array.from({ length: 12 }, create));
  expect(answers.filter(([status]) => status === 200)).toHaveLength(2);
  expect(answers.filter(([status]) => status !== 200)).toEqual(Array.from({ length: 10 }, () => refused));
  for (let turn = 0; turn < 10; turn++) {
    const [last] = await rows(
      mallory.client.from("worker_tokens").select("id").contains("agents", ["x"]).is("revoked_at", null)
        .limit(1),
    );
    await rows(mallory.client.rpc("revoke_worker_token", { id: last?.id ?? "" }));
    expect(await create()).toEqual([200, undefined]);
  }
  expect(await sql`select from public.worker_tokens where user_id = ${mallory.id}`).toHaveLength(6);
  expect(await create()).toEqual(refused);
});

test("stored bytes have a limit, whoever writes them", async () => {
  const million = "x".repeat(1_000_000);
  const [task] = await rows(insert(1).select("id"));
  const id = task?.id ?? 0;
  await rows(mallory.client.from("tasks").update({ git_diff: million }).eq("id", id).select("id"));
  await rows(insert(2, { git_patch: million, status: "completed" }).select("id"));
  // one more is too much: in a new task, an update, a message, from a worker
  expect(await refusal(insert(1, { git_diff: million }))).toEqual(BYTES);
  expect(await refusal(mallory.client.from("tasks").update({ git_patch: million }).eq("id", id))).toEqual(
    BYTES,
  );
  await rows(
    mallory.client.rpc("append_task_message", { task_id: id, role: "user", content: "y".repeat(800_000) }),
  );
  expect(
    await refusal(
      mallory.client.rpc("append_task_message", { task_id: id, role: "user", content: million }),
    ),
  ).toEqual(BYTES);
  const lease = await claim();
  expect(lease.task_id).toBe(id);
  expect(await refusal(worker.rpc("complete_task", { ...lease, git_patch: million }))).toEqual(BYTES);
  expect(await refusal(worker.rpc("complete_task", { ...lease, execution_metadata: { log: million } })))
    .toEqual(BYTES);
  expect(await refusal(worker.rpc("complete_task", { ...lease, changed_files: [million] }))).toEqual(BYTES);
  expect(await refusal(worker.rpc("heartbeat_task", { ...lease, message: million }))).toEqual(BYTES);
  expect(await refusal(worker.rpc("fail_task", { ...lease, error: "e", message: million }))).toEqual(BYTES);
  // what takes no more goes through: a result without a diff, a smaller one, a deletion
  expect(await refusal(worker.rpc("heartbeat_task", lease))).toEqual([200, undefined]);
  expect(await refusal(worker.rpc("complete_task", { ...lease, commit_hash: "abc" }))).toEqual([
    200,
    undefined,
  ]);
  await rows(mallory.client.from("tasks").update({ git_diff: "small" }).eq("id", id).select("id"));
  await rows(insert(1, { git_diff: million, status: "completed" }).select("id"));
  expect(await refusal(insert(1, { git_diff: million }))).toEqual(BYTES);
  // the sum is the same after the job has folded it, and after all is deleted
  const sums = () =>
    sql`
    select private.count_stored_bytes(${mallory.id})::integer as counted,
      (select coalesce(sum(t.stored_bytes), 0)::integer from public.tasks as t where t.user_id = ${mallory.id}) as sum
  `;
  const [before] = await sums();
  expect(before?.counted).toBe(before?.sum);
  await sql`select private.fold_stored_bytes()`;
  expect(await sums()).toMatchObject([{ ...before }]);
  await rows(mallory.client.from("tasks").delete().gt("id", 0).select("id"));
  expect(await sums()).toMatchObject([{ counted: 0, sum: 0 }]);
});

test("forty results at the same time take no more than the limit", async () => {
  const ids = await rows(insert(40, { status: "completed" }).select("id"));
  const answers = await Promise.all(
    ids.map(({ id }) =>
      refusal(mallory.client.from("tasks").update({ git_diff: "x".repeat(300_000) }).eq("id", id))
    ),
  );
  expect(answers.filter(([status]) => status === 204)).toHaveLength(12);
  expect(answers.filter(([status]) => status !== 204)).toEqual(Array.from({ length: 28 }, () => BYTES));
  // somebody who sends the count along gains nothing
  await rows(mallory.client.from("tasks").update({ stored_bytes: 0 }).gt("id", 0).select("id"));
  expect(await refusal(insert(1, { git_diff: "x".repeat(300_000), stored_bytes: -9_000_000 }))).toEqual(
    BYTES,
  );
});

test("claims and releases in turns: from the third on the task waits, and its history has an end", async () => {
  await rows(insert(1).select("id"));
  const runAfter = async () =>
    (await rows(mallory.client.from("tasks").select("run_after").single())).run_after;
  const first = await runAfter();
  for (let turn = 1; turn <= 8; turn++) {
    await rows(worker.rpc("release_task", await claim()));
    const waits = Date.parse(await runAfter()) > Date.now();
    expect([turn, waits]).toEqual([turn, turn >= 3]);
    if (turn < 3) expect(await runAfter()).toBe(first);
    if (turn >= 3) expect(await claim()).toMatchObject({ task_id: NaN });
    await sql`update public.tasks set run_after = (${first}::text)::timestamptz where user_id = ${mallory.id}`;
  }
  expect(await rows(mallory.client.from("task_attempts").select("outcome"))).toHaveLength(4);
  // another outcome in between begins again
  await rows(worker.rpc("fail_task", { ...await claim(), error: "e" }));
  await sql`update public.tasks set run_after = now() where user_id = ${mallory.id}`;
  const again = await runAfter();
  await rows(worker.rpc("release_task", await claim()));
  expect(await runAfter()).toBe(again);
});

test("a task that is run again and again keeps its last attempts", async () => {
  await rows(insert(1).select("id"));
  for (let turn = 0; turn < 8; turn++) {
    await rows(worker.rpc("fail_task", { ...await claim(), error: "x".repeat(20_000), retryable: false }));
    await rows(mallory.client.from("tasks").update({ status: "pending" }).gt("id", 0).select("id"));
  }
  const attempts = await rows(mallory.client.from("task_attempts").select("error"));
  expect(attempts.map(({ error }) => error?.length)).toEqual([10_000, 10_000, 10_000, 10_000]);
});

test("old attempts, tokens and failed deliveries are pruned; the last attempt of a task stays", async () => {
  await rows(insert(1).select("id"));
  for (let turn = 0; turn < 3; turn++) {
    await rows(worker.rpc("fail_task", { ...await claim(), error: "e", retryable: false }));
    await rows(mallory.client.from("tasks").update({ status: "pending" }).gt("id", 0).select("id"));
  }
  await sql`update public.task_attempts set ended_at = ended_at - interval '91 days'`;
  await sql`update public.worker_tokens set revoked_at = now() - interval '91 days' where revoked_at is not null`;
  const store = (event: string) =>
    rows(
      server(project).rpc("receive_github_delivery", {
        delivery_id: crypto.randomUUID(),
        event: "pull_request",
        body: btoa(JSON.stringify({ event })),
      }),
    );
  await store("old");
  await sql`
    update private.inbox_events set status = 'failed', processed_at = now(), next_attempt_at = null,
      received_at = now() - interval '31 days'
  `;
  await store("new");
  for (const job of ["agents-prune-attempts", "inbox-prune-events"]) {
    const [row] = await sql<{ command: string }[]>`select command from cron.job where jobname = ${job}`;
    await sql.unsafe(row?.command ?? "");
  }
  expect(await sql`select from public.task_attempts`).toHaveLength(1);
  expect(await sql`select from public.worker_tokens where revoked_at is not null`).toHaveLength(0);
  expect(await sql`select from private.inbox_events`).toHaveLength(1);
});

test("an admin sets the limits, and nobody else", async () => {
  const admin = await signUp(project, "adam", "admin");
  const set = (person: Person) =>
    person.client.from("agent_settings").update({ pending_tasks_per_user: null, projects_per_user: null }).eq(
      "id",
      true,
    );
  expect(await refusal(set(mallory))).toEqual([403, "team_role_required"]);
  expect(await refusal(set(admin))).toEqual([204, undefined]);
  await rows(insert(300).select("id"));
});
