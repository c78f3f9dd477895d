import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { FakeDevtoUser } from "../../../scripts/fakes/devto-state.ts";
import { type FakeDevto, startFakeDevto } from "../../../scripts/fakes/devto.ts";
import type { Fault } from "../../../scripts/fakes/faults.ts";
import type { Claim } from "./claim.ts";
import type { RunContext } from "./context.ts";
import { syncDevto } from "./devto.ts";
import { claimOf, contextOf, fakeDatabase, stopOf } from "./testing.ts";

// Over real HTTP, against the fake Dev.to.

const NOW = Date.parse("2026-11-30T12:00:00Z");
let fake: FakeDevto;
let maya: FakeDevtoUser;

beforeAll(async () => {
  fake = await startFakeDevto({ now: () => new Date(NOW) });
});
afterAll(() => fake.stop());
beforeEach(() => {
  for (const list of [fake.state.users, fake.state.faults]) list.length = 0;
  fake.state.requests.length = 0;
  fake.state.limit.perSecond = null;
  maya = fake.state.addUser({ username: "maya", apiKey: "key-of-maya" });
});

const addArticles = (count: number, more = {}) =>
  Array.from(
    { length: count },
    (_, at) => fake.state.addArticle(maya, { title: `Post ${at}`, views: at, ...more }),
  );
const claim = (more: Partial<Claim> = {}): Claim =>
  claimOf(1, { platform: "devto", platform_user_id: String(maya.id), ...more });

async function sync(of: Claim = claim(), token = "key-of-maya") {
  const database = fakeDatabase({ pause_provider: () => ({ ok: true, data: null }) });
  const context: RunContext = contextOf(of, database.rpc, { token, clock: () => NOW });
  const stop = await stopOf(syncDevto(context, { apiUrl: `${fake.url}/api`, fetch, timeoutMs: 60_000 }));
  return {
    context,
    stop,
    stored: database.payloads("record_devto_articles")[0],
    pauses: database.calls.filter(({ name }) => name === "pause_provider").map(({ args }) => args),
  };
}

describe("articles", () => {
  test("are read with one call, with what only their author sees", async () => {
    addArticles(3, { reactions: 4, comments: 2, tags: ["a", "b"] });
    const { stored, context, stop } = await sync();
    expect([stop, context.cost, fake.state.requests.length]).toEqual([null, 1, 1]);
    expect(stored?.listed_ids).toHaveLength(3);
    expect((stored?.articles as object[])[0]).toEqual({
      devto_article_id: maya.articles[2]?.id,
      title: "Post 2",
      description: "About Post 2",
      published_at: "2026-11-30T12:00:00.000Z",
      reading_time_minutes: 3,
      view_count: 2,
      reaction_count: 4,
      comment_count: 2,
      url: expect.stringMatching(/^https:\/\/dev\.to\/maya\//),
      tags: ["a", "b"],
    });
  });

  test("none is a list too", async () => {
    expect((await sync()).stored).toMatchObject({ articles: [], listed_ids: [] });
  });

  test("beyond a thousand come in pages, up to the limit", async () => {
    addArticles(1500);
    const all = await sync(claim({ resources_limit: 5000 }));
    expect([all.context.cost, (all.stored?.listed_ids as unknown[]).length]).toEqual([2, 1500]);
    const { context, stored } = await sync(claim({ resources_limit: 300 }));
    expect([context.cost, (stored?.listed_ids as unknown[]).length]).toEqual([1, 300]);
    expect(context.counts).toMatchObject({ left_out: 700, left_out_pages: 1 });
  });

  test("whose page is too large come in smaller ones, from then on", async () => {
    addArticles(40, { body: "x".repeat(700_000) });
    const { stored, stop } = await sync();
    expect([stop, (stored?.listed_ids as unknown[]).length]).toEqual([null, 40]);
    expect(stored?.cursor).toEqual({ per_page: 30 });
  });

  test("of another account are not stored", async () => {
    addArticles(1);
    const { stop, stored } = await sync(claim({ platform_user_id: "99" }));
    expect([stop?.code, stop?.isCounted, stored]).toEqual(["devpulse_account_conflict", true, undefined]);
  });
});

describe("rubbish", () => {
  test.each<[string, Fault, string]>([
    ["truncated JSON", { isTruncated: true }, "devpulse_answer_invalid"],
    ["HTML", { body: "<html>" }, "devpulse_answer_invalid"],
    ["an object", { body: { error: "x" } }, "devpulse_answer_invalid"],
    ["an error", { status: 500, body: "" }, "devpulse_provider_unavailable"],
    ["a cut connection", { hangUp: true }, "devpulse_provider_unavailable"],
  ])("%s: nothing is stored", async (_what, fault, code) => {
    addArticles(2);
    fake.state.faults.push(fault);
    const { stop, stored } = await sync();
    expect([stop?.code, stop?.isCounted, stored]).toEqual([code, false, undefined]);
  });

  test("numbers as text are read, others are gaps; an element without an id removes nothing", async () => {
    addArticles(3);
    fake.state.faults.push({
      change: (body) => [
        ...(body as object[]).map((item, at) => ({
          ...item,
          ...[{ page_views_count: "12" }, { page_views_count: -4 }, { comments_count: null }][at],
        })),
        { title: "ghost" },
      ],
    });
    const { stop, stored, context } = await sync();
    expect(stored?.articles).toMatchObject([{ view_count: 12 }, { view_count: null }, {
      comment_count: null,
    }]);
    expect(stored).not.toHaveProperty("listed_ids");
    expect([stop?.code, context.counts.invalid_values]).toEqual(["devpulse_answer_invalid", 2]);
  });

  test("a page that repeats", async () => {
    addArticles(1000);
    let first: unknown;
    fake.state.faults.push({ times: 5, change: (body) => first ??= body });
    const { stop, stored } = await sync(claim({ resources_limit: 5000 }));
    expect([stop?.code, (stored?.articles as unknown[]).length, "listed_ids" in (stored ?? {})]).toEqual([
      "devpulse_answer_invalid",
      1000,
      false,
    ]);
  });
});

describe("refusals", () => {
  test("a short wait is waited for, once, and everybody waits", async () => {
    addArticles(1);
    const limited = { status: 429, headers: { "retry-after": "1" }, body: "Retry later\n" };
    fake.state.faults.push(limited);
    const { stop, stored, pauses, context } = await sync();
    expect([stop, (stored?.articles as unknown[]).length, context.cost]).toEqual([null, 1, 2]);
    expect(pauses).toEqual([{ provider: "devto", until: "2026-11-30T12:00:01.000Z", secret_id: null }]);
    fake.state.faults.push({ ...limited, times: 2 });
    expect((await sync()).stop).toMatchObject({ kind: "deferred", code: "devpulse_provider_rate_limited" });
  });

  test("a long wait ends the run", async () => {
    fake.state.faults.push({ status: 429, headers: { "retry-after": "120" }, body: "" });
    const { stop, context } = await sync();
    expect(stop).toMatchObject({ kind: "deferred", retryAt: new Date(NOW + 120_000) });
    expect(context.cost).toBe(1);
  });

  test.each([["Mon, 30 Nov 2026 12:10:00 GMT", 429], ["600", 503]])(
    "Retry-After: %s of a %s is when the next run is",
    async (value, status) => {
      fake.state.faults.push({ status, headers: { "retry-after": value }, body: "" });
      expect((await sync()).stop).toMatchObject({ retryAt: new Date(NOW + 600_000) });
    },
  );

  test("a renamed account has its new name", async () => {
    addArticles(1);
    maya.username = "maya-codes";
    expect((await sync()).context.accountName).toBe("maya-codes");
  });

  test("a key that is rejected twice needs its user", async () => {
    expect((await sync(claim(), "wrong")).stop).toMatchObject({
      code: "devpulse_token_invalid",
      rejection: "token_rejected",
      isCounted: true,
    });
  });
});
