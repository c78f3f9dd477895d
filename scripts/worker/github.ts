import { Octokit } from "@octokit/core";
import { parseRetryAfter } from "../../supabase/functions/_shared/ask-json.ts";
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
    // a proxy answers with a page of its own
    if (!Number.isInteger(data?.number) || typeof data.html_url !== "string") {
      throw new TaskFailure("pr_failed", "later", "GitHub's answer is not a pull request.");
    }
    return { number: data.number, url: data.html_url, isNew: true };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof TaskFailure) throw error;
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
      fetch: async (url: string, init: RequestInit) => {
        const ask = (at: string, redirect: RequestRedirect): Promise<Response> =>
          fetch(at, { ...init, redirect, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) });
        if (init.method !== "POST") return await ask(url, "follow");
        // a repository's old name leads to the new one; a POST that is redirected may become a GET
        const answer = await ask(url, "manual");
        const to = answer.status >= 300 && answer.status < 400 ? answer.headers.get("location") : null;
        return to && URL.parse(to)?.origin === new URL(url).origin ? await ask(to, "error") : answer;
      },
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
    const pulls = await pullsOf(connect(options), { owner, name, head }, { state: "all", per_page: 100 });
    if (pulls.some(({ state }) => state === "open")) return "open";
    return pulls.some((pull) => pull.merged_at !== null && pull.head.sha === commit) ? "merged" : null;
  } catch (error) {
    options.signal.throwIfAborted();
    throw failure(error);
  }
}

async function findOpen(octokit: Octokit, input: PullRequestInput): Promise<OpenedPullRequest | undefined> {
  const [found] = await pullsOf(octokit, input, { base: input.base, state: "open" });
  return found && { number: found.number, url: found.html_url, isNew: false };
}

/**
 * The pull requests of a branch. A repository that was renamed or transferred answers under its old name too, but
 * lists branches by its owner's name of today.
 */
async function pullsOf(
  octokit: Octokit,
  { owner, name, head }: Pick<PullRequestInput, "owner" | "name" | "head">,
  filter: { state: "open" | "all"; base?: string; per_page?: number },
) {
  const list = async (login: string) => {
    const { data } = await octokit.request("GET /repos/{owner}/{repo}/pulls", {
      owner,
      repo: name,
      head: `${login}:${head}`,
      ...filter,
    });
    return data.filter((pull) => pull.head.ref === head);
  };
  const found = await list(owner);
  if (found.length > 0) return found;
  const { data } = await octokit.request("GET /repos/{owner}/{repo}", { owner, repo: name });
  const { login } = data.owner;
  return login.toLowerCase() === owner.toLowerCase() ? found : await list(login);
}

const statusOf = (error: unknown): number | undefined => {
  const status = (error as { status?: unknown } | null)?.status;
  return typeof status === "number" ? status : undefined;
};

interface ErrorResponse {
  response?: { headers?: Record<string, string>; data?: { message?: unknown; errors?: unknown } };
}

/** What GitHub says of a limit that it names in no header: a secondary one, or its protection against abuse. */
const LIMIT = /rate limit|abuse detection|submitted too quickly/i;

/** Answers below 500 that say nothing about the request: it took too long, or came at the same time as another. */
const TRANSIENT = [408, 409, 425];

function failure(error: unknown): TaskFailure {
  const status = statusOf(error);
  const { data, headers = {} } = (error as ErrorResponse).response ?? {};
  const details = Array.isArray(data?.errors)
    ? data.errors.map((each: unknown) => (each as { message?: unknown } | null)?.message ?? each)
    : [];
  const text = [data?.message, ...details].filter((each) => typeof each === "string" && each).join(": ");
  const message = `GitHub ${status ? `answered ${status}` : "could not be reached"}${
    text ? `: ${text}` : ""
  }`;
  // any other 403 is about rights
  const isLimit = status === 429 ||
    (status === 403 && (headers["retry-after"] || headers["x-ratelimit-remaining"] === "0")) ||
    ((status === 403 || status === 422) && LIMIT.test(text));
  if (isLimit) {
    return new TaskFailure("pr_failed", "later", message, { cause: error, waitMs: waitOf(headers) });
  }
  if (status === 401 || status === 403 || status === 404) {
    return new TaskFailure("pr_denied", "yes", message, { cause: error });
  }
  if (status && status >= 400 && status < 500 && !TRANSIENT.includes(status)) {
    return new TaskFailure("pr_refused", "no", message, { cause: error });
  }
  return new TaskFailure("pr_failed", "later", message, { cause: error });
}

/**
 * How long a rate limit lasts, in milliseconds: by `retry-after`, as seconds or as a date, else by the time that
 * the limit is reset at.
 *
 * @see https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api
 */
function waitOf(headers: Record<string, string>): number {
  const seconds = parseRetryAfter(
    new Headers({ "retry-after": headers["retry-after"] ?? "" }),
    Date.now(),
    Infinity,
  );
  if (seconds !== undefined) return Math.max(1, seconds) * 1000;
  const reset = Number(headers["x-ratelimit-reset"]) * 1000 - Date.now();
  return headers["x-ratelimit-remaining"] === "0" && reset > 0 ? reset : 60_000;
}
