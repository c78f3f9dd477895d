import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { command } from "../command.ts";
import { confirmedSignUp } from "../local/auth/confirmed-sign-up.ts";
import type { Database } from "../../supabase/types/database.ts";
import { GITHUB_WEBHOOK_SECRET } from "../local/keys.ts";
import { freePort } from "../local/ports.ts";
import { discardFolder, scratchFolder } from "../local/scratch-folder.ts";
import { type Project, startStack } from "../local/stack.ts";
import { heading, print, quote, table, timed } from "../terminal.ts";
import { fixWithAgent } from "./agents.ts";
import { followNumbers, type Providers, startProviders } from "./devpulse.ts";
import { startFakeGithub } from "../fakes/github.ts";
import { circleHint, single, smallTalk, thread, uncertain } from "./messages.ts";
import { type Client, rows } from "./rows.ts";
import { answerVisitor } from "./support.ts";

const HELP = `npm run demo

Shows the main job on a throw-away stack: messages from a Circle community arrive at the webhook and become
issues, which are commented on and resolved, one of them by a coding agent, whose pull request is merged. Then
a visitor's chat, answered from an article and by a person, and
the numbers of a developer's GitHub, YouTube and Dev.to accounts over a week, and a goal.
Needs git, but no account, no Docker and no network.
`;

await command(import.meta.main, HELP, async (args) => {
  parseArgs({ args, options: {} });
  const dataDir = scratchFolder("demo");
  console.log(styleText("bold", "\nFixloop: from a message in a community to a resolved issue"));
  heading("A new Supabase project on this machine");
  const started = performance.now();
  let last: string | undefined;
  const fake = await startFakeGithub({ webhookSecret: GITHUB_WEBHOOK_SECRET });
  const providers = await startProviders(fake);
  const stack = await startStack({
    dataDir,
    apiPort: 0,
    dbPort: await freePort(),
    functions: { env: { GITHUB_API_URL: fake.url, ...providers.env } },
    progress: (step) => {
      if (last) print(`${styleText("green", "✓")} ${last}`);
      last = step;
    },
  });
  print(`${styleText("green", "✓")} ${last}`);
  print(`ready at ${stack.project.url} after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  try {
    await showMainJob(stack.project, providers, dataDir);
  } finally {
    await stack.stop();
    await providers.stop();
    await fake.stop();
    await discardFolder(dataDir);
  }
  return true;
});

async function showMainJob(project: Project, providers: Providers, dataDir: string): Promise<void> {
  const { github: fake } = providers;
  const { maya, tom } = await createTeam(project);
  await receiveMessages(project);
  await triage(tom);
  const csvId = await handleIssues(tom);
  await fixWithAgent({ project, fake, folder: join(dataDir, "demo"), maya, tom }, csvId);
  await showLog(tom);
  await answerVisitor({ project, tom });
  await followNumbers({ project, providers, maya });
  heading("Done");
  print("Every row above was read from Postgres through the same API that your clients use.");
  print(
    `Next: ${
      styleText("bold", "npm start")
    } runs this backend and keeps its data; the README shows how to use it.\n`,
  );
}

async function createTeam(project: Project): Promise<{ maya: Client; tom: Client }> {
  heading("A team of two: Maya is the admin, Tom handles issues");
  const server = createClient<Database>(project.url, project.secretKey, { auth: { persistSession: false } });
  const addMember = async (name: string, fullName: string, role: "admin" | "agent"): Promise<Client> => {
    const email = `${name}@fixloop.example`;
    const client = createClient<Database>(project.url, project.publishableKey, {
      auth: { persistSession: false },
    });
    await confirmedSignUp(project, client, {
      email,
      password: "a-long-demo-password",
      options: { data: { full_name: fullName } },
    });
    const { error } = await server.rpc("add_team_member", { email, role });
    if (error) throw error;
    print(`${styleText("green", "✓")} ${fullName} signed up, confirmed the address and has the role ${role}`);
    return client;
  };
  return {
    maya: await addMember("maya", "Maya Chen", "admin"),
    tom: await addMember("tom", "Tom Weber", "agent"),
  };
}

async function receiveMessages(project: Project): Promise<void> {
  heading("Messages arrive at the webhook");
  const wrong = await fetch(project.circleWebhookUrl.replace(/secret=.*/, "secret=guessed"), {
    method: "POST",
    body: "{}",
  });
  assert.equal(wrong.status, 401);
  print(`${styleText("green", "✓")} a wrong secret is answered 401, and nothing is stored`);

  const first = await timed("a single message by Ana Ruiz", () => post(project, single, 200));
  print(`  → ${describeImport(first)}`);
  const created = await timed("a thread by Jo Meyer with two replies", () => post(project, thread(2), 200));
  print(`  → ${describeImport(created)}`);
  const updated = await timed("the same thread with a third reply", () => post(project, thread(3), 200));
  print(`  → ${describeImport(updated)}`);
  const again = await timed("the same payload again", () => post(project, thread(3), 200));
  print(`  → ${describeImport(again)}`);
  assert.deepEqual(issueIds(again), issueIds(created), "a thread is one issue, however often it is sent");
  const talk = await timed("small talk", () => post(project, smallTalk, 200));
  print(`  → ${describeImport(talk)}`);
  const unsure = await timed(
    "a message without a verdict, as the community's API returns it",
    () => post(project, uncertain, 200),
  );
  print(
    `  → ${
      styleText(
        "dim",
        `waits for a decision: likelihood of an issue ${unsure.imported[0]?.triage_confidence}`,
      )
    }`,
  );
  await timed(
    "Circle's own workflow webhook, which contains ids only: stored as a hint",
    () => post(project, circleHint, 202),
  );
}

interface WebhookAnswer {
  status: string;
  imported: {
    action: string;
    title: string;
    segment: string | null;
    issue_id: string | null;
    replies_processed?: number;
    triage_confidence: number;
  }[];
  errors: unknown[];
}

async function post(project: Project, payload: unknown, expected: number): Promise<WebhookAnswer> {
  const response = await fetch(project.circleWebhookUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(payload),
  });
  const answer = await response.json() as WebhookAnswer;
  assert.equal(response.status, expected, JSON.stringify(answer));
  assert.deepEqual(answer.errors, []);
  return answer;
}

function issueIds(answer: WebhookAnswer): (string | null)[] {
  return answer.imported.map((entry) => entry.issue_id);
}

function describeImport(answer: WebhookAnswer): string {
  const [entry] = answer.imported;
  assert(entry);
  if (!entry.issue_id) return styleText("dim", "stored as a message, not an issue");
  const replies = entry.replies_processed ? `, ${entry.replies_processed} replies` : "";
  return `issue ${entry.action}: ${styleText("bold", entry.title)} (${entry.segment}${replies})`;
}

async function triage(tom: Client): Promise<void> {
  heading("Tom decides about the uncertain message");
  const queue = await rows(
    tom.from("circle_triage_queue").select("id, title, body, author_name, triage_confidence"),
  );
  assert.equal(queue.length, 1);
  table(queue, ["author_name", "title", "triage_confidence"]);
  const [message] = queue;
  assert(message?.id && message.title);
  const similar = await rows(
    tom.rpc("similar_issues", { title: message.title, description: message.body ?? "" }),
  );
  console.log("");
  print("Was it asked before? similar_issues() returns the nearest:");
  table(similar, ["seq_id", "title", "status", "similarity"]);
  const [nearest] = similar;
  assert(nearest);
  const { error } = await tom.rpc("import_circle_issue", {
    circle_issue_id: message.id,
    issue_id: nearest.id,
  });
  if (error) throw error;
  print(
    `${
      styleText("green", "✓")
    } it is the same as #${nearest.seq_id}, so ${message.author_name}'s message is added to that issue`,
  );
}

/** @returns the id of the issue that needs a change of the code */
async function handleIssues(tom: Client): Promise<string> {
  heading("The open issues");
  const waiting = await rows(
    tom.from("issues").select("id, seq_id, title, description, segment, status, submitted_by, tags").eq(
      "status",
      "waiting_for_help",
    )
      .order("seq_id"),
  );
  assert.equal(waiting.length, 2);
  table(waiting, ["seq_id", "title", "segment", "status", "submitted_by", "tags"]);

  const [signIn, csv] = waiting;
  assert(signIn && csv);
  console.log("");
  print("The thread's text, with its authors:");
  quote(csv.description);
  assert.match(csv.description, /Lee Park/);

  heading("Tom handles both");
  await timed(
    `assigns #${csv.seq_id} to himself`,
    () =>
      rows(
        tom.from("issues").update({ status: "in_progress", assigned_to: "Tom Weber" }).eq("id", csv.id)
          .select(),
      ),
  );
  await timed(
    "writes a comment",
    () =>
      rows(
        tom.from("comments").insert({
          issue_id: csv.id,
          body: "Found it: an empty filter makes the query return nothing.",
        }).select(),
      ),
  );
  await timed(
    `sets #${csv.seq_id} to blocked until the code is fixed`,
    () => rows(tom.from("issues").update({ status: "blocked" }).eq("id", csv.id).select()),
  );
  await timed(
    `resolves #${signIn.seq_id}`,
    () => rows(tom.from("issues").update({ status: "resolved" }).eq("id", signIn.id).select()),
  );

  const invalid = await tom.from("issues").update({ status: "done" }).eq("id", csv.id).select();
  assert.equal(invalid.error?.message, "tracker_status_invalid");
  print(
    `${styleText("green", "✓")} a status that does not exist is rejected: ${
      styleText("dim", invalid.error.hint)
    }`,
  );
  return csv.id;
}

async function showLog(tom: Client): Promise<void> {
  heading("The status log, written by the database");
  const issues = new Map(
    (await rows(tom.from("issues").select("id, seq_id, created_at, resolved_at"))).map((
      issue,
    ) => [issue.id, issue]),
  );
  const log = await rows(
    tom.from("issue_status_logs").select("issue_id, old_status, new_status, changed_by, changed_at").order(
      "changed_at",
    ),
  );
  table(
    log.map((entry) => ({
      ...entry,
      issue: `#${issues.get(entry.issue_id)?.seq_id}`,
      at: entry.changed_at.slice(11, 23),
    })),
    ["at", "issue", "old_status", "new_status", "changed_by"],
  );
  assert.equal(
    log.filter((entry) => entry.new_status === "resolved" && entry.changed_by === "Tom Weber").length,
    2,
  );

  console.log("");
  print("And the last comment of each issue, in the view issue_activity_log:");
  const activity = await rows(
    tom.from("issue_activity_log").select("*").order("last_comment_at", { ascending: false }),
  );
  table(activity, ["issue_title", "segment", "status", "resolved_by", "last_commenter"]);
  for (const issue of issues.values()) {
    assert(issue.resolved_at);
    const ms = Date.parse(issue.resolved_at) - Date.parse(issue.created_at);
    print(`#${issue.seq_id} was resolved ${(ms / 1000).toFixed(2)} s after its message became an issue`);
  }
}
