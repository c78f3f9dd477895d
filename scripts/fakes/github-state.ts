import { branchCommit, mergeBranch } from "./bare-repository.ts";
import type { Fault } from "./faults.ts";
import { deliveryHeaders } from "./github-delivery.ts";
import { createHash } from "node:crypto";
import { createOAuthServer } from "./oauth-routes.ts";
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

export interface SeenRequest {
  method: string;
  /** With its query. */
  path: string;
  /** The owner of its token. */
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
  /**
   * GitHub's name: `opened`, `closed`, `reopened`, `edited`, `synchronize`, `converted_to_draft`,
   * `ready_for_review` …
   */
  action: string;
  sender?: string;
  /** Overrides keys of the payload. */
  extra?: Record<string, unknown>;
}

export interface RepositoryEvent {
  repo: FakeRepo;
  /** GitHub's name: `renamed`, `transferred`, `privatized`, `publicized`, `deleted` … */
  action: string;
  /** What the event says was changed. */
  changes?: Record<string, unknown>;
  extra?: Record<string, unknown>;
}

/** An error that GitHub answers, with its message. */
export class GithubError extends Error {
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
  /** A branch of the repository, with or without `owner:`. */
  head: string;
  base?: string;
  body?: string | null;
  isDraft?: boolean;
  login?: string;
  headSha?: string;
}

/** The limits of an hour: requests with a token, points of GraphQL, and requests without a token. */
export const HOURLY = { core: 5000, graphql: 5000, address: 60 } as const;

export const hourOf = (at: Date): number => Math.floor(at.getTime() / 3_600_000);

export type FakeState = ReturnType<typeof createState>;

/** Any text as something that looks like a commit. */
const sha = (text: string): string => createHash("sha1").update(text).digest("hex");
const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/**
 * The commit of a branch; null where the branch does not exist. Without a bare repository every branch
 * exists.
 */
const branchSha = (repo: FakeRepo, ref: string): string | null =>
  repo.gitDir === null ? sha(`${repo.owner}/${repo.name} ${ref}`) : branchCommit(repo.gitDir, ref);

/**
 * The state of the fake, and how tests and the demo change it. Names are compared without case, as at GitHub.
 */
export function createState(urls: () => Urls, webhookSecret: string, now: () => Date) {
  const users: FakeUser[] = [];
  const repos: FakeRepo[] = [];
  const pulls: FakePull[] = [];
  const faults: Fault[] = [];
  const requests: SeenRequest[] = [];
  /** Remaining requests of this hour without a token. */
  const address: { remaining: number } = { remaining: HOURLY.address };
  let hour = hourOf(now());
  let lastId = 1000;

  const idOf = (login: string): number =>
    users.find((user) => same(user.login, login))?.id ?? parseInt(sha(login).slice(0, 6), 16);

  const repo = (owner: string, name: string): FakeRepo | undefined =>
    repos.find((one) => same(one.owner, owner) && same(one.name, name));

  /** Where a name that a repository had before redirects to. */
  const movedRepo = (owner: string, name: string): FakeRepo | undefined =>
    repos.find((one) => one.oldNames.includes(`${owner}/${name}`.toLowerCase()));

  const pull = (owner: string, name: string, number: number): FakePull => {
    const found = pulls.find((one) =>
      one.number === number && same(one.repo.owner, owner) && same(one.repo.name, name)
    );
    if (!found) throw new GithubError(404, "Not Found");
    return found;
  };

  /** A token that the authorization server hands out: the account's, with limits that are the account's too. */
  const addToken = (account: FakeUser, token: string, scopes: string[], expiresAt: Date | null): void => {
    const limits = {
      get remaining() {
        return account.remaining;
      },
      set remaining(value: number) {
        account.remaining = value;
      },
      get points() {
        return account.points;
      },
      set points(value: number) {
        account.points = value;
      },
    };
    const { id, login } = account;
    users.push(Object.defineProperties(
      { ...account, id, login, token, scopes, expiresAt },
      Object.getOwnPropertyDescriptors(limits),
    ));
  };

  const oauth = createOAuthServer("github", {
    findAccount: (login) => users.find((user) => same(user.login, login))?.id.toString(),
    add(token, accountId, scopes, expiresAt) {
      const account = users.find(({ id }) => String(id) === accountId);
      if (account) addToken(account, token, scopes, expiresAt);
    },
    remove(token) {
      const at = users.findIndex((user) => user.token === token);
      if (at !== -1) users.splice(at, 1);
    },
    now,
  });

  return {
    /** The authorization server: `/login/oauth/…`. */
    oauth,
    users,
    repos,
    pulls,
    faults,
    /** Every request, oldest first. */
    requests,
    webhookSecret,
    repo,
    movedRepo,
    pull,
    address,
    now,
    apiUrl: () => urls().api,

    /** Gives back what an hour allows when the next one has begun. */
    renewLimits(): void {
      if (hourOf(now()) === hour) return;
      hour = hourOf(now());
      address.remaining = HOURLY.address;
      for (const user of users) Object.assign(user, { remaining: HOURLY.core, points: HOURLY.graphql });
    },

    addUser(
      { login, token, ...more }: { login: string; token: string } & Partial<FakeUser>,
    ): FakeUser {
      const user: FakeUser = {
        id: ++lastId,
        login,
        token,
        scopes: ["repo"],
        expiresAt: null,
        remaining: HOURLY.core,
        points: HOURLY.graphql,
        contributions: [],
        ...more,
      };
      users.push(user);
      return user;
    },

    addRepo(
      { owner, name, ...more }: { owner: string; name: string } & Partial<FakeRepo>,
    ): FakeRepo {
      const taken = `${owner}/${name}`.toLowerCase();
      for (const one of repos) one.oldNames = one.oldNames.filter((old) => old !== taken);
      const added: FakeRepo = {
        id: ++lastId,
        owner,
        name,
        isPrivate: false,
        members: [owner],
        defaultBranch: "main",
        gitDir: null,
        oldNames: [],
        createdAt: now(),
        updatedAt: now(),
        description: null,
        language: null,
        isFork: false,
        stars: 0,
        forks: 0,
        openIssues: 0,
        ...more,
      };
      repos.push(added);
      return added;
    },

    /** Renames or transfers a repository; its old name redirects to it until somebody takes it. */
    moveRepo(moved: FakeRepo, { owner = moved.owner, name = moved.name }: { owner?: string; name?: string }) {
      const from = { owner: moved.owner, name: moved.name };
      moved.oldNames.push(`${from.owner}/${from.name}`.toLowerCase());
      Object.assign(moved, { owner, name, updatedAt: now() });
      return from;
    },

    openPull(
      { owner, name, title, head, base, body = null, isDraft = false, login = owner, headSha }: NewPull,
    ): FakePull {
      const target = repo(owner, name);
      if (!target) throw new GithubError(404, "Not Found");
      const ref = head.split(":").at(-1) ?? head;
      const baseRef = base ?? target.defaultBranch;
      const invalid = (field: string) =>
        new GithubError(422, "Validation Failed", [{ resource: "PullRequest", field, code: "invalid" }]);
      const custom = (message: string) =>
        new GithubError(422, "Validation Failed", [{ resource: "PullRequest", code: "custom", message }]);
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
        throw new GithubError(422, "Validation Failed", [
          { resource: "PullRequest", field: "state", code: "invalid" },
        ]);
      }
      if (changes.state && changes.state !== changed.state) {
        changed.closedAt = changes.state === "closed" ? now() : null;
      }
      Object.assign(changed, changes, { updatedAt: now() });
      return changed;
    },

    /** Merges with a merge commit, also in the bare repository where there is one. */
    merge(owner: string, name: string, number: number, login = owner): FakePull {
      const merged = pull(owner, name, number);
      if (merged.state !== "open") throw new GithubError(405, "Pull Request is not mergeable");
      const { gitDir } = merged.repo;
      merged.mergeCommitSha = gitDir === null
        ? sha(`merge ${merged.id}`)
        : mergeBranch(gitDir, merged.base.ref, merged.head.ref, number);
      if (merged.mergeCommitSha === null) throw new GithubError(405, "Pull Request is not mergeable");
      merged.mergedAt = merged.closedAt = merged.updatedAt = now();
      merged.state = "closed";
      merged.mergedBy = login;
      return merged;
    },

    /** The signed request that GitHub sends to a webhook about the current state of the pull request. */
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

    /** The signed request about a repository. */
    repositoryDelivery({ repo: about, action, changes, extra = {} }: RepositoryEvent): Delivery {
      const body = JSON.stringify({
        action,
        ...(changes ? { changes } : {}),
        repository: repositoryJson(about, idOf(about.owner), urls()),
        sender: userJson({ login: about.owner, id: idOf(about.owner) }, urls()),
        ...extra,
      });
      return { headers: deliveryHeaders(about, "repository", body, webhookSecret), body };
    },

    /** A pull request as the API returns it. */
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
