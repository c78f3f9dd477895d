import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { anonymous, type Client, rows, signUp } from "../support/people.ts";

// The statements of the seed document, as a team agent sends them over HTTP.

const CONVERSATION = "debb44af-15b9-456d-9b88-6a2519f81427";
const CURRENT = "current-conversation-id";

let project: TestProject;
let agent: Client;

beforeAll(async () => {
  const seed = readFileSync(new URL("../../seed.sql", import.meta.url), "utf8");
  project = await openTestProject({ scripts: [seed] });
  agent = (await signUp(project, "agnes", "agent")).client;
});

afterAll(() => project?.close());

test("lists the active issues, and one with its steps", async () => {
  const active = await rows(
    agent.from("exai_active_issues").select(
      "issue_number, severity, completed_steps, total_steps, progress_percentage",
    )
      .order("issue_number"),
  );
  expect(active).toEqual([
    { issue_number: 1, severity: "critical", completed_steps: 0, total_steps: 7, progress_percentage: 0 },
    { issue_number: 2, severity: "high", completed_steps: 0, total_steps: 0, progress_percentage: 0 },
    { issue_number: 3, severity: "medium", completed_steps: 0, total_steps: 0, progress_percentage: 0 },
  ]);
  const issue = await rows(
    agent.from("exai_issues").select(
      "*, exai_issue_checklist(step_number, description, status, completed_at)",
    )
      .eq("issue_number", 1)
      .order("step_number", { referencedTable: "exai_issue_checklist" })
      .single(),
  );
  expect(issue.file_path).toBe("src/providers/async_glm.py");
  expect(issue.exai_issue_checklist.map((step) => step.step_number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test("lists the issues of a conversation", async () => {
  const found = await rows(
    agent.from("exai_issues").select("issue_number").eq("conversation_id", CONVERSATION).order("severity")
      .order(
        "issue_number",
      ),
  );
  expect(found.map((issue) => issue.issue_number)).toEqual([1, 2, 3]);
});

test("an issue is started, a step completed, a comment added, the issue fixed, and the history records it", async () => {
  const { id } = await rows(
    agent.from("exai_issues").update({ status: "in_progress" }).eq("issue_number", 1).select("id").single(),
  );
  const step = await rows(
    agent.from("exai_issue_checklist")
      .update({ status: "complete", completed_at: new Date().toISOString(), conversation_id: CURRENT })
      .eq("issue_id", id).eq("step_number", 1).select().single(),
  );
  expect(step.completed_at).not.toBeNull();
  await rows(
    agent.from("exai_issue_updates").insert({
      issue_id: id,
      update_type: "comment",
      content: "Started implementing AsyncGLM timeout fix",
      conversation_id: CURRENT,
    }).select().single(),
  );
  const progress = await rows(
    agent.from("exai_active_issues").select("progress_percentage").eq("issue_number", 1).single(),
  );
  expect(progress.progress_percentage).toBe(14);
  const fixed = await rows(
    agent.from("exai_issues")
      .update({ status: "fixed", fix_conversation_id: CURRENT, fix_date: new Date().toISOString() })
      .eq("issue_number", 1).select().single(),
  );
  expect(fixed.fix_date).not.toBeNull();
  const history = await rows(
    agent.from("exai_issue_updates").select("update_type, conversation_id").eq("issue_id", id).order(
      "created_at",
    ),
  );
  expect(history.map((update) => update.update_type)).toEqual(["status_change", "comment", "status_change"]);
  expect(history.at(-1)?.conversation_id).toBe(CURRENT);
});

test("an upsert of a whole row changes only the changed columns", async () => {
  const row = await rows(agent.from("exai_issues").select().eq("issue_number", 2).single());
  const sent = await rows(
    agent.from("exai_issues").upsert({ ...row, root_cause: "a default that nobody chose" }).select().single(),
  );
  expect(sent).toEqual({ ...row, root_cause: "a default that nobody chose", updated_at: sent.updated_at });
});

test("relations in arrays appear at both ends, and a cycle is rejected with a hint", async () => {
  const issues = await rows(agent.from("exai_issues").select("id").order("issue_number"));
  const [, second, third] = issues;
  if (!second || !third) throw new Error("There are three issues.");
  await rows(
    agent.from("exai_issues").update({ blocks_issues: [third.id] }).eq("id", second.id).select().single(),
  );
  const blocked = await rows(
    agent.from("exai_issues").select("blocked_by_issues").eq("id", third.id).single(),
  );
  expect(blocked.blocked_by_issues).toEqual([second.id]);
  const ready = await rows(agent.from("exai_ready_issues").select("issue_number"));
  expect(ready).toEqual([{ issue_number: 2 }]);
  const cycle = await agent.rpc("relate_exai_issues", {
    from_issue_id: third.id,
    to_issue_id: second.id,
    kind: "blocks",
  });
  expect(cycle.status).toBe(409);
  expect(cycle.error).toMatchObject({ message: "exai_relation_cycle_conflict" });
  expect(cycle.error?.hint).toBeTruthy();
});

test("people outside the team get nothing, and viewers change nothing", async () => {
  expect((await anonymous(project).from("exai_issues").select("id")).error?.code).toBe("42501");
  const stranger = (await signUp(project, "sten")).client;
  expect(await rows(stranger.from("exai_issues").select("id"))).toEqual([]);
  const viewer = (await signUp(project, "vera", "viewer")).client;
  const { status, error } = await viewer.from("exai_issues").update({ status: "closed" }).eq(
    "issue_number",
    3,
  );
  expect([status, error?.message]).toEqual([403, "team_role_required"]);
});
