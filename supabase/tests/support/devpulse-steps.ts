import fc from "fast-check";
import type { ReservedSql, Sql } from "postgres";
import {
  daysOf,
  type Goal,
  type Monitor,
  type Numbers,
  PAST,
  type Platform,
  type Step,
  type User,
} from "./devpulse-model.ts";

// Users with monitors, and what happens to them: generated, and done in the database as a sync does it.

export type By = Sql | ReservedSql;

/** Where a day begins first, last, and somewhere with daylight saving time. */
const ZONES = ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York"];
/** How many of the users are in the workspace. */
const MEMBERS = 2;

const RESOURCES: Record<Platform, readonly string[]> = {
  github: ["1", "2", "3"],
  youtube: ["a", "b", "c"],
  devto: ["1", "2"],
};
const READ: Record<Platform, readonly string[]> = {
  github: ["stars", "forks", "open_issues"],
  youtube: ["views", "likes", "comments"],
  devto: ["views", "reactions", "comments"],
};
const OF_ACCOUNT: Record<Platform, readonly string[]> = {
  github: ["repositories"],
  youtube: ["channel_subscribers", "channel_views", "channel_videos"],
  devto: ["articles"],
};

const platform = fc.constantFrom<Platform>("github", "youtube", "devto");
const user = fc.nat({ max: ZONES.length - 1 });
const day = fc.integer({ min: -PAST, max: 0 });
const number = fc.nat({ max: 40 });
/** On how many days in a row the same is read. */
const length = fc.integer({ min: 1, max: 9 });

/** Most metrics of most resources: what is missing is hidden, or was not read. */
const values = (of: Platform): fc.Arbitrary<Record<string, Numbers>> =>
  fc.record({
    "": fc.record(
      Object.fromEntries(OF_ACCOUNT[of].map((metric) => [metric, fc.option(number, { freq: 4 })])),
    ),
    ...Object.fromEntries(RESOURCES[of].map((resource) => [
      resource,
      fc.record(Object.fromEntries(READ[of].map((metric) => [metric, fc.option(number, { freq: 9 })]))),
    ])),
  }, { requiredKeys: [] });

const observe: fc.Arbitrary<Step> = fc.tuple(user, platform, day, length).chain(
  ([user, platform, day, length]) =>
    values(platform).map((values) => ({ kind: "observe", user, platform, day, length, values })),
);
const contribute: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("contribute"),
  user,
  day,
  length,
  counts: fc.tuple(fc.nat({ max: 9 }), fc.nat({ max: 2 }), fc.nat({ max: 2 })),
});
const remove: fc.Arbitrary<Step> = fc.tuple(user, platform, fc.option(day)).chain(([user, platform, day]) =>
  fc.constantFrom(...RESOURCES[platform]).map((resource) => ({
    kind: "remove",
    user,
    platform,
    resource,
    day,
  }))
);

const monitor: fc.Arbitrary<Monitor> = fc.tuple(user, platform, fc.boolean()).chain(
  ([user, platform, isShared]) => {
    const base = { user, platform, inWorkspace: isShared && user < MEMBERS };
    const type = platform === "github"
      ? fc.constantFrom("repository", "user", "all")
      : platform === "youtube"
      ? fc.constantFrom("channel", "user", "all")
      : fc.constantFrom("user", "all");
    return fc.tuple(type, fc.constantFrom(...RESOURCES.github)).map(([type, resource]) => ({
      ...base,
      type: type as Monitor["type"],
      resource: type === "repository" ? resource : null,
    }));
  },
);

const METRICS: Record<Platform | "all", readonly string[]> = {
  github: ["total_stars", "repositories_count", "commits", "total_commits"],
  youtube: ["total_subscribers", "total_likes"],
  devto: ["total_views", "total_articles"],
  all: ["total_views", "total_comments", "commits"],
};
const goal: fc.Arbitrary<Goal> = fc.tuple(
  user,
  fc.boolean(),
  fc.constantFrom<Platform | "all">("github", "youtube", "devto", "all"),
).chain(([user, isShared, platform]) =>
  fc.record({
    user: fc.constant(user),
    inWorkspace: fc.constant(isShared && user < MEMBERS),
    platform: fc.constant(platform),
    metric: fc.constantFrom(...METRICS[platform]),
    target: number,
    isPercentage: fc.boolean(),
    keepsBelow: fc.boolean(),
    start: fc.integer({ min: -PAST - 2, max: 2 }),
    end: fc.integer({ min: 0, max: PAST }),
  }).map((goal) => ({ ...goal, end: goal.start + goal.end }))
);

/** Monitors, what happens, and goals that are made at the end. */
export const runs = (withToggles: boolean) =>
  fc.array(monitor, { minLength: 5, maxLength: 12 }).chain((monitors) =>
    fc.record({
      monitors: fc.constant(monitors),
      steps: fc.array(
        fc.oneof(
          { arbitrary: observe, weight: 8 },
          { arbitrary: contribute, weight: 5 },
          { arbitrary: remove, weight: 2 },
          { arbitrary: fc.constant<Step>({ kind: "build" }), weight: 3 },
          ...withToggles
            ? [{
              arbitrary: fc.nat({ max: monitors.length - 1 }).map((monitor): Step => ({
                kind: "toggle",
                monitor,
              })),
              weight: 2,
            }]
            : [],
        ),
        { minLength: 5, maxLength: 40 },
      ),
      goals: fc.array(goal, { minLength: 2, maxLength: 8 }),
    })
  );

export interface World {
  readonly users: readonly (User & { id: string; timezone: string; connections: Record<Platform, string> })[];
  readonly workspaceId: string;
  readonly monitorIds: readonly string[];
}

/** New users who have watched for years, whose days before today are closed by the first build. */
export async function createWorld(by: By, monitors: readonly Monitor[]): Promise<World> {
  const users = [];
  for (const timezone of ZONES) {
    const [row] = await by<{ id: string; today: number }[]>`
      insert into auth.users (id, email, email_confirmed_at)
      select u.id, u.id || '@example.org', now() from (select gen_random_uuid() as id) as u
      returning id, (now() at time zone ${timezone})::date - date '1970-01-01' as today
    `;
    if (!row) throw new Error("no user");
    await by`update public.profiles set timezone = ${timezone} where id = ${row.id}`;
    const rows = await by<{ id: string; platform: Platform }[]>`
      insert into public.platform_connections (
        user_id, platform, platform_user_id, platform_username, access_token
      )
      select ${row.id}, p, '1', 'me', 'disconnected' from unnest(array['github', 'youtube', 'devto']) as p
      returning id, platform
    `;
    const connections = Object.fromEntries(rows.map(({ platform, id }) => [platform, id]));
    users.push({ ...row, timezone, connections: connections as Record<Platform, string> });
  }
  const members = users.slice(0, MEMBERS).map(({ id }) => id);
  const [workspace] = await by<{ id: string }[]>`
    insert into public.workspaces (name, slug, owner_id)
    values ('Model', 'model-' || left(${members[0] ?? ""}::text, 8), ${members[0] ?? ""}) returning id
  `;
  const workspaceId = workspace?.id ?? "";
  await by`
    insert into public.workspace_members (workspace_id, user_id)
    select ${workspaceId}, m::uuid from unnest(${members}::text[]) as m on conflict do nothing
  `;
  const monitorIds = [];
  for (const monitor of monitors) {
    const owner = users[monitor.user];
    const [row] = await by<{ id: string }[]>`
      insert into public.monitors (
        user_id, workspace_id, platform, platform_connection_id, monitor_type, platform_resource_id, created_at
      )
      values (
        ${owner?.id ?? ""}, ${monitor.inWorkspace ? workspaceId : null}, ${monitor.platform},
        ${owner?.connections[monitor.platform] ?? ""}, ${monitor.type}, ${monitor.resource}, '2020-01-01'
      )
      returning id
    `;
    monitorIds.push(row?.id ?? "");
  }
  await by`
    update private.snapshot_state as s
    set closed_through = s.closed_through - ${PAST}::integer, closes_at = s.closes_at - ${PAST} * interval '1 day'
    where s.user_id = any (${users.map(({ id }) => id)})
  `;
  return { users, workspaceId, monitorIds };
}

const TABLES: Record<Platform, (by: By, connection: string, resources: string[]) => Promise<unknown>> = {
  github: (by, connection, resources) =>
    by`
      insert into public.github_repositories (
        platform_connection_id, github_repo_id, name, full_name, html_url, created_at, updated_at
      )
      select ${connection}, r::bigint, r, 'me/' || r, 'https://github.com/me', now(), now()
      from unnest(${resources}::text[]) as r
      on conflict on constraint github_repositories_github_repo_id_idx do nothing
    `,
  youtube: (by, connection, resources) =>
    by`
      insert into public.youtube_videos (platform_connection_id, youtube_video_id, title, published_at)
      select ${connection}, r, r, now() from unnest(${resources}::text[]) as r
      on conflict on constraint youtube_videos_youtube_video_id_idx do nothing
    `,
  devto: (by, connection, resources) =>
    by`
      insert into public.devto_articles (platform_connection_id, devto_article_id, title, url)
      select ${connection}, r::integer, r, 'https://dev.to/me' from unnest(${resources}::text[]) as r
      on conflict on constraint devto_articles_devto_article_id_idx do nothing
    `,
};

/** Does a step as a sync, a user or the scheduler does it. */
export async function perform(by: By, world: World, step: Step): Promise<void> {
  if (step.kind === "build") return await build(by);
  if (step.kind === "toggle") {
    await by`update public.monitors set is_active = not is_active where id = ${
      world.monitorIds[step.monitor] ?? ""
    }`;
    return;
  }
  const user = world.users[step.user];
  if (!user) throw new Error(`no user ${step.user}`);
  if (step.kind === "contribute") {
    await by`
      insert into public.github_contributions as c (
        platform_connection_id, date, commits_count, pull_requests_count, issues_count
      )
      select ${user.connections.github}, date '1970-01-01' + d, ${step.counts[0]}::integer,
        ${step.counts[1]}::integer, ${step.counts[2]}::integer
      from unnest(${daysOf(step).map((day) => user.today + day)}::integer[]) as d
      on conflict on constraint github_contributions_connection_date_idx do update
      set commits_count = excluded.commits_count, pull_requests_count = excluded.pull_requests_count,
        issues_count = excluded.issues_count
    `;
    return;
  }
  const connection = user.connections[step.platform];
  if (step.kind === "observe") {
    await TABLES[step.platform](
      by,
      connection,
      Object.keys(step.values).filter((resource) => resource !== ""),
    );
    await by`
      insert into private.metric_readings as m (connection_id, day, metric, resource_id, value, observed_at)
      select ${connection}, date '1970-01-01' + d, n.key, r.key, n.value::text::numeric, now()
      from unnest(${daysOf(step).map((day) => user.today + day)}::integer[]) as d
      cross join jsonb_each(${JSON.stringify(step.values)}::text::jsonb) as r
      cross join lateral jsonb_each(r.value) as n
      where n.value <> 'null'
      on conflict on constraint metric_readings_pkey do update set value = excluded.value
    `;
    return;
  }
  const date = user.today + (step.day ?? 0);
  const [table, column] = {
    github: ["github_repositories", "github_repo_id"],
    youtube: ["youtube_videos", "youtube_video_id"],
    devto: ["devto_articles", "devto_article_id"],
  }[step.platform] as [string, string];
  await by`
    update public.${by(table)} set removed_at = case when ${step.day !== null} then
      (date '1970-01-01' + ${date}::integer + time '12:00') at time zone ${user.timezone} end
    where platform_connection_id = ${connection} and ${by(column)}::text = ${step.resource}
  `;
}

/** Runs the scheduler's job until nothing is marked, as far as nobody else does. */
export async function build(by: By): Promise<void> {
  for (let days = 1; days > 0;) {
    const [row] = await by<{ days: number }[]>`select private.run_snapshots(200) as days`;
    days = row?.days ?? 0;
  }
}
