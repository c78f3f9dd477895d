import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { styleText } from "node:util";
import { bin, ROOT } from "../local/paths.ts";
import type { Project } from "../local/stack.ts";
import { heading, print, quote, table, timed } from "../terminal.ts";
import type { FakeGithub } from "../fakes/github.ts";
import { createRepository } from "./repository.ts";
import { type Client, rows, single } from "./rows.ts";

const TOKEN = "ghp_demodemodemodemodemodemodemodemodemo";
const REPOSITORY = { owner: "acme", name: "csv-tools" } as const;

export interface AgentsStage {
  project: Project;
  fake: FakeGithub;
  /** For the repository and the worker's clones. */
  folder: string;
  maya: Client;
  tom: Client;
}

/** The issue becomes a task, a worker's agent fixes the code, the pull request is merged, and the issue is resolved. */
export async function fixWithAgent(stage: AgentsStage, issueId: string): Promise<void> {
  const projectId = await connectRepository(stage);
  const issueNumber = await promote(stage, issueId);
  const taskId = await dispatch(stage, projectId, issueNumber);
  await runWorker(stage, taskId);
  await showResult(stage, taskId);
  await mergePullRequest(stage, taskId);
  await showResolved(stage, issueId, issueNumber);
}

async function connectRepository({ fake, folder, maya }: AgentsStage): Promise<number> {
  heading("Maya connects a repository");
  fake.state.addUser({ login: "maya-chen", token: TOKEN, scopes: ["repo"] });
  fake.state.addRepo({ ...REPOSITORY, members: ["maya-chen"], gitDir: createRepository(folder) });
  await timed("stores her GitHub token with the function github-token", async () => {
    const { error } = await maya.functions.invoke("github-token", { body: { token: TOKEN } });
    if (error) throw error;
  });
  const profile = await single(maya.from("users").select("full_name, github_username, github_token"));
  table([profile], ["full_name", "github_username", "github_token"], 44);
  print("she, like everybody else, can read only a handle; the token itself is stored encrypted");
  const created = await timed("connects acme/csv-tools", () =>
    single(
      maya.from("projects").insert({
        repo_url: `${fake.url}/acme/csv-tools.git`,
        repo_name: REPOSITORY.name,
        repo_owner: REPOSITORY.owner,
        name: "CSV tools",
      }).select("id"),
    ));
  await timed("trusts what its pull requests say they fix", () =>
    rows(
      maya.from("loop_repositories").insert({
        repo_owner: REPOSITORY.owner,
        repo_name: REPOSITORY.name,
      }).select("repo_name"),
    ));
  return created.id;
}

async function promote({ tom }: AgentsStage, issueId: string): Promise<number> {
  heading("Tom makes it an engineering issue");
  const data = await timed("promotes it", async () => {
    const promoted = await tom.rpc("promote_issue", { issue_id: issueId, severity: "high" });
    if (promoted.error) throw promoted.error;
    return promoted.data;
  });
  table([{ ...data, name: `EXAI-${data.issue_number}` }], ["name", "title", "severity", "status"], 60);
  return data.issue_number;
}

async function dispatch({ maya }: AgentsStage, projectId: number, issueNumber: number): Promise<number> {
  heading("Maya dispatches it to a coding agent");
  const data = await timed(`queues a task with the context of EXAI-${issueNumber}`, async () => {
    const dispatched = await maya.rpc("dispatch_issue", {
      issue_number: issueNumber,
      project_id: projectId,
      agent: "scripted",
    });
    if (dispatched.error) throw dispatched.error;
    return dispatched.data;
  });
  const task = await single(
    maya.from("tasks").select("id, status, agent, target_branch, priority").eq("id", data.task_id),
  );
  table([task], ["id", "status", "agent", "target_branch", "priority"]);
  return task.id;
}

/**
 * Runs the worker of scripts/worker in its own process, with a token that can only claim and finish tasks.
 */
async function runWorker({ project, fake, folder, maya }: AgentsStage, taskId: number): Promise<void> {
  heading("A worker claims it");
  const { token } = await timed(
    "Maya creates a token for her worker",
    () => single(maya.rpc("create_worker_token", { name: "Maya's machine", agents: ["scripted"] })),
  );
  const node = bin("node");
  const agent = `'${node}' '${join(ROOT, "scripts/demo/agent.ts")}'`;
  const child = spawn(node, [
    join(ROOT, "scripts/worker/main.ts"),
    ...["--once", "--agents", "scripted", "--command", agent, "--worker", "maya-1"],
    ...["--allow-protocol", "http", "--work-dir", join(folder, "clones"), "--log", "text"],
  ], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      SUPABASE_URL: project.url,
      SUPABASE_PUBLISHABLE_KEY: project.publishableKey,
      WORKER_TOKEN: token,
      GITHUB_TOKEN: TOKEN,
      GITHUB_API_URL: fake.url,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface({ input: child.stdout }).on("line", (line) => print(styleText("dim", line)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  assert.equal(code, 0, "the worker completes the task");
  const attempts = await rows(
    maya.from("task_attempts").select("attempt, fencing_token, worker, agent, outcome").eq("task_id", taskId),
  );
  table(attempts, ["attempt", "fencing_token", "worker", "agent", "outcome"]);
}

async function showResult({ maya }: AgentsStage, taskId: number): Promise<void> {
  heading("The result, as Maya sees it");
  const [listed] = await rows(
    maya.from("task_list").select("id, status, pr_branch, pr_number, diff_bytes, projects(name)").eq(
      "id",
      taskId,
    ),
  );
  assert.equal(listed?.status, "completed");
  table([{ ...listed, project: listed.projects?.name }], [
    ...["id", "status", "project", "pr_branch", "pr_number", "diff_bytes"],
  ]);
  const task = await single(maya.from("tasks").select("chat_messages, git_diff").eq("id", taskId));
  console.log("");
  print("The chat since the task was queued:");
  for (const { role, content } of (task.chat_messages as { role: string; content: string }[]).slice(1)) {
    quote(`${role}: ${content}`);
  }
  print("The diff:");
  quote((task.git_diff ?? "").split("\n").filter((line) => /^[-+@]/.test(line)).join("\n"));
  assert.match(task.git_diff ?? "", /!filter \|\| matches/);
}

async function mergePullRequest({ project, fake, maya }: AgentsStage, taskId: number): Promise<void> {
  heading("The pull request is merged on GitHub, which calls the webhook");
  const { pr_number: number } = await single(maya.from("tasks").select("pr_number").eq("id", taskId));
  assert(number);
  fake.state.merge(REPOSITORY.owner, REPOSITORY.name, number, "maya-chen");
  const { headers, body } = fake.state.delivery({ ...REPOSITORY, number, action: "closed" });
  const deliver = async (sent: Record<string, string>, expected: number): Promise<unknown> => {
    const response = await fetch(project.githubWebhookUrl, { method: "POST", headers: sent, body });
    assert.equal(response.status, expected);
    return await response.json();
  };
  await deliver({ ...headers, "x-hub-signature-256": `sha256=${"0".repeat(64)}` }, 401);
  print(`${styleText("green", "✓")} a delivery with a wrong signature is answered 401`);
  await timed("the signed delivery", () => deliver(headers, 200));
  const again = await timed("the same delivery again", () => deliver(headers, 200));
  assert.equal((again as { status: string }).status, "already_done");
  const pulls = await rows(
    maya.from("pull_requests").select(
      "repo_owner, repo_name, number, state, title, merged_at, merge_commit_sha",
    ),
  );
  assert.equal(pulls.length, 1);
  assert(pulls[0]?.merged_at);
  table(pulls, ["repo_owner", "repo_name", "number", "state", "title", "merged_at", "merge_commit_sha"], 24);
}

async function showResolved(
  { tom }: AgentsStage,
  issueId: string,
  issueNumber: number,
): Promise<void> {
  heading("What the merge has changed, in the transaction that recorded it");
  const exai = await single(
    tom.from("exai_issues").select("title, status, fix_date").eq("issue_number", issueNumber),
  );
  assert.equal(exai.status, "fixed");
  const issue = await single(tom.from("issues").select("seq_id, status, resolved_by").eq("id", issueId));
  assert.equal(issue.status, "resolved");
  table([
    { what: `EXAI-${issueNumber}`, status: exai.status, by: "the merged pull request" },
    { what: `#${issue.seq_id}`, status: issue.status, by: issue.resolved_by },
  ], ["what", "status", "by"]);
  const deliveries = await rows(
    tom.from("deliveries").select("channel, kind, status").eq("issue_id", issueId),
  );
  assert(deliveries.length >= 2);
  print(`and ${deliveries.length} replies are in the outbox, one for each who asked`);
}
