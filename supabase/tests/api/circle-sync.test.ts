import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Community, makeCircleDue, useCircle } from "../support/circle.ts";
import { useWordRules } from "../support/word-rules.ts";

// The import over the real stack and a fake of Circle: what becomes of what members write, edit and remove.

const logLines: string[] = [];
const { community, project, sql, sync, again } = await useCircle((_, line) => logLines.push(line));
await useWordRules(sql);

const write = (body: string, parent?: Parameters<Community["fake"]["state"]["write"]>[3]) =>
  community.fake.state.write(community.help, community.ana, body, parent);
const bodies = async () =>
  (await sql`select body from public.circle_issues where removed_at is null order by message_id::bigint`)
    .map(({ body }) => body as string);
const replies = async () =>
  (await sql`select body from public.circle_replies where removed_at is null order by message_id::bigint`)
    .map(({ body }) => body as string);
const roomRead = async () =>
  (await sql`select * from public.circle_sync_status where kind = 'room' order by chat_room_uuid limit 1`)[0];
const asked = (part: string) => community.fake.state.requests.filter(({ path }) => path.includes(part));
const many = (count: number, from = 1) =>
  Array.from({ length: count }, (_, at) => `Message ${at + from} fails`);

describe("a room", () => {
  test("is imported with its authors, space and links, and the bot's own messages are not", async () => {
    for (const body of many(12)) write(body);
    const root = write("The login fails with error 500");
    community.fake.state.write(community.help, community.lee, "Me too", { parent: root });
    community.fake.state.write(community.help, community.bot, "Looking", { parent: root });
    community.fake.state.write(community.help, community.bot, "Welcome");
    // the thread list tells the address of the space, with which links are made
    await sync();
    expect(await again()).toMatchObject({ failed: 0, stopped: null });
    expect(await bodies()).toEqual([...many(12), "The login fails with error 500"]);
    expect(await replies()).toEqual(["Me too"]);
    const [message] = await sql`select * from public.circle_issues where message_id = ${String(root.id)}`;
    expect(message).toMatchObject({
      author_name: "Ana Ruiz",
      author_email: "ana.ruiz@example.org",
      space_name: "Help chat",
      space_id: String(community.help.id),
      link: `https://club.example.org/c/help-chat/#message_${root.id}`,
      is_thread: true,
      posted_at: root.sentAt,
    });
    expect(asked("auth_token")).toHaveLength(1);
    // the loop begins when the member wrote
    expect(
      await sql`
      select e.hop, e.at from public.loop_events as e where e.issue_id = ${message?.mapped_to_issue_id} and e.hop = 'reported'
    `,
    ).toEqual([{ hop: "reported", at: root.sentAt }]);
    expect(logLines.join("\n")).not.toMatch(/access-\d|refresh-\d|auth-token/);
  });

  test("then only what is new is asked for, and nothing is imported twice", async () => {
    for (const body of many(6)) write(body);
    await sync();
    const events = await sql`select count(*)::int as count from private.inbox_events`;
    write("Message 7 fails");
    community.fake.state.requests.length = 0;
    await sql`update private.circle_reads set next_read_at = now() where kind = 'room'`;
    expect(await sync()).toMatchObject({ claimed: 1, done: 1, changed: 1, requests: 1 });
    expect(asked("next_per_page=5")).toHaveLength(1);
    await again();
    expect(await bodies()).toEqual(many(7));
    expect(await sql`select count(*)::int as count from private.inbox_events`).toEqual([{
      count: Number(events[0]?.count) + 1,
    }]);
    expect(await sql`select count(*)::int as count from private.inbox_events where received_count > 1`)
      .toEqual([{
        count: 0,
      }]);
  });

  test("replies, edits and removals are noticed in the window", async () => {
    const [first, second] = [write("It crashs"), write("Never mind")];
    const removedReply = write("Wrong thread", { parent: first });
    write("Where?", { parent: first });
    await sync();
    expect(await replies()).toEqual(["Wrong thread", "Where?"]);
    const { state } = community.fake;
    state.edit(first, "It crashes");
    state.remove(second);
    state.remove(removedReply);
    write("On Firefox", { parent: first });
    expect(await again()).toMatchObject({ removed: 2 });
    expect(await bodies()).toEqual(["It crashes"]);
    expect(await replies()).toEqual(["Where?", "On Firefox"]);
    expect(await again()).toMatchObject({ changed: 0, removed: 0 });
    expect(await sql`select count(*)::int as count from public.circle_issues where removed_at is not null`)
      .toEqual([{ count: 1 }]);
  });

  test("absence alone does not remove a message", async () => {
    write("It crashes");
    await sync();
    community.fake.state.faults.push({
      path: /chat_room_messages\?previous/,
      change: (body) => ({ ...(body as object), records: [], first_id: null, last_id: null }),
    });
    expect(await again()).toMatchObject({ removed: 0 });
    expect(await bodies()).toEqual(["It crashes"]);
  });

  test("what the database can't store is left out, and stops nothing", async () => {
    write("It\0 crashes \ud83d");
    write("It burns");
    expect(await sync()).toMatchObject({ failed: 0, changed: 2 });
    expect(await bodies()).toEqual(["It\ufffd crashes \ufffd", "It burns"]);
  });

  test("replies are read where Circle has no window of them", async () => {
    community.fake.state.shows.windowsOfReplies = false;
    const root = write("It crashes");
    write("Where?", { parent: root });
    await sync();
    expect(await replies()).toEqual(["Where?"]);
    community.fake.state.shows.windowsOfReplies = true;
  });

  test("goes on after the message that was read last is removed", async () => {
    for (const body of many(4)) write(body);
    await sync();
    const last = community.fake.state.roomOf(community.help.roomUuid ?? "").at(-1);
    for (const body of many(9, 5)) write(body);
    if (last) community.fake.state.remove(last);
    await again();
    expect(await bodies()).toEqual([...many(3), ...many(9, 5)]);
  });
});

describe("when Circle fails", () => {
  test("a rate limit pauses everything, and is not counted", async () => {
    write("It crashes");
    community.fake.state.faults.push({
      path: "chat_room",
      status: 429,
      headers: { "retry-after": "120" },
      body: {},
    });
    expect(await sync()).toMatchObject({ failed: 0 });
    expect(await roomRead()).toMatchObject({ attempts_count: 0, error: "loop_circle_rate_limited" });
    const count = community.fake.state.requests.length;
    await again();
    expect(community.fake.state.requests).toHaveLength(count);
    expect(await sql`select private.request_circle_sync() as called`).toEqual([{ called: false }]);
    await sql`delete from private.provider_pauses`;
    await again();
    expect(await bodies()).toEqual(["It crashes"]);
  });

  test("a page that is not answered is read by the next run, once", async () => {
    for (const body of many(23)) write(body);
    // the second page of the first read
    community.fake.state.faults.push({ path: /messages\?id=/, status: 500, body: {} });
    expect(await sync()).toMatchObject({ failed: 1 });
    expect(await roomRead()).toMatchObject({ attempts_count: 0, error: "loop_circle_read_unavailable" });
    expect((await bodies()).length).toBeLessThan(23);
    await again();
    expect(await bodies()).toEqual(many(23));
    expect(await sql`select max(received_count)::int as times from private.inbox_events`).toEqual([{
      times: 1,
    }]);
  });

  test("a run that dies is followed by one that goes on where it was", async () => {
    for (const body of many(23)) write(body);
    // the connection of the third page hangs until after the lease is taken away
    community.fake.state.faults.push({ path: /messages\?id=/, delayMs: 1500 });
    const dying = sync();
    await expect.poll(() => asked("messages?id=").length).toBeGreaterThan(0);
    await sql`update private.circle_reads set lease_expires_at = now(), next_read_at = now() where kind = 'room'`;
    const other = await sync();
    expect(await bodies()).toEqual(many(23));
    expect(other).toMatchObject({ done: 1 });
    expect(await dying).toMatchObject({ lost: 1 });
    expect(await bodies()).toEqual(many(23));
  });

  test("two runs at the same time share the work", async () => {
    for (const body of many(23)) write(body);
    const reports = await Promise.all([sync(), sync(), sync()]);
    expect(reports.reduce((sum, { claimed }) => sum + claimed, 0)).toBe(2);
    expect(await bodies()).toEqual(many(23));
  });

  test("a room that is gone does not stop the others", async () => {
    await sql`
      insert into public.circle_spaces (space_name, chat_room_uuid)
      values ('Gone', '00000000-0000-4000-8000-000000000000')
    `;
    write("It crashes");
    expect(await sync()).toMatchObject({ done: 2, failed: 1 });
    expect(await roomRead()).toMatchObject({ attempts_count: 1, error: "loop_circle_source_unknown" });
    expect(await bodies()).toEqual(["It crashes"]);
    await sql`delete from public.circle_spaces where space_name = 'Gone'`;
  });

  test("a token that is revoked is replaced", async () => {
    write("It crashes");
    await sync();
    community.fake.state.tokens.revokeAll();
    write("It burns");
    expect(await again()).toMatchObject({ failed: 0 });
    expect(await bodies()).toEqual(["It crashes", "It burns"]);
  });
});

test("rooms are learnt from the bot's threads, and what is answered there is read, however old", async () => {
  const { state } = community.fake;
  const other = state.spaces.find(({ name }) => name === "Other") ?? state.addSpace("Other", "chat");
  const root = state.write(other, community.ana, "The export fails", {
    at: new Date("2025-01-01T00:00:00Z"),
  });
  state.write(other, community.bot, "Fixed", { parent: root, at: new Date("2025-01-02T00:00:00Z") });
  state.write(other, community.ana, "It fails again", { parent: root });
  expect(await sync()).toMatchObject({ rooms: 1 });
  expect(await bodies()).toEqual(["The export fails"]);
  expect(await replies()).toEqual(["It fails again"]);
  expect(
    await sql`select space_name, space_id from public.circle_spaces where chat_room_uuid = ${other.roomUuid}`,
  )
    .toEqual([{ space_name: "Other", space_id: String(other.id) }]);
  await sql`delete from public.circle_spaces where chat_room_uuid = ${other.roomUuid}`;
});

test("a hint to the webhook brings the read of its room forward", async () => {
  await sync();
  write("It crashes");
  const hint = { type: "message_posted", data: { space_id: community.help.id } };
  const answered = await fetch(project.circleWebhookUrl, { method: "POST", body: JSON.stringify(hint) });
  expect(answered.status).toBe(202);
  expect(await sync()).toMatchObject({ claimed: 1, changed: 1 });
  expect(await bodies()).toEqual(["It crashes"]);
});

describe("posts", () => {
  const posts = async () =>
    (await sql`select title, body from public.circle_issues where message_id like 'post_%' order by message_id`)
      .map(({ title, body }) => [title, body]);
  const comments = async () =>
    (await sql`select body from public.circle_replies where removed_at is null order by message_id`)
      .map(({ body }) => body);

  beforeEach(async () => {
    const { state } = community.fake;
    const bugs = state.spaces.find(({ name }) => name === "Bugs") ?? state.addSpace("Bugs", "basic");
    await sql`update public.circle_sync_settings set post_space_ids = ${[bugs.id]}`;
  });

  afterEach(async () => {
    await sql`update public.circle_sync_settings set post_space_ids = '{}'`;
    await sql`update private.provider_budgets set calls_limit = 5000 where provider = 'circle_admin'`;
    await sql`delete from private.provider_spending where provider = 'circle_admin'`;
  });

  const bugs = () => community.fake.state.spaces.find(({ name }) => name === "Bugs") ?? community.help;

  test("are imported with their comments, without the bot's own, and then those that have changed", async () => {
    const { state } = community.fake;
    for (let count = 1; count <= 7; count++) {
      state.addPost(bugs(), community.ana, `Post ${count}`, "It fails");
    }
    const [post] = state.posts;
    if (!post) throw new Error("no post");
    const comment = state.addComment(post, community.lee, "Same here");
    state.addComment(post, community.bot, "Fixed");
    expect(await sync()).toMatchObject({ failed: 0 });
    expect(await posts()).toHaveLength(7);
    expect(await comments()).toEqual(["Same here"]);
    state.requests.length = 0;
    await makeCircleDue(sql);
    expect(await sync()).toMatchObject({ changed: 0 });
    expect(state.requests.filter(({ api }) => api === "admin").length).toBeLessThanOrEqual(2);
    post.body = "It fails badly";
    post.updatedAt = new Date(Date.now() + 1000);
    state.comments.splice(state.comments.indexOf(comment), 1);
    expect(await again()).toMatchObject({ removed: 1 });
    expect((await posts())[0]).toEqual(["Post 1", "It fails badly"]);
    expect(await comments()).toEqual([]);
  });

  test("the month's budget is not overspent, and what is left over is kept", async () => {
    await sql`update private.provider_budgets set calls_limit = 502 where provider = 'circle_admin'`;
    const { state } = community.fake;
    for (let count = 1; count <= 30; count++) {
      state.addPost(bugs(), community.ana, `Post ${count}`, "It fails");
    }
    expect(await sync()).toMatchObject({ deferred: 1, failed: 0 });
    expect(state.requests.filter(({ api }) => api === "admin")).toHaveLength(2);
    await again();
    expect(state.requests.filter(({ api }) => api === "admin")).toHaveLength(2);
    const [status] = await sql`select * from public.circle_sync_status where kind = 'posts'`;
    expect(status?.error).toBe("loop_circle_rate_limited");
    expect(await posts()).toHaveLength(10);
  });

  test("a quota that is spent at Circle defers posts, and not the rooms", async () => {
    const { state } = community.fake;
    const { adminPerMonth } = state.limits;
    state.limits.adminPerMonth = 0;
    write("It crashes");
    expect(await sync()).toMatchObject({ deferred: 1, failed: 0 });
    expect(await bodies()).toEqual(["It crashes"]);
    state.limits.adminPerMonth = adminPerMonth;
  });
});

test("only a server or a ticket of the database may call it", async () => {
  const url = `${project.url}/functions/v1/circle-sync`;
  const statuses = [];
  for (
    const headers of [{}, { apikey: project.publishableKey }, { "x-fixloop-ticket": "forged" }, {
      origin: "https://evil.example",
      apikey: project.secretKey,
    }]
  ) statuses.push((await fetch(url, { method: "POST", headers: headers as Record<string, string> })).status);
  expect(statuses).toEqual([401, 401, 401, 403]);
  const [row] = await sql`select private.issue_function_ticket('circle-sync') as ticket`;
  const headers = { "x-fixloop-ticket": String(row?.ticket) };
  expect((await fetch(url, { method: "POST", headers })).status).toBe(200);
  expect((await fetch(url, { method: "POST", headers })).status).toBe(401);
});
