import { randomUUID } from "node:crypto";
import type { Sql } from "postgres";
import { addDays, type Day, startOf } from "./month-days.ts";
import type { Goal } from "./month-goals.ts";
import { type Watched } from "./month-records.ts";
import { reposOf } from "./month-world.ts";
import { addAccounts, connectTo, type Platform, type SyncProviders } from "./sync.ts";

const ZONES = [
  "America/New_York",
  "Europe/Berlin",
  "UTC",
  "Pacific/Auckland",
  "Asia/Kolkata",
  "America/Los_Angeles",
];
const COVERAGES = ["all", "user", "repository", "all", "all"] as const;
const PLATFORMS: readonly Platform[] = ["github", "youtube", "devto"];

/** Adds users with an account at each provider, in several time zones. */
export async function addOwners(sql: Sql, providers: SyncProviders, count: number): Promise<Watched[]> {
  const owners = Array.from({ length: count }, (_, index): Watched => ({
    index,
    id: randomUUID(),
    account: addAccounts(providers, `user${index}`),
    // a day that is told by two clocks has no clear end
    loses: !isTraveler(index),
    timezone: ZONES[index % ZONES.length] ?? "UTC",
    coverage: COVERAGES[index % COVERAGES.length] ?? "all",
    repoIds: [],
    workspaceId: null,
    connections: { github: "", youtube: "", devto: "" },
  }));
  for (const { id, index, timezone } of owners) {
    await sql`insert into auth.users (id, email) values (${id}, ${`user${index}@example.org`})`;
    await sql`update public.profiles set timezone = ${timezone} where id = ${id}`;
  }
  return owners;
}

/** Every sixth user, who lives in Auckland, flies to Los Angeles. */
export const isTraveler = (index: number): boolean => index % 6 === 3;

/** Connects the accounts, and watches them from this time on. */
export async function watch(
  sql: Sql,
  providers: SyncProviders,
  owners: Watched[],
  at: number,
  first: Day,
): Promise<void> {
  for (const owner of owners) {
    if (owner.index % 4 === 0) owner.workspaceId = await addWorkspace(sql, owner);
    for (const platform of PLATFORMS) {
      const connection = await connectTo(sql, providers, owner.id, platform, owner.account, null);
      owner.connections[platform] = connection;
      const resources = platform === "github" && owner.coverage === "repository"
        ? reposOf(providers, owner).slice(0, 2).map(({ id }) => id)
        : [null];
      if (platform === "github") owner.repoIds = resources.filter((id) => id !== null);
      for (const resource of resources) {
        await sql`
          insert into public.monitors (
            user_id, platform, platform_connection_id, monitor_type, platform_resource_id, sync_frequency,
            workspace_id, created_at
          ) values (
            ${owner.id}, ${platform}, ${connection}, ${platform === "github" ? owner.coverage : "all"},
            ${resource === null ? null : String(resource)}, 60,
            ${platform === "github" ? owner.workspaceId : null}, ${new Date(at)}
          )
        `;
      }
    }
    await sql`
      update private.snapshot_state
      set closed_through = ${addDays(first, -1)},
        closes_at = ${new Date(startOf(owner.timezone, addDays(first, 1)))}
      where user_id = ${owner.id}
    `;
  }
}

async function addWorkspace(sql: Sql, { id, index }: Watched): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    insert into public.workspaces (name, slug, owner_id)
    values (${`Team ${index}`}, ${`team-${index}`}, ${id}) returning id
  `;
  if (!row) throw new Error("no workspace");
  await sql`
    insert into public.workspace_members (workspace_id, user_id, role) values (${row.id}, ${id}, 'owner')
    on conflict do nothing
  `;
  return row.id;
}

/** Adds the goals of a user, some of which will be achieved. */
export async function addGoals(
  sql: Sql,
  providers: SyncProviders,
  owner: Watched,
  first: Day,
): Promise<Goal[]> {
  const { channel, devto } = owner.account;
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  const repos = reposOf(providers, owner).filter(({ id }) =>
    owner.coverage === "all" || owner.repoIds.includes(id)
  );
  const vary = owner.index % 7;
  const goals: Omit<Goal, "id" | "achievedAt">[] = [
    {
      platform: "all",
      type: "views",
      metric: "total_views",
      target: channel.views + sum(devto.articles.map(({ views }) => views)) + 600 * (vary + 1),
      unit: "views",
      start: addDays(first, -2),
      end: null,
      direction: "reach",
    },
    {
      platform: "youtube",
      type: "followers",
      metric: "total_subscribers",
      target: 2 * (vary + 1),
      unit: "percentage",
      start: addDays(first, 1),
      end: addDays(first, 20),
      direction: "reach",
    },
    {
      platform: "devto",
      type: "reactions",
      metric: "total_reactions",
      target: sum(devto.articles.map(({ reactions }) => reactions)) + 30 + 20 * vary,
      unit: "reactions",
      start: first,
      end: addDays(first, 7),
      direction: "keep_below",
    },
    owner.coverage === "user"
      ? {
        platform: "github",
        type: "commits",
        metric: "commits",
        target: 20 * (vary + 1),
        unit: "commits",
        start: first,
        end: addDays(first, 14),
        direction: "reach",
      }
      : {
        platform: "github",
        type: "stars",
        metric: "total_stars",
        target: sum(repos.map(({ stars }) => stars)) + 4 * (vary + 1),
        unit: "stars",
        start: first,
        end: null,
        direction: "reach",
      },
  ];
  const added = [];
  for (const goal of goals) {
    const [row] = await sql<{ id: string }[]>`
      insert into public.goals (user_id, platform, goal_type, target_value, unit, start_date, end_date, direction)
      values (
        ${owner.id}, ${goal.platform}, ${goal.type}, ${goal.target}, ${goal.unit}, ${goal.start}, ${goal.end},
        ${goal.direction}
      ) returning id
    `;
    if (row) added.push({ ...goal, id: row.id, achievedAt: null });
  }
  return added;
}
