import { beforeEach, describe, expect, test } from "vitest";
import type { Fault } from "../../../scripts/fakes/faults.ts";
import { rows, signUp } from "../support/people.ts";
import {
  type Account,
  addAccounts,
  connectTo,
  lastRun,
  makeDue,
  readingsOf,
  useSync,
} from "../support/sync.ts";

// Providers that are slow, broken, limited or wrong: what is stored stays right, and nobody pays for somebody else.

const { providers, project, sql, sync, again, repo } = await useSync(40);
const maya = await signUp(project, "maya");
const ben = await signUp(project, "ben");
let account: Account;
beforeEach(() => {
  account = addAccounts(providers, "maya");
});

const stars = async () =>
  (await rows(maya.client.from("github_repositories").select("name, stars_count, removed_at").order("name")))
    .map(({ name, stars_count, removed_at }) =>
      `${name} ${stars_count}${removed_at === null ? "" : " gone"}`
    );

/** In how many seconds a connection is synced next. */
const waits = async (connection: string): Promise<number> => {
  const { next_attempt_at } = await lastRun(sql, connection);
  return Math.round(((next_attempt_at?.getTime() ?? 0) - Date.now()) / 1000);
};

describe("rubbish", () => {
  test.each<[string, Fault, string]>([
    ["truncated JSON", { isTruncated: true }, "devpulse_answer_invalid"],
    ["HTML", { body: "<html>" }, "devpulse_answer_invalid"],
    ["an outage", { status: 503, body: "" }, "devpulse_provider_unavailable"],
    // a request that meets a closed connection is sent again by fetch itself
    ["a cut connection", { hangUp: true, times: 5 }, "devpulse_provider_unavailable"],
    ["304 although nothing was asked for so", { status: 304 }, "devpulse_answer_invalid"],
  ])(
    "%s: what is stored stays, the day has a gap, and the connection is not to blame",
    async (_what, fault, code) => {
      repo("shop", { stars: 5 });
      const connection = await connectTo(sql, providers, maya.id, "github", account, {
        monitor_type: "repository",
        platform_resource_id: "maya/shop",
      });
      await sync();
      await sql`delete from private.metric_readings`;
      await sql`delete from private.sync_etags`;
      await sql`update private.sync_schedule set readings_on = null`;
      providers.github.state.faults.push({ path: "/repositories/", ...fault });
      await again();
      expect(await stars()).toEqual(["shop 5"]);
      expect(await readingsOf(sql, connection)).toEqual([]);
      const [schedule] = await sql`select attempts_count, delays_count from private.sync_schedule`;
      expect(schedule?.attempts_count).toBe(0);
      expect((await lastRun(sql, connection)).error_code).toBe(code);
      expect(await waits(connection)).toBeLessThan(16 * 60);
      providers.github.state.faults.length = 0;
      await again();
      expect(await readingsOf(sql, connection)).toHaveLength(3);
      expect(await lastRun(sql, connection)).toMatchObject({ state: "succeeded", error_code: null });
    },
  );

  test("GraphQL errors with status 200: the days that came are stored, the others are gaps until they come", async () => {
    const connection = await connectTo(sql, providers, maya.id, "github", account, { monitor_type: "user" });
    providers.github.state.faults.push({
      path: "/graphql",
      change: (body) => {
        const { data } = body as { data: { viewer: Record<string, unknown> } };
        for (const alias of Object.keys(data.viewer).filter((key) => /^d\d+$/.test(key)).slice(10, 13)) {
          data.viewer[alias] = null;
        }
        return { data, errors: [{ type: "RESOURCE_LIMITS_EXCEEDED", message: "Resource limits exceeded" }] };
      },
    });
    await sync();
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "partial",
      error_code: "devpulse_answer_invalid",
      counts: { gaps: 3, graphql_errors: 1 },
    });
    const count = async () =>
      (await sql`select count(*)::integer from public.github_contributions`)[0]?.count as number;
    expect(await count()).toBe(27);
    for (let runs = 0; runs < 5 && await count() < 40; runs++) await again();
    expect(await count()).toBe(40);
    expect(await lastRun(sql, connection)).toMatchObject({ state: "succeeded" });
  });

  test("an empty list where there were many is believed when it comes twice", async () => {
    for (const name of ["a", "b", "c"]) repo(name, { stars: 2 });
    const connection = await connectTo(sql, providers, maya.id, "github", account);
    await sync();
    await sql`delete from private.metric_readings`;
    await sql`delete from private.sync_etags`;
    await sql`update private.sync_schedule set readings_on = null`;
    providers.github.state.faults.push({ path: "/user/repos", body: [], times: 2 });
    await again();
    expect(await stars()).toEqual(["a 2", "b 2", "c 2"]);
    expect(await readingsOf(sql, connection)).toEqual([]);
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "partial",
      error_code: "devpulse_list_invalid",
    });
    await again();
    expect(await stars()).toEqual(["a 2 gone", "b 2 gone", "c 2 gone"]);
    expect(await readingsOf(sql, connection)).toEqual(["repositories  0"]);
    await again();
    expect(await stars()).toEqual(["a 2", "b 2", "c 2"]);
  });

  test("a clock that is wrong by a day: ours decides about days, and about waits", async () => {
    repo("shop");
    const connection = await connectTo(sql, providers, maya.id, "github", account);
    const date = new Date(Date.now() + 86_400_000);
    providers.github.state.faults.push({
      path: "/user/repos",
      status: 403,
      headers: {
        date: date.toUTCString(),
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": String(Math.floor(date.getTime() / 1000) + 600),
      },
      body: { message: "API rate limit exceeded" },
    });
    await sync();
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "deferred",
      error_code: "devpulse_provider_rate_limited",
    });
    const wait = await waits(connection);
    expect(wait).toBeGreaterThan(590);
    expect(wait).toBeLessThan(600 + 125);
  });
});

describe("limits", () => {
  test("of one user's token pause that user: the others are synced", async () => {
    repo("shop");
    const other = addAccounts(providers, "ben");
    const connection = await connectTo(sql, providers, maya.id, "github", account);
    await connectTo(sql, providers, ben.id, "github", other);
    providers.github.state.faults.push({
      path: "/user/repos",
      status: 429,
      headers: { "retry-after": "300" },
      body: {},
    });
    expect(await sync()).toMatchObject({ claimed: 2, deferred: 1, succeeded: 1 });
    const asked = providers.github.state.requests.length;
    // also not for another reason to ask
    await makeDue(sql);
    expect(await sync()).toMatchObject({ claimed: 2, deferred: 1, succeeded: 1 });
    expect(
      providers.github.state.requests.slice(asked).every(({ login }) =>
        login === providers.github.state.requests.at(-1)?.login
      ),
    ).toBe(true);
    const [{ attempts_count } = { attempts_count: -1 }] = await sql<{ attempts_count: number }[]>`
      select attempts_count from private.sync_schedule where connection_id = ${connection}
    `;
    expect(attempts_count).toBe(0);
    expect(await sql`select provider from private.provider_pauses`).toEqual([]);
  });

  test("what another tool of the user has spent is not ours: a thousand requests an hour are left to them", async () => {
    repo("shop");
    account.github.remaining = 1_003;
    const connection = await connectTo(sql, providers, maya.id, "github", account, {
      monitor_type: "repository",
      platform_resource_id: "maya/shop",
    });
    await sync();
    await again();
    providers.github.state.requests.length = 0;
    account.github.remaining = 1_000;
    await sql`delete from private.sync_etags`;
    await again();
    await again();
    expect(providers.github.state.requests.length).toBeLessThan(2);
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "deferred",
      error_code: "devpulse_budget_limit_reached",
    });
    expect(await waits(connection)).toBeLessThan(3_600 + 125);
  });

  test("YouTube's quota, once it is used up, is not asked for again before midnight Pacific", async () => {
    const other = addAccounts(providers, "ben");
    const connections = [
      await connectTo(sql, providers, maya.id, "youtube", account),
      await connectTo(sql, providers, ben.id, "youtube", other),
    ];
    // somebody else used the project's quota
    providers.google.state.quota.used = 10_000;
    await sync();
    await again();
    expect(providers.google.state.requests.filter(({ status }) => status === 403).length).toBeLessThanOrEqual(
      2,
    );
    expect(providers.google.state.requests.length).toBeLessThanOrEqual(2);
    const [row] = await sql<{ seconds: number }[]>`
      select extract(epoch from (
        (date_trunc('day', now() at time zone 'America/Los_Angeles') + interval '1 day')
        at time zone 'America/Los_Angeles'
      ) - now())::integer as seconds
    `;
    for (const connection of connections) {
      expect(await lastRun(sql, connection)).toMatchObject({ state: "deferred", cost: 0 });
      expect(Math.abs(await waits(connection) - (row?.seconds ?? 0) - 60)).toBeLessThan(75);
    }
  });

  test("YouTube's day is shared: who asks for much leaves others their part", async () => {
    // the job does not count them meanwhile
    await sql`
      update private.provider_budgets
      set calls_limit = 40, calls_reserve = 0, users_count = 2, users_counted_at = 'infinity'
      where provider = 'youtube'
    `;
    for (let at = 0; at < 3; at++) providers.google.state.addVideo(account.channel, { title: `v${at}` });
    const other = addAccounts(providers, "ben");
    await connectTo(sql, providers, maya.id, "youtube", account);
    for (let runs = 0; runs < 30; runs++) await again();
    // half of all, as the share is
    expect(providers.google.state.cost()).toBeLessThanOrEqual(20);
    await connectTo(sql, providers, ben.id, "youtube", other);
    expect(await again()).toMatchObject({ claimed: 2, succeeded: 1, deferred: 1 });
    await sql`
      update private.provider_budgets
      set calls_limit = 10000, calls_reserve = 500, users_count = 0, users_counted_at = null
      where provider = 'youtube'
    `;
  });
});

describe("a token", () => {
  test("that the provider rejects: the connection says so, and is not synced until its user connects again", async () => {
    repo("shop");
    const connection = await connectTo(sql, providers, maya.id, "github", account);
    await sync();
    account.github.expiresAt = new Date(0);
    await again();
    expect(await rows(maya.client.from("platform_connections").select("status, status_reason"))).toEqual([
      { status: "reauth_required", status_reason: "token_rejected" },
    ]);
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "failed",
      error_code: "devpulse_token_invalid",
    });
    providers.github.state.requests.length = 0;
    expect(await again()).toMatchObject({ claimed: 0 });
    expect(providers.github.state.requests).toEqual([]);
  });

  test("of another account than the connection's stores nothing", async () => {
    repo("shop", { stars: 5 });
    const connection = await connectTo(sql, providers, maya.id, "github", account);
    await sql`update public.platform_connections set platform_user_id = '1' where id = ${connection}`;
    await sync();
    expect(await stars()).toEqual([]);
    expect(await rows(maya.client.from("github_contributions").select("date"))).toEqual([]);
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "failed",
      error_code: "devpulse_account_conflict",
    });
  });
});

describe("a run that ends in the middle", () => {
  test("because its function was killed: the next goes on where it was", async () => {
    const connection = await connectTo(sql, providers, maya.id, "github", account, { monitor_type: "user" });
    providers.github.state.faults.push({ path: "/graphql" }, { path: "/graphql", delayMs: 60_000 });
    void sync().catch(() => {});
    const stored = async () =>
      (await sql`select count(*)::integer from public.github_contributions`)[0]?.count as number;
    await expect.poll(stored).toBe(30);
    await expect.poll(() => providers.github.state.requests.length).toBe(2);
    // its lease runs out, as if it had been killed
    await sql`update private.sync_schedule set lease_expires_at = now(), next_sync_at = now()`;
    expect(await sync()).toMatchObject({ claimed: 1, succeeded: 1 });
    expect(await stored()).toBe(40);
    const runs = await sql`select state, error_code from public.sync_runs order by id`;
    expect(runs).toEqual([
      { state: "failed", error_code: "devpulse_run_expired" },
      { state: "succeeded", error_code: null },
    ]);
    expect(await lastRun(sql, connection)).toMatchObject({ counts: { days: 10 } });
  });

  test("because its user paused the connection: nothing more is stored", async () => {
    repo("shop");
    const connection = await connectTo(sql, providers, maya.id, "github", account);
    providers.github.state.faults.push({ path: "/user/repos", delayMs: 1_500 });
    const running = sync();
    await expect.poll(() => providers.github.state.requests.length).toBe(1);
    await rows(
      maya.client.from("platform_connections").update({ is_active: false }).eq("id", connection).select("id"),
    );
    expect(await running).toMatchObject({ lost: 1 });
    expect(await stars()).toEqual([]);
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "failed",
      error_code: "devpulse_connection_conflict",
    });
    await rows(
      maya.client.from("platform_connections").update({ is_active: true }).eq("id", connection).select("id"),
    );
    await again();
    expect(await stars()).toEqual(["shop 0"]);
  });
});

describe("the scheduler", () => {
  test("calls when something is due, with a ticket; sync_now calls at once", async () => {
    repo("shop", { stars: 3 });
    await sql`update public.agent_settings set functions_url = ${`${project.url}/functions/v1`}`;
    await connectTo(sql, providers, maya.id, "github", account);
    expect(await sql`select private.run_platform_sync() as calls`).toEqual([{ calls: 1 }]);
    await expect.poll(stars).toEqual(["shop 3"]);
    const state = async () =>
      (await sql`select state from public.sync_runs order by id desc limit 1`)[0]?.state as string;
    await expect.poll(state).toBe("succeeded");
    expect(await sql`select private.run_platform_sync() as calls`).toEqual([{ calls: 0 }]);
    const [shop] = providers.github.state.repos;
    if (shop) shop.stars = 4;
    const [monitor] = await rows(maya.client.from("monitors").select("id"));
    expect(await rows(maya.client.rpc("sync_now", { monitor_id: monitor?.id ?? "" }))).toMatchObject({
      state: "due",
    });
    await expect.poll(stars).toEqual(["shop 4"]);
    await sql`update public.agent_settings set functions_url = null`;
  });
});
