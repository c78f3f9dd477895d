import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../support/database.ts";
import { addDays, chanceOf, dayOf, hoursOf, lastClockChange } from "../support/month-days.ts";
import { currentValue } from "../support/month-goals.ts";
import { addGoals, addOwners, isTraveler, watch } from "../support/month-people.ts";
import type { Records, Watched } from "../support/month-records.ts";
import { createMonthSync, createSqlRpc } from "../support/month-sync.ts";
import { Month } from "../support/month.ts";
import { size } from "../support/size.ts";
import { startSyncProviders, type SyncProviders } from "../support/sync.ts";

// A month of users on three platforms, with time driven by the test: what is stored is compared, to the number, with
// what the providers had when they were asked. Clocks change within it.

const USERS = size(5, 200);
const DAYS = size(10, 31);
const BACKFILL_DAYS = size(20, 40);
const SEED = 20_261_130;

let providers: SyncProviders;
let database: TestDatabase;
let sql: Sql;
let owners: Watched[];
let month: Month;
/** How many rows were compared. */
const compared: Record<string, number> = {};

beforeAll(async () => {
  const today = dayOf("UTC", Date.now());
  const changed = lastClockChange("America/New_York", addDays(today, 3 - DAYS));
  const first = addDays(changed, -4);
  expect(hoursOf("America/New_York", changed)).not.toBe(24);
  providers = await startSyncProviders(() => new Date(month?.now ?? Date.parse(first)));
  providers.devto.state.limit.perSecond = null;
  database = await createDatabase();
  sql = connect(database, "postgres", 8);
  await sql`update public.devpulse_settings set backfill_days = ${BACKFILL_DAYS}`;
  // pacing is by the real clock
  await sql`update private.provider_budgets set spacing_ms = 1 where provider = 'devto'`;
  await sql`update private.provider_budgets set users_counted_at = now(), users_count = ${USERS} where scope = 'project'`;
  owners = await addOwners(sql, providers, USERS);
  const chance = chanceOf(SEED);
  const sync = createMonthSync(providers, createSqlRpc(sql), () => month.now, chanceOf(SEED + 1));
  const last = addDays(first, DAYS - 1);
  month = new Month({ sql, providers, sync, owners, chance, first, last, backfillDays: BACKFILL_DAYS });
  month.furnish();
  await watch(sql, providers, owners, month.now, first);
  for (const owner of owners) month.goals.set(owner.id, await addGoals(sql, providers, owner, first));
  const began = Date.now();
  await month.pass(async (day) => {
    if (process.env["SOAK"]) {
      console.log(`${day}: ${month.costs.runs} runs after ${Math.round((Date.now() - began) / 1000)} s`);
    }
    if (day === addDays(changed, 1)) await fly();
  });
});

afterAll(async () => {
  await sql?.end();
  await database?.drop();
  await providers?.stop();
});

/** Some users change their time zone, by 20 hours and more. */
async function fly(): Promise<void> {
  for (const owner of owners.filter(({ index }) => isTraveler(index))) {
    owner.timezone = "America/Los_Angeles";
    await sql`update public.profiles set timezone = ${owner.timezone} where id = ${owner.id}`;
  }
}

/** Compares rows, each written as text, whatever their order. */
function expectSame(name: string, actual: string[], expected: string[]): void {
  const [has, should] = [new Set(actual), new Set(expected)];
  const differences = {
    missing: expected.filter((row) => !has.has(row)).toSorted().slice(0, 12),
    surplus: actual.filter((row) => !should.has(row)).toSorted().slice(0, 12),
  };
  expect(differences, name).toEqual({ missing: [], surplus: [] });
  expect(actual.length, name).toBe(expected.length);
  expect(expected.length, name).toBeGreaterThan(0);
  compared[name] = expected.length;
}

/** A value as text that does not depend on the order of keys. */
function textOf(value: unknown): string {
  if (value instanceof Date) return JSON.stringify(value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([a], [b]) => a < b ? -1 : 1);
  return `{${entries.map(([name, one]) => `${name}: ${textOf(one)}`).join(", ")}}`;
}

const each = (rowsOf: (records: Records) => string[]): string[] =>
  [...month.records.values()].flatMap(rowsOf);

test.each(
  [
    ["github_repositories", "github"],
    ["youtube_videos", "youtube"],
    ["devto_articles", "devto"],
  ] as const,
)("every row of %s", async (table, platform) => {
  const rows = await sql<Record<string, unknown>[]>`select * from public.${sql(table)}`;
  const columns = Object.keys(
    [...owners.flatMap((owner) => [...month.records.get(owner.id)?.resources[platform].values() ?? []])][0]
      ?.row ?? {},
  );
  expectSame(
    table,
    rows.map((row) =>
      textOf({
        connection: row.platform_connection_id,
        removed_at: row.removed_at,
        // numbers of 64 bits come as text
        ...Object.fromEntries(columns.map((name) => [name, plain(row[name])])),
      })
    ),
    each(({ owner, resources }) =>
      [...resources[platform].values()].map(({ row, removedAt }) =>
        textOf({
          connection: owner.connections[platform],
          removed_at: removedAt === null ? null : new Date(removedAt),
          ...Object.fromEntries(columns.map((name) => [name, plain(row[name])])),
        })
      )
    ),
  );
});

const plain = (value: unknown): unknown => typeof value === "number" ? String(value) : value;

test("every row of github_contributions and youtube_channel_stats", async () => {
  const contributions = await sql<{ row: string }[]>`
    select concat_ws(' ', platform_connection_id, date, commits_count, pull_requests_count, issues_count,
      repositories_contributed_to) as row
    from public.github_contributions
  `;
  expectSame(
    "github_contributions",
    contributions.map(({ row }) => row),
    each(({ owner, contributions }) =>
      [...contributions].map(([day, counts]) => [owner.connections.github, day, ...counts].join(" "))
    ),
  );
  const stats = await sql<{ row: string }[]>`
    select concat_ws(' ', platform_connection_id, date, subscriber_count, total_views, video_count) as row
    from public.youtube_channel_stats
  `;
  expectSame(
    "youtube_channel_stats",
    stats.map(({ row }) => row),
    each(({ owner, channelStats }) =>
      [...channelStats].map(([day, counts]) => [owner.connections.youtube, day, ...counts].join(" "))
    ),
  );
});

test("every row of metric_readings", async () => {
  const rows = await sql<{ row: string }[]>`
    select concat_ws(' ', connection_id, day, metric, resource_id, trim_scale(value)) as row
    from private.metric_readings
  `;
  expectSame(
    "metric_readings",
    rows.map(({ row }) => row),
    each(({ owner, readings }) =>
      (["github", "youtube", "devto"] as const).flatMap((platform) =>
        [...readings[platform]].flatMap(([day, metrics]) =>
          [...metrics].flatMap(([metric, values]) =>
            [...values].map(([id, value]) => [owner.connections[platform], day, metric, id, value].join(" "))
          )
        )
      )
    ),
  );
});

test("every snapshot of days, weeks and months, with its gaps", async () => {
  const rows = await sql<{ key: string; metrics: unknown; gaps: string[] }[]>`
    select concat_ws('|', user_id, coalesce(workspace_id::text, ''), platform, snapshot_type, snapshot_date) as key,
      metrics, gaps
    from public.analytics_snapshots
  `;
  const gaps = rows.filter((row) => row.gaps.length > 0).length;
  expectSame(
    "analytics_snapshots",
    rows.map(({ key, metrics, gaps }) => `${key} ${textOf(metrics)} ${gaps.join(",")}`),
    each((records) =>
      [...month.expected(records).all(month.days)].map(([key, { metrics, gaps }]) =>
        `${records.owner.id}|${key} ${textOf(metrics)} ${gaps.join(",")}`
      )
    ),
  );
  expect(gaps).toBeGreaterThan(0);
  expect(gaps).toBeLessThan(rows.length);
});

test("every goal, achieved on the right day or not", async () => {
  const rows = await sql<
    { id: string; current_value: string; is_achieved: boolean; achieved_at: Date | null }[]
  >`
    select id, current_value, is_achieved, achieved_at from public.goals
  `;
  const goals = owners.flatMap((owner) => {
    const records = month.records.get(owner.id);
    const snapshots = records && month.expected(records);
    return (month.goals.get(owner.id) ?? []).map((goal) => ({
      id: goal.id,
      current: snapshots ? currentValue(snapshots, goal, month.days[0] ?? "") : NaN,
      achieved: goal.achievedAt === null ? null : new Date(goal.achievedAt),
    }));
  });
  expectSame(
    "goals",
    rows.map((row) => textOf([row.id, Number(row.current_value), row.is_achieved, row.achieved_at])),
    goals.map(({ id, current, achieved }) => textOf([id, current, achieved !== null, achieved])),
  );
  const achieved = goals.filter((goal) => goal.achieved !== null).length;
  expect(achieved).toBeGreaterThan(0);
  expect(achieved).toBeLessThan(goals.length);
});

test("providers are asked no more than it takes", () => {
  const { youtubeUnits, devtoCalls, quietAnswers, quiet304, restAnswers, rest304, runs, failures } =
    month.costs;
  expect(Math.max(...youtubeUnits)).toBeLessThanOrEqual(3);
  expect(new Set(devtoCalls)).toEqual(new Set([1]));
  expect(quietAnswers).toBeGreaterThan(0);
  expect(quiet304 / quietAnswers).toBeGreaterThanOrEqual(0.9);
  expect(failures).toBeGreaterThan(0);
  const units = youtubeUnits.reduce((sum, one) => sum + one, 0) / youtubeUnits.length;
  if (process.env["SOAK"]) {
    console.log(JSON.stringify({
      compared,
      rows: Object.values(compared).reduce((sum, one) => sum + one, 0),
      runs,
      failures,
      unitsPerSync: units.toFixed(2),
      quiet: `${quiet304} of ${quietAnswers}`,
      rest: `${rest304} of ${restAnswers}`,
    }));
  }
});

test("what was looked for has happened", () => {
  const all = [...month.records.values()];
  const resources = (["github", "youtube", "devto"] as const).map((platform) =>
    all.flatMap((records) => [...records.resources[platform].values()])
  );
  for (const of of resources) expect(of.some(({ removedAt }) => removedAt !== null)).toBe(true);
  const hidden = all.filter(({ readings, channelStats }) =>
    [...channelStats.keys()].some((day) => !readings.youtube.get(day)?.has("channel_subscribers"))
  );
  expect(hidden.length).toBeGreaterThan(0);
  expect(new Set(owners.map(({ coverage }) => coverage)).size).toBe(3);
  expect(owners.some(({ index }) => isTraveler(index))).toBe(true);
});

test("what syncs and jobs leave behind is bounded", async () => {
  const [left] = await sql<Record<string, number>[]>`
    select
      (select count(*)::integer from private.snapshot_marks) as marks,
      (select count(*)::integer from private.function_tickets) as tickets,
      (select count(*)::integer from private.provider_pauses) as pauses,
      (select count(*)::integer from private.sync_requests) as requests,
      (select count(*)::integer from private.sync_schedule where lease_expires_at is not null) as leases,
      (select count(*)::integer from public.sync_runs where state = 'running') as running,
      (select count(*)::integer from public.sync_runs as r, public.devpulse_settings as s
        where r.started_at < now() - make_interval(days => s.run_retention_days + 1)) as old_runs,
      (select count(*)::integer from private.provider_spending
        where scope = 'token' and period_end < now() - interval '2 days') as old_spending,
      (select count(*)::integer from private.provider_user_spending
        where period_start < now() - interval '42 days') as old_user_spending
  `;
  expect(left).toEqual({
    marks: 0,
    tickets: 0,
    pauses: 0,
    requests: 0,
    leases: 0,
    running: 0,
    old_runs: 0,
    old_spending: 0,
    old_user_spending: 0,
  });
  const [most] = await sql<{ runs: number; etags: number; spending: number }[]>`
    select
      (select max(n)::integer from (
        select count(*) as n from public.sync_runs group by platform_connection_id
      ) as r) as runs,
      (select max(n)::integer from (
        select count(*) as n from private.sync_etags group by connection_id
      ) as e) as etags,
      (select count(*)::integer from private.provider_spending) as spending
  `;
  expect(most?.runs).toBeLessThanOrEqual(200);
  expect(most?.etags).toBeLessThanOrEqual(2);
  // two budgets per GitHub account, and those that all share
  expect(most?.spending).toBeLessThanOrEqual(2 * USERS + 4);
});
