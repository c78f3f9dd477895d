import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type FakeCircle,
  type FakeMember,
  type FakeSpace,
  startFakeCircle,
} from "../../../scripts/fakes/circle.ts";
import { CircleApi, type CircleApiOptions } from "./circle-api.ts";
import { toRichText } from "./circle-text.ts";
import { readAdminPage, readComments, readMessages, readReplies, sendComment, sendReply } from "./circle.ts";
import { type Budgets, type Grant, UNLIMITED } from "./provider-budget.ts";

let fake: FakeCircle;
let help: FakeSpace;
let ana: FakeMember;
let bot: FakeMember;
const pauses: { provider: string; until: Date | null }[] = [];

const mint = (): string => fake.state.tokens.mint(bot.id).access_token;

function open(options: Partial<CircleApiOptions> = {}): CircleApi {
  let token = mint();
  return new CircleApi({
    apiUrl: fake.url,
    fetch,
    memberTokens: {
      get: () => Promise.resolve({ kind: "ok", value: token }),
      renew: () => Promise.resolve({ kind: "ok", value: token = mint() }),
    },
    adminToken: "admin-v2-token",
    budgets: UNLIMITED,
    pause: (provider, until) => {
      pauses.push({ provider, until });
      return Promise.resolve(until);
    },
    clock: Date.now,
    timeoutMs: 5000,
    ...options,
  });
}

const uuid = (): string => help.roomUuid ?? "";

beforeEach(async () => {
  fake = await startFakeCircle();
  pauses.length = 0;
  bot = fake.state.addMember("Fix Bot");
  ana = fake.state.addMember("Ana Ruiz");
  help = fake.state.addSpace("Help chat", "chat");
});

afterEach(async () => {
  await fake.stop();
});

describe("reading", () => {
  test("windows leave out the anchor that Circle repeats", async () => {
    const written = [1, 2, 3, 4, 5].map((count) => fake.state.write(help, ana, `Message ${count}`).id);
    const read = async (query: { before?: number; after?: number }) => {
      const answer = await readMessages(open(), uuid(), { size: 2, ...query });
      return answer.kind === "ok"
        ? answer.value.records.map(({ id }) => written.indexOf(id) + 1)
        : answer.kind;
    };
    expect(await read({})).toEqual([3, 4, 5]);
    expect(await read({ before: written[2] ?? 0 })).toEqual([1, 2]);
    expect(await read({ after: written[2] ?? 0 })).toEqual([4, 5]);
    expect(await read({ after: written[4] ?? 0 })).toEqual([]);
    expect(await read({ after: 1 })).toBe("not_found");
  });

  test("a record that is damaged hides no other, and is kept as it came", async () => {
    const page = { has_previous_page: false, has_next_page: false };
    const damaged = { id: 1, sent_at: 5, replies_count: "many", sender: "Ana", parent_message_id: {} };
    const records = [{ id: null, body: "no id" }, damaged, "no record", { id: "2", parent_message_id: "1" }];
    fake.state.faults.push({ body: { ...page, records } });
    expect(await readMessages(open(), uuid(), { size: 5 })).toEqual({
      kind: "ok",
      value: { ...page, invalid: 2, records: [damaged, { id: 2, parent_message_id: "1" }] },
    });
    fake.state.faults.push({ body: { ...page, records: [{ id: "9", parent_message_id: "8", body: [] }] } });
    expect(await readReplies(open(), uuid(), 8)).toMatchObject({ kind: "ok", value: [{ id: 9 }] });
    fake.state.faults.push({ body: { ...page, records: [{ body_text: 5 }, { id: 9, body_text: 5 }] } });
    expect(await readComments(open(), { postId: 1 })).toMatchObject({ kind: "ok", value: [{ id: 9 }] });
  });

  test("the replies of a thread over several pages, each once", async () => {
    const root = fake.state.write(help, ana, "It crashes");
    for (let count = 1; count <= 120; count++) {
      fake.state.write(help, ana, `Reply ${count}`, { parent: root });
    }
    const replies = await readReplies(open(), uuid(), root.id);
    expect(replies.kind === "ok" && replies.value.map(({ body }) => body)).toEqual(
      Array.from({ length: 120 }, (_, at) => `Reply ${at + 1}`),
    );
  });

  test("a token that was rejected is replaced once, and no more", async () => {
    const api = open();
    fake.state.tokens.revokeAll();
    expect(await readMessages(api, uuid(), { size: 1 })).toMatchObject({ kind: "ok" });
    fake.state.faults.push({ path: "/headless/v1/", status: 401, body: {}, times: 2 });
    expect(await readMessages(api, uuid(), { size: 1 })).toEqual({ kind: "unauthorized" });
  });

  test("a rate limit is reported for all, with its time", async () => {
    fake.state.faults.push({ status: 429, headers: { "retry-after": "7" }, body: {} });
    const answer = await readMessages(open({ clock: () => 1_000_000 }), uuid(), { size: 1 });
    expect(answer).toEqual({ kind: "wait", until: new Date(1_007_000) });
    expect(pauses).toEqual([{ provider: "circle", until: new Date(1_007_000) }]);
  });

  test("the quota of the month pauses the Admin API alone", async () => {
    fake.state.limits.adminPerMonth = 0;
    expect(await readAdminPage(open(), "posts?page=1")).toMatchObject({ kind: "wait" });
    expect(pauses).toEqual([{ provider: "circle_admin", until: null }]);
    expect(await readAdminPage(open({ adminToken: null }), "posts?page=1")).toEqual({ kind: "unauthorized" });
  });

  test("answers that can't be used are named, and cost what Circle counts", async () => {
    const spent: string[] = [];
    const budgets: Budgets = {
      open: (provider) => ({
        take: () => {
          spent.push(provider);
          return Promise.resolve<Grant>({ kind: "granted" });
        },
        giveBack: () => void spent.push(`-${provider}`),
        report: () => {},
        settle: () => Promise.resolve(),
      }),
    };
    fake.state.faults.push({ status: 502, body: "<html>" }, { body: "<html>" }, { body: { records: 1 } });
    const answers = [];
    for (let count = 0; count < 3; count++) {
      answers.push(await readAdminPage(open({ budgets }), "posts?page=1"));
    }
    expect(answers).toEqual([
      { kind: "unavailable", cause: "502" },
      { kind: "unavailable", cause: "not_json" },
      { kind: "unavailable", cause: "unexpected_answer" },
    ]);
    expect(spent.filter((one) => one.includes("admin"))).toEqual([
      "circle_admin",
      "-circle_admin",
      "circle_admin",
      "circle_admin",
    ]);
  });
});

describe("writing", () => {
  test("a reply arrives in its thread, as the bot's", async () => {
    const root = fake.state.write(help, ana, "It crashes");
    const sent = await sendReply(open(), uuid(), root.id, "Fixed in 2.4.\nhttps://example.org/12");
    expect(sent).toEqual({ kind: "ok", value: expect.stringMatching(/^[\w-]{36}$/) });
    const [reply] = fake.state.repliesTo(root);
    expect(reply).toMatchObject({ author: bot, body: "Fixed in 2.4.\nhttps://example.org/12" });
    expect(reply?.richText).toEqual(toRichText("Fixed in 2.4.\nhttps://example.org/12"));
    await expect(sendReply(open(), uuid(), Number.NaN, "Fixed")).rejects.toThrow(RangeError);
  });

  test("one that Circle loses is not among the replies", async () => {
    const root = fake.state.write(help, ana, "It crashes");
    fake.state.mishaps.push({ kind: "dropped", times: 1 });
    expect(await sendReply(open(), uuid(), root.id, "Fixed")).toMatchObject({ kind: "ok" });
    expect(await readReplies(open(), uuid(), root.id)).toEqual({ kind: "ok", value: [] });
  });

  test("comments on a post, and replies to them", async () => {
    const post = fake.state.addPost(fake.state.addSpace("Bugs", "basic"), ana, "Export", "It does nothing");
    const sent = await sendComment(open(), { postId: post.id }, "Fixed");
    const commentId = sent.kind === "ok" ? sent.value : 0;
    await sendComment(open(), { commentId }, "In 2.4");
    expect(await readComments(open(), { postId: post.id })).toMatchObject({
      kind: "ok",
      value: [{ id: commentId, body_text: "Fixed", community_member_id: bot.id }],
    });
    expect(await readComments(open(), { commentId })).toMatchObject({
      kind: "ok",
      value: [{ body_text: "In 2.4" }],
    });
    expect(await sendComment(open(), { commentId: 1 }, "No")).toEqual({ kind: "not_found" });
  });
});

test("text becomes paragraphs, line breaks and links with a target", () => {
  expect(toRichText("Fixed (see https://example.org/a_(b)?c=1).\r\nThanks\n\nBye")).toEqual({
    body: {
      type: "doc",
      content: [{
        type: "paragraph",
        content: [
          { type: "text", text: "Fixed (see " },
          {
            type: "text",
            text: "https://example.org/a_(b)?c=1",
            marks: [{ type: "link", attrs: { href: "https://example.org/a_(b)?c=1", target: "_blank" } }],
          },
          { type: "text", text: ")." },
          { type: "hardBreak" },
          { type: "text", text: "Thanks" },
        ],
      }, { type: "paragraph", content: [{ type: "text", text: "Bye" }] }],
    },
  });
});

test("what Circle writes when it refuses has no token in it, nor a part of one", async () => {
  const refusal = (message: string) => fake.state.faults.push({ status: 403, body: { message } });
  const api = open({ memberTokens: { get: tokenOf, renew: tokenOf } });
  refusal("The token secret-token may not.");
  expect(await api.headless({ path: "x" })).toMatchObject({ message: "The token [token] may not." });
  refusal(`${"x".repeat(195)}admin-v2-token`);
  expect(await api.admin({ path: "x" })).toMatchObject({ message: `${"x".repeat(195)}[toke` });
});

const tokenOf = () => Promise.resolve({ kind: "ok", value: "secret-token" } as const);
