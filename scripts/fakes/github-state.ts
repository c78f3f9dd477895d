import { execFileSync } from "node:child_process";
import { createHash, createHmac, randomUUID } from "node:crypto";
import {
  type FakePull,
  type FakeRepo,
  type FakeUser,
  pullRequestJson,
  repositoryJson,
  time,
  type Urls,
  userJson,
} from "./github-shapes.ts";

/** What the next matching requests meet instead of, or before, the answer. */
export interface Fault {
  method?: string;
  /** A part of the path, or a pattern for path and query. Default: any. */
  path?: string | RegExp;
  /** How many requests. Default 1. */
  times?: number;
  /** Waits before it answers. Without `status`, `body` and `hangUp` the answer itself is the usual one. */
  delayMs?: number;
  status?: number;
  headers?: Record<string, string>;
  /** Text as it stands, or what becomes JSON. */
  body?: unknown;
  /** Cuts the connection instead of answering. */
  hangUp?: boolean;
}

export interface SeenRequest {
  method: string;
  /** With its query. */
  path: string;
  /** Whose token it carried. */
  login: string | null;
  headers: Record<string, string | string[] | undefined>;
  status: number;
}

export interface Delivery {
  headers: Record<string, string>;
  body: string;
}

export interface DeliveryEvent {
  owner: string;
  name: string;
  number: number;
  /** GitHub's word: `opened`, `closed`, `reopened`, `edited`, `synchronize`, `converted_to_draft`, `ready_for_review` … */
  action: string;
  sender?: string;
  /** Laid over the payload. */
  extra?: Record<string, unknown>;
}

/** A request that GitHub would refuse, in its words. */
export class GithubRefusal extends Error {
  readonly status: number;
  readonly errors: Record<string, string>[] | undefined;

  constructor(status: number, message: string, errors?: Record<string, string>[]) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

export interface NewPull {
  owner: string;
  name: string;
  title: string;
  /** A branch of the repository; an `owner:` before it is taken off. */
  head: string;
  base?: string;
  body?: string | null;
  isDraft?: boolean;
  login?: string;
  headSha?: string;
}

export type FakeState = ReturnType<typeof createState>;

const sha = (text: string): string => createHash("sha1").update(text).digest("hex");
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

const git = (dir: string, ...args: string[]): string =>
  execFileSync("git", ["-C", dir, ...args], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    env: {
      PATH: process.env.PATH,
      GIT_AUTHOR_NAME: "GitHub",
      GIT_AUTHOR_EMAIL: "noreply@github.com",
      GIT_COMMITTER_NAME: "GitHub",
      GIT_COMMITTER_EMAIL: "noreply@github.com",
      GIT_CONFIG_NOSYSTEM: "1",
    },
  }).trim();

/** The commit a branch stands at in a repository that is really there; null without the branch. */
function branchSha(repo: FakeRepo, ref: string): string | null {
  if (repo.gitDir === null) return sha(`${repo.owner}/${repo.name} ${ref}`);
  const line = git(repo.gitDir, "for-each-ref", "--format=%(objectname)", `refs/heads/${ref}`);
  return line || null;
}

/** What the fake knows, and what tests and the demo do to it. Names are compared as GitHub does, without case. */
export function createState(urls: () => Urls, webhookSecret: string, now: () => Date) {
  const users: FakeUser[] = [];
  const repos: FakeRepo[] = [];
  const pulls: FakePull[] = [];
  const faults: Fault[] = [];
  const requests: SeenRequest[] = [];
  let lastId = 1000;

  const idOf = (login: string): number =>
    users.find((user) => same(user.login, login))?.id ?? parseInt(sha(login).slice(0, 6), 16);

  const repo = (owner: string, name: string): FakeRepo | undefined =>
    repos.find((one) => same(one.owner, owner) && same(one.name, name));

  const pull = (owner: string, name: string, number: number): FakePull => {
    const found = pulls.find((one) =>
      one.number === number && same(one.repo.owner, owner) && same(one.repo.name, name)
    );
    if (!found) throw new GithubRefusal(404, "Not Found");
    return found;
  };

  return {
    users,
    repos,
    pulls,
    faults,
    /** Every request, oldest first. */
    requests,
    webhookSecret,
    repo,
    pull,

    addUser(
      { login, token, scopes = ["repo"], expiresAt = null, remaining = 5000 }:
        & { login: string; token: string }
        & Partial<FakeUser>,
    ): FakeUser {
      const user = { id: ++lastId, login, token, scopes, expiresAt, remaining };
      users.push(user);
      return user;
    },

    addRepo(
      { owner, name, isPrivate = false, members = [owner], defaultBranch = "main", gitDir = null }:
        & { owner: string; name: string }
        & Partial<FakeRepo>,
    ): FakeRepo {
      const added = { id: ++lastId, owner, name, isPrivate, members, defaultBranch, gitDir };
      repos.push(added);
      return added;
    },

    openPull(
      { owner, name, title, head, base, body = null, isDraft = false, login = owner, headSha }: NewPull,
    ): FakePull {
      const target = repo(owner, name);
      if (!target) throw new GithubRefusal(404, "Not Found");
      const ref = head.split(":").at(-1) ?? head;
      const baseRef = base ?? target.defaultBranch;
      const invalid = (field: string) =>
        new GithubRefusal(422, "Validation Failed", [{ resource: "PullRequest", field, code: "invalid" }]);
      const custom = (message: string) =>
        new GithubRefusal(422, "Validation Failed", [{ resource: "PullRequest", code: "custom", message }]);
      const headCommit = headSha ?? branchSha(target, ref);
      const baseCommit = branchSha(target, baseRef);
      if (!baseCommit) throw invalid("base");
      if (!headCommit) throw invalid("head");
      if (headCommit === baseCommit) throw custom(`No commits between ${baseRef} and ${ref}`);
      if (
        pulls.some((one) =>
          one.repo === target && one.state === "open" && one.head.ref === ref && one.base.ref === baseRef
        )
      ) {
        throw custom(`A pull request already exists for ${target.owner}:${ref}.`);
      }
      const opened: FakePull = {
        id: ++lastId,
        repo: target,
        number: Math.max(0, ...pulls.filter((one) => one.repo === target).map((one) => one.number)) + 1,
        title,
        body,
        state: "open",
        isDraft,
        author: login,
        head: { ref, sha: headCommit },
        base: { ref: baseRef, sha: baseCommit },
        createdAt: now(),
        updatedAt: now(),
        closedAt: null,
        mergedAt: null,
        mergedBy: null,
        mergeCommitSha: null,
      };
      pulls.push(opened);
      return opened;
    },

    updatePull(
      owner: string,
      name: string,
      number: number,
      changes: Partial<Pick<FakePull, "title" | "body" | "state" | "isDraft" | "head" | "base">>,
    ): FakePull {
      const changed = pull(owner, name, number);
      if (changed.mergedAt && changes.state === "open") {
        throw new GithubRefusal(422, "Validation Failed", [
          { resource: "PullRequest", field: "state", code: "invalid" },
        ]);
      }
      if (changes.state && changes.state !== changed.state) {
        changed.closedAt = changes.state === "closed" ? now() : null;
      }
      Object.assign(changed, changes, { updatedAt: now() });
      return changed;
    },

    /** As the button does: a merge commit, in the bare repository too when there is one. */
    merge(owner: string, name: string, number: number, login = owner): FakePull {
      const merged = pull(owner, name, number);
      if (merged.state !== "open") throw new GithubRefusal(405, "Pull Request is not mergeable");
      const { gitDir } = merged.repo;
      merged.mergeCommitSha = gitDir === null
        ? sha(`merge ${merged.id}`)
        : mergeBranch(gitDir, merged.base.ref, merged.head.ref, number);
      merged.mergedAt = merged.closedAt = merged.updatedAt = now();
      merged.state = "closed";
      merged.mergedBy = login;
      return merged;
    },

    /** The signed request that GitHub sends to a webhook about the pull request as it is now. */
    delivery({ owner, name, number, action, sender, extra = {} }: DeliveryEvent): Delivery {
      const about = pull(owner, name, number);
      const login = sender ?? about.mergedBy ?? about.author;
      const body = JSON.stringify({
        action,
        number,
        pull_request: pullRequestJson(about, idOf, urls()),
        repository: repositoryJson(about.repo, idOf(about.repo.owner), urls()),
        sender: userJson({ login, id: idOf(login) }, urls()),
        ...extra,
      });
      return { headers: deliveryHeaders(about.repo, "pull_request", body, webhookSecret), body };
    },

    /** JSON of a pull request as the API answers. */
    pullJson: (of: FakePull) => pullRequestJson(of, idOf, urls()),
    repoJson: (of: FakeRepo) => repositoryJson(of, idOf(of.owner), urls()),
    userJson: (of: FakeUser) => ({
      ...userJson(of, urls()),
      name: of.login,
      created_at: time(new Date(0)),
      updated_at: time(new Date(0)),
    }),
  };
}

function mergeBranch(gitDir: string, base: string, head: string, number: number): string {
  const tip = git(gitDir, "rev-parse", `refs/heads/${base}`);
  const branch = git(gitDir, "rev-parse", `refs/heads/${head}`);
  if (git(gitDir, "merge-base", tip, branch) !== tip) {
    throw new GithubRefusal(405, "Pull Request is not mergeable");
  }
  const message = `Merge pull request #${number} from ${head}`;
  const commit = git(gitDir, "commit-tree", `${branch}^{tree}`, "-p", tip, "-p", branch, "-m", message);
  git(gitDir, "update-ref", `refs/heads/${base}`, commit, tip);
  return commit;
}

/** The headers of a delivery, its body signed with `secret` in both of GitHub's ways. */
export function deliveryHeaders(
  repo: Pick<FakeRepo, "id">,
  event: string,
  body: string,
  secret: string,
): Record<string, string> {
  const sign = (algorithm: string): string =>
    `${algorithm}=${createHmac(algorithm, secret).update(body).digest("hex")}`;
  return {
    accept: "*/*",
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/0123abc",
    "x-github-delivery": randomUUID(),
    "x-github-event": event,
    "x-github-hook-id": "421731",
    "x-github-hook-installation-target-id": String(repo.id),
    "x-github-hook-installation-target-type": "repository",
    "x-hub-signature": sign("sha1"),
    "x-hub-signature-256": sign("sha256"),
  };
}
