import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { size } from "../support/size.ts";

// Many visitors without an account, each from an address of its own, write and read over HTTP at the same time, from two
// pages each, and repeat what they got no answer to.

const VISITORS = size(40, 500);
const TALK_MS = size(4000, 60_000);

let project: TestProject;
let sql: Sql;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  // counted, and far away
  await sql`
    update support.settings
    set messages_per_session_minute = 100000, messages_per_address_minute = 100000, messages_per_address_day = 100000,
      messages_per_conversation = 100000, bytes_per_address_day = 100000000
  `;
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
});

interface Message {
  id: string;
  position: number;
  content: string;
}

interface Visitor {
  number: number;
  sessionId: string;
  conversationId: string;
  /** What each page sent and was told is stored, in its order. */
  acknowledged: Message[][];
  /** What was read, each time after the last position of the time before. */
  read: Message[];
}

async function call<T>(number: number, name: string, args: Record<string, unknown>): Promise<T> {
  const response = await fetch(`${project.url}/rest/v1/rpc/${name}`, {
    method: "POST",
    headers: {
      apikey: project.publishableKey,
      "content-profile": "support",
      "content-type": "application/json",
      "x-forwarded-for": `10.${number >> 16 & 255}.${number >> 8 & 255}.${number & 255}`,
    },
    body: JSON.stringify(args),
  });
  if (response.status !== 200) throw new Error(`${name}: ${response.status} ${await response.text()}`);
  return await response.json() as T;
}

async function start(number: number): Promise<Visitor> {
  const { session_id: sessionId, conversation_id: conversationId } = await call<Record<string, string>>(
    number,
    "start_conversation",
    {},
  );
  return {
    number,
    sessionId: sessionId ?? "",
    conversationId: conversationId ?? "",
    acknowledged: [[], []],
    read: [],
  };
}

/** One page of a visitor: sends a message after the other; every third one twice at the same time. */
async function talk(visitor: Visitor, page: number, until: number): Promise<void> {
  for (let nth = 0; Date.now() < until; nth++) {
    const message = {
      session_id: visitor.sessionId,
      content: `${visitor.number}/${page}/${nth}`,
      client_key: `${page}/${nth}`,
    };
    const answers = await Promise.all(
      Array.from(
        { length: nth % 3 === 2 ? 2 : 1 },
        () => call<Message>(visitor.number, "send_message", message),
      ),
    );
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    if (answers[0]) visitor.acknowledged[page]?.push(answers[0]);
  }
}

/** Reads what is new. */
async function poll(visitor: Visitor): Promise<number> {
  const read = await call<Message[]>(visitor.number, "get_messages", {
    session_id: visitor.sessionId,
    after_position: visitor.read.at(-1)?.position ?? 0,
    max_results: 20,
  });
  visitor.read.push(...read);
  return read.length;
}

async function follow(visitor: Visitor, until: number): Promise<void> {
  while (Date.now() < until) await poll(visitor);
}

test(
  `${VISITORS} visitors: every acknowledged message is stored once, in order, and seen by its visitor only`,
  async () => {
    const visitors = await Promise.all(Array.from({ length: VISITORS }, (_, number) => start(number)));
    const until = Date.now() + TALK_MS;
    await Promise.all(visitors.flatMap((visitor) => [
      talk(visitor, 0, until),
      talk(visitor, 1, until),
      follow(visitor, until),
    ]));
    for (const visitor of visitors) while (await poll(visitor) > 0);

    const stored = await sql<(Message & { conversation_id: string; role: string })[]>`
      select conversation_id, id, position::double precision, content, role from support.messages
      order by conversation_id, position
    `;
    const byConversation = Map.groupBy(stored, (message) => message.conversation_id);
    let count = 0;
    for (const { number, conversationId, acknowledged, read } of visitors) {
      const messages = byConversation.get(conversationId) ?? [];
      const own = messages.map(({ id, position, content }) => ({ id, position, content }));
      expect(messages.every(({ role, content }) => role === "user" && content.startsWith(`${number}/`))).toBe(
        true,
      );
      // once, and nothing else
      expect(own.map(({ content }) => content).sort()).toEqual(
        acknowledged.flat().map(({ content }) => content).sort(),
      );
      for (const [page, sent] of acknowledged.entries()) {
        expect(sent.length).toBeGreaterThan(0);
        expect(own.filter(({ content }) => content.startsWith(`${number}/${page}/`))).toEqual(
          sent.map(({ id, position, content }) => ({ id, position, content })),
        );
      }
      // a cursor passes over nothing that is committed later
      expect(read.map(({ id, position, content }) => ({ id, position, content }))).toEqual(own);
      count += own.length;
    }
    expect(count).toBe(stored.length);
    const [counts] = await sql<{ addresses: number; messages: number; sessions: number }[]>`
      select count(*)::int as addresses, sum(messages_count)::int as messages,
        (select sum(messages_count)::int from private.conversation_counts) as sessions
      from private.visitor_address_counts
    `;
    expect(counts).toEqual({ addresses: VISITORS, messages: count, sessions: count });
    console.log(`${VISITORS} visitors sent ${count} messages in ${TALK_MS / 1000} s`);
  },
  TALK_MS + 240_000,
);
