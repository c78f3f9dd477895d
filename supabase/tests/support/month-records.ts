import { addDays, type Day, DAY_MS, dayOf, startOf } from "./month-days.ts";
import { reposOf } from "./month-world.ts";
import type { Account, Platform, SyncProviders } from "./sync.ts";

// What is to be stored of a user, found out from what the providers had when they were asked.

export type Coverage = "all" | "user" | "repository";

export interface Watched {
  index: number;
  id: string;
  account: Account;
  loses: boolean;
  timezone: string;
  /** What the monitors of GitHub cover. */
  coverage: Coverage;
  /** Of `repository`: the ids. */
  repoIds: number[];
  /** The workspace in which GitHub is watched too. */
  workspaceId: string | null;
  connections: Record<Platform, string>;
}

export interface Resource {
  /** As the table has it, but for our own columns. */
  row: Record<string, unknown>;
  removedAt: number | null;
}

type Readings = Map<Day, Map<string, Map<string, number>>>;

const iso = (at: Date | null): string | null => at && at.toISOString();

/** The records of one user. */
export class Records {
  readonly owner: Watched;
  readonly readings: Record<Platform, Readings> = { github: new Map(), youtube: new Map(), devto: new Map() };
  readonly resources: Record<Platform, Map<string, Resource>> = {
    github: new Map(),
    youtube: new Map(),
    devto: new Map(),
  };
  /** commits, pull requests, issues, repositories */
  readonly contributions = new Map<Day, [number, number, number, number]>();
  /** subscribers, views, videos */
  readonly channelStats = new Map<Day, [number, number, number]>();
  readonly #providers: SyncProviders;
  readonly #backfillDays: number;
  /** How many videos were listed, and when; null: the list is read the next time. */
  #listed: { count: number; at: number } | null = null;

  constructor(owner: Watched, providers: SyncProviders, backfillDays: number) {
    this.owner = owner;
    this.#providers = providers;
    this.#backfillDays = backfillDays;
  }

  #read(platform: Platform, at: number, metric: string, resource: string, value: number | null): void {
    if (value === null) return;
    const day = dayOf(this.owner.timezone, at);
    const ofDay = this.readings[platform].get(day) ?? new Map<string, Map<string, number>>();
    this.readings[platform].set(day, ofDay);
    const ofMetric = ofDay.get(metric) ?? new Map<string, number>();
    ofDay.set(metric, ofMetric.set(resource, value));
  }

  #put(platform: Platform, id: string, row: Record<string, unknown>): void {
    const old = this.resources[platform].get(id)?.row ?? {};
    // a number that is hidden keeps the last one
    const kept = Object.entries(row).map(([name, value]) => [
      name,
      value === null && name.endsWith("_count") ? old[name] ?? 0 : value,
    ]);
    this.resources[platform].set(id, { row: Object.fromEntries(kept), removedAt: null });
  }

  #remove(platform: Platform, at: number, isGone: (id: string) => boolean): void {
    for (const [id, resource] of this.resources[platform]) {
      if (resource.removedAt === null && isGone(id)) resource.removedAt = at;
    }
  }

  /** The repositories that GitHub answers when it is asked for what is watched. */
  watchedRepos() {
    const own = reposOf(this.#providers, this.owner);
    if (this.owner.coverage === "all") return own;
    return this.owner.coverage === "user" ? [] : own.filter(({ id }) => this.owner.repoIds.includes(id));
  }

  readRepositories(at: number): void {
    if (this.owner.coverage === "user") return;
    const repos = this.watchedRepos();
    for (const repo of repos) {
      const id = String(repo.id);
      this.#put("github", id, {
        github_repo_id: id,
        name: repo.name,
        full_name: `${repo.owner}/${repo.name}`,
        description: repo.description,
        language: repo.language,
        stars_count: repo.stars,
        forks_count: repo.forks,
        watchers_count: repo.stars,
        open_issues_count: repo.openIssues,
        is_private: repo.isPrivate,
        is_fork: repo.isFork,
        created_at: iso(repo.createdAt),
        updated_at: new Date(Math.floor(repo.updatedAt.getTime() / 1000) * 1000).toISOString(),
      });
      this.#read("github", at, "stars", id, repo.stars);
      this.#read("github", at, "forks", id, repo.forks);
      this.#read("github", at, "open_issues", id, repo.openIssues);
    }
    const ids = new Set(repos.map(({ id }) => String(id)));
    this.#remove("github", at, (id) => !ids.has(id));
    if (this.owner.coverage === "all") this.#read("github", at, "repositories", "", repos.length);
  }

  /** The last seven days again, and earlier ones once. */
  readContributions(at: number): void {
    if (this.owner.coverage === "repository") return;
    const { timezone, account } = this.owner;
    const today = dayOf(timezone, at);
    for (let n = 0; n < this.#backfillDays; n++) {
      const day = addDays(today, -n);
      if (n >= 7 && this.contributions.has(day)) continue;
      const [from, to] = [startOf(timezone, day), startOf(timezone, addDays(day, 1))];
      const within = account.github.contributions.filter((one) =>
        one.at.getTime() >= from && one.at.getTime() < to
      );
      const sum = (kind: string) =>
        within.reduce((total, one) => total + (one.kind === kind ? one.count : 0), 0);
      const repos = new Set(within.filter(({ kind }) => kind === "commit").map(({ repo }) => repo));
      this.contributions.set(day, [sum("commit"), sum("pull_request"), sum("issue"), repos.size]);
    }
  }

  readChannel(at: number): void {
    const { channel } = this.owner.account;
    const shown = channel.videos.filter(({ privacy }) => privacy === "public");
    const subscribers = channel.hidesSubscribers ? null : channel.subscribers;
    const last = [...this.channelStats].toSorted(([a], [b]) => a < b ? -1 : 1).at(-1)?.[1];
    this.channelStats.set(dayOf(this.owner.timezone, at), [
      subscribers ?? last?.[0] ?? 0,
      channel.views,
      shown.length,
    ]);
    this.#read("youtube", at, "channel_subscribers", "", subscribers);
    this.#read("youtube", at, "channel_views", "", channel.views);
    this.#read("youtube", at, "channel_videos", "", shown.length);
    const stored = [...this.resources.youtube].filter(([, { removedAt }]) => removedAt === null);
    const shownIds = new Set(shown.map(({ id }) => id));
    const isListKept = this.#listed?.count === shown.length && at - this.#listed.at < DAY_MS;
    const isSwapped = isListKept && stored.some(([id]) => !shownIds.has(id));
    // what came in the place of another one is read the next time, for the sake of its cost
    const seen = isSwapped ? shown.filter(({ id }) => stored.some(([known]) => known === id)) : shown;
    for (const video of seen) {
      const { id, views, likes, comments } = video;
      this.#put("youtube", id, {
        youtube_video_id: id,
        title: video.title,
        duration_seconds: 253,
        view_count: views,
        like_count: likes,
        comment_count: comments,
        published_at: iso(video.publishedAt),
      });
      this.#read("youtube", at, "views", id, views);
      this.#read("youtube", at, "likes", id, likes);
      this.#read("youtube", at, "comments", id, comments);
    }
    this.#remove("youtube", at, (id) => !shownIds.has(id));
    if (isSwapped) this.#listed = null;
    else if (!isListKept) this.#listed = { count: shown.length, at };
  }

  readArticles(at: number): void {
    const shown = this.owner.account.devto.articles.filter(({ isPublished }) => isPublished);
    for (const article of shown) {
      const id = String(article.id);
      this.#put("devto", id, {
        devto_article_id: article.id,
        title: article.title,
        description: article.description,
        published_at: iso(article.publishedAt),
        reading_time_minutes: article.readingTimeMinutes,
        view_count: article.views,
        reaction_count: article.reactions,
        comment_count: article.comments,
      });
      this.#read("devto", at, "views", id, article.views);
      this.#read("devto", at, "reactions", id, article.reactions);
      this.#read("devto", at, "comments", id, article.comments);
    }
    const ids = new Set(shown.map(({ id }) => String(id)));
    this.#remove("devto", at, (id) => !ids.has(id));
    this.#read("devto", at, "articles", "", shown.length);
  }
}
