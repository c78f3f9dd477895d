import { z } from "zod";
import type { RunContext } from "./context.ts";
import type { AskAsUser } from "./github.ts";
import { accessForbidden, SyncStop } from "./stop.ts";
import { objectOf, textOf, ValueReader } from "./values.ts";

/** One aliased collection per day: so many cost one point, and stay well within GitHub's ten seconds. */
const MAX_DAYS = 30;
/** No account commits more often on a day. */
const MAX_PER_DAY = 1_000_000;
/** How many days that GitHub does not answer are remembered. */
const MAX_FAILED_DAYS = 200;

const daySchema = z.object({
  day: z.string().regex(/^\d{4}-\d\d-\d\d$/),
  is_recent: z.boolean(),
  /** Read before a pause, perhaps before it was over: it is read once more. */
  is_stale: z.boolean().default(false),
  /** The first and the last second. */
  from: z.string(),
  to: z.string(),
});
type Day = z.infer<typeof daySchema>;

const cursorSchema = z.object({
  /** How many days a query has. */
  chunk_days: z.int().min(1).max(MAX_DAYS).catch(MAX_DAYS),
  /** How many times a day did not come; after three it is not asked for any more. */
  failed_days: z.record(z.string(), z.int()).catch({}),
}).loose();

/**
 * Reads contributions by day: the last seven days again once an hour, and those before them until they are
 * stored, the newest first. A run that is stopped goes on with the days that are missing.
 *
 * @see https://docs.github.com/graphql/reference/objects#contributionscollection
 */
export async function syncContributions(context: RunContext, ask: AskAsUser): Promise<void> {
  const plan = z.array(daySchema).parse(
    await context.call("plan_github_contributions", { at: context.now().toISOString() }),
  );
  const cursor = cursorSchema.parse({ chunk_days: MAX_DAYS, failed_days: {}, ...context.claim.cursor });
  const recent = new Set(
    plan.filter(({ is_recent, is_stale }) => is_recent || is_stale).map(({ day }) => day),
  );
  let left = plan;
  while (left.length > 0) {
    if (context.isOver()) {
      context.count("days_left", left.length);
      context.hasMore = true;
      return;
    }
    const chunk = left.slice(0, cursor.chunk_days);
    left = left.slice(chunk.length);
    await readChunk(context, ask, chunk, cursor, recent);
  }
}

type Cursor = z.infer<typeof cursorSchema>;

/** @param recent the days to read again that have not come yet */
async function readChunk(
  context: RunContext,
  ask: AskAsUser,
  chunk: Day[],
  cursor: Cursor,
  recent: Set<string>,
): Promise<void> {
  const observedAt = context.now().toISOString();
  const answer = await ask({ path: "/graphql", etag: null, graphql: queryOf(chunk) }).catch(
    (error: unknown) => {
      if (!(error instanceof SyncStop && error.kind === "problem")) throw error;
      return error;
    },
  );
  if (!(answer instanceof SyncStop) && answer.kind === "not_seen") throw accessForbidden();
  const body = !(answer instanceof SyncStop) && answer.kind === "ok" ? objectOf(answer.value) : null;
  const viewer = objectOf(objectOf(body?.data)?.viewer);
  if (body) requireAnswer(context, body, viewer);
  const values = new ValueReader();
  // a point is counted with the request
  context.cost += Math.max(pointsOf(body) ?? 1, 1) - 1;
  const days = chunk.flatMap((day) => readDay(day, viewer, values));
  const came = new Set(days.map(({ date }) => date));
  const missing = chunk.filter(({ day }) => !came.has(day));
  noteMissing(cursor, chunk, missing);
  const hadRecent = recent.size > 0;
  for (const { date } of days) recent.delete(date);
  context.count("days", days.length);
  context.count("gaps", missing.length);
  context.count("invalid_values", values.invalid);
  if (viewer && missing.length === 0) checkSum(context, chunk, days, viewer);
  const payload = {
    observed_at: observedAt,
    days,
    is_recent_complete: hadRecent && recent.size === 0,
    cursor,
  };
  if (days.length > 0) await context.store("record_github_contributions", payload);
  else await context.call("record_github_contributions", { payload });
  if (answer instanceof SyncStop) throw answer;
  if (missing.length > 0) throw new SyncStop({ code: "devpulse_answer_invalid", kind: "problem" });
}

const pointsOf = (body: Record<string, unknown> | null): number | null =>
  new ValueReader().count(objectOf(objectOf(body?.data)?.rateLimit)?.cost);

const FIELDS = "totalCommitContributions totalPullRequestContributions totalIssueContributions " +
  "totalRepositoriesWithContributedCommits";

const aliasOf = ({ day }: Day): string => `d${day.replaceAll("-", "")}`;

function queryOf(chunk: Day[]): string {
  const days = chunk.map((day) =>
    `${aliasOf(day)}: contributionsCollection(from: "${day.from}", to: "${day.to}") { ...day }`
  );
  const [newest, oldest] = [chunk[0], chunk.at(-1)];
  if (newest && oldest && isContiguous(chunk)) {
    days.push(
      `calendar: contributionsCollection(from: "${oldest.from}", to: "${newest.to}") ` +
        "{ contributionCalendar { totalContributions } }",
    );
  }
  return `query { viewer { databaseId login ${days.join(" ")} } rateLimit { cost } } ` +
    `fragment day on ContributionsCollection { ${FIELDS} }`;
}

const DAY_MS = 86_400_000;
const isContiguous = (chunk: Day[]): boolean =>
  Date.parse(chunk[0]?.day ?? "") - Date.parse(chunk.at(-1)?.day ?? "") === (chunk.length - 1) * DAY_MS;

/** GraphQL's errors come with status 200. */
function requireAnswer(
  context: RunContext,
  body: Record<string, unknown>,
  viewer: Record<string, unknown> | null,
): void {
  const errors = Array.isArray(body.errors) ? body.errors.map(objectOf) : [];
  const types = errors.map((error) => String(error?.type ?? ""));
  if (types.some((type) => type.startsWith("RATE_LIMIT"))) {
    throw new SyncStop({
      code: "devpulse_provider_rate_limited",
      kind: "deferred",
      // the ledger has what GitHub reported: the next run is told when its points are renewed
      retryAt: new Date(context.now().getTime() + 60_000),
    });
  }
  if (types.includes("INSUFFICIENT_SCOPES") || types.includes("FORBIDDEN")) {
    throw accessForbidden();
  }
  context.count("graphql_errors", errors.length);
  const id = viewer?.databaseId;
  if (id !== undefined && String(id) !== context.claim.platform_user_id) {
    throw new SyncStop({ code: "devpulse_account_conflict", kind: "failed", isCounted: true });
  }
  if (id !== undefined) context.accountName = textOf(viewer?.login, 200) ?? context.accountName;
}

/** A row of `github_contributions`; nothing for a day that did not come whole. */
function readDay(day: Day, viewer: Record<string, unknown> | null, values: ValueReader) {
  const collection = objectOf(viewer?.[aliasOf(day)]);
  if (!collection) return [];
  const count = (name: string) => values.count(collection[name], MAX_PER_DAY);
  const commits_count = count("totalCommitContributions");
  const pull_requests_count = count("totalPullRequestContributions");
  const issues_count = count("totalIssueContributions");
  const repositories_contributed_to = count("totalRepositoriesWithContributedCommits");
  if (
    commits_count === null || pull_requests_count === null || issues_count === null ||
    repositories_contributed_to === null
  ) return [];
  return [{ date: day.day, commits_count, pull_requests_count, issues_count, repositories_contributed_to }];
}

/** Fewer days at a time after an answer that lacked some; a day that never comes is given up. */
function noteMissing(cursor: Cursor, chunk: Day[], missing: Day[]): void {
  if (missing.length === 0) {
    cursor.chunk_days = Math.min(cursor.chunk_days * 2, MAX_DAYS);
    return;
  }
  const isWhole = missing.length === chunk.length && chunk.length > 1;
  cursor.chunk_days = Math.max(1, Math.floor(Math.min(cursor.chunk_days, chunk.length) / 2));
  if (isWhole) return;
  for (const { day, is_recent } of missing) {
    if (is_recent) continue;
    if (day in cursor.failed_days || Object.keys(cursor.failed_days).length < MAX_FAILED_DAYS) {
      cursor.failed_days[day] = (cursor.failed_days[day] ?? 0) + 1;
    }
  }
}

/** The calendar counts reviews and more besides, so it can't be less. It is no more than a checksum. */
function checkSum(
  context: RunContext,
  chunk: Day[],
  days: { commits_count: number; pull_requests_count: number; issues_count: number }[],
  viewer: Record<string, unknown>,
): void {
  if (!isContiguous(chunk)) return;
  const calendar = objectOf(objectOf(viewer.calendar)?.contributionCalendar);
  const total = new ValueReader().count(calendar?.totalContributions);
  const sum = days.reduce(
    (all, day) => all + day.commits_count + day.pull_requests_count + day.issues_count,
    0,
  );
  if (total !== null && total < sum) context.count("checksum_mismatches");
}
