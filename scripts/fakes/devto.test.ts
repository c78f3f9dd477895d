import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeDevto, startFakeDevto } from "./devto.ts";
import type { FakeDevtoUser } from "./devto-state.ts";

// The fake behaves as Forem's API documents: https://developers.forem.com/api/v1

let fake: FakeDevto;
let maya: FakeDevtoUser;
let clock: Date;

const get = (path: string, apiKey = "key-of-maya"): Promise<Response> =>
  fetch(`${fake.url}/api/${path}`, { headers: { "api-key": apiKey } });

beforeEach(async () => {
  clock = new Date("2026-11-30T12:00:00Z");
  fake = await startFakeDevto({ now: () => clock });
  maya = fake.state.addUser({ username: "maya", apiKey: "key-of-maya", name: "Maya" });
});

afterEach(async () => {
  await fake.stop();
});

test("the account of an API key", async () => {
  expect(await (await get("users/me")).json()).toMatchObject({
    type_of: "user",
    id: maya.id,
    username: "maya",
    name: "Maya",
  });
  const refused = await get("users/me", "wrong");
  expect([refused.status, await refused.json()]).toEqual([401, { error: "unauthorized", status: 401 }]);
});

test("the published articles in pages, the newest first, with the counts that only their author sees", async () => {
  fake.state.addArticle(maya, { title: "First", views: 10, reactions: 2, comments: 1, tags: ["a", "b"] });
  fake.state.addArticle(maya, { title: "Draft", isPublished: false });
  fake.state.addArticle(maya, { title: "Second" });
  const list = async (query: string) =>
    (await (await get(`articles/me/published?${query}`)).json()) as Record<string, unknown>[];
  expect((await list("per_page=1000")).map(({ title }) => title)).toEqual(["Second", "First"]);
  clock = new Date(clock.getTime() + 1000);
  expect(await list("per_page=1&page=2")).toMatchObject([{
    type_of: "article",
    title: "First",
    page_views_count: 10,
    public_reactions_count: 2,
    comments_count: 1,
    tag_list: ["a", "b"],
    reading_time_minutes: 3,
    published_at: "2026-11-30T12:00:00.000Z",
    url: expect.stringMatching(/^https:\/\/dev\.to\/maya\/first-/),
  }]);
  expect(await list("per_page=1&page=3")).toEqual([]);
});

test("three requests in a second of the clock from one address, whoever's key they have", async () => {
  fake.state.addUser({ username: "eve", apiKey: "key-of-eve" });
  const statuses = [];
  for (const key of ["key-of-maya", "key-of-eve", "key-of-maya", "key-of-eve"]) {
    statuses.push((await get("users/me", key)).status);
  }
  expect(statuses).toEqual([200, 200, 200, 429]);
  const limited = await get("users/me");
  expect([limited.status, limited.headers.get("retry-after"), await limited.text()]).toEqual([
    429,
    "1",
    "Retry later\n",
  ]);
  clock = new Date(clock.getTime() + 1000);
  expect((await get("users/me")).status).toBe(200);
  expect(fake.state.requests.map(({ username }) => username).slice(0, 2)).toEqual(["maya", "eve"]);
});

test("faults replace or cut off an answer", async () => {
  fake.state.faults.push({ status: 503, body: "<html>" }, { isTruncated: true });
  const broken = await get("users/me");
  expect([broken.status, await broken.text()]).toEqual([503, "<html>"]);
  await expect((await get("users/me")).json()).rejects.toThrow(SyntaxError);
});
