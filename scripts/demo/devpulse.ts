import assert from "node:assert/strict";
import { styleText } from "node:util";
import type postgres from "postgres";
import { type FakeDevto, startFakeDevto } from "../fakes/devto.ts";
import type { FakeGithub } from "../fakes/github.ts";
import { type FakeGoogle, startFakeGoogle } from "../fakes/google.ts";
import type { Project } from "../local/stack.ts";
import { heading, print, table, timed } from "../terminal.ts";
import { type Client, rows, single } from "./rows.ts";
import { withConnection } from "../connection.ts";

const RETURN_TO = "https://app.fixloop.example/connections";
const CLIENT = { id: "fixloop-demo", secret: "a-client-secret-of-the-demo" };
const API_KEY = "a-dev-to-api-key-of-the-demo";
const REPOSITORY = "tiny-csv";
/** On a day without a new one GitHub answers 304, which costs nothing. */
const NEW_STARS = [3, 0, 5, 4, 0, 7, 0];
const DAYS = NEW_STARS.length;

/** The providers that Maya connects, and what the functions need to know of them. */
export interface Providers {
  github: FakeGithub;
  google: FakeGoogle;
  devto: FakeDevto;
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts fakes of Google and Dev.to next to a running one of GitHub. */
export async function startProviders(github: FakeGithub): Promise<Providers> {
  const [google, devto] = await Promise.all([startFakeGoogle(), startFakeDevto()]);
  return {
    github,
    google,
    devto,
    env: {
      GITHUB_URL: github.url,
      GITHUB_OAUTH_CLIENT_ID: CLIENT.id,
      GITHUB_OAUTH_CLIENT_SECRET: CLIENT.secret,
      GOOGLE_ACCOUNTS_URL: google.url,
      GOOGLE_OAUTH_URL: google.url,
      GOOGLE_API_URL: google.url,
      GOOGLE_OAUTH_CLIENT_ID: CLIENT.id,
      GOOGLE_OAUTH_CLIENT_SECRET: CLIENT.secret,
      DEVTO_API_URL: `${devto.url}/api`,
    },
    async stop() {
      await Promise.all([google.stop(), devto.stop()]);
    },
  };
}

export interface DevpulseStage {
  project: Project;
  providers: Providers;
  maya: Client;
}

/** Maya connects her accounts, and follows a week of their numbers and a goal. */
export async function followNumbers(stage: DevpulseStage): Promise<void> {
  await withConnection(stage.project.databaseUrl, async (sql) => {
    await connectAccounts(stage, sql);
    await watch(stage);
    await passWeek(stage, sql);
    await showNumbers(stage);
  });
}

async function connectAccounts(
  { project, providers, maya }: DevpulseStage,
  sql: postgres.Sql,
): Promise<void> {
  heading("Maya connects GitHub, YouTube and Dev.to");
  const { github, google, devto } = providers;
  github.state.oauth.consent.as = "maya-chen";
  google.state.addUser({ name: "Maya", channel: { title: "Maya codes", subscribers: 1200, views: 50_000 } });
  google.state.oauth.consent.as = "Maya";
  devto.state.addUser({ username: "maya", apiKey: API_KEY });
  const callback = `${project.url}/functions/v1/oauth-callback`;
  github.state.oauth.apps.push({ ...CLIENT, redirectUris: [`${callback}/github`] });
  google.state.oauth.apps.push({ ...CLIENT, redirectUris: [`${callback}/youtube`] });
  await sql`update public.devpulse_settings set return_urls = ${[RETURN_TO]} where id`;

  await timed("GitHub: she agrees in her browser", () => connect(maya, "github"));
  await timed("YouTube likewise", () => connect(maya, "youtube"));
  await timed("Dev.to has no OAuth: she pastes an API key", async () => {
    const { error } = await maya.functions.invoke("connect-devto", { body: { api_key: API_KEY } });
    if (error) throw error;
  });
  table(
    await rows(
      maya.from("platform_connections").select("platform, platform_username, status, access_token")
        .order("created_at"),
    ),
    ["platform", "platform_username", "status", "access_token"],
    44,
  );
}

/** What a browser and the page in it do: two redirects each way, then the page's own call. */
async function connect(maya: Client, platform: "github" | "youtube"): Promise<void> {
  const started = await maya.functions.invoke("oauth-start", { body: { platform, return_to: RETURN_TO } });
  if (started.error) throw started.error;
  const toProvider = await visit(started.data.url);
  const toCallback = await visit(toProvider.location);
  const toPage = await visit(toCallback.location, toProvider.cookie);
  const code = new URL(toPage.location).searchParams.get("connection_code");
  assert.ok(code, toPage.location);
  const completed = await maya.functions.invoke(`oauth-callback/${platform}`, { body: { code } });
  if (completed.error) throw completed.error;
}

async function visit(url: string, cookie = ""): Promise<{ location: string; cookie: string }> {
  const response = await fetch(url, { redirect: "manual", headers: cookie ? { cookie } : {} });
  const location = response.headers.get("location");
  assert.ok(location, `${response.status} ${await response.text()}`);
  return { location, cookie: response.headers.getSetCookie()[0]?.split(";")[0] ?? "" };
}

async function watch({ maya, providers }: DevpulseStage): Promise<void> {
  heading("She chooses what to watch, and sets a goal");
  const connections = await rows(maya.from("platform_connections").select("id, user_id, platform"));
  for (const { id, user_id, platform } of connections) {
    await single(
      maya.from("monitors").insert({ user_id, platform, platform_connection_id: id, monitor_type: "all" })
        .select("id"),
    );
  }
  print(`${styleText("green", "✓")} everything of each connection, every 15 minutes`);
  const [first] = connections;
  assert.ok(first);
  await single(
    maya.from("goals").insert({
      user_id: first.user_id,
      platform: "github",
      goal_type: "stars",
      target_value: 30,
      unit: "count",
      start_date: day(1 - DAYS),
      end_date: day(DAYS),
    }).select("id"),
  );
  print(`${styleText("green", "✓")} 30 stars by ${day(DAYS)}`);
  providers.github.state.addRepo({ owner: "maya-chen", name: REPOSITORY, stars: 12 });
  const user = providers.github.state.users.find(({ login }) => login === "maya-chen");
  assert.ok(user);
  const commits = [2, 0, 5, 3, 1, 0, 0, 4, 6, 2, 3, 8, 0, 1, 5, 2, 7, 0, 0, 3, 4, 1, 9, 2, 5, 0, 3, 6];
  for (const [ago, count] of commits.entries()) {
    if (count === 0) continue;
    user.contributions.push({
      kind: "commit",
      at: new Date(Date.now() - ago * 86_400_000),
      repo: `maya-chen/${REPOSITORY}`,
      count,
    });
  }
}

/** Each day is read for real; then what was read is moved a day into the past. */
async function passWeek({ project, providers }: DevpulseStage, sql: postgres.Sql): Promise<void> {
  heading("A week in fast motion");
  const repo = providers.github.state.repos.find(({ name }) => name === REPOSITORY);
  const channel = providers.google.state.users[0]?.channel;
  assert.ok(repo && channel);
  for (let at = 0; at < DAYS; at++) {
    if (at > 0) await moveBack(sql);
    await timed(`day ${at + 1}: the scheduler calls platform-sync`, async () => {
      const response = await fetch(`${project.url}/functions/v1/platform-sync`, {
        method: "POST",
        headers: { apikey: project.secretKey },
      });
      const report = await response.json();
      assert.equal(report.succeeded, 3, JSON.stringify(report));
    });
    repo.stars += NEW_STARS[at] ?? 0;
    channel.subscribers += 10 * at;
    channel.views += 400 + 35 * at;
  }
  await buildSnapshots(sql);
}

/** What a job does each minute; a run of the job may have taken some of the days by now. */
async function buildSnapshots(sql: postgres.Sql): Promise<void> {
  for (;;) {
    await sql`select private.run_snapshots()`;
    const [left] = await sql`select from private.snapshot_marks limit 1`;
    if (!left) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function moveBack(sql: postgres.Sql): Promise<void> {
  // in two steps, as the key of each row is checked by itself
  for (const days of [-1001, 1000]) {
    await sql`
      update private.metric_readings
      set day = day + ${days}::integer, observed_at = observed_at + make_interval(days => ${days})
    `;
    await sql`update public.youtube_channel_stats set date = date + ${days}::integer`;
  }
  await sql`update private.sync_schedule set next_sync_at = now(), readings_on = readings_on - 1`;
}

async function showNumbers({ maya, providers }: DevpulseStage): Promise<void> {
  heading("What Maya sees");
  for (
    const [platform, metric, days] of [
      ["github", "commits", 28],
      ["github", "total_stars", DAYS],
      ["youtube", "total_views", DAYS],
    ] as const
  ) {
    const series = await rows(
      maya.rpc("metric_series", { platform, metric, from: day(1 - days), to: day(0) }),
    );
    const values = series.map(({ value }) => value);
    print(
      `${`${platform} ${metric}`.padEnd(22)}${sparkline(values)}  ${values[0] ?? "–"} → ${
        values.at(-1) ?? "–"
      }`,
    );
  }
  const goals = await rows(
    maya.from("goal_progress").select(
      "goal_type, current_value, target_value, percentage, pace_present, status, achieved_at",
    ),
  );
  table(goals, Object.keys(goals[0] ?? {}));
  const github = providers.github.state.requests.filter(({ path }) => path.startsWith("/user/repos"));
  const free = github.filter(({ status }) => status === 304).length;
  const units = providers.google.state.requests.reduce((sum, { cost }) => sum + cost, 0);
  print(
    styleText(
      "dim",
      `It cost ${units} units of YouTube's 10,000 a day, ${providers.devto.state.requests.length} requests to Dev.to, and ${github.length} lists of repositories, ${free} of them unchanged.`,
    ),
  );
}

/** The date, so many days from today, in UTC. */
const day = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

const BARS = "▁▂▃▄▅▆▇█";

/** One bar per value, from the least to the most; a gap is a dot. */
function sparkline(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return values.map((value) =>
    value === null
      ? "·"
      : BARS[high === low ? 0 : Math.round((value - low) / (high - low) * (BARS.length - 1))]
  )
    .join("");
}
