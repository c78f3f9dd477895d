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
import { heading, print, table, timed } from "../terminal.ts";
import { fixWithAgent } from "./agents.ts";
import { type Community, hearCommunity, showAnswers, startCommunity } from "./community.ts";
import { followNumbers, type Providers, startProviders } from "./devpulse.ts";
import { startFakeGithub } from "../fakes/github.ts";
import { circleHint, single, smallTalk } from "./messages.ts";
import { type Client, rows } from "./rows.ts";
import { answerVisitor } from "./support.ts";

const HELP = `npm run demo [-- --keep]

Shows the main job on a throw-away stack: a member writes in a Circle chat; the message is read, becomes an issue, an
engineering issue and a task; a coding agent's pull request is merged; and the member reads the answer in the same
thread. At the end the journey with the time of every hop. Then what else there is: messages by webhook, a visitor's
chat, answered from an article and by a person, and the numbers of a developer's GitHub, YouTube and Dev.to accounts.
Takes half a minute. Needs git, but no account, no Docker and no network.

  --keep   leave it running afterwards, to be looked at, until Ctrl-C
`;

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({ args, options: { keep: { type: "boolean", default: false } } });
  const dataDir = scratchFolder("demo");
  console.log(styleText("bold", "\nFixloop: from a message in a community to an answer in the same thread"));
  heading("A new Supabase project on this machine");
  const started = performance.now();
  let last: string | undefined;
  const fake = await startFakeGithub({ webhookSecret: GITHUB_WEBHOOK_SECRET });
  const providers = await startProviders(fake);
  const community = await startCommunity();
  const stack = await startStack({
    dataDir,
    apiPort: 0,
    dbPort: await freePort(),
    functions: { env: { GITHUB_API_URL: fake.url, ...providers.env, ...community.env } },
    progress: (step) => {
      if (last) print(`${styleText("green", "✓")} ${last}`);
      last = step;
    },
  });
  print(`${styleText("green", "✓")} ${last}`);
  print(`ready at ${stack.project.url} after ${((performance.now() - started) / 1000).toFixed(1)} s`);
  try {
    await showMainJob(stack.project, { providers, community }, dataDir);
    if (values.keep) await keep(stack.project);
  } finally {
    await stack.stop();
    await community.circle.stop();
    await providers.stop();
    await fake.stop();
    await discardFolder(dataDir);
  }
  return true;
});

interface Outside {
  providers: Providers;
  community: Community;
}

async function showMainJob(
  project: Project,
  { providers, community }: Outside,
  dataDir: string,
): Promise<void> {
  const { github: fake } = providers;
  const { maya, tom } = await createTeam(project);
  const stage = { project, community, tom };
  const issueId = await hearCommunity(stage);
  await fixWithAgent({ project, fake, folder: join(dataDir, "demo"), maya, tom }, issueId);
  await showAnswers(stage, issueId);
  await receiveMessages(project);
  await handleIssue(tom);
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

/** Leaves everything running until somebody interrupts it. */
async function keep(project: Project): Promise<void> {
  heading("It stays up: Ctrl-C ends it");
  print(`API        ${project.url}`);
  print(`key        ${project.publishableKey}`);
  print(`database   ${project.databaseUrl}`);
  print("sign in as maya@fixloop.example or tom@fixloop.example, password a-long-demo-password\n");
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
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
  heading("Messages also arrive by webhook, for example from an n8n workflow");
  const wrong = await fetch(project.circleWebhookUrl.replace(/secret=.*/, "secret=guessed"), {
    method: "POST",
    body: "{}",
  });
  assert.equal(wrong.status, 401);
  print(`${styleText("green", "✓")} a wrong secret is answered 401, and nothing is stored`);

  const first = await timed("a message by Ana Ruiz", () => post(project, single, 200));
  print(`  → ${describeImport(first)}`);
  const again = await timed("the same payload again", () => post(project, single, 200));
  print(`  → ${describeImport(again)}`);
  assert.deepEqual(issueIds(again), issueIds(first), "a message is one issue, however often it is sent");
  const talk = await timed("small talk", () => post(project, smallTalk, 200));
  print(`  → ${describeImport(talk)}`);
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

async function handleIssue(tom: Client): Promise<void> {
  heading("Tom handles it");
  const waiting = await rows(
    tom.from("issues").select("id, seq_id, title, segment, status, submitted_by").eq(
      "status",
      "waiting_for_help",
    )
      .order("seq_id"),
  );
  const [issue] = waiting;
  assert(issue && waiting.length === 1);
  table(waiting, ["seq_id", "title", "segment", "status", "submitted_by"]);
  await timed(
    `assigns #${issue.seq_id} to himself`,
    () =>
      rows(
        tom.from("issues").update({ status: "in_progress", assigned_to: "Tom Weber" }).eq("id", issue.id)
          .select(),
      ),
  );
  await timed(
    "writes a comment",
    () =>
      rows(
        tom.from("comments").insert({ issue_id: issue.id, body: "The session cookie had expired." }).select(),
      ),
  );
  await timed(
    "resolves it",
    () => rows(tom.from("issues").update({ status: "resolved" }).eq("id", issue.id).select()),
  );
  const invalid = await tom.from("issues").update({ status: "done" }).eq("id", issue.id).select();
  assert.equal(invalid.error?.message, "tracker_status_invalid");
  print(
    `${styleText("green", "✓")} a status that does not exist is rejected: ${
      styleText("dim", invalid.error.hint)
    }`,
  );
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
  const resolvedBy = log.filter((entry) => entry.new_status === "resolved").map((entry) => entry.changed_by);
  assert.deepEqual(resolvedBy, ["Fixloop", "Tom Weber"]);
}
