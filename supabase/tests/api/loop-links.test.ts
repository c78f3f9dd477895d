import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, rows, server, signUp } from "../support/people.ts";

// From a message to a task, by what an agent's app calls.

let project: TestProject;
let agent: Client;
let viewer: Client;
let issueId: string;

beforeAll(async () => {
  project = await openTestProject();
  agent = (await signUp(project, "agnes", "agent")).client;
  viewer = (await signUp(project, "vera", "viewer")).client;
  const message = { message_id: "201500290", author_name: "Ana", posted_at: "2026-03-02T09:14:05.120Z" };
  const stored = await rows(server(project).from("circle_issues").insert(message).select("id").single());
  issueId = await rows(agent.rpc("import_circle_issue", { circle_issue_id: stored.id }));
});

afterAll(async () => await project?.close());

test("an agent promotes, links and dispatches, and the ledger has each hop", async () => {
  const exai = await rows(agent.rpc("promote_issue", { issue_id: issueId, severity: "high" }));
  expect(exai).toMatchObject({ severity: "high", status: "open" });
  const duplicate = await rows(agent.from("issues").insert({ title: "Also" }).select("id").single());
  const link = { issue_id: duplicate.id, issue_number: exai.issue_number };
  expect(await rows(agent.rpc("link_issue", link))).toMatchObject({
    exai_issue_id: exai.id,
    linked_by: "agnes",
  });

  const repository = {
    repo_url: "https://github.com/acme/app",
    repo_owner: "acme",
    repo_name: "app",
    name: "App",
  };
  const own = await rows(agent.from("projects").insert(repository).select("id").single());
  const work = { issue_number: exai.issue_number, project_id: own.id, instructions: "Add a test." };
  const dispatched = await rows(agent.rpc("dispatch_issue", work));
  expect(await rows(agent.rpc("dispatch_issue", work))).toEqual(dispatched);
  const task = await rows(agent.from("tasks").select().eq("id", dispatched.task_id).single());
  expect(JSON.stringify(task.chat_messages)).toContain(`Fix EXAI-${exai.issue_number}`);

  const events = await rows(
    viewer.from("loop_events").select("hop, at, actor, reference").eq("issue_id", issueId).order("id"),
  );
  expect(events).toMatchObject([
    { hop: "reported", at: "2026-03-02T09:14:05.12+00:00", actor: "Ana", reference: "201500290" },
    { hop: "triaged", actor: "agnes" },
    { hop: "promoted", actor: "agnes", reference: `EXAI-${exai.issue_number}` },
    { hop: "dispatched", actor: "agnes", reference: String(dispatched.task_id) },
  ]);
  const ready = await rows(viewer.rpc("list_ready_exai_issues", { order_by: "reporters" }));
  expect(ready).toMatchObject([{ id: exai.id, reporters_count: 2 }]);
});

test("a viewer reads, and is refused what writes; nobody else does either", async () => {
  const calls = (client: Client) => [
    client.rpc("promote_issue", { issue_id: issueId }),
    client.rpc("link_issue", { issue_id: issueId, issue_number: 1 }),
    client.rpc("unlink_issue", { issue_id: issueId }),
    client.rpc("dispatch_issue", { issue_number: 1, project_id: 1 }),
  ];
  for (const { status, error } of await Promise.all(calls(viewer))) {
    expect([status, error?.message]).toEqual([403, "team_role_required"]);
  }
  for (const { status } of await Promise.all(calls(anonymous(project)))) expect(status).toBe(401);
  const ledger = await viewer.from("loop_events").insert({
    issue_id: issueId,
    generation: 1,
    hop: "answered",
    at: "now",
  });
  expect(ledger.status).toBe(403);
  const taken = await agent.rpc("link_issue", { issue_id: issueId, issue_number: 999_999 });
  expect([taken.status, taken.error?.message]).toEqual([404, "exai_issue_unknown"]);
});
