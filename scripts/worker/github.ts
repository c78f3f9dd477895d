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
  const { signal, timeoutMs = 30_000 } = options;
  const octokit = new Octokit({
    baseUrl: options.apiUrl.replace(/\/+$/, ""),
    auth: options.token,
    userAgent: "fixloop-worker",
    log: quiet,
    request: {
      fetch: (url: string, init: RequestInit) =>
        fetch(url, { ...init, signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]) }),
    },
  });
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
  const { data, headers } = (error as ErrorResponse).response ?? {};
  const details = (data?.errors ?? []).flatMap(({ message }) => message ?? []);
  const text = [data?.message, ...details].filter(Boolean).join(": ");
  const message = `GitHub ${status ? `answered ${status}` : "could not be reached"}${
    text ? `: ${text}` : ""
  }`;
  // a rate limit has one of these headers; any other 403 is about rights
  const isLimit = status === 429 ||
    (status === 403 && (headers?.["retry-after"] || headers?.["x-ratelimit-remaining"] === "0"));
  if (isLimit) return new TaskFailure("pr_failed", true, message, { cause: error });
  if (status === 422) return new TaskFailure("pr_refused", false, message, { cause: error });
  if (status === 401 || status === 403 || status === 404) {
    return new TaskFailure("pr_denied", false, message, { cause: error });
  }
  return new TaskFailure("pr_failed", true, message, { cause: error });
}
