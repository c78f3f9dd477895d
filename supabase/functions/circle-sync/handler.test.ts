import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeCircle, startFakeCircle } from "../../../scripts/fakes/circle.ts";
import { CircleApi } from "../_shared/circle-api.ts";
import type { RpcResult } from "../_shared/database.ts";
import { parseMasterKeys } from "../_shared/encryption.ts";
import type { LogEntry } from "../_shared/log.ts";
import { UNLIMITED } from "../_shared/provider-budget.ts";
import type { Read } from "./claim.ts";
import { toStorable } from "./context.ts";
import { createHandler, type Dependencies } from "./handler.ts";

// The function over a fake of Circle, and a database that only remembers what it was called with.

const KEYS = parseMasterKeys("KEYS", `k1:${Buffer.alloc(32, 7).toString("base64")}`);
const SETTINGS = { window_hours: 72, first_read_hours: 168, window_minutes: 15, page_size: 2 };

type Results = Record<string, (args: Record<string, unknown>) => RpcResult>;

let fake: FakeCircle;

const room = (id: number, more: Partial<Read> = {}): Read => ({
  id,
  fencing_token: 1,
  kind: "room",
  chat_room_uuid: fake.state.spaces[0]?.roomUuid ?? "",
  post_space_id: null,
  cursor: {},
  ...more,
});

const ANSWERS: Record<string, unknown> = {
  record_circle_messages: { changed: 1, own: 0, invalid: 0, unknown_authors: 0 },
  record_circle_members: 1,
  record_circle_removals: 1,
  record_circle_threads: { rooms: 0, threads: 0 },
  finish_circle_read: true,
};

function setUp(batches: Read[][], results: Results = {}, deps: Partial<Dependencies> = {}) {
  const left = [...batches];
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const logged: LogEntry[] = [];
  const handler = createHandler({
    rpc: (name, args) => {
      // as they are now: the run goes on with its cursor
      calls.push({ name, args: structuredClone(args) });
      const data = () =>
        name === "claim_circle_reads"
          ? { now: new Date().toISOString(), ...SETTINGS, reads: left.shift() ?? [] }
          : ANSWERS[name] ?? [];
      return Promise.resolve(results[name]?.(args) ?? { ok: true, data: data() });
    },
    masterKeys: () => KEYS,
    open: () => {
      const token = fake.state.tokens.mint(fake.state.members[0]?.id ?? 0).access_token;
      const answer = { kind: "ok" as const, value: token };
      return new CircleApi({
        apiUrl: fake.url,
        fetch,
        memberTokens: { get: () => Promise.resolve(answer), renew: () => Promise.resolve(answer) },
        adminToken: null,
        budgets: UNLIMITED,
        pause: (_, until) => Promise.resolve(until),
        clock: Date.now,
      });
    },
    isServer: (request) => Promise.resolve(request.headers.get("apikey") === "secret"),
    log: (entry) => logged.push(entry),
    clock: Date.now,
    newId: () => "request-1",
    ...deps,
  });
  const call = async (
    headers: Record<string, string> = { "x-fixloop-ticket": "ticket" },
    method = "POST",
  ) => {
    const response = await handler(new Request("http://localhost/", { method, headers }));
    return { status: response.status, body: await response.json() as Record<string, unknown> };
  };
  const argsOf = (wanted: string) => calls.filter(({ name }) => name === wanted).map(({ args }) => args);
  const ends = () => argsOf("finish_circle_read").map(({ result }) => result as Record<string, unknown>);
  return { call, argsOf, ends, logged };
}

const down = (): RpcResult => ({ ok: false, code: "PGRST003", message: "timeout" });
const write = (count: number) => {
  const [member] = fake.state.members;
  const [space] = fake.state.spaces;
  if (!member || !space) throw new Error("no community");
  for (let at = 0; at < count; at++) fake.state.write(space, member, `Message ${at}`);
};

beforeEach(async () => {
  fake = await startFakeCircle();
  fake.state.addMember("Ana");
  fake.state.addSpace("Help chat", "chat");
});

afterEach(async () => {
  await fake.stop();
});

test("reads what is due until nothing is, and says what it did", async () => {
  write(1);
  const { call, argsOf, ends, logged } = setUp([[room(1)], [room(2, { kind: "threads" })]]);
  const { status, body } = await call();
  expect(status).toBe(200);
  expect(body).toMatchObject({ claimed: 2, done: 2, failed: 0, changed: 2, requests: 3, stopped: null });
  expect(argsOf("claim_circle_reads").map(({ ticket }) => ticket)).toEqual(["ticket", null, null]);
  expect(ends()).toEqual([
    { state: "done", error_code: null, is_counted: false, retry_at: null },
    { state: "done", error_code: null, is_counted: false, retry_at: null },
  ]);
  expect(logged).toMatchObject([{ function: "circle-sync", status: 200, done: 2 }]);
});

test("a record without an id is named, and hides no other", async () => {
  const records = [{ id: "?", body: "x" }, { id: 7, body: "y", created_at: new Date().toISOString() }];
  fake.state.faults.push({
    path: "chat_room_messages",
    body: { has_previous_page: false, has_next_page: false, records },
  });
  const { call, argsOf } = setUp([[room(1)]]);
  expect((await call()).body).toMatchObject({ done: 1, invalid: 1 });
  expect(argsOf("record_circle_messages")[0]?.records).toEqual([records[1]]);
});

test("a comment that is missing in a list of several pages is asked for, one in a single answer is not", async () => {
  const [ana] = fake.state.members;
  if (!ana) throw new Error("no community");
  const post = fake.state.addPost(fake.state.addSpace("Bugs", "basic"), ana, "Export", "Does nothing");
  const comments = ["One", "Two", "Three"].map((text) => fake.state.addComment(post, ana, text));
  const thread = { id: post.id, thread_id: null, replies_state: "3", now: new Date().toISOString() };
  const missing = [`comment_${comments[0]?.id}`, "comment_1"];
  const read = async (page_size: number) => {
    const { call, argsOf } = setUp([], {
      claim_circle_reads: () => ({
        ok: true,
        data: { now: new Date().toISOString(), ...SETTINGS, page_size, reads: reads.splice(0) },
      }),
      due_circle_threads: () => ({ ok: true, data: [thread] }),
      finish_circle_thread: () => ({ ok: true, data: missing }),
    }, {
      open: () => {
        const none = () => Promise.resolve({ kind: "unauthorized" as const });
        return new CircleApi({
          apiUrl: fake.url,
          fetch,
          memberTokens: { get: none, renew: none },
          adminToken: "admin-v2-token",
          budgets: UNLIMITED,
          pause: (_, until) => Promise.resolve(until),
          clock: Date.now,
        });
      },
    });
    const reads = [room(1, { kind: "posts", chat_room_uuid: null, post_space_id: post.space.id })];
    expect((await call()).body).toMatchObject({ done: 1 });
    return argsOf("record_circle_removals").map(({ message_ids }) => message_ids);
  };
  expect(await read(2)).toEqual([["comment_1"]]);
  expect(await read(50)).toEqual([missing]);
});

test("a page is stored with the position after it", async () => {
  write(5);
  const { call, argsOf } = setUp([[room(1)]]);
  await call();
  const ids = fake.state.roomOf(fake.state.spaces[0]?.roomUuid ?? "").map(({ id }) => id);
  const pages = argsOf("record_circle_messages").map(({ records, cursor }) => [
    (records as { id: number }[]).map(({ id }) => ids.indexOf(id) + 1),
    (cursor as { last_id: number }).last_id === ids[4],
    (cursor as { scan: { is_read: boolean } | null }).scan?.is_read ?? null,
  ]);
  expect(pages).toEqual([[[3, 4, 5], true, false], [[1, 2], true, true], [[], true, null]]);
});

test("what PostgreSQL's jsonb does not have is replaced", () => {
  expect(toStorable({ "a\0": ["\0b", "\ud83d", "😀", 1, null, true] })).toEqual({
    "a\ufffd": ["\ufffdb", "\ufffd", "😀", 1, null, true],
  });
  const deep = JSON.parse(`${"[".repeat(50_000)}${"]".repeat(50_000)}`) as unknown;
  expect(JSON.stringify(toStorable(deep)).length).toBeLessThan(500);
});

describe("the end of a run", () => {
  test("that has had its share leaves the rest to the next", async () => {
    write(20);
    const { call, ends } = setUp([[room(1)]], {}, { maxRequests: 3 });
    expect((await call()).body).toMatchObject({ more: 1, requests: 3 });
    expect(ends()).toMatchObject([{ state: "more", error_code: null }]);
  });

  test("that Circle refuses names why, and who caused it", async () => {
    const cases = [
      [{ status: 403, body: {} }, "loop_circle_request_forbidden", true],
      [{ status: 404, body: {}, times: 2 }, "loop_circle_source_unknown", true],
      [{ status: 401, body: {}, times: 2 }, "loop_circle_token_invalid", false],
      [{ status: 429, body: {} }, "loop_circle_rate_limited", false],
      [{ status: 503, body: {} }, "loop_circle_read_unavailable", false],
      [{ body: "<html>" }, "loop_circle_read_unavailable", false],
    ] as const;
    for (const [fault, error_code, is_counted] of cases) {
      fake.state.faults.splice(0, Infinity, { path: "chat_room_messages", ...fault });
      const { call, ends } = setUp([[room(1)]]);
      await call();
      expect(ends()).toMatchObject([{ error_code, is_counted }]);
    }
  });

  test("whose lease another one has writes nothing more", async () => {
    write(1);
    const { call, ends } = setUp([[room(1)]], {
      record_circle_messages: () => ({ ok: false, code: "PT410", message: "loop_circle_lease_expired" }),
    });
    expect((await call()).body).toMatchObject({ lost: 1, done: 0 });
    expect(ends()).toEqual([]);
  });

  test("whose page was not stored is not counted", async () => {
    write(1);
    const { call, ends } = setUp([[room(1)]], { record_circle_messages: down });
    expect((await call()).body).toMatchObject({ failed: 1 });
    expect(ends()).toMatchObject([{ error_code: "loop_circle_storage_unavailable", is_counted: false }]);
  });

  test("with a message that the database refuses leaves out that one", async () => {
    write(3);
    const { call, argsOf, ends } = setUp([[room(1)]], {
      record_circle_messages: ({ records }) =>
        (records as { body: string }[]).some(({ body }) => body === "Message 1")
          ? { ok: false, code: "22P05", message: "" }
          : { ok: true, data: ANSWERS.record_circle_messages },
    });
    expect((await call()).body).toMatchObject({ done: 1, failed: 0 });
    expect(ends()).toMatchObject([{ state: "done" }]);
    const stored = argsOf("record_circle_messages").filter(({ records }) =>
      (records as unknown[]).length === 1
    );
    expect(stored.map(({ records }) => (records as { body: string }[])[0]?.body)).toEqual([
      "Message 0",
      "Message 1",
      "Message 2",
    ]);
  });

  test("that looks for a message in vain comes to its end", async () => {
    write(1);
    const id = String(fake.state.roomOf(fake.state.spaces[0]?.roomUuid ?? "")[0]?.id);
    const { call, argsOf } = setUp([[room(1)]], {
      missing_circle_messages: () => ({ ok: true, data: [id, "7"] }),
    });
    expect((await call()).body).toMatchObject({ done: 1 });
    expect(argsOf("record_circle_removals")).toMatchObject([{ message_ids: ["7"] }]);
  });

  test("that nobody expected ends no other, and its cause is logged", async () => {
    write(1);
    const { call, ends, logged } = setUp([[room(1), room(2)]], {
      record_circle_messages: ({ read_id }) => ({
        ok: true,
        data: read_id === 1 ? "?" : ANSWERS.record_circle_messages,
      }),
    });
    expect((await call()).body).toMatchObject({ failed: 1, done: 1 });
    expect(ends()).toContainEqual(
      expect.objectContaining({ error_code: "loop_circle_run_unavailable", is_counted: true }),
    );
    expect(logged).toMatchObject([{ cause: "room ZodError" }]);
  });
});

describe("a call", () => {
  test("ends when Circle does not answer, or time is over", async () => {
    fake.state.faults.push({ path: "chat_room", status: 503, body: {}, times: 100 });
    const many = Array.from({ length: 9 }, (_, at) => [room(at * 3 + 1), room(at * 3 + 2), room(at * 3 + 3)]);
    expect((await setUp(many).call()).body).toMatchObject({ claimed: 6, failed: 6, stopped: "failing" });
    fake.state.faults.length = 0;
    let now = Date.now();
    const { call } = setUp(many, {}, { clock: () => now += 200, maxMs: 1 });
    expect((await call()).body).toMatchObject({ claimed: 3, stopped: "time" });
  });

  test("ends when the database does not tell what is due", async () => {
    let count = 0;
    const { call } = setUp([[room(1)]], {
      claim_circle_reads: () =>
        count++ === 0
          ? { ok: true, data: { now: new Date().toISOString(), ...SETTINGS, reads: [room(1)] } }
          : down(),
    });
    expect((await call()).body).toMatchObject({ done: 1, stopped: "database" });
    const refused = await setUp([], { claim_circle_reads: down }).call();
    expect(refused).toMatchObject({ status: 503, body: { code: "loop_circle_sync_unavailable" } });
  });

  test("needs a ticket or a secret key, POST, and master keys", async () => {
    const { call } = setUp([]);
    const invalid = setUp([], {
      claim_circle_reads: () => ({ ok: false, code: "PT401", message: "function_ticket_invalid" }),
    });
    const keyless = setUp([], {}, {
      masterKeys: () => {
        throw new Error("SECRETS_MASTER_KEYS is not set");
      },
    });
    const answers = [
      await call({}),
      await call({ apikey: "secret" }),
      await call({ origin: "https://evil.example", apikey: "secret" }),
      await call({ apikey: "secret" }, "PUT"),
      await invalid.call(),
      await keyless.call(),
    ];
    expect(answers.map(({ status }) => status)).toEqual([401, 200, 403, 405, 401, 503]);
  });
});
