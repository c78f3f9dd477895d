import { Octokit } from "@octokit/core";
import { TaskFailure } from "./failure.ts";

export interface PullRequestInput {
  owner: string;
  name: string;
  head: string;
  base: string;
  title: string;
  body: string;
}

export interface OpenedPullRequest {
  number: number;
  url: string;
  isNew: boolean;
}

export interface GithubOptions {
  /** `https://api.github.com`, or `https://<host>/api/v3` of GitHub Enterprise Server. */
  apiUrl: string;
  token: string;
  signal: AbortSignal;
  timeoutMs?: number;
}

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/**
 * Opens the pull request, or finds the open one for the same branch.
 *
 * @see https://docs.github.com/rest/pulls/pulls#create-a-pull-request
 * @throws TaskFailure `pr_denied`, `pr_refused`, `pr_failed`
 */
export async function openPullRequest(
  options: GithubOptions,
  input: PullRequestInput,
): Promise<OpenedPullRequest> {
  const { signal } = options;
  const octokit = connect(options);
  const { owner, name: repo, head, base, title, body } = input;
  try {
    const { data } = await octokit.request("POST /repos/{owner}/{repo}/pulls", {
      owner,
      repo,
      head,
      base,
      title,
      body,
    });
    return { number: data.number, url: data.html_url, isNew: true };
  } catch (error) {
    signal.throwIfAborted();
    if (statusOf(error) !== 422) throw failure(error);
    // a previous attempt may have opened one
    const existing = await findOpen(octokit, input).catch((reason: unknown) => {
      signal.throwIfAborted();
      throw failure(reason);
    });
    if (existing) return existing;
    throw failure(error);
  }
}

function connect({ apiUrl, token, signal, timeoutMs = 30_000 }: GithubOptions): Octokit {
  return new Octokit({
    baseUrl: apiUrl.replace(/\/+$/, ""),
    auth: token,
    userAgent: "fixloop-worker",
    log: quiet,
    request: {
      fetch: (url: string, init: RequestInit) =>
        fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) }),
    },
  });
}

/**
 * What the pull requests of a branch say of a commit of it: one is open, or the commit was merged, however; null
 * for neither.
 *
 * @see https://docs.github.com/rest/pulls/pulls#list-pull-requests
 * @throws TaskFailure `pr_denied`, `pr_failed`
 */
export async function stateOfBranch(
  options: GithubOptions,
  { owner, name, head, commit }: { owner: string; name: string; head: string; commit: string },
): Promise<"open" | "merged" | null> {
  try {
    const { data } = await connect(options).request("GET /repos/{owner}/{repo}/pulls", {
      owner,
      repo: name,
      head: `${owner}:${head}`,
      state: "all",
      per_page: 100,
    });
    const pulls = data.filter((pull) => pull.head.ref === head);
    if (pulls.some(({ state }) => state === "open")) return "open";
    return pulls.some((pull) => pull.merged_at !== null && pull.head.sha === commit) ? "merged" : null;
  } catch (error) {
    options.signal.throwIfAborted();
    throw failure(error);
  }
}

async function findOpen(octokit: Octokit, input: PullRequestInput): Promise<OpenedPullRequest | undefined> {
  const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls", {
    owner: input.owner,
    repo: input.name,
    head: `${input.owner}:${input.head}`,
    base: input.base,
    state: "open",
  });
  const found = data.find((pull) => pull.head.ref === input.head);
  return found && { number: found.number, url: found.html_url, isNew: false };
}

const statusOf = (error: unknown): number | undefined => {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" ? status : undefined;
};

interface ErrorResponse {
  response?: {
    headers?: Record<string, string>;
    data?: { message?: string; errors?: { message?: string }[] };
  };
}

function failure(error: unknown): TaskFailure {
  const status = statusOf(error);
  const { data, headers = {} } = (error as ErrorResponse).response ?? {};
  const details = (data?.errors ?? []).flatMap(({ message }) => message ?? []);
  const text = [data?.message, ...details].filter(Boolean).join(": ");
  const message = `GitHub ${status ? `answered ${status}` : "could not be reached"}${
    text ? `: ${text}` : ""
  }`;
  // a rate limit has one of these headers; any other 403 is about rights
  const isLimit = status === 429 ||
    (status === 403 && (headers["retry-after"] || headers["x-ratelimit-remaining"] === "0"));
  if (isLimit) {
    return new TaskFailure("pr_failed", "later", message, { cause: error, waitMs: waitOf(headers) });
  }
  if (status === 422) return new TaskFailure("pr_refused", "no", message, { cause: error });
  if (status === 401 || status === 403 || status === 404) {
    return new TaskFailure("pr_denied", "yes", message, { cause: error });
  }
  return new TaskFailure("pr_failed", "later", message, { cause: error });
}

/**
 * How long a rate limit lasts, in milliseconds.
 *
 * @see https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
function waitOf(headers: Record<string, string>): number {
  const seconds = Number(headers["retry-after"]);
  if (headers["retry-after"] && Number.isFinite(seconds)) return Math.max(1, seconds) * 1000;
  const reset = Number(headers["x-ratelimit-reset"]) * 1000 - Date.now();
  return headers["x-ratelimit-remaining"] === "0" && reset > 0 ? reset : 60_000;
}
