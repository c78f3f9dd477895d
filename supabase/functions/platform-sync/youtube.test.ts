import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../../scripts/fakes/faults.ts";
import type { FakeChannel } from "../../../scripts/fakes/google-state.ts";
import { type FakeGoogle, startFakeGoogle } from "../../../scripts/fakes/google.ts";
import { googleError } from "../../../scripts/fakes/youtube-routes.ts";
import type { Claim } from "./claim.ts";
import type { RunContext } from "./context.ts";
import { claimOf, contextOf, fakeDatabase, stopOf } from "./testing.ts";
import { syncYoutube } from "./youtube-channel.ts";

// Over real HTTP, against the fake YouTube: what is stored of what it answers, and what it costs.

const TOKEN = "ya29.maya";
const NOW = Date.parse("2026-11-30T12:00:00Z");
let fake: FakeGoogle;
let channel: FakeChannel;

beforeAll(async () => {
  fake = await startFakeGoogle({ now: () => new Date(NOW) });
});
afterAll(() => fake.stop());
beforeEach(() => {
  for (const list of [fake.state.users, fake.state.tokens, fake.state.faults]) list.length = 0;
  fake.state.requests.length = 0;
  Object.assign(fake.state.quota, { limit: 10_000, used: 0 });
  const user = fake.state.addUser({
    name: "Maya",
    token: TOKEN,
    channel: { title: "Maya codes", subscribers: 1230, views: 98_765 },
  });
  if (user.channel) channel = user.channel;
});

const addVideos = (count: number) =>
  Array.from(
    { length: count },
    (_, at) => fake.state.addVideo(channel, { title: `Video ${at}`, views: at, likes: 1 }),
  );
const claim = (more: Partial<Claim> = {}): Claim =>
  claimOf(1, { platform: "youtube", platform_user_id: channel.id, video_ids: [], ...more });

async function sync(of: Claim, timeoutMs = 20_000) {
  const database = fakeDatabase({ pause_provider: () => ({ ok: true, data: "2026-12-01T08:00:00Z" }) });
  const context: RunContext = contextOf(of, database.rpc, { token: TOKEN, clock: () => NOW });
  const stop = await stopOf(syncYoutube(context, { apiUrl: fake.url, fetch, timeoutMs }));
  return {
    context,
    stop,
    stored: database.payloads("record_youtube_channel")[0],
    pauses: database.calls.filter(({ name }) => name === "pause_provider").map(({ args }) => args),
  };
}

describe("what it costs", () => {
  test("three units for 50 videos, which is all that is asked", async () => {
    const videos = addVideos(50);
    const { stored, context, stop } = await sync(claim());
    expect(stop).toBeNull();
    expect([fake.state.cost(), context.cost]).toEqual([3, 3]);
    expect(stored).toMatchObject({
      observed_at: "2026-11-30T12:00:00.000Z",
      channel: { subscribers: 1230, views: 98_765, videos: 50 },
      cursor: { video_count: 50, listed_at: "2026-11-30T12:00:00.000Z" },
    });
    expect(stored?.videos).toHaveLength(50);
    expect(stored?.listed_ids).toEqual(videos.map(({ id }) => id).toReversed());
    expect((stored?.videos as object[])[0]).toEqual({
      youtube_video_id: videos[49]?.id,
      title: "Video 49",
      description: "About Video 49",
      thumbnail_url: expect.stringMatching(/^https:/),
      duration_seconds: 253,
      view_count: 49,
      like_count: 1,
      comment_count: 0,
      published_at: "2026-11-30T12:00:00.000Z",
    });
  });

  test.each([[0, 1], [1, 3], [51, 5], [500, 21]])("%s videos: %s units", async (count, units) => {
    addVideos(count);
    const { stop, context, stored } = await sync(claim());
    expect([stop, context.cost, (stored?.listed_ids as unknown[]).length]).toEqual([null, units, count]);
  });

  test.each([["the same number", {}, 2], ["another number", { video_count: 49 }, 3], ["a list of yesterday", {
    listed_at: "2026-11-29T11:00:00Z",
  }, 3], ["a cursor that can't be read", { listed_at: 5 }, 3]])(
    "of a known list with %s",
    async (_what, cursor, units) => {
      const video_ids = addVideos(50).map(({ id }) => id);
      const known = { video_count: 50, listed_at: "2026-11-30T00:00:00Z", ...cursor };
      const { context, stored } = await sync(claim({ video_ids, cursor: known }));
      expect([context.cost, (stored?.videos as unknown[]).length]).toEqual([units, 50]);
      expect("listed_ids" in (stored ?? {})).toBe(units === 3);
    },
  );

  test("one that came in the place of another one is read by the next run, within three units", async () => {
    const video_ids = addVideos(3).map(({ id }) => id);
    channel.videos.shift();
    const added = fake.state.addVideo(channel, { title: "new" });
    const cursor = { video_count: 3, listed_at: "2026-11-30T00:00:00Z" };
    const { context, stored } = await sync(claim({ video_ids, cursor }));
    expect(context.cost).toBe(3);
    expect(stored?.listed_ids).toEqual([video_ids[2], video_ids[1]]);
    const left = { video_ids: video_ids.slice(1), cursor: stored?.cursor as Claim["cursor"] };
    const next = await sync(claim(left));
    expect(next.context.cost).toBe(3);
    expect(next.stored?.listed_ids).toEqual([added.id, video_ids[2], video_ids[1]]);
  });

  test("up to the limit, and what is left out is named", async () => {
    addVideos(120);
    const { context, stored } = await sync(claim({ resources_limit: 60 }));
    expect([context.cost, (stored?.listed_ids as unknown[]).length, context.counts.left_out]).toEqual([
      5,
      60,
      60,
    ]);
  });
});

test("a renamed channel has its new name", async () => {
  channel.title = "Maya builds";
  expect((await sync(claim())).context.accountName).toBe("Maya builds");
});

describe("what is hidden", () => {
  test("subscribers, likes and comments are unknown, not zero", async () => {
    channel.hidesSubscribers = true;
    fake.state.addVideo(channel, { title: "quiet", likes: null, comments: null });
    const { stored, context } = await sync(claim());
    expect(stored).toMatchObject({
      channel: { subscribers: null },
      videos: [{ like_count: null, comment_count: null, view_count: 0 }],
    });
    expect(context.counts.invalid_values).toBeUndefined();
    fake.state.faults.push({
      path: "/channels",
      change: (body) =>
        JSON.parse(
          JSON.stringify(body).replace(
            '"hiddenSubscriberCount"',
            '"subscriberCount":"0","hiddenSubscriberCount"',
          ),
        ),
    });
    expect((await sync(claim())).stored).toMatchObject({ channel: { subscribers: null } });
  });

  test("private and unlisted videos are not the public's", async () => {
    fake.state.addVideo(channel, { title: "private", privacy: "private" });
    fake.state.addVideo(channel, { title: "unlisted", privacy: "unlisted" });
    const shown = fake.state.addVideo(channel, { title: "public" });
    const { stored } = await sync(claim());
    expect(stored?.listed_ids).toEqual([shown.id]);
    expect(stored?.videos).toHaveLength(1);
  });
});

describe("rubbish", () => {
  test.each<[string, Fault, string]>([
    ["truncated JSON", { isTruncated: true }, "devpulse_answer_invalid"],
    ["HTML", { body: "<html>" }, "devpulse_answer_invalid"],
    [
      "another kind of answer",
      { body: { kind: "youtube#searchListResponse", items: [] } },
      "devpulse_answer_invalid",
    ],
    ["an error", { status: 503, body: "" }, "devpulse_provider_unavailable"],
    ["a cut connection", { hangUp: true }, "devpulse_provider_unavailable"],
    ["a slow answer", { delayMs: 5_000 }, "devpulse_provider_unavailable"],
  ])("%s about the channel: nothing is stored", async (_what, fault, code) => {
    addVideos(1);
    fake.state.faults.push({ path: "/channels", ...fault });
    const { stop, stored } = await sync(claim(), fault.delayMs ? 100 : undefined);
    expect(stored).toBeUndefined();
    expect([stop?.code, stop?.isCounted]).toEqual([code, false]);
  });

  test("about the videos: the channel is stored, and nothing is removed", async () => {
    addVideos(60);
    fake.state.faults.push({ path: /videos\?/, times: 1, isTruncated: true });
    const { stop, stored } = await sync(claim());
    expect(stop?.code).toBe("devpulse_answer_invalid");
    expect(stored).toMatchObject({ channel: { videos: 60 }, videos: [] });
    expect(stored).not.toHaveProperty("listed_ids");
    expect(stored).not.toHaveProperty("cursor");
  });

  test("a page of the list that repeats", async () => {
    addVideos(120);
    const pages: unknown[] = [];
    fake.state.faults.push({
      path: "/playlistItems",
      times: 9,
      change: (body) => (pages.push(body), pages[0]),
    });
    const { stop, stored } = await sync(claim());
    expect(stop?.code).toBe("devpulse_answer_invalid");
    expect(stored?.videos).toHaveLength(50);
    expect(stored).not.toHaveProperty("listed_ids");
    expect(pages.length).toBeLessThan(4);
  });

  test("negative and absurd numbers are gaps", async () => {
    addVideos(2);
    fake.state.faults.push({
      path: /videos\?/,
      change: (body) => {
        const [first, second] = (body as { items: { statistics: Record<string, unknown> }[] }).items;
        Object.assign(first?.statistics ?? {}, { viewCount: "-5", likeCount: 17 });
        Object.assign(second?.statistics ?? {}, { viewCount: "99999999999999999999", likeCount: "1.5" });
        return body;
      },
    });
    const { stored, context } = await sync(claim());
    expect(stored?.videos).toMatchObject([{ view_count: null, like_count: 17 }, {
      view_count: null,
      like_count: null,
    }]);
    expect(context.counts.invalid_values).toBe(3);
  });

  type Item = { snippet: Record<string, unknown>; status?: unknown; id?: string };
  const changeVideo = (change: (item: Item) => object): void =>
    void fake.state.faults.push({
      path: /videos\?/,
      change: (body) => {
        const { items, ...list } = body as { items: Item[] };
        return { ...list, items: items.map((item, at) => at === 1 ? change(item) : item) };
      },
    });

  test.each<[string, (item: Item) => object]>([
    [
      "without a time",
      ({ snippet, ...item }) => ({ ...item, snippet: { ...snippet, publishedAt: undefined } }),
    ],
    ["with an unreadable time", ({ snippet, ...item }) => ({
      ...item,
      snippet: { ...snippet, publishedAt: "soon" },
    })],
    ["without a status", ({ status: _, ...item }) => item],
    ["that is no object", ({ id }) => ({ id })],
  ])("a video %s is still listed: it is not removed", async (_what, change) => {
    const video_ids = addVideos(3).map(({ id }) => id);
    changeVideo(change);
    const fresh = await sync(claim());
    expect(fresh.stored?.videos).toHaveLength(2);
    expect(new Set(fresh.stored?.listed_ids as string[])).toEqual(new Set(video_ids));
    expect(fresh.stored?.cursor).toMatchObject({ listed_at: null });
    expect(fresh.context.problem?.code).toBe("devpulse_answer_invalid");
    changeVideo(change);
    const cursor = { video_count: 3, listed_at: "2026-11-30T00:00:00Z" };
    const kept = await sync(claim({ video_ids, cursor }));
    expect([kept.context.cost, (kept.stored?.videos as unknown[]).length]).toEqual([2, 2]);
    expect(kept.stored).not.toHaveProperty("listed_ids");
  });

  test("a video without an id may be any of them: nothing is removed", async () => {
    addVideos(3);
    changeVideo(({ id: _, ...item }) => item);
    const { stop, stored } = await sync(claim());
    expect([stop?.code, (stored?.videos as unknown[]).length]).toEqual(["devpulse_answer_invalid", 2]);
    expect(stored).not.toHaveProperty("listed_ids");
  });

  test("the list is said not to exist although there are videos: nothing is removed", async () => {
    addVideos(3);
    fake.state.faults.push({
      path: "/playlistItems",
      ...googleError(404, "x", { domain: "youtube.playlistItem", reason: "playlistNotFound" }),
    });
    const { stop, stored } = await sync(claim());
    expect([stop?.code, "listed_ids" in (stored ?? {})]).toEqual(["devpulse_answer_invalid", false]);
  });
});

describe("refusals", () => {
  const refuse = (status: number, reason: string, headers = {}): void =>
    void fake.state.faults.push({
      ...googleError(status, "x", { domain: "usageLimits", reason }),
      headers,
      path: "/channels",
    });

  test("the project's quota pauses everybody until it is renewed, and is not counted", async () => {
    fake.state.quota.limit = 0;
    const { stop, pauses, context } = await sync(claim());
    expect(stop).toMatchObject({ kind: "deferred", retryAt: new Date("2026-12-01T08:00:00Z") });
    expect(pauses).toEqual([{ provider: "youtube", until: null, secret_id: null }]);
    expect(context.cost).toBe(0);
  });

  test.each([["rateLimitExceeded", 403, {}, 60], [
    "userRateLimitExceeded",
    429,
    { "retry-after": "30" },
    30,
  ]])(
    "%s rests this user",
    async (reason, status, headers, seconds) => {
      refuse(status, reason, headers);
      const { stop, pauses } = await sync(claim());
      const until = new Date(NOW + seconds * 1000);
      expect(stop).toMatchObject({ kind: "deferred", retryAt: until });
      expect(pauses).toEqual([{
        provider: "youtube",
        until: until.toISOString(),
        secret_id: claim().secret_id,
      }]);
    },
  );

  test("an outage is over when YouTube says so", async () => {
    fake.state.faults.push({ path: "/channels", status: 503, headers: { "retry-after": "7200" }, body: "" });
    expect((await sync(claim())).stop).toMatchObject({
      code: "devpulse_provider_unavailable",
      retryAt: new Date("2026-11-30T14:00:00Z"),
    });
  });

  test("a token that is rejected twice needs its user, and costs nothing", async () => {
    const [token] = fake.state.tokens;
    if (token) token.expiresAt = new Date(0);
    const { stop, context } = await sync(claim());
    expect(stop).toMatchObject({ code: "devpulse_token_invalid", rejection: "token_rejected" });
    expect([context.cost, fake.state.requests.length]).toEqual([0, 2]);
  });

  test("a missing scope, a missing channel, another channel, a forbidden one", async () => {
    refuse(403, "insufficientPermissions");
    expect((await sync(claim())).stop).toMatchObject({
      code: "devpulse_access_forbidden",
      rejection: "scope_missing",
    });
    refuse(403, "youtubeSignupRequired");
    expect((await sync(claim())).stop).toMatchObject({ code: "devpulse_channel_unknown", isCounted: true });
    refuse(403, "channelForbidden");
    expect((await sync(claim())).stop).toMatchObject({
      code: "devpulse_access_forbidden",
      isCounted: true,
      rejection: null,
    });
    refuse(403, "accessNotConfigured");
    expect((await sync(claim())).stop).toMatchObject({
      code: "devpulse_provider_unavailable",
      isCounted: false,
    });
    const { stop, stored } = await sync(claim({ platform_user_id: "UCother" }));
    expect([stop?.code, stored]).toEqual(["devpulse_account_conflict", undefined]);
    const [user] = fake.state.users;
    if (user) user.channel = null;
    expect((await sync(claim())).stop).toMatchObject({ code: "devpulse_channel_unknown" });
  });
});
