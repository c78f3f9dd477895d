import type { Sql } from "postgres";
import { expect } from "vitest";
import { type FakeChatModel, type FakeReply, startFakeChatModel } from "../../../scripts/fakes/chat-model.ts";
import { connect, openTestProject, type TestProject } from "./database.ts";

export interface StoredMessage {
  id: string;
  role: string;
  content: string;
  confidence: number | null;
  source: { by: string; failure?: string; links?: { title: string; url: string | null }[] } | null;
}

export interface ChatReply {
  state: string;
  message: StoredMessage;
  answer: StoredMessage | null;
  is_escalated: boolean;
  code?: string;
}

/** A project whose support-chat has a fake model, which is off until a test turns it on. */
export interface Chat {
  fake: FakeChatModel;
  project: TestProject;
  sql: Sql;
  /** What the functions log. */
  logLines: string[];
  /** Two published articles, no conversation, and no model. */
  reset(): Promise<void>;
  /** Turns the model on or off, by its budget. */
  modelIs(isOn: boolean, perConversation?: number, perDay?: number): Promise<unknown>;
  /** Starts a visitor's conversation, and returns its session. */
  start(): Promise<string>;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  ask(session_id: string, message: string, client_key?: string): Promise<ChatReply>;
  messages(): Promise<StoredMessage[]>;
  close(): Promise<void>;
}

export const PASSWORD = "I forgot my password, how can I reset it?";

const helpful = ({ passages: [first] }: { passages: { number: number; text: string }[] }): FakeReply => ({
  is_answered: true,
  answer: `In short: ${first?.text}`,
  passages: [first?.number ?? 0],
});

export async function openChat(): Promise<Chat> {
  const logLines: string[] = [];
  const fake = await startFakeChatModel();
  const env = { SUPPORT_CHAT_URL: fake.url, SUPPORT_CHAT_KEY: fake.key, SUPPORT_CHAT_MODEL: "small" };
  const project = await openTestProject({ functions: { env, log: (_, line) => logLines.push(line) } });
  const sql = connect(project.database, "postgres", 8);
  const modelIs = async (isOn: boolean, perConversation = 50_000, perDay = 1_000_000) =>
    await sql`
      update support.settings set model_tokens_per_conversation_day = ${isOn ? perConversation : 0},
        model_tokens_per_day = ${isOn ? perDay : 0}, model_timeout_seconds = 1
    `;
  const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${project.url}/functions/v1/support-chat`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": "192.0.2.7", ...headers },
      body: JSON.stringify(body),
    });
  return {
    fake,
    project,
    sql,
    logLines,
    async reset() {
      await sql`delete from support.conversations`;
      await sql`delete from support.articles`;
      await sql`delete from private.chat_model_days`;
      await sql`delete from private.visitor_address_counts`;
      await sql`update private.chat_model_state set paused_until = null`;
      await sql`
        insert into support.articles (title, body, url, is_published) values
          ('Reset your password', 'Press "Forgot password" on the sign-in page. The link is valid for an hour.',
            'https://help.example/reset', true),
          ('Invoices', 'You can download invoices on the billing page.', null, true)
      `;
      await modelIs(false);
      fake.asked.length = 0;
      fake.requests.length = 0;
      fake.faults.length = 0;
      fake.isGullible = false;
      fake.reply = helpful;
    },
    modelIs,
    async start() {
      const response = await fetch(`${project.url}/rest/v1/rpc/start_conversation`, {
        method: "POST",
        headers: {
          apikey: project.publishableKey,
          "content-profile": "support",
          "content-type": "application/json",
        },
        body: "{}",
      });
      const { session_id } = await response.json() as { session_id: string };
      return session_id;
    },
    post,
    async ask(session_id, message, client_key) {
      const response = await post({ session_id, message, client_key });
      expect(response.status).toBe(200);
      return await response.json() as ChatReply;
    },
    messages: async () =>
      await sql<StoredMessage[]>`
        select m.id, m.role, m.content, m.confidence, m.source from support.messages as m order by m.position
      `,
    async close() {
      await sql.end();
      await project.close();
      await fake.stop();
    },
  };
}
