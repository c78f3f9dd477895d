import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { confirmedSignUp } from "../../../scripts/local/auth/confirmed-sign-up.ts";
import { ROOT } from "../../../scripts/local/paths.ts";
import { connect, openTestProject, type TestProject } from "../support/database.ts";
import { anonymous } from "../support/people.ts";

// The examples of docs/devpulse-numbers.md, copied from the page and run one after the other, and the same functions with the
// answers that clients get over HTTP.

const page = readFileSync(join(ROOT, "docs/devpulse-numbers.md"), "utf8");

let project: TestProject;
let sql: Sql;

beforeAll(async () => {
  project = await openTestProject();
  sql = connect(project.database, "postgres", 1);
  await confirmedSignUp(project, anonymous(project), {
    email: "you@example.org",
    password: "a-long-password",
  });
  // a repository since New Year's Day: 100 stars and 3 more each day, not read on the third
  await sql`
    with connection as (
      insert into public.platform_connections (
        user_id, platform, platform_user_id, platform_username, access_token
      )
      select u.id, 'github', '1', 'you', 'disconnected' from auth.users as u where u.email = 'you@example.org'
      returning id, user_id
    ),
    monitor as (
      insert into public.monitors (user_id, platform, platform_connection_id, monitor_type, created_at)
      select c.user_id, 'github', c.id, 'all', now() from connection as c
    ),
    repository as (
      insert into public.github_repositories (
        platform_connection_id, github_repo_id, name, full_name, html_url, created_at, updated_at
      )
      select c.id, 1, 'shop', 'you/shop', 'https://github.com/you/shop', now(), now() from connection as c
    ),
    contribution as (
      insert into public.github_contributions (platform_connection_id, date, commits_count)
      select c.id, date '2026-01-01' + d, 2 from connection as c cross join generate_series(0, 31) as d
    )
    insert into private.metric_readings (connection_id, day, metric, resource_id, value, observed_at)
    select c.id, date '2026-01-01' + d, m.name, '1', m.value, now()
    from connection as c cross join generate_series(0, 30) as d
    cross join lateral (values ('stars', 100 + 3 * d), ('forks', 1), ('open_issues', 5)) as m (name, value)
    where d <> 2
  `;
  await sql`select private.run_snapshots()`;
});

afterAll(async () => {
  await sql?.end();
  await project?.close();
});

test("its examples run unchanged", async () => {
  const blocks = [...page.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]);
  expect(blocks.length).toBeGreaterThan(5);
  const told = "{ series, dashboard, weeks, goal, progress, fewer, days }";
  const script = `${blocks.join("\n")}\nconsole.log(JSON.stringify(${told}));`;
  const { stdout } = await promisify(execFile)(
    "node",
    ["--input-type=module-typescript", "--eval", script],
    {
      cwd: ROOT,
      env: {
        ...process.env,
        PATH: `${join(ROOT, "node_modules/.bin")}:${process.env.PATH}`,
        SUPABASE_URL: project.url,
        SUPABASE_PUBLISHABLE_KEY: project.publishableKey,
      },
    },
  );
  const told_ = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  expect(told_.series.slice(0, 4)).toEqual([
    { period: "2026-01-01", value: 100, delta: null, is_gap: false },
    { period: "2026-01-02", value: 103, delta: 3, is_gap: false },
    { period: "2026-01-03", value: null, delta: null, is_gap: true },
    { period: "2026-01-04", value: 109, delta: 6, is_gap: false },
  ]);
  expect(told_).toMatchObject({
    dashboard: {
      connections: [{ platform: "github", status: "connected" }],
      snapshots: { github: { snapshot_date: "2026-02-01" }, youtube: null },
      top: { repositories: [{ full_name: "you/shop" }] },
      goals: [],
    },
    weeks: [{ snapshot_date: "2026-01-26", metrics: { github: { total_stars: 190 } }, gaps: [] }, {}, {}, {}],
    goal: { metric: "total_stars", current_value: 190, baseline_value: 100, is_achieved: true },
    progress: { current_value: 190, percentage: 126.7, remaining: 0, pace_present: null, status: "achieved" },
    fewer: { metric: "total_open_issues", current_value: 5, is_achieved: true },
    days: 31,
  });
  expect(told_.goal.achieved_at).toMatch(/^2026-01-18T23:59:59\.999999/);
});
