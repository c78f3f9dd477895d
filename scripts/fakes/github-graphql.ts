import type { Answer } from "./faults.ts";
import type { FakeContribution, FakeUser } from "./github-shapes.ts";
import { type FakeState, GithubError } from "./github-state.ts";

const FIELD =
  /(?:(\w+)\s*:\s*)?contributionsCollection\s*\(\s*from:\s*"([^"]*)"\s*,?\s*to:\s*"([^"]*)"\s*\)/g;
const YEAR_MS = 366 * 86_400_000;

/**
 * Answers a query for the viewer's contributions: any number of aliased
 * `contributionsCollection(from: "…", to: "…")`, with all the fields that Fixloop reads, whichever are asked for.
 * Each query costs one point. As at GitHub, errors come with status 200.
 */
export function answerGraphql(
  state: FakeState,
  user: FakeUser | undefined,
  { query }: Record<string, unknown>,
): Answer {
  if (!user) throw new GithubError(401, "This endpoint requires you to be authenticated.");
  if (typeof query !== "string") {
    return { status: 200, body: { errors: [{ message: "A query attribute must be specified." }] } };
  }
  if (user.points <= 0) {
    const message = `API rate limit exceeded for user ID ${user.id}.`;
    return { status: 200, body: { errors: [{ type: "RATE_LIMITED", message }] } };
  }
  const viewer: Record<string, unknown> = { login: user.login, databaseId: user.id };
  const errors = [];
  for (const [, alias = "contributionsCollection", from = "", to = ""] of query.matchAll(FIELD)) {
    const problem = problemOf(new Date(from), new Date(to));
    if (problem !== null) {
      viewer[alias] = null;
      errors.push({ type: "UNPROCESSABLE", path: ["viewer", alias], message: problem });
    } else {
      viewer[alias] = collectionOf(user.contributions, new Date(from), new Date(to));
    }
  }
  const rateLimit = {
    cost: 1,
    limit: 5000,
    remaining: Math.max(0, user.points - 1),
    resetAt: new Date(Math.ceil((state.now().getTime() + 1) / 3_600_000) * 3_600_000).toISOString(),
  };
  return {
    status: 200,
    body: { data: { viewer, rateLimit }, ...(errors.length > 0 ? { errors } : {}) },
  };
}

function problemOf(from: Date, to: Date): string | null {
  if (!(from <= to)) return "'from' must be before 'to'";
  return to.getTime() - from.getTime() > YEAR_MS
    ? "The total time spanned by 'from' and 'to' must not exceed 1 year"
    : null;
}

/** What was contributed from a second to another one, both included. */
function collectionOf(contributions: FakeContribution[], from: Date, to: Date) {
  const within = contributions.filter(({ at }) =>
    at >= from && Math.floor(at.getTime() / 1000) <= Math.floor(to.getTime() / 1000)
  );
  const sum = (kind?: FakeContribution["kind"]): number =>
    within.filter((one) => kind === undefined || one.kind === kind)
      .reduce((total, { count }) => total + count, 0);
  return {
    totalCommitContributions: sum("commit"),
    totalPullRequestContributions: sum("pull_request"),
    totalIssueContributions: sum("issue"),
    totalRepositoriesWithContributedCommits:
      new Set(within.filter(({ kind }) => kind === "commit").map(({ repo }) => repo)).size,
    contributionCalendar: { totalContributions: sum() },
  };
}
