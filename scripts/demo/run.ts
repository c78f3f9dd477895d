import assert from "node:assert/strict";
import { join } from "node:path";
import { parseArgs, styleText } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { command } from "../command.ts";
import type { Database } from "../../supabase/types/database.ts";
import { GITHUB_WEBHOOK_SECRET } from "../local/keys.ts";
import { freePort } from "../local/ports.ts";
import { discardFolder, scratchFolder } from "../local/scratch-folder.ts";
import { type Project, startStack } from "../local/stack.ts";
import { chapter, quote, table, tell, timed } from "../terminal.ts";
import { haveAgentFixIt } from "./agents.ts";
import { type FakeGithub, startFakeGithub } from "../fakes/github.ts";
import { circleHint, single, smallTalk, thread, unjudged } from "./messages.ts";
import { type Client, rows } from "./rows.ts";

const HELP = `npm run demo

Shows the main job on a stack of its own that is gone afterwards: messages from a Circle community arrive at the webhook,
become issues, are worked on, commented and resolved; one of them by a coding agent, whose pull request is merged. Needs git, and
no account, no Docker and no network.
`;

await command(import.meta.main, HELP, async (args) => {
  parseArgs({ args, options: {} });
  const dataDir = scratchFolder("demo");
  console.log(styleText("bold", "\nFixloop: from a message in a community to an answered issue"));
  chapter("A Supabase project on this machine, from nothing");
  const started = performance.now();
  let last: string | undefined;
  const fake = await startFakeGithub({ webhookSecret: GITHUB_WEBHOOK_SECRET });
  const stack = await startStack({
    dataDir,
    apiPort: 0,
    dbPort: await freePort(),
    functions: { env: { GITHUB_API_URL: fake.url } },
    progress: (step) => {
      if (last) tell(`${styleText("green", "✓")} ${last}`);
      last = step;
    },
  });
  tell(`${styleText("green", "✓")} ${last}`);
  tell(`ready at ${stack.project.url} after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  try {
    await tellTheStory(stack.project, fake, dataDir);
  } finally {
    await stack.stop();
    await fake.stop();
    await discardFolder(dataDir);
  }
  return true;
});

async function tellTheStory(project: Project, fake: FakeGithub, dataDir: string): Promise<void> {
  const { maya, tom } = await makeTeam(project);
  await receiveMessages(project);
  await decide(tom);
  const csvId = await workOnIssues(tom);
  await haveAgentFixIt({ project, fake, folder: join(dataDir, "demo"), maya, tom }, csvId);
  await showTheLog(tom);
  chapter("That was it");
  tell("Every row above came out of Postgres through the same API that your clients use.");
  tell(
    `Next: ${
      styleText("bold", "npm start")
    } gives you this backend to keep; the README says what to do with it.\n`,
  );
}

async function makeTeam(project: Project): Promise<{ maya: Client; tom: Client }> {
  chapter("A team of two: Maya runs it, Tom answers");
  const server = createClient<Database>(project.url, project.secretKey, { auth: { persistSession: false } });
  const enlist = async (name: string, fullName: string, role: "admin" | "agent"): Promise<Client> => {
    const email = `${name}@fixloop.example`;
    const client = createClient<Database>(project.url, project.publishableKey, {
      auth: { persistSession: false },
    });
    const signUp = await client.auth.signUp({
      email,
      password: "a-long-demo-password",
      options: { data: { full_name: fullName } },
    });
    if (signUp.error) throw signUp.error;
    const { error } = await server.rpc("add_team_member", { email, role });
    if (error) throw error;
    tell(`${styleText("green", "✓")} ${fullName} signed up and is ${role}`);
    return client;
  };
  return { maya: await enlist("maya", "Maya Chen", "admin"), tom: await enlist("tom", "Tom Weber", "agent") };
}

async function receiveMessages(project: Project): Promise<void> {
  chapter("Messages arrive at the webhook");
  const wrong = await fetch(project.circleWebhookUrl.replace(/secret=.*/, "secret=guessed"), {
    method: "POST",
    body: "{}",
  });
  assert.equal(wrong.status, 401);
  tell(`${styleText("green", "✓")} a caller who guesses the secret gets 401, and nothing is stored`);

  const first = await timed("a single message by Ana Ruiz", () => post(project, single, 200));
  tell(`  → ${describeImport(first)}`);
  const begun = await timed("a thread by Jo Meyer with two replies", () => post(project, thread(2), 200));
  tell(`  → ${describeImport(begun)}`);
  const grown = await timed("the same thread, grown by a reply", () => post(project, thread(3), 200));
  tell(`  → ${describeImport(grown)}`);
  const again = await timed("the very same payload again", () => post(project, thread(3), 200));
  tell(`  → ${describeImport(again)}`);
  assert.deepEqual(issueIds(again), issueIds(begun), "a thread is one issue, however often it is sent");
  const talk = await timed("small talk", () => post(project, smallTalk, 200));
  tell(`  → ${describeImport(talk)}`);
  const unsure = await timed(
    "a message that nobody has judged, as the community's API has it",
    () => post(project, unjudged, 200),
  );
  tell(`  → ${styleText("dim", `waits for a person: likelihood ${unsure.imported[0]?.triage_confidence}`)}`);
  await timed(
    "Circle's own workflow webhook, which carries ids only: stored as a hint",
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
  if (!entry.issue_id) return styleText("dim", "kept as a message, no issue");
  const replies = entry.replies_processed ? `, ${entry.replies_processed} replies` : "";
  return `issue ${entry.action}: ${styleText("bold", entry.title)} (${entry.segment}${replies})`;
}

async function decide(tom: Client): Promise<void> {
  chapter("Tom decides what nobody was sure about");
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
  tell("Is it asked already? similar_issues() says what comes near:");
  table(similar, ["seq_id", "title", "status", "similarity"]);
  const [nearest] = similar;
  assert(nearest);
  const { error } = await tom.rpc("import_circle_issue", {
    circle_issue_id: message.id,
    issue_id: nearest.id,
  });
  if (error) throw error;
  tell(
    `${
      styleText("green", "✓")
    } it is the same as #${nearest.seq_id}: ${message.author_name} is heard there too`,
  );
}

/** @returns the issue that waits for somebody to mend the code */
async function workOnIssues(tom: Client): Promise<string> {
  chapter("Tom sees what is waiting");
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
  tell("What the thread says, with its real authors:");
  quote(csv.description);
  assert.match(csv.description, /Lee Park/);

  chapter("Tom works on both");
  await timed(
    `takes #${csv.seq_id}`,
    () =>
      rows(
        tom.from("issues").update({ status: "in_progress", assigned_to: "Tom Weber" }).eq("id", csv.id)
          .select(),
      ),
  );
  await timed(
    "asks back in a comment",
    () =>
      rows(
        tom.from("comments").insert({
          issue_id: csv.id,
          body: "Found it: an empty filter makes the query return nothing.",
        }).select(),
      ),
  );
  await timed(
    `#${csv.seq_id} waits until the code is mended`,
    () => rows(tom.from("issues").update({ status: "blocked" }).eq("id", csv.id).select()),
  );
  await timed(
    `resolves #${signIn.seq_id}`,
    () => rows(tom.from("issues").update({ status: "resolved" }).eq("id", signIn.id).select()),
  );

  const refused = await tom.from("issues").update({ status: "done" }).eq("id", csv.id).select();
  assert.equal(refused.error?.message, "tracker_status_invalid");
  tell(
    `${styleText("green", "✓")} a status that does not exist is refused: ${
      styleText("dim", refused.error.hint)
    }`,
  );
  return csv.id;
}

async function showTheLog(tom: Client): Promise<void> {
  chapter("The log has it all, written by the database");
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
  tell("And who said something last, in the view issue_activity_log:");
  const activity = await rows(
    tom.from("issue_activity_log").select("*").order("last_comment_at", { ascending: false }),
  );
  table(activity, ["issue_title", "segment", "status", "resolved_by", "last_commenter"]);
  for (const issue of issues.values()) {
    assert(issue.resolved_at);
    const ms = Date.parse(issue.resolved_at) - Date.parse(issue.created_at);
    tell(`#${issue.seq_id} was resolved ${(ms / 1000).toFixed(2)} s after its message became an issue`);
  }
}
