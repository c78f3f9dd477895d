// What snapshots have to be, computed from all that was read, as plainly as can be: day by day, resource by resource.

export type Platform = "github" | "youtube" | "devto";
export type Numbers = Record<string, number | null>;

/** Days are counted from the user's current one: 0 is today, -1 yesterday. */
export type Step =
  | {
    kind: "observe";
    user: number;
    platform: Platform;
    day: number;
    length: number;
    values: Record<string, Numbers>;
  }
  | {
    kind: "contribute";
    user: number;
    day: number;
    length: number;
    counts: readonly [number, number, number];
  }
  | { kind: "remove"; user: number; platform: Platform; resource: string; day: number | null }
  | { kind: "toggle"; monitor: number }
  | { kind: "build" };

export interface Monitor {
  user: number;
  platform: Platform;
  type: "repository" | "user" | "channel" | "all";
  resource: string | null;
  inWorkspace: boolean;
}

export interface Goal {
  user: number;
  inWorkspace: boolean;
  platform: Platform | "all";
  metric: string;
  target: number;
  isPercentage: boolean;
  keepsBelow: boolean;
  start: number;
  end: number | null;
}

/** A user's current day, as the number of days since 1970. */
export interface User {
  today: number;
}

/** The days that are looked at: this one and those before it, all closed when a run begins. */
export const PAST = 12;

const RESOURCE_METRICS: Record<Platform, Record<string, string>> = {
  github: { total_stars: "stars", total_forks: "forks", total_open_issues: "open_issues" },
  youtube: { total_likes: "likes", total_comments: "comments" },
  devto: { total_views: "views", total_reactions: "reactions", total_comments: "comments" },
};
const COUNTS: Partial<Record<Platform, [string, string]>> = {
  github: ["repositories_count", "stars"],
  devto: ["total_articles", "reactions"],
};
const CHANNEL: Record<string, string> = {
  total_subscribers: "channel_subscribers",
  total_views: "channel_views",
  total_videos: "channel_videos",
};
const LIST: Record<Platform, string> = {
  github: "repositories",
  youtube: "channel_videos",
  devto: "articles",
};
export const FLOWS = ["commits", "pull_requests", "issues"] as const;

const monday = (day: number): number => day - ((day + 3) % 7);
const monthStart = (day: number): number => {
  const date = new Date(day * 86_400_000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / 86_400_000;
};
const monthEnd = (start: number): number => {
  const date = new Date(start * 86_400_000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) / 86_400_000 - 1;
};

/** The days that a step is about, today at the latest. */
export const daysOf = ({ day, length }: { day: number; length: number }): number[] =>
  Array.from({ length }, (_, at) => day + at).filter((each) => each <= 0);

export class Model {
  /** `user platform day` → `resource metric` → value */
  private readonly readings = new Map<string, Map<string, number>>();
  private readonly contributions = new Map<string, readonly [number, number, number]>();
  /** `user platform` → resource → the first day on which it no longer counts */
  private readonly resources = new Map<string, Map<string, number>>();
  private readonly active: boolean[];
  readonly users: readonly User[];
  readonly monitors: readonly Monitor[];

  constructor(users: readonly User[], monitors: readonly Monitor[]) {
    this.users = users;
    this.monitors = monitors;
    this.active = monitors.map(() => true);
  }

  apply(step: Step): void {
    if (step.kind === "observe") {
      for (const day of daysOf(step)) this.observe(step, day);
    } else if (step.kind === "contribute") {
      for (const day of daysOf(step)) this.contributions.set(`${step.user} ${day}`, step.counts);
    } else if (step.kind === "remove") {
      const known = this.resources.get(`${step.user} ${step.platform}`);
      if (known?.has(step.resource)) known.set(step.resource, step.day ?? Infinity);
    } else if (step.kind === "toggle") {
      this.active[step.monitor] = !this.active[step.monitor];
    }
  }

  private observe({ user, platform, values }: Step & { kind: "observe" }, on: number): void {
    const key = `${user} ${platform} ${on}`;
    const day = this.readings.get(key) ?? new Map<string, number>();
    const known = this.resources.get(`${user} ${platform}`) ?? new Map<string, number>();
    for (const [resource, numbers] of Object.entries(values)) {
      if (resource !== "" && !known.has(resource)) known.set(resource, Infinity);
      for (const [metric, value] of Object.entries(numbers)) {
        if (value !== null) day.set(`${resource} ${metric}`, value);
      }
    }
    this.readings.set(key, day);
    this.resources.set(`${user} ${platform}`, known);
  }

  /** Every snapshot: `user scope platform type day` → its metrics by platform. */
  snapshots(): Map<string, Record<string, Numbers>> {
    const all = new Map<string, Record<string, Numbers>>();
    for (const [user] of this.users.entries()) {
      for (const inWorkspace of [false, true]) {
        for (const platform of ["github", "youtube", "devto"] as const) {
          const days = new Map<number, Numbers>();
          for (let day = -PAST; day <= 0; day++) {
            const numbers = this.day(user, inWorkspace, platform, day);
            if (numbers && (day < 0 || Object.values(numbers).some((value) => value !== null))) {
              days.set(day, numbers);
            }
          }
          this.addPlatform(all, user, inWorkspace, platform, days);
        }
      }
    }
    for (const [key, metrics] of [...all]) {
      const [user, scope, , type, day] = key.split(" ");
      const over = `${user} ${scope} all ${type} ${day}`;
      all.set(over, { ...all.get(over), ...metrics });
    }
    return all;
  }

  private addPlatform(
    all: Map<string, Record<string, Numbers>>,
    user: number,
    inWorkspace: boolean,
    platform: Platform,
    days: ReadonlyMap<number, Numbers>,
  ): void {
    const today = this.users[user]?.today ?? NaN;
    const put = (type: string, date: number, numbers: Numbers) =>
      all.set(`${user} ${inWorkspace} ${platform} ${type} ${date}`, { [platform]: numbers });
    const periods = new Map<string, [string, number, number]>();
    for (const [day, numbers] of days) {
      put("daily", today + day, numbers);
      const week = monday(today + day);
      const month = monthStart(today + day);
      periods.set(`w${week}`, ["weekly", week, week + 6]);
      periods.set(`m${month}`, ["monthly", month, monthEnd(month)]);
    }
    for (const [type, start, end] of periods.values()) {
      put(type, start, period(days, start - today, end - today));
    }
  }

  /** What monitors cover: null for nothing. */
  private cover(user: number, inWorkspace: boolean, platform: Platform, day: number) {
    const monitors = this.monitors.filter((monitor, at) =>
      monitor.user === user && monitor.platform === platform && (!inWorkspace || monitor.inWorkspace) &&
      (this.active[at] || day < 0)
    );
    if (monitors.length === 0) return null;
    const hasAll = monitors.some(({ type }) => platform !== "github" || type === "all");
    return {
      resources: hasAll ? null : monitors.flatMap(({ resource }) => resource ?? []),
      hasContributions: platform === "github" && monitors.some(({ type }) => type !== "repository"),
    };
  }

  private day(user: number, inWorkspace: boolean, platform: Platform, day: number): Numbers | null {
    const cover = this.cover(user, inWorkspace, platform, day);
    if (!cover) return null;
    const numbers: Numbers = {};
    if (cover.hasContributions) this.addContributions(numbers, user, day);
    if (cover.resources?.length === 0) return numbers;
    const readings = this.readings.get(`${user} ${platform} ${day}`);
    if (platform === "youtube") {
      for (const [metric, reading] of Object.entries(CHANNEL)) {
        numbers[metric] = readings?.get(` ${reading}`) ?? null;
      }
    }
    const sums = { ...RESOURCE_METRICS[platform] };
    for (const [metric, reading] of Object.entries(sums)) {
      numbers[metric] = this.sum(user, platform, day, cover.resources, reading, (value) => value);
    }
    const count = COUNTS[platform];
    if (count) numbers[count[0]] = this.sum(user, platform, day, cover.resources, count[1], () => 1);
    return numbers;
  }

  private addContributions(numbers: Numbers, user: number, day: number): void {
    const counts = this.contributions.get(`${user} ${day}`);
    for (const [at, flow] of FLOWS.entries()) {
      numbers[flow] = counts?.[at] ?? null;
      numbers[`total_${flow}`] = null;
      if (!counts) continue;
      let total = 0;
      for (let before = -PAST; before <= day; before++) {
        total += this.contributions.get(`${user} ${before}`)?.[at] ?? 0;
      }
      numbers[`total_${flow}`] = total;
    }
  }

  private sum(
    user: number,
    platform: Platform,
    day: number,
    covered: readonly string[] | null,
    metric: string,
    amount: (value: number) => number,
  ): number | null {
    const known = [...this.resources.get(`${user} ${platform}`) ?? []].filter(([resource, removed]) =>
      removed > day && (covered === null || covered.includes(resource))
    );
    const read = (on: number, resource: string) =>
      this.readings.get(`${user} ${platform} ${on}`)?.get(`${resource} ${metric}`);
    let sum: number | null = null;
    for (const [resource] of known) {
      const value = read(day, resource);
      if (value !== undefined) sum = (sum ?? 0) + amount(value);
    }
    if (sum === null) {
      const length = this.readings.get(`${user} ${platform} ${day}`)?.get(` ${LIST[platform]}`);
      return length === 0 && covered === null && known.length === 0 ? 0 : null;
    }
    for (const [resource] of known) {
      if (read(day, resource) !== undefined) continue;
      for (let before = day - 30; before < day; before++) {
        if (read(before, resource) !== undefined) return null;
      }
    }
    return sum;
  }
}

/** A week or month: the last known level, the sum of flows once each day before today is known. */
function period(days: ReadonlyMap<number, Numbers>, start: number, end: number): Numbers {
  const rows = [...days].filter(([day]) => day >= start && day <= end).sort(([a], [b]) => a - b);
  const numbers: Numbers = {};
  for (const [, row] of rows) {
    for (const [metric, value] of Object.entries(row)) numbers[metric] = value ?? numbers[metric] ?? null;
  }
  const byDay = new Map(rows);
  for (const flow of FLOWS) {
    if (!(flow in numbers)) continue;
    let isKnown = true;
    let sum: number | null = null;
    for (let day = start; day <= end; day++) {
      const value = byDay.get(day)?.[flow] ?? null;
      if (value !== null) sum = (sum ?? 0) + value;
      else if (day < 0) isKnown = false;
    }
    numbers[flow] = isKnown ? sum : null;
  }
  return numbers;
}

/** The names of what is null, as a snapshot's gaps have them. */
export const gapsOf = (metrics: Record<string, Numbers>): string[] =>
  Object.entries(metrics).flatMap(([platform, numbers]) =>
    Object.entries(numbers).filter(([, value]) => value === null).map(([metric]) => `${platform}.${metric}`)
  ).sort();
