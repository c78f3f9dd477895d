import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeCircle, type FakeMember, type FakeSpace, startFakeCircle } from "./circle.ts";

// The fake behaves as Circle documents (https://api.circle.so), and as clients have found out where it does not.

let fake: FakeCircle;
let clock: Date;
let bot: FakeMember;
let ana: FakeMember;
let help: FakeSpace;
let token: string;

interface Answer {
  status: number;
  headers: Headers;
  // deno-lint-ignore no-explicit-any
  body: any;
}

async function ask(method: string, path: string, auth: string, body?: unknown): Promise<Answer> {
  const response = await fetch(fake.url + path, {
    method,
    headers: { authorization: auth, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
}

const get = (path: string) => ask("GET", `/api/headless/v1/${path}`, `Bearer ${token}`);
const post = (path: string, body: unknown) =>
  ask("POST", `/api/headless/v1/${path}`, `Bearer ${token}`, body);
const admin = (path: string) => ask("GET", `/api/admin/v2/${path}`, "Bearer admin-v2-token");
const mint = (auth: string, body: unknown) =>
  ask("POST", "/api/v1/headless/auth_token", `Bearer ${auth}`, body);
const room = () => `messages/${help.roomUuid}/chat_room_messages`;
const ids = ({ body }: Answer): number[] => body.records.map(({ id }: { id: number }) => id);

beforeEach(async () => {
  clock = new Date("2026-03-02T09:14:05.120Z");
  fake = await startFakeCircle({ now: () => clock });
  bot = fake.state.addMember("Fix Bot");
  ana = fake.state.addMember("Ana Ruiz", "ana@example.org");
  help = fake.state.addSpace("Help chat", "chat");
  token = (await mint("headless-auth-token", { email: bot.email })).body.access_token;
});

afterEach(async () => {
  await fake.stop();
});

describe("tokens", () => {
  test("are minted for a member, last an hour, and are refreshed", async () => {
    const minted = await mint("headless-auth-token", { community_member_id: bot.id });
    expect(minted.body).toMatchObject({
      access_token_expires_at: "2026-03-02T10:14:05.120Z",
      community_member_id: bot.id,
      community_id: 412_233,
    });
    clock = new Date(clock.getTime() + 3_600_000);
    const expired = await get(room());
    expect([expired.status, expired.body]).toEqual([401, {
      success: false,
      message: "The access token is expired.",
      error_details: {},
    }]);
    const refreshed = await ask("PATCH", "/api/v1/headless/access_token/refresh", "", {
      refresh_token: minted.body.refresh_token,
    });
    token = refreshed.body.access_token;
    expect((await get(room())).status).toBe(200);
  });

  test("need the right kind of token, and a member", async () => {
    const statuses = [
      await mint("admin-v2-token", { email: bot.email }),
      await mint("wrong", { email: bot.email }),
      await mint("headless-auth-token", { email: "nobody@example.org" }),
      await get("spaces"),
      await ask("GET", "/api/headless/v1/spaces", "Bearer wrong"),
      await ask("GET", "/api/admin/v2/posts", `Bearer ${token}`),
    ].map(({ status }) => status);
    expect(statuses).toEqual([403, 401, 404, 200, 401, 401]);
  });
});

describe("a chat room", () => {
  test("is read in windows that repeat their anchor, in the order of ids", async () => {
    for (let count = 1; count <= 5; count++) fake.state.write(help, ana, `Message ${count}`);
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = fake.state.roomOf(help.roomUuid ?? "")
      .map(({ id }) => id);
    const last = await get(`${room()}?previous_per_page=2&next_per_page=0`);
    expect(ids(last)).toEqual([third, fourth, fifth]);
    expect(last.body).toMatchObject({
      id: fifth,
      has_previous_page: true,
      has_next_page: false,
      first_id: third,
      total_count: 5,
    });
    expect(ids(await get(`${room()}?id=${third}&previous_per_page=50&next_per_page=0`))).toEqual([
      first,
      second,
      third,
    ]);
    expect(ids(await get(`${room()}?id=${fourth}&previous_per_page=0&next_per_page=50`))).toEqual([
      fourth,
      fifth,
    ]);
    expect((await get(`${room()}?id=1`)).status).toBe(404);
    expect(last.body.records[2]).toMatchObject({
      body: "Message 5",
      sender: { name: "Ana Ruiz", community_member_id: ana.id },
      chat_thread_id: null,
      replies_count: 0,
    });
  });

  test("has its replies in threads, which tell the space", async () => {
    const root = fake.state.write(help, ana, "It crashes");
    fake.state.write(help, bot, "Where?", { parent: root });
    expect(ids(await get(room()))).toEqual([root.id]);
    expect((await get(room())).body.records[0]).toMatchObject({
      replies_count: 1,
      chat_thread_id: root.threadId,
    });
    const replies = await get(`${room()}?parent_message_id=${root.id}`);
    expect(replies.body.records).toMatchObject([{ body: "Where?", parent_message_id: root.id }]);
    expect(replies.body.records[0]).not.toHaveProperty("replies_count");
    expect((await get("chat_threads")).body.records).toMatchObject([{
      parent_message: { id: root.id, chat_room_uuid: help.roomUuid, rich_text_body: null },
      chat_room: { name: "Help chat", embedded_space: { id: help.id, slug: "help-chat" } },
    }]);
    expect((await get("spaces")).body).toMatchObject([{ id: help.id, space_type: "chat" }]);
    expect((await get("spaces")).body[0]).not.toHaveProperty("chat_room_uuid");
  });

  test("knows who takes part, with their addresses", async () => {
    const participants = await get(`messages/${help.roomUuid}/chat_room_participants`);
    expect(participants.body).toMatchObject({ has_next_page: false, per_page: 50 });
    expect(participants.body.records).toContainEqual(
      expect.objectContaining({ community_member_id: ana.id, email: "ana@example.org" }),
    );
  });

  test("edits show, removals do not", async () => {
    const root = fake.state.write(help, ana, "It crashs");
    const other = fake.state.write(help, ana, "Never mind");
    fake.state.edit(root, "It crashes");
    fake.state.remove(other);
    expect((await get(room())).body.records).toMatchObject([{
      body: "It crashes",
      edited_at: clock.toISOString(),
    }]);
    expect((await get(`${room()}/${other.id}`)).status).toBe(404);
  });
});

describe("what is sent", () => {
  const reply = (root: { id: number }, text = "Fixed.") =>
    post(room(), {
      body: text,
      rich_text_body: {
        body: { type: "doc", content: [{ type: "paragraph", content: [{ type: "text", text }] }] },
      },
      parent_message_id: root.id,
    });

  test("a chat reply is answered 202, without an id", async () => {
    const root = fake.state.write(help, ana, "It crashes");
    const sent = await reply(root);
    expect([sent.status, Object.keys(sent.body)]).toEqual([
      202,
      ["creation_uuid", "parent_message_id", "sent_at"],
    ]);
    expect(fake.state.repliesTo(root)).toMatchObject([{ author: bot, body: "Fixed." }]);
    expect((await post(room(), { rich_text_body: { type: "doc" } })).status).toBe(422);
    expect((await reply({ id: 1 })).status).toBe(404);
  });

  test("it can get lost, or arrive late or twice, with the same answer", async () => {
    const root = fake.state.write(help, ana, "It crashes");
    fake.state.mishaps.push({ kind: "dropped", times: 1 }, { kind: "late", times: 1 }, {
      kind: "twice",
      times: 1,
    });
    expect([(await reply(root)).status, (await reply(root)).status]).toEqual([202, 202]);
    expect(fake.state.repliesTo(root)).toHaveLength(0);
    fake.state.deliverLate();
    expect(fake.state.repliesTo(root)).toHaveLength(1);
    expect((await reply(root)).status).toBe(202);
    expect(fake.state.repliesTo(root)).toHaveLength(3);
  });

  test("comments on posts, and replies to those at the top alone", async () => {
    const added = fake.state.addPost(fake.state.addSpace("Bugs", "basic"), ana, "Export", "It does nothing");
    const comment = await post(`posts/${added.id}/comments`, { comment: { body: "Fixed." } });
    expect(comment.body).toMatchObject({
      body_text: "Fixed.",
      community_member_id: bot.id,
      post_id: added.id,
    });
    const nested = await post(`comments/${comment.body.id}/replies`, { comment: { body: "In 2.4" } });
    expect(nested.status).toBe(201);
    expect((await post(`comments/${nested.body.id}/replies`, { comment: { body: "No" } })).status).toBe(404);
    expect(ids(await get(`comments/${comment.body.id}/replies`))).toEqual([nested.body.id]);
    const created = await ask("POST", "/api/admin/v2/comments", "Token admin-v2-token", {
      post_id: added.id,
      body: "By the owner",
    });
    expect([created.status, created.body.user.email]).toEqual([201, bot.email]);
  });
});

describe("the Admin API", () => {
  test("pages of posts and comments, the ones that changed last first", async () => {
    const bugs = fake.state.addSpace("Bugs", "basic");
    const posts = ["One", "Two", "Three"].map((name) => {
      clock = new Date(clock.getTime() + 1000);
      return fake.state.addPost(bugs, ana, name, "Text");
    });
    clock = new Date(clock.getTime() + 1000);
    if (posts[0]) fake.state.addComment(posts[0], ana, "More");
    const page = await admin(`posts?space_id=${bugs.id}&sort=latest_updated&per_page=2`);
    expect(page.body).toMatchObject({ page: 1, per_page: 2, has_next_page: true, count: 3, page_count: 2 });
    expect(page.body.records.map(({ name }: { name: string }) => name)).toEqual(["One", "Three"]);
    expect((await admin(`comments?space_id=${bugs.id}`)).body.records).toMatchObject([{
      user: { email: "ana@example.org" },
      body: { record_type: "Comment", body: "More" },
    }]);
    expect((await admin(`community_members/${ana.id}`)).body).toMatchObject({ email: "ana@example.org" });
    expect((await admin("community_members/search?email=no@example.org")).status).toBe(404);
  });

  test("every answer below 500 counts for the month", async () => {
    fake.state.limits.adminPerMonth = 3;
    fake.state.faults.push({ path: "/admin/", status: 500, body: {} });
    const statuses = [];
    for (const path of ["posts", "posts", "posts/1", "nothing", "posts"]) {
      statuses.push((await admin(path)).status);
    }
    expect(statuses).toEqual([500, 200, 404, 404, 429]);
    clock = new Date("2026-04-01T00:00:00Z");
    expect((await admin("posts")).status).toBe(200);
    expect([...fake.state.limits.counted]).toEqual([["2026-03", 4], ["2026-04", 1]]);
  });
});

test("so many requests in five minutes from one address", async () => {
  fake.state.limits.perFiveMinutes = 3;
  await get("spaces");
  await get("spaces");
  const limited = await get("spaces");
  expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "60"]);
  clock = new Date(clock.getTime() + 5 * 60_000);
  expect((await get("spaces")).status).toBe(200);
  expect(fake.state.requests.map(({ api }) => api)).toEqual([
    "auth",
    "headless",
    "headless",
    "headless",
    "headless",
  ]);
});
