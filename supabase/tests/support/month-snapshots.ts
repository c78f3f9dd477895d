import {
  addDays,
  type Day,
  dayOf,
  daysBetween,
  periodEnd,
  periodStart,
  type PeriodType,
  startOf,
} from "./month-days.ts";
import type { Records } from "./month-records.ts";
import type { Platform } from "./sync.ts";

// The snapshots that records lead to, counted one by one.

export type Metrics = Record<string, number | null>;

const PLATFORMS: readonly Platform[] = ["devto", "github", "youtube"];
const FLOWS = ["commits", "pull_requests", "issues"] as const;

export interface Snapshot {
  metrics: Partial<Record<Platform, Metrics>>;
  gaps: string[];
}

/** The snapshots of one user, as they are at a time. */
export class Snapshots {
  readonly #records: Records;
  readonly #firstDay: Day;
  readonly #today: Day;
  readonly #daily = new Map<string, Metrics | null>();

  constructor(records: Records, firstDay: Day, at: number) {
    this.#records = records;
    this.#firstDay = firstDay;
    this.#today = dayOf(records.owner.timezone, at);
  }

  get today(): Day {
    return this.#today;
  }

  /** The numbers of a day; null where there is no snapshot. */
  daily(platform: Platform, day: Day): Metrics | null {
    const key = `${platform} ${day}`;
    let metrics = this.#daily.get(key);
    if (metrics === undefined) {
      const counted = this.#count(platform, day);
      const isKnown = Object.values(counted).some((value) => value !== null);
      const isWatched = day >= this.#firstDay && day < this.#today;
      metrics = isKnown || isWatched ? counted : null;
      this.#daily.set(key, metrics);
    }
    return metrics;
  }

  #count(platform: Platform, day: Day): Metrics {
    if (platform === "github") return { ...this.#countRepositories(day), ...this.#countContributions(day) };
    const sum = this.#summer(platform, day, platform === "youtube" ? "channel_videos" : "articles");
    if (platform === "devto") {
      return {
        total_views: sum("views"),
        total_reactions: sum("reactions"),
        total_comments: sum("comments"),
        total_articles: sum("reactions", true),
      };
    }
    const read = this.#records.readings.youtube.get(day);
    const ofChannel = (metric: string) => read?.get(`channel_${metric}`)?.get("") ?? null;
    return {
      total_subscribers: ofChannel("subscribers"),
      total_views: ofChannel("views"),
      total_videos: ofChannel("videos"),
      total_likes: sum("likes"),
      total_comments: sum("comments"),
    };
  }

  #countRepositories(day: Day): Metrics {
    if (this.#records.owner.coverage === "user") return {};
    const sum = this.#summer("github", day, "repositories");
    return {
      total_stars: sum("stars"),
      total_forks: sum("forks"),
      total_open_issues: sum("open_issues"),
      repositories_count: sum("stars", true),
    };
  }

  #countContributions(day: Day): Metrics {
    const { owner, contributions } = this.#records;
    if (owner.coverage === "repository") return {};
    const ofDay = contributions.get(day);
    const total = (at: 0 | 1 | 2) =>
      [...contributions].reduce((sum, [date, counts]) => date <= day ? sum + counts[at] : sum, 0);
    return {
      commits: ofDay?.[0] ?? null,
      pull_requests: ofDay?.[1] ?? null,
      issues: ofDay?.[2] ?? null,
      total_commits: ofDay ? total(0) : null,
      total_pull_requests: ofDay ? total(1) : null,
      total_issues: ofDay ? total(2) : null,
    };
  }

  /** Sums a metric of what counts on a day; null where one that was read lately was not. */
  #summer(platform: Platform, day: Day, list: string) {
    const readings = this.#records.readings[platform];
    const end = startOf(this.#records.owner.timezone, addDays(day, 1));
    const counting = new Map<string, boolean>();
    for (const [id, { removedAt }] of this.#records.resources[platform]) {
      counting.set(id, removedAt === null || removedAt >= end);
    }
    return (metric: string, isCount = false): number | null => {
      const values = [...readings.get(day)?.get(metric) ?? []].filter(([id]) => counting.get(id) !== false);
      if (values.length === 0) return readings.get(day)?.get(list)?.get("") === 0 ? 0 : null;
      const read = new Set(values.map(([id]) => id));
      for (const [id, counts] of counting) {
        if (!counts || read.has(id)) continue;
        for (let n = 1; n <= 30; n++) {
          if (readings.get(addDays(day, -n))?.get(metric)?.has(id)) return null;
        }
      }
      return isCount ? values.length : values.reduce((sum, [, value]) => sum + value, 0);
    };
  }

  /** Levels of the last day that was read, sums of what happened per day. */
  period(type: PeriodType, platform: Platform, start: Day): Metrics | null {
    const end = periodEnd(type, start);
    const days = daysBetween(start, end).flatMap((day) => {
      const metrics = this.daily(platform, day);
      return metrics ? [{ day, metrics }] : [];
    });
    if (days.length === 0) return null;
    const result: Metrics = {};
    for (const { metrics } of days) {
      for (const [name, value] of Object.entries(metrics)) {
        result[name] = value ?? result[name] ?? null;
      }
    }
    if (days.some(({ metrics }) => "commits" in metrics)) {
      const over = daysBetween(start, end).filter((day) => day < this.#today);
      const isWhole = over.every((day) => (this.daily(platform, day)?.commits ?? null) !== null);
      for (const flow of FLOWS) {
        result[flow] = isWhole ? days.reduce((sum, { metrics }) => sum + (metrics[flow] ?? 0), 0) : null;
      }
    }
    return result;
  }

  /** All snapshots of these days and of the weeks and months with them, by `workspace|platform|type|date`. */
  all(days: readonly Day[]): Map<string, Snapshot> {
    const { workspaceId } = this.#records.owner;
    const found = new Map<string, Snapshot>();
    for (const type of ["daily", "weekly", "monthly"] as const) {
      const starts = new Set(days.map((day) => type === "daily" ? day : periodStart(type, day)));
      for (const start of starts) {
        const rows = PLATFORMS.flatMap((platform) => {
          const metrics = type === "daily" ? this.daily(platform, start) : this.period(type, platform, start);
          return metrics ? [[platform, metrics] as const] : [];
        });
        for (const workspace of ["", ...(workspaceId ? [workspaceId] : [])]) {
          const own = rows.filter(([platform]) => workspace === "" || platform === "github");
          for (const row of own) found.set(`${workspace}|${row[0]}|${type}|${start}`, snapshotOf([row]));
          if (own.length > 0) found.set(`${workspace}|all|${type}|${start}`, snapshotOf(own));
        }
      }
    }
    return found;
  }
}

const snapshotOf = (rows: (readonly [Platform, Metrics])[]): Snapshot => ({
  metrics: Object.fromEntries(rows),
  gaps: rows.flatMap(([platform, metrics]) =>
    Object.entries(metrics).filter(([, value]) => value === null).map(([name]) => `${platform}.${name}`)
      .toSorted()
  ),
});
