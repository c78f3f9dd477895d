import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, type Person, rows, server, signUp } from "../support/people.ts";

// The schema document's examples, unchanged, by a signed-in user; and what other users see of it.

let project: TestProject;
let supabase: Client;
let ana: Person;
let other: Person;
let projectId: number;
let taskId: number;

beforeAll(async () => {
  project = await openTestProject();
  ana = await signUp(project, "ana");
  other = await signUp(project, "otto");
  supabase = ana.client;
});

afterAll(() => project?.close());

test("whoever signs up has a profile, and edits it", async () => {
  const { data } = await supabase.from("users").select("*");
  expect(data).toMatchObject([{ id: ana.id, email: "ana@example.org", preferences: {}, github_token: null }]);
  const profile = await rows(
    supabase.from("users").update({ full_name: "Ana Ruiz", preferences: { theme: "dark" } }).eq("id", ana.id)
      .select()
      .single(),
  );
  expect(profile).toMatchObject({ full_name: "Ana Ruiz", preferences: { theme: "dark" } });
  const sent = await rows(
    supabase.from("users").upsert({ ...profile, full_name: "Ana" }).select().single(),
  );
  expect(sent).toEqual({ ...profile, full_name: "Ana", updated_at: sent.updated_at });
});

test("creating a project", async () => {
  const { data, error } = await supabase
    .from("projects")
    .insert({
      repo_url: "https://github.com/user/repo",
      repo_name: "repo",
      repo_owner: "user",
      name: "My Project",
      description: "Project description",
    });
  expect({ data, error }).toEqual({ data: null, error: null });
  const project = await rows(supabase.from("projects").select("*").single());
  expect(project).toMatchObject({ user_id: ana.id, is_active: true, settings: {}, name: "My Project" });
  projectId = project.id;
});

test("creating a task", async () => {
  const { data, error } = await supabase
    .from("tasks")
    .insert({
      project_id: projectId,
      repo_url: "https://github.com/user/repo",
      target_branch: "main",
      agent: "claude",
      chat_messages: [
        {
          role: "user",
          content: "Optimize the README file",
          timestamp: Date.now() / 1000,
        },
      ],
    });
  expect({ data, error }).toEqual({ data: null, error: null });
  const task = await rows(supabase.from("tasks").select("*").single());
  expect(task).toMatchObject({ user_id: ana.id, status: "pending", started_at: null, changed_files: [] });
  taskId = task.id;
});

test("a task with its defaults, from the insert that creates it", async () => {
  const task = await rows(supabase.from("tasks").insert({ project_id: projectId }).select("*").single());
  expect(task).toMatchObject({
    agent: "claude",
    repo_url: "https://github.com/user/repo",
    status: "pending",
  });
  expect((await supabase.from("tasks").delete().eq("id", task.id)).error).toBeNull();
});

test("updating the messages of a task", async () => {
  const { chat_messages } = await rows(
    supabase.from("tasks").select("chat_messages").eq("id", taskId).single(),
  );
  const existingMessages = chat_messages as { role: string; content: string; timestamp: number }[];
  const { data, error } = await supabase
    .from("tasks")
    .update({
      chat_messages: [
        ...existingMessages,
        {
          role: "assistant",
          content: "I have optimized your README file with better structure.",
          timestamp: Date.now() / 1000,
        },
      ],
    })
    .eq("id", taskId);
  expect({ data, error }).toEqual({ data: null, error: null });
  const after = await rows(supabase.from("tasks").select("chat_messages").eq("id", taskId).single());
  expect(after.chat_messages).toMatchObject([{ role: "user" }, { role: "assistant" }]);
});

test("appending a message, twice with the same key", async () => {
  const append = () =>
    rows(supabase.rpc("append_task_message", {
      task_id: taskId,
      role: "user",
      content: "Thank you",
      idempotency_key: "thanks",
    }));
  const before = Date.now() / 1000;
  const first = await append() as { timestamp: number };
  expect(first).toMatchObject({ role: "user", content: "Thank you", idempotency_key: "thanks" });
  expect(Math.abs(first.timestamp - before)).toBeLessThan(60);
  expect(await append()).toEqual(first);
  const { chat_messages } = await rows(
    supabase.from("tasks").select("chat_messages").eq("id", taskId).single(),
  );
  expect(chat_messages).toHaveLength(3);
});

test("querying tasks", async () => {
  await rows(supabase.from("tasks").update({ status: "running" }).eq("id", taskId).select());
  await rows(
    supabase.from("tasks").update({
      status: "completed",
      pr_branch: "feature/optimize-readme",
      pr_number: 7,
      pr_url: "https://github.com/user/repo/pull/7",
      commit_hash: "abc",
      git_diff: "+ better",
      completed_at: new Date().toISOString(),
    }).eq("id", taskId).select(),
  );
  const { data } = await supabase
    .from("tasks")
    .select(`
      *,
      projects (
        name,
        repo_name
      )
    `)
    .eq("status", "completed")
    .order("created_at", { ascending: false })
    .limit(50);
  expect(data).toMatchObject([{ id: taskId, projects: { name: "My Project", repo_name: "repo" } }]);

  const { data: tasksWithPRs } = await supabase
    .from("tasks")
    .select("id, target_branch, pr_branch, pr_number, pr_url, status")
    .not("pr_number", "is", null)
    .order("pr_number", { ascending: false });
  expect(tasksWithPRs).toEqual([{
    id: taskId,
    target_branch: "main",
    pr_branch: "feature/optimize-readme",
    pr_number: 7,
    pr_url: "https://github.com/user/repo/pull/7",
    status: "completed",
  }]);
});

test("a list of tasks without large columns, with its projects", async () => {
  const list = await rows(
    supabase.from("task_list").select("*, projects (name)").order("created_at", { ascending: false }),
  );
  expect(list).toMatchObject([{ id: taskId, diff_bytes: 8, projects: { name: "My Project" } }]);
  const large = ["git_diff", "git_patch", "changed_files", "chat_messages", "execution_metadata", "error"];
  expect(Object.keys(list[0] ?? {}).filter((column) => large.includes(column))).toEqual([]);
});

test("a status that is not allowed next is rejected, with those that are", async () => {
  const { status, error } = await supabase.from("tasks").update({ status: "running" }).eq("id", taskId);
  expect(status).toBe(409);
  expect(error).toMatchObject({
    message: "agents_task_transition_invalid",
    hint: expect.stringContaining("pending"),
  });
});

test("upserts of whole rows keep what the database sets", async () => {
  const task = await rows(supabase.from("tasks").select().eq("id", taskId).single());
  const sent = await rows(supabase.from("tasks").upsert({ ...task, priority: 3 }).select().single());
  expect(sent).toEqual({ ...task, priority: 3, updated_at: sent.updated_at });
  const { max_running_tasks: _, id: __, ...repository } = await rows(
    supabase.from("projects").select().single(),
  );
  const renamed = await rows(
    supabase.from("projects").upsert({ ...repository, name: "Renamed" }, { onConflict: "user_id,repo_url" })
      .select()
      .single(),
  );
  expect(renamed).toMatchObject({ id: projectId, name: "Renamed" });
});

test("a diff of 10 MB is stored and returned", async () => {
  const diff = Array.from({ length: 380_000 }, (_, line) => `+ line ${line} of a change ${line % 7}`).join(
    "\n",
  );
  expect(diff.length).toBeGreaterThan(10_000_000);
  const { error } = await supabase.from("tasks").update({ git_diff: diff }).eq("id", taskId);
  expect(error).toBeNull();
  const { git_diff } = await rows(supabase.from("tasks").select("git_diff").eq("id", taskId).single());
  expect(git_diff === diff).toBe(true);
  const { diff_bytes } = await rows(
    supabase.from("task_list").select("diff_bytes").eq("id", taskId).single(),
  );
  expect(diff_bytes).toBe(diff.length);
});

test("somebody else sees nothing of it and changes nothing", async () => {
  const { client } = other;
  expect(await rows(client.from("projects").select("*"))).toEqual([]);
  expect(await rows(client.from("tasks").select("*"))).toEqual([]);
  expect(await rows(client.from("task_list").select("*"))).toEqual([]);
  expect(await rows(client.from("users").select("id"))).toEqual([{ id: other.id }]);
  expect(await rows(client.from("tasks").update({ agent: "mine" }).eq("id", taskId).select())).toEqual([]);
  expect(await rows(client.from("tasks").delete().eq("id", taskId).select())).toEqual([]);
  expect(await rows(client.from("projects").delete().eq("id", projectId).select())).toEqual([]);
  const answers = [
    await client.from("tasks").insert({ user_id: ana.id }),
    await client.from("tasks").upsert({ id: taskId, agent: "mine" }),
    await client.from("tasks").insert({ project_id: projectId }),
    await client.from("users").upsert({ id: ana.id, full_name: "Mallory" }),
    await client.rpc("append_task_message", { task_id: taskId, role: "user", content: "Hi" }),
    await client.rpc("set_max_running_tasks", { user_id: other.id, max_running_tasks: 100 }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 404, 403, 404, 403]);
  const nobody = anonymous(project);
  expect((await nobody.from("users").select("*")).status).toBe(401);
  expect((await nobody.from("projects").select("*")).status).toBe(401);
  expect((await nobody.from("tasks").select("*")).status).toBe(401);
  expect((await nobody.from("task_list").select("*")).status).toBe(401);
  expect((await rows(supabase.from("tasks").select("agent").eq("id", taskId).single())).agent).toBe("claude");
});

test("a server sees all; an admin of the team sets limits", async () => {
  expect(await rows(server(project).from("tasks").select("id"))).toEqual([{ id: taskId }]);
  const admin = (await signUp(project, "adam", "admin")).client;
  const limit = { user_id: ana.id, max_running_tasks: 2 };
  expect((await admin.rpc("set_max_running_tasks", limit)).error).toBeNull();
  const { max_running_tasks } = await rows(supabase.from("users").select("max_running_tasks").single());
  expect(max_running_tasks).toBe(2);
});

test("clients can subscribe to tasks", async () => {
  const sql = connect(project.database);
  try {
    const members = await sql`
      select tablename from pg_publication_tables
      where pubname = 'supabase_realtime' and tablename in ('tasks', 'task_attempts', 'users', 'projects')
    `;
    expect(members.map(({ tablename }) => tablename)).toEqual(["tasks"]);
  } finally {
    await sql.end();
  }
});
