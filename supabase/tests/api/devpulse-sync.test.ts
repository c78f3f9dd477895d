import { beforeEach, describe, expect, test } from "vitest";
import { rows, signUp } from "../support/people.ts";
import {
  type Account,
  addAccounts,
  addMonitor,
  connectTo,
  lastRun,
  readingsOf,
  useSync,
} from "../support/sync.ts";

// The sync over the real stack and fakes of the providers: what is stored, and what each provider is asked.

const logLines: string[] = [];
const { providers, project, sql, sync, again, repo } = await useSync(60, (_, line) => logLines.push(line));
const maya = await signUp(project, "maya");
let account: Account;
beforeEach(() => {
  account = addAccounts(providers, "maya");
});

describe("GitHub", () => {
  const asked = () =>
    providers.github.state.requests.map(({ method, path, status }) =>
      `${method} ${path.split("?")[0]} ${status}`
    );

  test("repositories and contributions are stored, as the user sees them", async () => {
    const shop = repo("shop", { stars: 5, forks: 2, openIssues: 1, language: "TypeScript" });
    account.github.contributions.push(
      { kind: "commit", at: new Date(), repo: "maya/shop", count: 3 },
      { kind: "issue", at: new Date(), repo: "maya/shop", count: 1 },
    );
    const connection = await connectTo(sql, providers, maya.id, "github", account);
    expect(await sync()).toMatchObject({ claimed: 1, succeeded: 1, stopped: null });
    expect(await rows(maya.client.from("github_repositories").select("*"))).toMatchObject([{
      github_repo_id: shop.id,
      full_name: "maya/shop",
      stars_count: 5,
      forks_count: 2,
      watchers_count: 5,
      open_issues_count: 1,
      language: "TypeScript",
      removed_at: null,
    }]);
    const contributions = await rows(
      maya.client.from("github_contributions").select("*").order("date", { ascending: false }),
    );
    expect(contributions).toHaveLength(60);
    expect(contributions[0]).toMatchObject({
      commits_count: 3,
      issues_count: 1,
      repositories_contributed_to: 1,
    });
    expect(contributions[1]).toMatchObject({ commits_count: 0 });
    expect(await readingsOf(sql, connection)).toEqual([
      `forks ${shop.id} 2`,
      `open_issues ${shop.id} 1`,
      "repositories  1",
      `stars ${shop.id} 5`,
    ]);
    expect(asked()).toEqual(["GET /user/repos 200", "POST /graphql 200", "POST /graphql 200"]);
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "succeeded",
      cost: 3,
      counts: { repositories: 1, days: 60 },
    });
    expect(await rows(maya.client.from("sync_runs").select("state, cost"))).toEqual([{
      state: "succeeded",
      cost: 3,
    }]);
  });

  test("on quiet days, nine of ten answers of REST are 304, and every day has its readings", async () => {
    for (let count = 1; count <= 3; count++) repo(`repo-${count}`, { stars: count });
    const other = providers.github.state.addRepo({
      owner: "acme",
      name: "lib",
      stars: 9,
      createdAt: new Date(0),
    });
    const connection = await connectTo(sql, providers, maya.id, "github", account);
    await addMonitor(sql, connection, { monitor_type: "repository", platform_resource_id: String(other.id) });
    await sync();
    const before = await readingsOf(sql, connection);
    expect(before).toHaveLength(4 * 3 + 1);
    for (let day = 1; day <= 9; day++) {
      // a day on which nothing was read yet
      await sql`delete from private.metric_readings`;
      await sql`update private.sync_schedule set readings_on = readings_on - 1`;
      await again();
      expect(await readingsOf(sql, connection)).toEqual(before);
    }
    const rest = providers.github.state.requests.filter(({ path }) => path !== "/graphql");
    expect(rest).toHaveLength(20);
    expect(rest.filter(({ status }) => status === 304)).toHaveLength(18);
    expect(account.github.remaining).toBe(4998);
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "succeeded",
      cost: 0,
      counts: { unchanged: 4, unchanged_answers: 2 },
    });
  });

  test("a star more, a rename, a new and a deleted repository", async () => {
    const [shop, old] = [repo("shop", { stars: 5 }), repo("old", { stars: 1 })];
    const connection = await connectTo(sql, providers, maya.id, "github", account);
    await sync();
    shop.stars = 6;
    providers.github.state.moveRepo(shop, { name: "store" });
    providers.github.state.repos.splice(providers.github.state.repos.indexOf(old), 1);
    const added = repo("new", { createdAt: new Date("2026-02-01T00:00:00Z") });
    await again();
    const stored = await rows(
      maya.client.from("github_repositories").select("github_repo_id, name, stars_count, removed_at").order(
        "name",
      ),
    );
    expect(stored).toEqual([
      { github_repo_id: added.id, name: "new", stars_count: 0, removed_at: null },
      { github_repo_id: old.id, name: "old", stars_count: 1, removed_at: expect.any(String) },
      { github_repo_id: shop.id, name: "store", stars_count: 6, removed_at: null },
    ]);
    expect(await readingsOf(sql, connection)).toEqual(expect.arrayContaining([
      `stars ${shop.id} 6`,
      "repositories  2",
    ]));
  });

  test("a repository that a monitor names is read by its id, whatever it is called later", async () => {
    const lib = providers.github.state.addRepo({
      owner: "acme",
      name: "lib",
      stars: 9,
      createdAt: new Date(0),
    });
    const connection = await connectTo(sql, providers, maya.id, "github", account, null);
    const monitor = await addMonitor(sql, connection, {
      monitor_type: "repository",
      platform_resource_id: "acme/lib",
    });
    await sync();
    expect(await rows(maya.client.from("monitors").select("platform_resource_id").eq("id", monitor))).toEqual(
      [
        { platform_resource_id: String(lib.id) },
      ],
    );
    providers.github.state.moveRepo(lib, { owner: "other", name: "core" });
    providers.github.state.addRepo({ owner: "acme", name: "lib", stars: 1 });
    await again();
    expect(await rows(maya.client.from("github_repositories").select("full_name, stars_count"))).toEqual([
      { full_name: "other/core", stars_count: 9 },
    ]);
    providers.github.state.repos.length = 0;
    await again();
    expect(await rows(maya.client.from("github_repositories").select("removed_at"))).toEqual([
      { removed_at: expect.any(String) },
    ]);
    expect(asked()).toEqual([
      "GET /repos/acme/lib 200",
      `GET /repositories/${lib.id} 200`,
      `GET /repositories/${lib.id} 404`,
    ]);
  });
});

describe("YouTube", () => {
  test("costs three units for a creator with 50 videos, and two while their number is the same", async () => {
    Object.assign(account.channel, { subscribers: 1230, views: 98_765 });
    const videos = Array.from(
      { length: 50 },
      (_, at) =>
        providers.google.state.addVideo(account.channel, {
          title: `Video ${at}`,
          views: at,
          likes: 2,
          comments: null,
        }),
    );
    providers.google.state.addVideo(account.channel, { title: "Private", privacy: "private" });
    const connection = await connectTo(sql, providers, maya.id, "youtube", account);
    expect(await sync()).toMatchObject({ succeeded: 1 });
    // the private one fills a second page of the list
    expect(providers.google.state.cost()).toBe(4);
    expect(await rows(maya.client.from("youtube_channel_stats").select("*"))).toMatchObject([{
      subscriber_count: 1230,
      total_views: 98_765,
      video_count: 50,
    }]);
    expect(
      await rows(
        maya.client.from("youtube_videos").select(
          "title, view_count, like_count, comment_count, duration_seconds",
        ).eq("youtube_video_id", videos[7]?.id ?? ""),
      ),
    ).toEqual([
      { title: "Video 7", view_count: 7, like_count: 2, comment_count: 0, duration_seconds: 253 },
    ]);
    const readings = await readingsOf(sql, connection);
    expect(readings).toHaveLength(3 + 50 * 2);
    expect(readings).toContain("channel_subscribers  1230");
    await again();
    expect(providers.google.state.cost()).toBe(6);
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "succeeded",
      cost: 2,
      counts: { videos: 50 },
    });
    expect(await sql`select spent_count from private.provider_spending where provider = 'youtube'`).toEqual([{
      spent_count: 6,
    }]);
    expect(providers.google.state.requests.map(({ path }) => path).join(" ")).not.toContain("search");
  });

  test("a video in the place of another one is read by the next run, for no more units", async () => {
    const [first] = ["one", "two"].map((title) =>
      providers.google.state.addVideo(account.channel, { title })
    );
    const stored = () => rows(maya.client.from("youtube_videos").select("title, removed_at").order("title"));
    await connectTo(sql, providers, maya.id, "youtube", account);
    await sync();
    if (first) first.privacy = "private";
    providers.google.state.addVideo(account.channel, { title: "three" });
    await again();
    expect(providers.google.state.cost()).toBe(3 + 3);
    expect(await stored()).toEqual([
      { title: "one", removed_at: expect.any(String) },
      { title: "two", removed_at: null },
    ]);
    await again();
    expect(providers.google.state.cost()).toBe(3 + 3 + 3);
    expect(await stored()).toEqual([
      { title: "one", removed_at: expect.any(String) },
      { title: "three", removed_at: null },
      { title: "two", removed_at: null },
    ]);
    await again();
    expect(providers.google.state.cost()).toBe(3 + 3 + 3 + 2);
  });

  test("the only video is replaced by another one", async () => {
    const connection = await connectTo(sql, providers, maya.id, "youtube", account);
    providers.google.state.addVideo(account.channel, { title: "one" });
    await sync();
    account.channel.videos.length = 0;
    providers.google.state.addVideo(account.channel, { title: "two" });
    await again();
    await again();
    expect(providers.google.state.cost()).toBe(3 + 2 + 3);
    expect(await lastRun(sql, connection)).toMatchObject({ state: "succeeded", error_code: null });
    expect(await rows(maya.client.from("youtube_videos").select("title, removed_at").order("title"))).toEqual(
      [
        { title: "one", removed_at: expect.any(String) },
        { title: "two", removed_at: null },
      ],
    );
  });

  test("a hidden number of subscribers leaves no reading, and the last one stays", async () => {
    account.channel.subscribers = 50;
    const connection = await connectTo(sql, providers, maya.id, "youtube", account);
    await sync();
    await sql`update public.youtube_channel_stats set date = date - 1`;
    await sql`update private.metric_readings set day = day - 1`;
    account.channel.hidesSubscribers = true;
    await again();
    expect(await rows(maya.client.from("youtube_channel_stats").select("subscriber_count").order("date")))
      .toEqual([
        { subscriber_count: 50 },
        { subscriber_count: 50 },
      ]);
    expect(await readingsOf(sql, connection)).toEqual(["channel_videos  0", "channel_views  0"]);
  });
});

describe("Dev.to", () => {
  test("costs one call per user", async () => {
    for (let count = 1; count <= 5; count++) {
      providers.devto.state.addArticle(account.devto, {
        title: `Post ${count}`,
        views: count,
        reactions: 2,
        comments: 1,
        tags: ["a", "b"],
      });
    }
    providers.devto.state.addArticle(account.devto, { title: "Draft", isPublished: false });
    const connection = await connectTo(sql, providers, maya.id, "devto", account);
    expect(await sync()).toMatchObject({ succeeded: 1 });
    expect(providers.devto.state.requests.map(({ path }) => path)).toEqual([
      "/api/articles/me/published?per_page=1000&page=1",
    ]);
    expect(
      await rows(
        maya.client.from("devto_articles").select(
          "title, view_count, reaction_count, comment_count, tags, reading_time_minutes",
        ).eq("title", "Post 3"),
      ),
    ).toEqual([
      {
        title: "Post 3",
        view_count: 3,
        reaction_count: 2,
        comment_count: 1,
        tags: ["a", "b"],
        reading_time_minutes: 3,
      },
    ]);
    expect(await readingsOf(sql, connection)).toHaveLength(5 * 3 + 1);
    expect(await lastRun(sql, connection)).toMatchObject({
      state: "succeeded",
      cost: 1,
      counts: { articles: 5 },
    });
  });

  test("is asked by all users together at its pace, and never refuses", async () => {
    const people = await Promise.all(["ana", "ben", "cleo", "dan", "eva", "finn"].map(async (name) => {
      const person = await signUp(project, name);
      await connectTo(sql, providers, person.id, "devto", addAccounts(providers, name));
      return person;
    }));
    // two calls of the function at the same time
    const reports = await Promise.all([sync(), sync()]);
    expect(reports.reduce((sum, report) => sum + Number(report.succeeded), 0)).toBe(people.length);
    expect(providers.devto.state.requests.map(({ status }) => status)).toEqual(Array(6).fill(200));
    const times = providers.devto.state.requests.map(({ at }) => at.getTime()).sort((a, b) => a - b);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(5 * 400 - 200);
  });
});

test("no token is in the log, nor in what the runs say", async () => {
  const text = logLines.join("\n") + JSON.stringify(await sql`select * from public.sync_runs`);
  expect(logLines.filter((line) => line.includes('"platform-sync"')).length).toBeGreaterThan(10);
  for (const { github, devto } of [account]) {
    for (const hidden of [github.token, devto.apiKey, "gho_", "ya29.", "v1.k1."]) {
      expect(text).not.toContain(hidden);
    }
  }
});
