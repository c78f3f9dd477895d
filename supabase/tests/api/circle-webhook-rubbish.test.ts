import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { single, thread } from "../../../scripts/demo/messages.ts";
import type { Json } from "../support/circle-model.ts";
import { payloads } from "../support/circle-payloads.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { size } from "../support/size.ts";

// Any body is stored byte for byte and answered immediately; an element that can't be parsed does not affect
// the others.

const SECRET = "the-current-secret-0123456789";
const SEED = 20261121;

let project: TestProject;
let sql: Sql;

beforeAll(async () => {
  project = await openTestProject({ functions: { env: { CIRCLE_WEBHOOK_SECRETS: SECRET }, log: () => {} } });
  sql = connect(project.database);
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

beforeEach(async () => {
  await sql`delete from public.issues`;
  await sql`delete from public.circle_issues`;
  await sql`delete from private.inbox_events`;
});

interface Answer {
  event_id: string;
  status: string;
  processed: number;
  imported: { message_id: string; issue_id: string | null }[];
  errors: { index: number; code: string }[];
}

/** Sends a body, and checks what holds for every body; the status `received` would be an error of ours. */
async function send(body: string | Uint8Array<ArrayBuffer>): Promise<Answer> {
  const response = await fetch(`${project.url}/functions/v1/circle-webhook?secret=${SECRET}`, {
    method: "POST",
    // while bodies are generated, a connection that is kept would be closed by the server
    headers: { connection: "close" },
    body,
  });
  const text = await response.text();
  expect([200, 202, 422], text).toContain(response.status);
  const answer = JSON.parse(text) as Answer;
  const outcomes = { 200: ["processed", "failed"], 422: ["failed"] }[response.status] ??
    ["hint", "unrecognised", "unreadable"];
  expect(outcomes, text).toContain(answer.status);
  const [event] = await sql<{ body: Uint8Array; status: string }[]>`
    select body, status from private.inbox_events where id = ${answer.event_id}
  `;
  expect(event?.status).toBe(answer.status);
  expect(Buffer.compare(Buffer.from(event?.body ?? []), Buffer.from(body))).toBe(0);
  return answer;
}

const sendJson = (payload: unknown): Promise<Answer> => send(JSON.stringify(payload));

/**
 * The single message with other values: of the message, of its verdict, or of whole parts of the envelope.
 */
const message = (own: Record<string, unknown>, rest: Record<string, unknown> = {}) => ({
  ...single,
  Parent_Message: { ...single.Parent_Message, ...own },
  ...rest,
});
const titled = (issue_title: unknown) => ({
  ...single,
  Issue_Details: { ...single.Issue_Details, issue_title },
});

async function stored(): Promise<{ message: Record<string, unknown>; issue: Record<string, unknown> }> {
  const [message = {}] = await sql`select * from public.circle_issues`;
  const [issue = {}] = await sql`select * from public.issues`;
  return { message, issue };
}

describe("text of any kind is stored unchanged", () => {
  const texts: Record<string, string> = {
    "emoji, joined and with skin tones": "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇺🇦 1️⃣",
    "right to left, with marks of direction": "שלום \u202eעולם\u202c مرحبا \u2067بالعالم\u2069 abc",
    "HTML and scripts": `<script>alert("x")</script><img src=x onerror='y'> &amp; &#0; ]]>`,
    "accents on accents": `Z${"\u0351\u0363\u0334".repeat(300)}algo`,
    "SQL, Markdown and templates": "'; drop table issues; -- **bold** `code` $$ $1 {{x}} ${y} %s \\",
    "control characters": "bell \u0007 escape \u001b[31m vertical \u000b delete \u007f line \u2028 end",
    "characters beyond the first plane, and none": "𝒳 \u{10ffff} \u{1f600} \ufffe \uffff",
    "ten thousand characters": "Wide title \u{1f600} ".repeat(800).slice(0, 10_000).trim(),
  };

  test.each(Object.entries(texts))("%s", async (_name, text) => {
    expect(
      await sendJson(message({ body: text, sender: text.slice(0, 200) }, {
        Issue_Details: { ...single.Issue_Details, issue_title: text },
      })),
    ).toMatchObject({ status: "processed", errors: [] });
    const { message: row, issue } = await stored();
    expect(row.body).toBe(text);
    expect(issue.title).toBe(text);
    expect(issue.description).toContain(text);
  });

  test("characters that jsonb can't store become U+FFFD, and the others stay", async () => {
    const body = JSON.stringify(titled("T1 T2 T3 T4 T5")).replace("T1", "\\u0000").replace("T2", "\\ud83d")
      .replace("T3", "\\ude00\\ud83d").replace("T4", "\\\\u0000").replace("T5", "\\ud83d\\ude00");
    expect(await send(body)).toMatchObject({ status: "processed", errors: [] });
    const { issue } = await stored();
    expect(issue.title).toBe("\ufffd \ufffd \ufffd\ufffd \\u0000 😀");
  });

  test("also in names of keys, and raw NUL bytes", async () => {
    const keyed = JSON.stringify(message({ KEY: 1 })).replace("KEY", "\\u0000\\udead");
    expect(await send(keyed)).toMatchObject({ status: "processed", errors: [] });
    expect((await send(JSON.stringify(titled("a\u0001b")).replace("\\u0001", "\0"))).status).toBe(
      "unreadable",
    );
    expect((await send(new Uint8Array([0, 0, 0]))).status).toBe("unreadable");
  });
});

describe("a value of an unexpected type", () => {
  const rubbish: Record<string, unknown> = {
    null: null,
    true: true,
    false: false,
    zero: 0,
    "a negative number": -1.5,
    "an empty text": "",
    blanks: " \t\n\u00a0",
    "a text": "x",
    "an empty array": [],
    "an array": [[{}], "x", 1, null],
    "an empty object": {},
    "an object": { name: { name: [] }, message_id: {}, length: 5, __proto__: null },
  };

  test.each(Object.entries(rubbish))("%s for each key of an envelope", async (_name, value) => {
    await sendJson(value);
    for (const key of Object.keys(single)) await sendJson({ ...single, [key]: value });
    for (const key of Object.keys(single.Parent_Message)) await sendJson(message({ [key]: value }));
    for (const key of Object.keys(single.Issue_Details)) {
      await sendJson({ ...single, Issue_Details: { ...single.Issue_Details, [key]: value } });
    }
    const [reply] = thread(1).Replies;
    await sendJson({ ...thread(1), Replies: [value] });
    for (const key of Object.keys(reply ?? {})) {
      await sendJson({ ...thread(1), Replies: [{ ...reply, [key]: value }] });
    }
  });

  test.each<[string, unknown]>([
    ["true", true],
    ["null", null],
    ["an object", {}],
    ["an array", [7]],
    ["an empty text", ""],
    ["blanks", "  "],
    ["a text of 256 characters", "x".repeat(256)],
  ])(
    "%s is not a valid id, and the other elements of the array are imported",
    async (_name, message_id) => {
      expect(await sendJson([message({ message_id }), thread(1)])).toMatchObject({
        status: "failed",
        processed: 1,
        errors: [{ index: 0, code: "tracker_message_id_invalid" }],
      });
    },
  );

  test.each<[string, unknown]>([
    ["of every type", [null, 1, true, {}, [], { url: 1 }, { name: null, url: "u" }, "x", { a: { b: [] } }]],
    ["a text", "https://club.example.org/a.png"],
    ["an object", { url: "https://club.example.org/a.png" }],
    ["a number", 5],
    ["ten thousand of them", Array.from({ length: 10_000 }, (_, at) => `https://club.example.org/${at}.png`)],
  ])("attachments: %s", async (_name, attachments) => {
    expect(await sendJson(message({ attachments }))).toMatchObject({ status: "processed", errors: [] });
    const { message: row, issue } = await stored();
    expect(row.attachments).toBeInstanceOf(Array);
    expect(issue.title).toBe(single.Issue_Details.issue_title);
  });
});

describe("unusual JSON", () => {
  /** The single message, with raw JSON for a value. */
  const raw = (key: string, json: string): string =>
    JSON.stringify(message({ [key]: "HERE" })).replace(`"HERE"`, json);

  test.each([
    "99999999999999999999999",
    "1e400",
    "-1e400",
    "1e200000",
    "1e-400",
    "-0",
    "0.1e1",
    "1E+2",
    "12345678901234567890123456789.123456789",
  ])("the number %s as id, index, time and likelihood", async (number) => {
    for (
      const key of ["message_id", "chat_thread_id", "created_at", "replies_count", "space_id", "unknown"]
    ) {
      await send(raw(key, number));
    }
    await send(JSON.stringify(single).replace('"is_issue":true', `"is_issue":true,"confidence":${number}`));
    await send(JSON.stringify(thread(1)).replace('"reply_index":1', `"reply_index":${number}`));
  });

  test("an integer of any size is an id with all its digits", async () => {
    await send(raw("message_id", "99999999999999999999999"));
    expect((await stored()).message.message_id).toBe("99999999999999999999999");
  });

  test("of two keys with the same name the last one counts", async () => {
    await send(raw("body", `"first","body":"second"`));
    expect((await stored()).message.body).toBe("second");
    const twice = JSON.stringify(single);
    await send(`${twice.slice(0, -1)},"Parent_Message":{"message_id":5},"Parent_Message":{"message_id":6}}`);
    const ids = await sql`select message_id from public.circle_issues order by message_id collate "C"`;
    expect(ids.map((row) => row.message_id)).toEqual(["201500310", "6"]);
  });

  test.each([100, 1_000, 10_000])("%i levels deep, in unused keys and in used ones", async (levels) => {
    const nested = (open: string, close: string) => open.repeat(levels) + "1" + close.repeat(levels);
    for (const json of [nested("[", "]"), nested(`{"a":`, "}")]) {
      const answer = await send(raw("unknown", json));
      if (levels === 100) expect(answer).toMatchObject({ status: "processed", errors: [] });
      for (const key of ["body", "attachments", "sender"]) await send(raw(key, json));
      await send(json);
    }
    await send("[".repeat(levels));
  });

  test.each([100, 1_000, 10_000])(
    "an id that is nested %i levels deep is rejected, and not repeated in the answer",
    async (levels) => {
      const answer = await send(raw("message_id", `${"[".repeat(levels)}1${"]".repeat(levels)}`));
      expect(answer).toMatchObject({ status: "failed", errors: [{ code: "tracker_message_id_invalid" }] });
      expect(JSON.stringify(answer).length).toBeLessThan(1_000);
    },
  );

  test.each([
    ["many elements that are null", JSON.stringify(Array(20_000).fill(null))],
    [
      "an object of many keys",
      JSON.stringify(Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [at, at]))),
    ],
    ["an array in an array", JSON.stringify([[single]])],
    ["a string that contains JSON", JSON.stringify(JSON.stringify(single))],
    ["two values", `${JSON.stringify(single)}\n${JSON.stringify(single)}`],
    ["a trailing comma", `[${JSON.stringify(single)},]`],
    ["numbers that JSON does not have", "[NaN, Infinity]"],
    ["UTF-16", Buffer.from(JSON.stringify(single), "utf16le").toString("latin1")],
  ])("%s", async (_name, body) => {
    await send(body);
  });
});

/** The part of the generated bodies that is sent is one of so many. */
const PART = size(10, 1);

describe("generated bodies", () => {
  const check = (bodies: fc.Arbitrary<string>, numRuns: number) =>
    fc.assert(fc.asyncProperty(bodies, async (body) => void await send(body)), {
      numRuns: numRuns / PART,
      seed: SEED,
      endOnFailure: true,
    });
  const anything = fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>;

  test("any JSON", () => check(fc.json({ stringUnit: "binary" }), 100));

  test("any JSON as values of an envelope", () =>
    check(
      fc.record({
        Type: fc.oneof(anything, fc.constantFrom("thread", "single")),
        Parent_Message: fc.oneof(
          anything,
          fc.dictionary(fc.constantFrom(...Object.keys(single.Parent_Message)), anything),
        ),
        Replies: fc.oneof(anything, fc.array(anything, { maxLength: 3 })),
        Issue_Details: fc.oneof(
          anything,
          fc.record({ is_issue: anything, type: anything, issue_title: anything }),
        ),
      }, { requiredKeys: [] }).map((payload) => JSON.stringify(payload)),
      120,
    ));

  test("real payloads of every shape with another value for one key", () =>
    check(
      fc.tuple(payloads(201_500_000), fc.nat(), anything).map(([payload, at, value]) =>
        JSON.stringify(replaced(payload, at, value))
      ),
      200,
    ));

  test("real payloads with a few bytes deleted or repeated", () =>
    check(
      fc.tuple(payloads(201_500_000), fc.nat(), fc.nat({ max: 5 }), fc.boolean()).map(
        ([payload, at, length, isLost]) => {
          const text = JSON.stringify(payload);
          const from = at % text.length;
          return text.slice(0, from) + (isLost ? "" : text.slice(from, from + length).repeat(2)) +
            text.slice(from + length);
        },
      ),
      100,
    ));
});

/** The value with its `at`th part (modulo their number) replaced. */
function replaced(value: Json, at: number, other: Json): Json {
  let left = at % places(value);
  const walk = (one: Json): Json => {
    if (left-- === 0) return other;
    if (Array.isArray(one)) return one.map(walk);
    if (one === null || typeof one !== "object") return one;
    return Object.fromEntries(Object.entries(one).map(([key, each]) => [key, walk(each)]));
  };
  return walk(value);
}

function places(value: Json): number {
  if (value === null || typeof value !== "object") return 1;
  return Object.values(value).reduce<number>((sum, one) => sum + places(one), 1);
}
