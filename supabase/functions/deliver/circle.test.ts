import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type FakeChatMessage,
  type FakeCircle,
  type FakeMember,
  type FakeSpace,
  startFakeCircle,
} from "../../../scripts/fakes/circle.ts";
import { CircleApi } from "../_shared/circle-api.ts";
import type { RpcResult } from "../_shared/database.ts";
import { UNLIMITED } from "../_shared/provider-budget.ts";
import { deliverReply } from "./circle.ts";
import type { Claim } from "./claim.ts";

const MARKER = "FX-4B1D0A9C27E5";
let fake: FakeCircle;
let help: FakeSpace;
let ana: FakeMember;
let root: FakeChatMessage;
let token: string;
let now = Date.parse("2026-03-04T10:00:00Z");
let marked: RpcResult;
const marks: Record<string, unknown>[] = [];

beforeEach(async () => {
  fake = await startFakeCircle();
  const bot = fake.state.addMember("Fix Bot");
  token = fake.state.tokens.mint(bot.id).access_token;
  ana = fake.state.addMember("Ana Ruiz");
  help = fake.state.addSpace("Help chat", "chat");
  root = fake.state.write(help, ana, "Login loops");
  marks.length = 0;
  marked = { ok: true, data: "2026-03-04T10:00:00Z" };
});

afterEach(() => fake.stop());

const tokenOf = () => Promise.resolve({ kind: "ok", value: token } as const);

const chat = () => ({
  kind: "chat",
  chat_room_uuid: help.roomUuid,
  parent_message_id: String(root.id),
  marker: MARKER,
});

function deliver(payload: Record<string, unknown>, sentAt: number | null = null) {
  const claim: Claim = {
    id: 7,
    fencing_token: 3,
    attempt: 1,
    kind: "fixed",
    endpoint_id: null,
    body: "Fixed in 2.4.1.",
    payload,
    created_at: "2026-03-04T09:00:00Z",
    sent_at: sentAt === null ? null : new Date(sentAt).toISOString(),
  };
  return deliverReply(claim, {
    rpc: (_name, args) => {
      marks.push(args);
      return Promise.resolve(marked);
    },
    api: new CircleApi({
      apiUrl: fake.url,
      fetch,
      memberTokens: { get: tokenOf, renew: tokenOf },
      adminToken: null,
      budgets: UNLIMITED,
      pause: (_provider, until) => Promise.resolve(until),
      clock: () => now,
      timeoutMs: 5_000,
    }),
    clock: () => now,
    sleep: (ms) => {
      now += ms;
      return Promise.resolve();
    },
    leaseSeconds: 60,
  });
}

const replies = () => fake.state.repliesTo(root).map(({ author, body }) => `${author.name}: ${body}`);
const REPLY = `Fix Bot: Fixed in 2.4.1.\n\n(Ref: ${MARKER})`;

describe("a chat reply", () => {
  test("is below its message, with a marker by which it is found again", async () => {
    const outcome = await deliver(chat());
    expect(replies()).toEqual([REPLY]);
    expect(outcome).toEqual({ kind: "delivered", reference: String(fake.state.repliesTo(root)[0]?.id) });
    expect(marks).toEqual([{ id: 7, fencing_token: 3, lease_seconds: 60 }]);
    expect(await deliver(chat())).toEqual(outcome);
    expect(replies()).toEqual([REPLY]);
  });

  test("that was accepted and lost is posted again, after it had time to appear", async () => {
    fake.state.mishaps.push({ kind: "dropped", times: 1 });
    const sentAt = now;
    expect(await deliver(chat())).toEqual({ kind: "failed", error: "not_seen", retryAfter: 120 });
    expect(await deliver(chat(), sentAt)).toMatchObject({ error: "not_seen_yet", isCounted: false });
    expect(replies()).toEqual([]);
    now = sentAt + 120_000;
    expect(await deliver(chat(), sentAt)).toMatchObject({ kind: "delivered" });
    expect(replies()).toEqual([REPLY]);
  });

  test("that is late is not posted again", async () => {
    fake.state.mishaps.push({ kind: "late", times: 1 });
    expect(await deliver(chat())).toMatchObject({ error: "not_seen" });
    fake.state.deliverLate();
    expect(await deliver(chat(), now)).toMatchObject({ kind: "delivered" });
    expect(replies()).toEqual([REPLY]);
  });

  test("is there once, also where Circle lists no replies by their message", async () => {
    fake.state.shows.windowsOfReplies = false;
    expect(await deliver(chat())).toMatchObject({ kind: "delivered" });
    now += 120_000;
    expect(await deliver(chat(), now - 120_000)).toMatchObject({ kind: "delivered" });
    expect(replies()).toEqual([REPLY]);
  });

  test("whose answer is lost is found in the thread", async () => {
    fake.state.faults.push({ method: "POST", status: 502, times: 1 });
    expect(await deliver(chat())).toMatchObject({ error: "not_seen" });
    fake.state.write(help, ana, `Thanks! (Ref: ${MARKER})`, { parent: root });
    expect(await deliver(chat(), now)).toMatchObject({ kind: "delivered" });
  });

  test("is not posted by whoever has lost the lease", async () => {
    marked = { ok: false, code: "PT409", message: "loop_delivery_lease_expired" };
    expect(await deliver(chat())).toEqual({ kind: "lost" });
    expect(replies()).toEqual([]);
  });

  test("is not posted where it is not true any more", async () => {
    marked = { ok: true, data: null };
    expect(await deliver(chat())).toEqual({ kind: "lost" });
    expect(replies()).toEqual([]);
  });

  test("to a message that is gone, or to none, is not posted anywhere", async () => {
    const gone = await deliver({ ...chat(), parent_message_id: "1" });
    expect(gone).toMatchObject({ kind: "failed", error: "thread_unknown", isFinal: true });
    for (const parent_message_id of [null, "", "0x1", "-1"]) {
      expect(await deliver({ ...chat(), parent_message_id })).toMatchObject({ error: "target_invalid" });
    }
    expect(fake.state.roomOf(root.roomUuid)).toHaveLength(1);
  });

  test("waits for what passes, and that is not an attempt", async () => {
    fake.state.faults.push({ status: 429, headers: { "retry-after": "30" } });
    expect(await deliver(chat())).toMatchObject({ error: "circle_waits", retryAfter: 30, isCounted: false });
    fake.state.faults.push({ status: 500 });
    expect(await deliver(chat())).toMatchObject({ error: "circle_500", isCounted: false });
    token = "revoked";
    expect(await deliver(chat())).toMatchObject({ error: "circle_token", isCounted: false });
  });
});

test("a post is answered by a comment, a comment by a reply to it, each once", async () => {
  const post = fake.state.addPost(fake.state.addSpace("Bugs", "basic"), ana, "Export", "Does nothing");
  const comment = fake.state.addComment(post, ana, "Same here");
  const targets = [
    { kind: "post", post_id: String(post.id), marker: MARKER },
    { kind: "comment", comment_id: String(comment.id), marker: "FX-000000000001" },
  ];
  for (const target of [...targets, ...targets]) {
    expect(await deliver(target)).toMatchObject({ kind: "delivered" });
  }
  expect(fake.state.comments.slice(1).map(({ parentId }) => parentId)).toEqual([null, comment.id]);
});
