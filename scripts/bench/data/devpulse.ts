import type postgres from "postgres";
import type { Bench, BenchDatabase } from "../bench.ts";
import { setIndexUpkeep } from "./bulk.ts";

/** The day whose snapshots are counted, in UTC as all users' time zone; the year that is read ends with it. */
export const DAY = "2026-10-15";

/** Repositories of each user. With three metrics and the length of the list: 100 readings per day. */
const REPOSITORIES = 33;

/** Repositories of the one user in `DevpulseYear` who has many: a page of GitHub's API. */
const MANY_REPOSITORIES = 100;

/** The id of a user by their number, from 1. */
export const userId = (number: number): string => id("d1", number);

const id = (prefix: string, number: number): string =>
  `${prefix}000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

/** Users with a GitHub connection, a monitor for all of it, and their repositories. */
async function makeUsers(sql: postgres.Sql, userCount: number): Promise<void> {
  await sql`set session_replication_role = replica`;
  await sql`set synchronous_commit = off`;
  await sql`set maintenance_work_mem = '512MB'`;
  await sql`
    create function pg_temp.id(prefix text, n integer) returns uuid language sql immutable
    as $$ select (prefix || '000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$
  `;
  await sql`
    insert into auth.users (id, email)
    select pg_temp.id('d1', n), 'user' || n || '@example.com' from generate_series(1, ${userCount}::int) as n
  `;
  await sql`
    insert into public.profiles (id) select pg_temp.id('d1', n) from generate_series(1, ${userCount}::int) as n
  `;
  await sql`
    insert into public.platform_connections
      (id, user_id, platform, platform_user_id, platform_username, access_token)
    select pg_temp.id('d2', n), pg_temp.id('d1', n), 'github', n::text, 'user' || n, 'disconnected'
    from generate_series(1, ${userCount}::int) as n
  `;
  await sql`
    insert into public.monitors (user_id, platform, platform_connection_id, monitor_type, created_at)
    select pg_temp.id('d1', n), 'github', pg_temp.id('d2', n), 'all', '2025-01-01'
    from generate_series(1, ${userCount}::int) as n
  `;
  await sql`
    insert into public.github_repositories (
      platform_connection_id, github_repo_id, name, full_name, stars_count, html_url, created_at, updated_at
    )
    select pg_temp.id('d2', n), n * 100 + r, 'r' || r, 'user' || n || '/r' || r, n % 100 + r,
      'https://github.com/user' || n || '/r' || r, '2024-01-01', '2026-01-01'
    from generate_series(1, ${userCount}::int) as n cross join generate_series(1, ${REPOSITORIES}::int) as r
  `;
}

/** The readings and contributions of so many days up to DAY. */
async function makeReadings(sql: postgres.Sql, userCount: number, dayCount: number): Promise<number> {
  await setIndexUpkeep(sql, ["private.metric_readings"], false);
  const { count } = await sql`
    insert into private.metric_readings (connection_id, day, metric, resource_id, value, observed_at)
    select pg_temp.id('d2', n), d.day, m.metric, m.resource_id, m.value + d.day - ${DAY}::date + 500,
      d.day + interval '12 hours'
    from generate_series(0, ${dayCount - 1}::int) as b (back)
    cross join lateral (select ${DAY}::date - b.back as day) as d
    cross join generate_series(1, ${userCount}::int) as n
    cross join lateral (
      select k.metric, (n * 100 + r)::text as resource_id, n % 100 + r as value
      from generate_series(1, ${REPOSITORIES}::int) as r
      cross join unnest(array['stars', 'forks', 'open_issues']) as k (metric)
      union all
      select 'repositories', '', ${REPOSITORIES}::int
    ) as m
  `;
  await setIndexUpkeep(sql, ["private.metric_readings"], true);
  await sql.unsafe("reindex table private.metric_readings");
  await sql`
    insert into public.github_contributions (
      platform_connection_id, date, commits_count, pull_requests_count, issues_count
    )
    select pg_temp.id('d2', n), ${DAY}::date - b.back, n % 7, n % 3, n % 2
    from generate_series(1, ${userCount}::int) as n cross join generate_series(0, ${
    dayCount - 1
  }::int) as b (back)
  `;
  return count;
}

/** The readings of the other repositories of a user who has many. */
async function addRepositories(sql: postgres.Sql, user: number): Promise<number> {
  const { count } = await sql`
    insert into private.metric_readings (connection_id, day, metric, resource_id, value, observed_at)
    select pg_temp.id('d2', ${user}), d.day, k.metric, (${user} * 100 + r)::text, ${user} % 100 + r + 500 - b.back,
      d.day + interval '12 hours'
    from generate_series(0, 364) as b (back)
    cross join lateral (select ${DAY}::date - b.back as day) as d
    cross join generate_series(${REPOSITORIES + 1}::int, ${MANY_REPOSITORIES}::int) as r
    cross join unnest(array['stars', 'forks', 'open_issues']) as k (metric)
  `;
  return count;
}

async function analyze(sql: postgres.Sql): Promise<void> {
  for (
    const table of [
      "auth.users",
      "public.profiles",
      "public.platform_connections",
      "public.monitors",
      "public.github_repositories",
      "public.github_contributions",
      "private.metric_readings",
      "public.analytics_snapshots",
    ]
  ) await sql.unsafe(`vacuum (analyze) ${table}`);
}

async function filled<T>(database: BenchDatabase, fill: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = database.connect({ role: "supabase_admin", max: 1 });
  try {
    const result = await fill(sql);
    await analyze(sql);
    return result;
  } finally {
    await sql.end();
  }
}

export interface DevpulseDay {
  database: BenchDatabase;
  userCount: number;
  readingCount: number;
}

/** A database with 10,000 users and the million readings of one day, without a snapshot. */
export async function makeDevpulseDay(bench: Bench): Promise<DevpulseDay> {
  const userCount = Math.max(20, bench.scaled(10_000));
  const database = await bench.createDatabase("devpulse_day");
  bench.progress(`loading the readings of ${userCount} users`);
  const readingCount = await filled(database, async (sql) => {
    await makeUsers(sql, userCount);
    return await makeReadings(sql, userCount, 1);
  });
  return { database, userCount, readingCount };
}

export interface DevpulseYear {
  database: BenchDatabase;
  readingCount: number;
  snapshotCount: number;
  /** How many users have readings, the last of them for 100 repositories; all have snapshots. */
  readUserCount: number;
  userCount: number;
}

/** A database with a million daily snapshots of a year, and the readings of some of the users. */
export async function makeDevpulseYear(bench: Bench): Promise<DevpulseYear> {
  const userCount = Math.max(20, bench.scaled(1370));
  const readUserCount = Math.max(5, bench.scaled(40));
  const database = await bench.createDatabase("devpulse_year");
  bench.progress(`loading the snapshots of ${userCount} users and the readings of ${readUserCount}`);
  return await filled(database, async (sql) => {
    await makeUsers(sql, userCount);
    const readingCount = await makeReadings(sql, readUserCount, 365) +
      await addRepositories(sql, readUserCount);
    await setIndexUpkeep(sql, ["public.analytics_snapshots"], false);
    const { count: snapshotCount } = await sql`
      insert into public.analytics_snapshots (user_id, platform, snapshot_type, snapshot_date, metrics)
      select pg_temp.id('d1', n), p.platform, 'daily', d.day, jsonb_build_object('github', jsonb_build_object(
        'total_stars', s.total, 'total_forks', s.total, 'total_open_issues', s.total,
        'repositories_count', ${REPOSITORIES}::int, 'commits', n % 7, 'pull_requests', n % 3, 'issues', n % 2,
        'total_commits', n % 7 * (365 - b.back), 'total_pull_requests', n % 3 * (365 - b.back),
        'total_issues', n % 2 * (365 - b.back)
      ))
      from generate_series(0, 364) as b (back)
      cross join lateral (select ${DAY}::date - b.back as day) as d
      cross join generate_series(1, ${userCount}::int) as n
      cross join unnest(array['github', 'all']) as p (platform)
      cross join lateral (
        select sum(n % 100 + r + 500 - b.back) as total from generate_series(
          1, case n when ${readUserCount}::int then ${MANY_REPOSITORIES}::int else ${REPOSITORIES}::int end
        ) as r
      ) as s
    `;
    await setIndexUpkeep(sql, ["public.analytics_snapshots"], true);
    await sql.unsafe("reindex table public.analytics_snapshots");
    return { database, readingCount, snapshotCount, readUserCount, userCount };
  });
}
