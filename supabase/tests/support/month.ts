import type { Sql } from "postgres";
import { expect } from "vitest";
import { addDays, type Chance, type Day, HOUR_MS, startOf } from "./month-days.ts";
import { follow, type Goal } from "./month-goals.ts";
import { Records, type Watched } from "./month-records.ts";
import { Snapshots } from "./month-snapshots.ts";
import type { MonthSync, Outage } from "./month-sync.ts";
import { furnish, live } from "./month-world.ts";
import type { Platform, SyncProviders } from "./sync.ts";

export interface MonthOptions {
  sql: Sql;
  providers: SyncProviders;
  sync: MonthSync;
  owners: Watched[];
  chance: Chance;
  /** The first and the last day, in UTC. */
  first: Day;
  last: Day;
  backfillDays: number;
}

/** What the providers were asked for. */
export interface Costs {
  runs: number;
  /** Runs that failed, wholly or in part. */
  failures: number;
  /** Of each sync of a creator with up to 50 videos. */
  youtubeUnits: number[];
  devtoCalls: number[];
  /** REST answers of syncs before which nothing had changed at GitHub. */
  quietAnswers: number;
  quiet304: number;
  restAnswers: number;
  rest304: number;
}

type State = "succeeded" | "partial" | "failed";

/** When syncs happen, in hours of UTC. */
const TICKS = [5 + 1 / 6, 13 + 1 / 3, 21.75];

/** Time as the test drives it: from one sync to the next. */
export class Month {
  now = 0;
  readonly records: Map<string, Records>;
  readonly goals = new Map<string, Goal[]>();
  readonly costs: Costs = {
    runs: 0,
    failures: 0,
    youtubeUnits: [],
    devtoCalls: [],
    quietAnswers: 0,
    quiet304: 0,
    restAnswers: 0,
    rest304: 0,
  };
  readonly #options: MonthOptions;
  /** What GitHub listed when it was last read. */
  readonly #lastLists = new Map<string, string>();

  constructor(options: MonthOptions) {
    this.#options = options;
    this.records = new Map(
      options.owners.map((owner) => [owner.id, new Records(owner, options.providers, options.backfillDays)]),
    );
  }

  /** Monitors begin at 8:00 in UTC of the first day, which is that day everywhere in the test. */
  get beginning(): number {
    return Date.parse(this.#options.first) + 8 * HOUR_MS;
  }

  furnish(): void {
    this.now = this.beginning;
    const { providers, owners, chance } = this.#options;
    for (const owner of owners) furnish(providers, owner, this.now, chance);
  }

  /** @param onDay called before the first sync of each day */
  async pass(onDay: (day: Day) => Promise<void>): Promise<void> {
    const { first, last } = this.#options;
    for (let day = first; day <= last; day = addDays(day, 1)) {
      await onDay(day);
      for (const hours of TICKS) {
        const at = Date.parse(day) + Math.round(hours * HOUR_MS);
        if (at > this.beginning) await this.#tick(at);
      }
      await this.#endDay();
    }
    // until the last day has ended everywhere
    this.now = startOf("America/Los_Angeles", addDays(last, 1)) + 6 * HOUR_MS;
    await this.#snapshots();
  }

  async #tick(at: number): Promise<void> {
    const { sql, providers, sync, owners, chance } = this.#options;
    const isFirst = this.now === this.beginning;
    for (const owner of owners) live(providers, owner, this.now, at, chance);
    this.now = at;
    const due = owners.flatMap((owner) =>
      (["github", "youtube", "devto"] as const)
        .filter(() => isFirst || chance.hits(0.6)).map((platform) => ({ owner, platform }))
    );
    const outages = isFirst ? new Map<string, Outage>() : this.#breakProviders(due);
    await sql`
      update private.sync_schedule set not_before = null, next_sync_at = case
        when connection_id = any (${due.map(({ owner, platform }) => owner.connections[platform])})
        then now() else now() + interval '1 day' end
    `;
    for (const { state } of [providers.github, providers.google, providers.devto]) state.requests.length = 0;
    const [row] = await sql<{ ticket: string }[]>`
      select private.issue_function_ticket('platform-sync') as ticket
    `;
    const report = await sync.run(row?.ticket ?? "");
    expect(report).toMatchObject({ claimed: due.length, stopped: null, lost: 0, deferred: 0 });
    const states = { succeeded: 0, partial: 0, failed: 0 };
    for (const { owner, platform } of due) {
      states[this.#observe(owner, platform, outages.get(owner.connections[platform]) ?? null)]++;
    }
    expect(report).toMatchObject(states);
    this.costs.runs += report.claimed;
    this.costs.failures += report.failed + report.partial;
    await this.#snapshots();
  }

  /** A few connections whose provider does not work: fewer than make the function give it up. */
  #breakProviders(due: { owner: Watched; platform: Platform }[]): Map<string, Outage> {
    const { sync, chance, providers } = this.#options;
    const found = new Map<string, Outage>();
    const counts: Record<string, number> = {};
    sync.outages.clear();
    for (const { owner, platform } of due) {
      if ((counts[platform] ?? 0) >= 4 || !chance.hits(0.08)) continue;
      counts[platform] = (counts[platform] ?? 0) + 1;
      const outage = platform === "github" ? chance.pick(["rest", "graphql", "all"] as const) : "all";
      found.set(owner.connections[platform], outage);
      sync.outages.set(tokenOf(providers, owner, platform), outage);
    }
    return found;
  }

  #observe(owner: Watched, platform: Platform, outage: Outage | null): State {
    const records = this.#recordsOf(owner);
    const parts: [Outage, boolean, () => void][] = platform === "github"
      ? [
        ["rest", owner.coverage !== "user", () => records.readRepositories(this.now)],
        ["graphql", owner.coverage !== "repository", () => records.readContributions(this.now)],
      ]
      : [[
        "all",
        true,
        () => platform === "youtube" ? records.readChannel(this.now) : records.readArticles(this.now),
      ]];
    const asked = parts.filter(([, isAsked]) => isAsked);
    const working = asked.filter(([part]) => outage !== "all" && outage !== part);
    const state = working.length === asked.length ? "succeeded" : working.length > 0 ? "partial" : "failed";
    if (platform === "github") this.#countGithub(records, working.some(([part]) => part === "rest"));
    else if (state === "succeeded") this.#countCosts(owner, platform);
    for (const [, , read] of working) read();
    return state;
  }

  #recordsOf({ id }: Watched): Records {
    const records = this.records.get(id);
    if (!records) throw new Error("no records");
    return records;
  }

  #countCosts({ account }: Watched, platform: "youtube" | "devto"): void {
    const { google, devto } = this.#options.providers;
    if (platform === "devto") {
      const calls = devto.state.requests.filter(({ username }) => username === account.devto.username);
      this.costs.devtoCalls.push(calls.length);
      return;
    }
    const user = google.state.users.find(({ channel }) => channel === account.channel);
    const units = google.state.requests.filter(({ userId }) => userId === user?.id)
      .reduce((sum, { cost }) => sum + cost, 0);
    if (account.channel.videos.length <= 50) this.costs.youtubeUnits.push(units);
  }

  #countGithub(records: Records, isRead: boolean): void {
    if (!isRead) return;
    const { owner } = records;
    const answers = this.#options.providers.github.state.requests
      .filter(({ login, path }) => login === owner.account.github.login && path !== "/graphql");
    const unchanged = answers.filter(({ status }) => status === 304).length;
    this.costs.restAnswers += answers.length;
    this.costs.rest304 += unchanged;
    const list = JSON.stringify(records.watchedRepos());
    const isGone = owner.coverage === "repository" && records.watchedRepos().length < owner.repoIds.length;
    if (list === this.#lastLists.get(owner.id) && !isGone) {
      this.costs.quietAnswers += answers.length;
      this.costs.quiet304 += unchanged;
    }
    this.#lastLists.set(owner.id, list);
  }

  /** Runs the job until nothing is left, and looks after the goals. */
  async #snapshots(): Promise<void> {
    const { sql, owners, first, backfillDays } = this.#options;
    const at = new Date(this.now);
    // days that have not come yet, up to the real one
    await sql`delete from private.snapshot_marks where day > (${at}::timestamptz)::date + 2`;
    for (;;) {
      const [row] = await sql<{ built: number }[]>`select private.run_snapshots(5000, ${at}) as built`;
      if (!row || row.built === 0) break;
    }
    for (const owner of owners) {
      const snapshots = new Snapshots(this.#recordsOf(owner), first, this.now);
      for (const goal of this.goals.get(owner.id) ?? []) {
        follow(snapshots, goal, addDays(first, -backfillDays), owner.timezone, this.now);
      }
    }
  }

  /** What depends on the real clock has become a day older. */
  async #endDay(): Promise<void> {
    const { sql } = this.#options;
    await sql`update public.sync_runs set started_at = started_at - interval '1 day'`;
    await sql`
      update private.provider_spending
      set period_start = period_start - interval '1 day', period_end = period_end - interval '1 day'
    `;
    // in two steps: the days before are in the way
    for (const days of [1000, -1001]) {
      await sql`
        update private.provider_user_spending set period_start = period_start + make_interval(days => ${days})
      `;
    }
    await sql`update private.function_tickets set expires_at = expires_at - interval '1 day'`;
    await sql`select private.prune_sync_runs(), private.prune_provider_spending(), private.prune_snapshots()`;
  }

  /** Snapshots as they have to be now, of all days that may have some. */
  expected(records: Records): Snapshots {
    return new Snapshots(records, this.#options.first, this.now);
  }

  get days(): Day[] {
    const { first, last, backfillDays } = this.#options;
    const days = [];
    for (let day = addDays(first, -backfillDays); day <= addDays(last, 1); day = addDays(day, 1)) {
      days.push(day);
    }
    return days;
  }
}

export function tokenOf({ google }: SyncProviders, { account }: Watched, platform: Platform): string {
  if (platform === "github") return account.github.token;
  if (platform === "devto") return account.devto.apiKey;
  const user = google.state.users.find(({ channel }) => channel === account.channel);
  return google.state.tokens.find(({ userId }) => userId === user?.id)?.token ?? "";
}
