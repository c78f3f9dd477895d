import { createRequire } from "node:module";
import type { PullRequest, PullRequestOpenedEvent, Repository, User } from "@octokit/webhooks-types";

// JSON as GitHub's API and webhooks send it: GitHub's own examples, with our names in place of theirs.

export interface FakeUser {
  id: number;
  login: string;
  token: string;
  /** Scopes of a classic token; for a fine-grained one (`github_pat_…`) GitHub sends no header. */
  scopes: string[];
  expiresAt: Date | null;
  /** Remaining requests of this hour. */
  remaining: number;
  /** Remaining points of this hour for GraphQL. */
  points: number;
  contributions: FakeContribution[];
}

/** Something that a user did, and how many times. */
export interface FakeContribution {
  kind: "commit" | "pull_request" | "issue";
  at: Date;
  /** `owner/name` */
  repo: string;
  count: number;
}

export interface FakeRepo {
  id: number;
  owner: string;
  name: string;
  isPrivate: boolean;
  /** The users who may write, and read it when it is private. */
  members: string[];
  defaultBranch: string;
  /** A bare repository, in which branches exist and are merged. */
  gitDir: string | null;
  /** `owner/name` that it had before, in lower case: they lead to it until somebody takes them. */
  oldNames: string[];
  createdAt: Date;
  updatedAt: Date;
  description: string | null;
  language: string | null;
  isFork: boolean;
  stars: number;
  forks: number;
  openIssues: number;
}

export interface FakePull {
  id: number;
  repo: FakeRepo;
  number: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  isDraft: boolean;
  author: string;
  head: { ref: string; sha: string };
  base: { ref: string; sha: string };
  createdAt: Date;
  updatedAt: Date;
  closedAt: Date | null;
  mergedAt: Date | null;
  mergedBy: string | null;
  mergeCommitSha: string | null;
}

export interface Urls {
  /** Base of the REST API. */
  api: string;
  /** Base of the web pages. */
  html: string;
}

interface Definition {
  name: string;
  examples: unknown[];
}

const definitions = createRequire(import.meta.url)("@octokit/webhooks-examples") as Definition[];
const example = definitions.find(({ name }) => name === "pull_request")
  ?.examples[0] as PullRequestOpenedEvent;

/** A time in whole seconds, as GitHub writes it. */
export const time = (at: Date): string => at.toISOString().replace(/\.\d+Z$/, "Z");
const timeOrNull = (at: Date | null): string | null => at && time(at);

function rewrite<T>(template: T, urls: Urls, replacements: [string, string][]): T {
  const text = replacements.reduce(
    (json, [from, to]) => json.replaceAll(from, to),
    JSON.stringify(template),
  );
  return JSON.parse(
    text.replaceAll("https://api.github.com", urls.api).replaceAll("https://github.com", urls.html),
  ) as T;
}

export const userJson = (user: { id: number; login: string }, urls: Urls): User =>
  rewrite(example.sender, urls, [["Codertocat", user.login], ["21031067", String(user.id)]]);

export function repositoryJson(repo: FakeRepo, ownerId: number, urls: Urls): Repository {
  const json = rewrite(example.repository, urls, [
    ["Codertocat/Hello-World", `${repo.owner}/${repo.name}`],
    ["Hello-World", repo.name],
    ["Codertocat", repo.owner],
    ["21031067", String(ownerId)],
    ["186853002", String(repo.id)],
  ]);
  return {
    ...json,
    private: repo.isPrivate,
    description: repo.description,
    language: repo.language,
    fork: repo.isFork,
    stargazers_count: repo.stars,
    watchers_count: repo.stars,
    watchers: repo.stars,
    forks_count: repo.forks,
    forks: repo.forks,
    open_issues_count: repo.openIssues,
    open_issues: repo.openIssues,
    created_at: time(repo.createdAt),
    updated_at: time(repo.updatedAt),
    visibility: repo.isPrivate ? "private" : "public",
    default_branch: repo.defaultBranch,
  };
}

/** A pull request as the API returns a single one, and as a webhook contains it. */
export function pullRequestJson(pull: FakePull, idOf: (login: string) => number, urls: Urls): PullRequest {
  const { repo } = pull;
  const repository = repositoryJson(repo, idOf(repo.owner), urls);
  const user = (login: string): User => userJson({ login, id: idOf(login) }, urls);
  const branch = ({ ref, sha }: { ref: string; sha: string }) => ({
    label: `${repo.owner}:${ref}`,
    ref,
    sha,
    user: user(repo.owner),
    repo: repository,
  });
  const json = rewrite(example.pull_request, urls, [
    ["Codertocat/Hello-World", `${repo.owner}/${repo.name}`],
    ["/pulls/2", `/pulls/${pull.number}`],
    ["/pull/2", `/pull/${pull.number}`],
    ["/issues/2", `/issues/${pull.number}`],
    ["ec26c3e57ca3a959ca5aad62de7213c562f8c821", pull.head.sha],
  ]);
  const shape: unknown = {
    ...json,
    id: pull.id,
    number: pull.number,
    state: pull.state,
    title: pull.title,
    body: pull.body,
    user: user(pull.author),
    head: branch(pull.head),
    base: branch(pull.base),
    draft: pull.isDraft,
    created_at: time(pull.createdAt),
    updated_at: time(pull.updatedAt),
    closed_at: timeOrNull(pull.closedAt),
    merged_at: timeOrNull(pull.mergedAt),
    merged: pull.mergedAt !== null,
    merged_by: pull.mergedBy === null ? null : user(pull.mergedBy),
    merge_commit_sha: pull.mergeCommitSha,
    auto_merge: null,
    active_lock_reason: null,
  };
  return shape as PullRequest;
}

/** Keys of a single pull request that entries of a list lack. */
const SINGLE_ONLY = [
  "merged",
  "mergeable",
  "rebaseable",
  "mergeable_state",
  "merged_by",
  "comments",
  "review_comments",
  "maintainer_can_modify",
  "commits",
  "additions",
  "deletions",
  "changed_files",
];

export const listEntry = (json: PullRequest): Record<string, unknown> =>
  Object.fromEntries(Object.entries(json).filter(([key]) => !SINGLE_ONLY.includes(key)));
