import assert from "node:assert/strict";
import { styleText } from "node:util";
import {
  type FakeChatMessage,
  type FakeCircle,
  type FakeMember,
  type FakeSpace,
  startFakeCircle,
} from "../fakes/circle.ts";
import type { Project } from "../local/stack.ts";
import { heading, print, quote, table, timed } from "../terminal.ts";
import { type Client, rows } from "./rows.ts";
import { withConnection } from "../connection.ts";

const QUESTION = "The CSV export throws an error and gives me an empty file. Anyone else?";
const SAME = "CSV export error again: the downloaded file is empty";

/** The community: a fake of Circle with a bot, some members and a chat. */
export interface Community {
  circle: FakeCircle;
  bot: FakeMember;
  space: FakeSpace;
  /** What members wrote, and where the answers have to arrive. */
  questions: FakeChatMessage[];
  env: Record<string, string>;
}

export async function startCommunity(): Promise<Community> {
  const circle = await startFakeCircle();
  return {
    circle,
    bot: circle.state.addMember("Fixloop Bot"),
    space: circle.state.addSpace("Help chat", "chat"),
    questions: [],
    env: {
      CIRCLE_API_URL: circle.url,
      CIRCLE_HEADLESS_TOKEN: "headless-auth-token",
      CIRCLE_ADMIN_TOKEN: "admin-v2-token",
    },
  };
}

export interface CommunityStage {
  project: Project;
  community: Community;
  tom: Client;
}

/** The bot's account and the chat room, as an admin sets them up once. */
async function setUp({ project, community }: CommunityStage): Promise<void> {
  await withConnection(project.databaseUrl, async (sql) => {
    await sql`update public.circle_sync_settings set bot_email = ${community.bot.email}`;
    await sql`update public.loop_settings set reply_mode = 'automatic'`;
    await sql`
      insert into public.circle_spaces (space_id, space_name, chat_room_uuid)
      values (${community.space.id}, ${community.space.name}, ${community.space.roomUuid})
    `;
  });
}

/** Members write, and what they wrote becomes an issue. Returns its id. */
export async function hearCommunity(stage: CommunityStage): Promise<string> {
  await setUp(stage);
  const { community: { circle, space, questions }, tom, project } = stage;
  heading("Jo Meyer writes in the community's chat, and others have the same problem");
  const member = (name: string) => circle.state.addMember(name);
  const question = circle.state.write(space, member("Jo Meyer"), QUESTION);
  const lee = member("Lee Park");
  circle.state.write(space, lee, "Same here.\nOnly for large workspaces, I think.", { parent: question });
  circle.state.write(space, member("Priya Nair"), "It worked yesterday on 2.4.0.", { parent: question });
  const same = circle.state.write(space, member("Noor Haddad"), SAME);
  circle.state.write(space, member("Sam Okoro"), "Good morning everyone, lovely weather here!");
  questions.push(question, same);
  for (const { author, body, parentId } of circle.state.roomOf(space.roomUuid ?? "")) {
    print(
      `${parentId === null ? "" : "  ↳ "}${styleText("bold", author.name)}  ${body.replaceAll("\n", " ")}`,
    );
  }

  heading("Nobody has to do anything: the job reads the chat each minute");
  await timed("circle-sync, which the scheduler calls", () => callFunction(project, "circle-sync"));
  const messages = await rows(
    tom.from("circle_issues").select("message_id, author_name, title, triage_confidence, mapped_to_issue_id")
      .order("message_id"),
  );
  table(
    messages.map((message) => ({ ...message, issue: message.mapped_to_issue_id ? "yes" : "–" })),
    ["author_name", "title", "triage_confidence", "issue"],
    48,
  );
  assert.equal(messages.length, 3);
  print(
    styleText("dim", "sure enough becomes an issue or is set aside by itself; between them a person decides"),
  );
  return await decide(stage);
}

/** Tom decides what triage was not sure about, and that two messages are about the same. */
async function decide({ community: { questions: [question, same] }, tom }: CommunityStage): Promise<string> {
  heading("Tom looks: is Noor's message a second problem, or the same?");
  const find = async (id: number | undefined) => {
    const [message] = await rows(
      tom.from("circle_issues").select("id, title, body, mapped_to_issue_id").eq("message_id", String(id)),
    );
    assert(message);
    return message;
  };
  const first = await find(question?.id);
  if (first.mapped_to_issue_id === null) {
    await timed("makes Jo's message an issue", async () => {
      const { error } = await tom.rpc("import_circle_issue", { circle_issue_id: first.id });
      if (error) throw error;
    });
  }
  const issueId = (await find(question?.id)).mapped_to_issue_id;
  assert(issueId);
  const second = await find(same?.id);
  print("similar_issues() returns the nearest ones:");
  const similar = await rows(
    tom.rpc("similar_issues", { title: second.title, description: second.body }),
  );
  table(similar, ["seq_id", "title", "status", "similarity"], 60);
  assert(similar.some(({ id }) => id === issueId));
  if (second.mapped_to_issue_id === null) {
    await timed("it is the same, so Noor's message joins it", async () => {
      const { error } = await tom.rpc("import_circle_issue", {
        circle_issue_id: second.id,
        issue_id: issueId,
      });
      if (error) throw error;
    });
  } else if (second.mapped_to_issue_id !== issueId) {
    await timed("it is the same, so the two issues become one", async () => {
      const { error } = await tom.rpc("merge_issues", {
        source: second.mapped_to_issue_id ?? "",
        into: issueId,
      });
      if (error) throw error;
    });
  }
  return issueId;
}

/** The answers in the threads where the questions were asked, and the way there. */
export async function showAnswers(stage: CommunityStage, issueId: string): Promise<void> {
  const { project, community: { circle, space, questions, bot }, tom } = stage;
  heading("The answer arrives in the threads where it was asked");
  await timed("deliver, which the database calls when the issue is resolved", async () => {
    for (let pending = 1; pending > 0;) {
      await callFunction(project, "deliver");
      pending = (await rows(tom.from("deliveries").select("id").eq("status", "pending"))).length;
    }
  });
  const chat = circle.state.roomOf(space.roomUuid ?? "");
  for (const question of questions) {
    print(`${styleText("bold", question.author.name)}  ${question.body}`);
    const answers = chat.filter(({ parentId, author }) => parentId === question.id && author === bot);
    assert.equal(answers.length, 1, `${question.author.name} was answered once`);
    quote(`${bot.name}: ${answers[0]?.body}`);
  }

  heading("The journey, as one row of loop_journeys");
  const [journey] = await rows(tom.from("loop_journeys").select("*").eq("issue_id", issueId));
  assert(journey);
  const hops = [
    ["reported", "the member wrote"],
    ["triaged", "it became an issue"],
    ["promoted", "an engineering issue"],
    ["dispatched", "a task"],
    ["started", "a worker claimed it"],
    ["opened", "the pull request was opened"],
    ["merged", "it was merged"],
    ["fixed", "the engineering issue is fixed"],
    ["shipped", "the fix is out"],
    ["resolved", "the community's issue is resolved"],
    ["answered", "everybody who asked was told"],
  ] as const;
  const at = (hop: string) => (journey as Record<string, unknown>)[`${hop}_at`] as string | null;
  for (const [hop] of hops) assert(at(hop), `${hop} is in the ledger`);
  let before: number | undefined;
  table(
    hops.map(([hop, what]) => {
      const ms = Date.parse(at(hop) ?? "");
      const seconds = before === undefined ? "" : (Math.max(ms - before, 0) / 1000).toFixed(2);
      before = ms;
      return { hop, what, at: new Date(ms).toISOString().slice(11, 23), seconds };
    }),
    ["hop", "what", "at", "seconds"],
  );
}

async function callFunction(project: Project, name: string): Promise<void> {
  const response = await fetch(`${project.url}/functions/v1/${name}`, {
    method: "POST",
    headers: { apikey: project.secretKey },
  });
  const report = await response.text();
  assert.equal(response.status, 200, `${name}: ${report}`);
}
