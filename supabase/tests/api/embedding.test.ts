import type { SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { type Person, rows, signUp } from "../support/people.ts";

// The embeds that a client of this project writes first, by the shortest name.

let project: TestProject;
let person: Person;
// the generated types don't have every relationship that the API has
let agent: SupabaseClient;
let issueId: string;
let seqId: number;
let taskId: number;

beforeAll(async () => {
  project = await openTestProject();
  person = await signUp(project, "agnes", "agent");
  agent = person.client as unknown as SupabaseClient;
  const issue = await rows(
    agent.from("issues").insert({ title: "Export", description: "of CSV" }).select().single(),
  );
  issueId = issue.id;
  seqId = issue.seq_id;
  await rows(agent.from("comments").insert({ issue_id: issueId, body: "First" }).select());
  const owned = await rows(
    agent.from("projects").insert({
      name: "app",
      repo_name: "app",
      repo_owner: "acme",
      repo_url: "https://github.com/acme/app",
    }).select().single(),
  );
  const task = await rows(
    agent.from("tasks").insert({ project_id: owned.id }).select().single(),
  );
  taskId = task.id;
});

afterAll(async () => {
  await project?.close();
});

test("a task has its user, whose columns are those of public.users", async () => {
  const mine = { id: person.id };
  const [task] = await rows(agent.from("tasks").select("id,users(*)").eq("id", taskId));
  expect(task).toEqual({ id: taskId, users: expect.objectContaining(mine) });
  expect(Object.keys(task?.users ?? {})).toContain("full_name");
  expect(Object.keys(task?.users ?? {})).not.toContain("aud");
  const [hinted] = await rows(
    agent.from("tasks").select("user:users!tasks_user_id_fkey(*)").eq("id", taskId),
  );
  expect(hinted?.user).toMatchObject(mine);
});

test("a project has one user, however many tables have both keys", async () => {
  expect(await rows(agent.from("projects").select("name,users(id)"))).toEqual([
    { name: "app", users: { id: person.id } },
  ]);
  expect(await rows(agent.from("tasks").select("id,projects(name,users(id))").eq("id", taskId))).toEqual([
    { id: taskId, projects: { name: "app", users: { id: person.id } } },
  ]);
});

test("the activity log has the comments of its issues", async () => {
  expect(await rows(agent.from("issue_activity_log").select("issue_title,comments(body)").eq("id", issueId)))
    .toEqual([{ issue_title: "Export", comments: [{ body: "First" }] }]);
});

test("an issue's rows are spread in", async () => {
  expect(await rows(agent.from("comments").select("body,...issues(title,...circle_issues(space_name))")))
    .toEqual([
      { body: "First", title: "Export", space_name: [] },
    ]);
});

test("an estimated count of a few rows is exact", async () => {
  const { count, status } = await agent.from("issues").select("seq_id", { count: "estimated", head: true });
  expect([status, count]).toEqual([200, 1]);
});

test("a search by GET is filtered by `or`", async () => {
  const found = agent.rpc("search_issues", { query: "export" }, { get: true }).or(
    `seq_id.eq.${seqId},title.eq.x`,
  );
  expect((await rows(found) as { title: string }[]).map(({ title }) => title)).toEqual(["Export"]);
  const none = agent.rpc("search_issues", { query: "export" }, { get: true }).or("seq_id.eq.0,title.eq.x");
  expect(await rows(none)).toEqual([]);
});
