import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { rows } from "../support/people.ts";
import { askSupport, startVisitor, type SupportRequest, type Visitor } from "../support/support.ts";

// Visitors who send rubbish, and more than anybody writes.

let project: TestProject;
let sql: Sql;
let visitor: Visitor;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database);
  visitor = await startVisitor(project, "192.0.2.1");
  const { client, sessionId: session_id } = visitor;
  await rows(client.rpc("send_message", { session_id, content: "Hello" }));
  expect((await client.rpc("save_contact", { session_id, name: "Vito" })).error).toBeNull();
});
afterAll(async () => {
  await sql?.end();
  await project?.close();
});

const ask = (method: string, path: string, options?: SupportRequest) =>
  askSupport(project, method, path, options);

test.each([
  ["too large a text", { content: "x".repeat(8193) }, 413],
  ["two megabytes", { content: "x".repeat(2_000_000) }, 413],
  ["a blank text", { content: " \u2003\n" }, 422],
  ["no text", { content: null }, 422],
  ["an argument too many", { content: "x", position: 1 }, 404],
  ["an argument too few", {}, 404],
])("a body with %s is refused", async (_, more, status) => {
  const answer = await ask("POST", "rpc/send_message", { body: { session_id: visitor.sessionId, ...more } });
  expect(answer.status).toBe(status);
});

test.each([
  ["a NUL", '"a\\u0000b"'],
  ["a lone high surrogate", '"\\ud800"'],
  ["a lone low surrogate", '"a\\udc00b"'],
])("a text with %s is refused, not changed", async (_, content) => {
  const answer = await ask("POST", "rpc/send_message", {
    raw: `{"session_id": ${JSON.stringify(visitor.sessionId)}, "content": ${content}}`,
  });
  expect(answer.status).toBe(400);
});

test.each([["rubbish", "{"], ["nothing", ""], ["a list", "[]"], ["a number", "1"], [
  "deep",
  "[".repeat(50_000),
]])(
  "a body that is %s is refused",
  async (_, raw) => {
    const { status } = await ask("POST", "rpc/send_message", { raw });
    expect([400, 404]).toContain(status);
  },
);

test("bytes that are not UTF-8 are refused", async () => {
  const raw = new Uint8Array([
    ...new TextEncoder().encode(`{"session_id": "${visitor.sessionId}", "content": "`),
    0xff,
    0xfe,
    ...new TextEncoder().encode('"}'),
  ]);
  const before = await sql`select count(*) from support.messages`;
  const { status } = await ask("POST", "rpc/send_message", { raw });
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(await sql`select count(*) from support.messages`).toEqual(before);
});

test("a flood is stored up to the limit, whatever address it claims in front of its own", async () => {
  await sql`update support.settings set messages_per_session_minute = 1000, messages_per_address_minute = 10`;
  const { sessionId: session_id, conversationId } = await startVisitor(project, "198.51.100.9");
  const answers = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      ask("POST", "rpc/send_message", {
        body: { session_id, content: `Flood ${n}` },
        headers: { "x-forwarded-for": `10.0.0.${n}, 198.51.100.9`, "cf-connecting-ip": `10.0.1.${n}` },
      })),
  );
  const accepted = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  expect([accepted.length, refused.length]).toEqual([10, 50]);
  expect(JSON.parse(refused[0]?.body ?? "{}")).toMatchObject({
    code: "PT429",
    message: "support_messages_rate_limited",
    hint: expect.stringMatching(/^Try again in \d+ seconds\.$/) as string,
  });
  const [stored] =
    await sql`select count(*)::int from support.messages where conversation_id = ${conversationId}`;
  expect(stored?.["count"]).toBe(10);
});

test("conversations without end end at the limit of the day", async () => {
  await sql`update support.settings set conversations_per_address_day = 5`;
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      ask("POST", "rpc/start_conversation", {
        body: {},
        headers: { "x-forwarded-for": `10.0.0.${n}, 2001:db8:5:5::${n.toString(16)}` },
      })),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(5);
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(15);
});

test("addresses are stored nowhere", async () => {
  const tables = await sql<{ name: string }[]>`
    select c.oid::regclass::text as name from pg_class as c
    where c.relkind in ('r', 'p') and c.relnamespace in ('support'::regnamespace, 'private'::regnamespace)
  `;
  for (const { name } of tables) {
    const [row] = await sql`
      select count(*)::int as found from ${sql(name)} as t
      where to_jsonb(t)::text ~ '198\\.51\\.100\\.9|192\\.0\\.2\\.1|2001:db8:5:5'
    `;
    expect([name, row?.["found"]]).toEqual([name, 0]);
  }
});
