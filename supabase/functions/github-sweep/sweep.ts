import type { Rpc } from "../_shared/database.ts";
import type { AskGithub, GithubAnswer, Question } from "../_shared/github.ts";
import type { Allowance, Budgets } from "../_shared/provider-budget.ts";
import type { DueBranch, DueProject, DuePull, DueRepository, Plan, Reader } from "./plan.ts";

/** Why a sweep ended early. */
export type StopReason = "requests" | "time" | "limited" | "failing";

/** The result of a sweep. */
export interface Report {
  /** Requests to GitHub. */
  requests: number;
  read: number;
  unchanged: number;
  /** Answers that the token can't read the pull request. */
  not_seen: number;
  /** Tokens that GitHub rejects, or that can't be decrypted. */
  tokens_refused: number;
  /** Tokens that GitHub asks not to be used for a while. */
  tokens_limited: number;
  /** Pull requests and branches without a usable answer, or whose answer could not be stored. */
  failed: number;
  /** Branches whose pull requests were found. */
  found: number;
  /** Projects whose repository was found. */
  identified: number;
  /** Repositories of the loop whose pull requests were listed. */
  listed: number;
  stopped: StopReason | null;
  paused_until: string | null;
}

export interface SweepTools {
  ask: AskGithub;
  rpc: Rpc;
  budgets: Budgets;
  /** Decrypts a reader's token; null when that is not possible. */
  open: (reader: Reader) => Promise<string | null>;
  /** Milliseconds since 1970. */
  clock: () => number;
  maxRequests: number;
  maxMs: number;
}

/** This many failures in a row are caused by GitHub or by us, not by the pull requests. */
const MAX_FAILURES_IN_A_ROW = 3;

/** Requests that are reserved at a time with one token. */
const CHUNK = 10;

/**
 * Asks GitHub about what is due, one request after the other, and stores each answer separately: a failure of
 * one pull request does not affect the others. What is not reached stays due.
 */
export async function sweep(plan: Plan, tools: SweepTools): Promise<Report> {
  const run = new Run(tools);
  for (const project of plan.projects) {
    if (run.report.stopped) break;
    await identify(run, project);
  }
  for (const repository of plan.repositories) {
    if (run.report.stopped) break;
    await listPulls(run, repository);
  }
  for (const pull of plan.pull_requests) {
    if (run.report.stopped) break;
    await checkPull(run, pull);
  }
  for (const branch of plan.branches) {
    if (run.report.stopped) break;
    await findPull(run, branch);
  }
  await run.settle();
  return run.report;
}

/** The state of a sweep: its budget, the tokens that can no longer be used, and its report. */
class Run {
  readonly report: Report = {
    requests: 0,
    read: 0,
    unchanged: 0,
    not_seen: 0,
    tokens_refused: 0,
    tokens_limited: 0,
    failed: 0,
    found: 0,
    identified: 0,
    listed: 0,
    stopped: null,
    paused_until: null,
  };
  readonly #tools: SweepTools;
  readonly #started: number;
  readonly #unusable = new Set<string>();
  readonly #resting = new Set<string>();
  readonly #allowances = new Map<string, Allowance>();
  #failuresInARow = 0;

  constructor(tools: SweepTools) {
    this.#tools = tools;
    this.#started = tools.clock();
  }

  get now(): number {
    return this.#tools.clock();
  }

  /**
   * Asks with a reader's token, or without one. Null when that is not possible: no usable token, or no budget
   * left.
   */
  async ask(reader: Reader | null, question: Omit<Question, "token">): Promise<GithubAnswer | null> {
    const key = reader?.secret_id ?? "anonymous";
    if (this.#unusable.has(key) || this.#isSpent()) return null;
    const token = reader && await this.#tools.open(reader);
    if (reader && token === null) {
      this.#unusable.add(key);
      this.report.tokens_refused++;
      return null;
    }
    const allowance = this.#allowance(key, reader);
    const grant = await allowance.take();
    if (grant.kind === "refused") {
      this.#rested(key, reader);
      return null;
    }
    if (grant.kind === "unavailable") {
      this.#fail();
      return null;
    }
    this.report.requests++;
    const answer = await this.#tools.ask({
      ...question,
      token,
      onLimit: (limit) => allowance.report(limit),
    });
    // with a token, "not modified" is free
    if (answer.kind === "unchanged" && reader) allowance.giveBack();
    await this.#record(answer, key, reader);
    return answer;
  }

  /** Gives back what was reserved and not used. */
  async settle(): Promise<void> {
    for (const allowance of this.#allowances.values()) await allowance.settle();
  }

  #allowance(key: string, reader: Reader | null): Allowance {
    let allowance = this.#allowances.get(key);
    if (!allowance) {
      allowance = this.#tools.budgets.open("github", reader?.secret_id ?? null, reader ? CHUNK : 1);
      this.#allowances.set(key, allowance);
    }
    return allowance;
  }

  /** The token, or the address, has no requests left. */
  #rested(key: string, reader: Reader | null): void {
    this.#unusable.add(key);
    if (reader) this.#resting.add(reader.secret_id);
  }

  /** Whether a token has no requests left, or GitHub asks not to use it: what its user waits for, waits too. */
  isResting(reader: Reader): boolean {
    return this.#resting.has(reader.secret_id);
  }

  /** Stores a result; false when that failed. */
  async store(name: string, args: Record<string, unknown>): Promise<boolean> {
    const result = await this.#tools.rpc(name, args);
    if (!result.ok) this.#fail();
    return result.ok;
  }

  #isSpent(): boolean {
    if (this.report.requests >= this.#tools.maxRequests) this.report.stopped ??= "requests";
    if (this.now - this.#started >= this.#tools.maxMs) this.report.stopped ??= "time";
    return this.report.stopped !== null;
  }

  async #record(answer: GithubAnswer, key: string, reader: Reader | null): Promise<void> {
    if (answer.kind === "failed") return this.#fail();
    this.#failuresInARow = 0;
    if (answer.kind === "not_seen") this.report.not_seen++;
    if (answer.kind === "exhausted") this.#rested(key, reader);
    if (answer.kind === "token_rejected") this.#unusable.add(key);
    if (answer.kind === "token_rejected" && reader) {
      this.report.tokens_refused++;
      await this.store("mark_secret_checked", { id: reader.secret_id, is_valid: false });
    }
    if (answer.kind === "limited") {
      this.#unusable.add(key);
      await this.#rest(answer.until.toISOString(), reader);
    }
  }

  /** A limit that came with a token is the token's, until the database knows of another account's. */
  async #rest(until: string, reader: Reader | null): Promise<void> {
    if (reader) {
      this.report.tokens_limited++;
      this.#resting.add(reader.secret_id);
    }
    const secretId = reader?.secret_id ?? null;
    const result = await this.#tools.rpc("pause_github_sweep", { until, secret_id: secretId });
    if (!result.ok) this.#fail();
    const pausedUntil = result.ok && typeof result.data === "string" ? result.data : null;
    if (pausedUntil === null && reader) return;
    this.report.stopped = "limited";
    this.report.paused_until = pausedUntil ?? until;
  }

  #fail(): void {
    this.report.failed++;
    if (++this.#failuresInARow >= MAX_FAILURES_IN_A_ROW) this.report.stopped ??= "failing";
  }
}

/**
 * The path of a repository: by its id, which stays the same when it is renamed, so that who takes its name is never
 * asked about in its place.
 */
const pathOf = (
  { github_id, repo_owner, repo_name }: DuePull | DueBranch | DueProject | DueRepository,
): string =>
  github_id === null
    ? `/repos/${encodeURIComponent(repo_owner)}/${encodeURIComponent(repo_name)}`
    : `/repositories/${github_id}`;

/** Asks for the id of a project's repository, or for its name where somebody else has taken the one it had. */
async function identify(run: Run, project: DueProject): Promise<void> {
  const askedAt = new Date(run.now).toISOString();
  const answer = await run.ask(project, { path: pathOf(project), etag: null });
  if (answer?.kind !== "ok" && answer?.kind !== "not_seen") return;
  const repository = answer.kind === "ok" ? answer.body : null;
  const args = { project_id: project.project_id, repository, read_at: askedAt };
  if (await run.store("record_github_project", args) && repository !== null) run.report.identified++;
}

/** Lists the pull requests of a repository of the loop, the last updated first. */
async function listPulls(run: Run, repository: DueRepository): Promise<void> {
  const query = new URLSearchParams({ state: "all", sort: "updated", direction: "desc", per_page: "50" });
  const path = `${pathOf(repository)}/pulls?${query}`;
  const askedAt = new Date(run.now).toISOString();
  const answer = await run.ask(repository, { path, etag: repository.etag });
  if (answer?.kind !== "ok" && answer?.kind !== "unchanged" && answer?.kind !== "not_seen") return;
  const stored = await run.store("record_loop_repository", {
    repository_id: repository.repository_id,
    outcome: answer.kind === "ok" ? "read" : answer.kind,
    pull_requests: answer.kind === "ok" ? answer.body : null,
    etag: answer.kind === "ok" ? answer.etag : null,
    read_at: askedAt,
  });
  if (stored && answer.kind !== "not_seen") run.report.listed++;
}

/**
 * Asks about a pull request with the token of every user who waits to see it, else of one who may see it,
 * else without a token where it may be public.
 */
async function checkPull(run: Run, pull: DuePull): Promise<void> {
  const path = `${pathOf(pull)}/pulls/${pull.number}`;
  const ask = async (reader: Reader | null): Promise<GithubAnswer["kind"] | null> => {
    const askedAt = new Date(run.now).toISOString();
    const answer = await run.ask(reader, { path, etag: pull.etag });
    if (answer) await storePull(run, pull, reader, answer, askedAt);
    return answer?.kind ?? null;
  };
  const isKnown = (kind: GithubAnswer["kind"] | null) => kind === "ok" || kind === "unchanged";
  const kinds: (GithubAnswer["kind"] | null)[] = [];
  for (const reader of pull.readers) {
    if (!reader.is_unverified && kinds.some(isKnown)) break;
    kinds.push(await ask(reader));
    if (run.report.stopped) return;
  }
  const isAsked = kinds.some((kind) => isKnown(kind) || kind === "not_seen" || kind === "failed");
  // not for a user whose token rests: their requests would use up those without a token, and pause everybody's
  const isResting = pull.readers.some((reader) => run.isResting(reader));
  if (!isAsked && !isResting && pull.is_private !== true) kinds.push(await ask(null));
  if (kinds.includes("not_seen") && kinds.every((kind) => kind === "not_seen" || kind === "token_rejected")) {
    await run.store("finish_github_check", {
      pull_request_id: pull.pull_request_id,
      user_id: null,
      outcome: "unseen",
    });
  }
}

async function storePull(
  run: Run,
  pull: DuePull,
  reader: Reader | null,
  answer: GithubAnswer,
  askedAt: string,
): Promise<void> {
  const check = { pull_request_id: pull.pull_request_id, user_id: reader?.user_id ?? null };
  if (answer.kind === "ok") {
    const stored = await run.store("finish_github_check", {
      ...check,
      outcome: "read",
      pull_request: answer.body,
      etag: answer.etag,
      read_at: askedAt,
    });
    if (stored) run.report.read++;
  } else if (answer.kind === "unchanged") {
    const stored = await run.store("finish_github_check", {
      ...check,
      outcome: "unchanged",
      read_at: askedAt,
    });
    if (stored) run.report.unchanged++;
  } else if (answer.kind === "not_seen" && reader) {
    await run.store("finish_github_check", { ...check, outcome: "not_seen" });
  }
}

/** Asks for the pull requests of a task's branch, in any state, newest first. */
async function findPull(run: Run, branch: DueBranch): Promise<void> {
  const head = `${branch.repo_owner}:${branch.head_ref}`;
  const query = new URLSearchParams({ head, state: "all", per_page: "10" });
  const path = `${pathOf(branch)}/pulls?${query}`;
  const askedAt = new Date(run.now).toISOString();
  const answer = await run.ask(branch, { path, etag: null });
  if (answer?.kind !== "ok" && answer?.kind !== "not_seen") return;
  const pulls = answer.kind === "ok" ? answer.body.trim() : "[]";
  const stored = await run.store("record_github_branch", {
    task_id: branch.task_id,
    user_id: branch.user_id,
    pull_requests: pulls,
    read_at: askedAt,
  });
  if (stored && pulls !== "[]") run.report.found++;
}
