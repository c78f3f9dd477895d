import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { FakeChannel } from "./google-state.ts";
import { type FakeGoogle, startFakeGoogle } from "./google.ts";

// The fake behaves as the YouTube Data API documents: https://developers.google.com/youtube/v3/docs

let fake: FakeGoogle;
let channel: FakeChannel;
let clock: Date;

interface List {
  items?: { id: string; statistics: Record<string, unknown>; contentDetails: Record<string, unknown> }[];
  nextPageToken?: string;
  pageInfo: { totalResults: number };
  error?: { code: number; errors: { reason: string; domain: string }[] };
}

async function get(path: string, token = "ya29.maya"): Promise<{ status: number; body: List }> {
  const response = await fetch(`${fake.url}/youtube/v3/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: response.status, body: await response.json() as List };
}

const CHANNELS = "channels?part=snippet,statistics,contentDetails&mine=true";

beforeEach(async () => {
  clock = new Date("2026-11-30T12:00:00Z");
  fake = await startFakeGoogle({ now: () => clock });
  const maya = fake.state.addUser({
    name: "Maya",
    token: "ya29.maya",
    channel: { title: "Maya codes", subscribers: 1230, views: 98765 },
  });
  if (maya.channel) channel = maya.channel;
  fake.state.addUser({ name: "Eve", token: "ya29.eve" });
  for (let count = 1; count <= 53; count++) {
    fake.state.addVideo(channel, { title: `Video ${count}`, views: count, likes: count });
  }
});

afterEach(async () => {
  await fake.stop();
});

describe("lists", () => {
  test("the caller's own channel, with counts as text", async () => {
    const { body } = await get(CHANNELS);
    expect(body.items).toMatchObject([{
      id: channel.id,
      snippet: { title: "Maya codes", customUrl: "@maya" },
      contentDetails: { relatedPlaylists: { uploads: channel.id.replace("UC", "UU") } },
      statistics: {
        viewCount: "98765",
        subscriberCount: "1230",
        hiddenSubscriberCount: false,
        videoCount: "53",
      },
    }]);
  });

  test("an account without a channel gets no items", async () => {
    const { status, body } = await get(CHANNELS, "ya29.eve");
    expect([status, body.pageInfo.totalResults, "items" in body]).toEqual([200, 0, false]);
  });

  test("a hidden subscriber count, hidden likes and disabled comments are missing", async () => {
    channel.hidesSubscribers = true;
    const video = fake.state.addVideo(channel, { title: "Quiet", likes: null, comments: null });
    const { body: channels } = await get(CHANNELS);
    expect(channels.items?.[0]?.statistics).toEqual({
      viewCount: "98765",
      hiddenSubscriberCount: true,
      videoCount: "54",
    });
    const { body: videos } = await get(`videos?part=statistics&id=${video.id}`);
    expect(videos.items?.[0]?.statistics).toEqual({ viewCount: "0", favoriteCount: "0" });
  });

  test("uploads in pages, the newest first", async () => {
    const playlist = channel.id.replace("UC", "UU");
    const first = await get(`playlistItems?part=contentDetails&playlistId=${playlist}&maxResults=50`);
    expect(first.body.items).toHaveLength(50);
    expect(first.body.pageInfo).toEqual({ totalResults: 53, resultsPerPage: 50 });
    const second = await get(
      `playlistItems?part=contentDetails&playlistId=${playlist}&maxResults=50&pageToken=${first.body.nextPageToken}`,
    );
    expect(second.body.items).toHaveLength(3);
    expect(second.body.nextPageToken).toBeUndefined();
    expect(second.body.items?.at(-1)?.contentDetails.videoId).toBe(channel.videos[0]?.id);
  });

  test("a private video is its owner's alone", async () => {
    const video = fake.state.addVideo(channel, { title: "Secret", privacy: "private" });
    expect((await get(`videos?part=status&id=${video.id}`)).body.items).toHaveLength(1);
    expect((await get(`videos?part=status&id=${video.id}`, "ya29.eve")).body.items).toEqual([]);
  });

  test("the uploads of a channel without videos don't exist", async () => {
    channel.videos = [];
    const { status, body } = await get(
      `playlistItems?part=snippet&playlistId=${channel.id.replace("UC", "UU")}`,
    );
    expect([status, body.error?.errors[0]?.reason]).toEqual([404, "playlistNotFound"]);
  });
});

describe("what it costs", () => {
  test("each call is one unit of the project's quota, also an invalid one, until midnight Pacific", async () => {
    fake.state.quota.limit = 3;
    await get(CHANNELS);
    await get(CHANNELS, "ya29.eve");
    expect((await get("videos?part=statistics")).status).toBe(400);
    const { status, body } = await get(CHANNELS);
    expect([status, body.error?.errors[0]]).toMatchObject([
      403,
      { reason: "quotaExceeded", domain: "youtube.quota" },
    ]);
    expect([fake.state.cost(), fake.state.cost("channels")]).toEqual([3, 2]);
    clock = new Date("2026-12-01T07:59:59Z");
    expect((await get(CHANNELS)).status).toBe(403);
    clock = new Date("2026-12-01T08:00:00Z");
    expect((await get(CHANNELS)).status).toBe(200);
  });

  test("a call without a valid token or its scope costs nothing", async () => {
    const [token] = fake.state.tokens;
    if (token) token.expiresAt = clock;
    const { status, body } = await get(CHANNELS);
    expect([status, body.error?.errors[0]?.reason]).toEqual([401, "authError"]);
    Object.assign(token ?? {}, { expiresAt: null, scopes: ["openid"] });
    expect((await get(CHANNELS)).body.error?.errors[0]?.reason).toBe("insufficientPermissions");
    expect(fake.state.quota.used).toBe(0);
  });
});

test("faults replace, change, cut off or delay an answer", async () => {
  fake.state.faults.push(
    { path: "channels", status: 500, body: "<html>" },
    { path: "channels", hangUp: true },
    { path: "channels", isTruncated: true },
    { path: "channels", change: (body) => ({ ...(body as List), items: [] }) },
  );
  const url = `${fake.url}/youtube/v3/${CHANNELS}`;
  const headers = { authorization: "Bearer ya29.maya" };
  const broken = await fetch(url, { headers });
  expect([broken.status, await broken.text()]).toEqual([500, "<html>"]);
  await expect(fetch(url, { headers })).rejects.toThrow();
  await expect((await fetch(url, { headers })).json()).rejects.toThrow(SyntaxError);
  expect((await get(CHANNELS)).body.items).toEqual([]);
  expect((await get(CHANNELS)).body.items).toHaveLength(1);
});
