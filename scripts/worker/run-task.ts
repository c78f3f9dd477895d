import { mkdtempSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { runAgent } from "./agent.ts";
import { type Changes, collectChanges, describeBranch, hasCommit } from "./changes.ts";
import { prepareWorkspace, refreshTarget, type Workspace } from "./clone.ts";
import { endOfAttempt, secondsToWait, Stopped, TaskFailure } from "./failure.ts";
import { createGit, type Credentials, type Git } from "./git.ts";
import type { Health } from "./health.ts";
import type { Lease } from "./lease.ts";
import { type LimitOptions, requireNoLimit } from "./limits.ts";
import { userLineEndings } from "./line-endings.ts";
import type { Fields, Log } from "./log.ts";
import { isContinued, openFor } from "./pull-request.ts";
import { checkPush, pushBranch } from "./push.ts";
import { type Pushed, pushedOf, pushedRecord } from "./pushed.ts";
import { type Claim, type Queue, QueueError, type Result } from "./queue.ts";
import type { Redactor } from "./redact.ts";
import { complete, confirmWith, withSpace } from "./report.ts";
import { persist, type RetryOptions } from "./retry.ts";
import { sendsSecret } from "./secrets.ts";
import { checkRepository, githubOrigin, type RepositoryRules } from "./repository.ts";

export interface TaskOptions {
  /** The command of an agent. */
  commandOf: (agent: string) => string;
  /** The folder for the tasks' folders. */
  folder: string;
  /** Whether a task's folder is not deleted at its end. */
  keepFolders: boolean;
  rules: RepositoryRules;
  depth: number;
  author: { name: string; email: string };
  agentTimeoutMs: number;
  graceMs: number;
  passEnv: readonly string[];
  /** The commands of trusted filters, by their names. */
  filters: Readonly<Record<string, string>>;
  limits: LimitOptions;
  /** How long faults of a server are waited for after the agent has ended. */
  retry: RetryOptions;
  /** How long a task waits that is given back, in milliseconds; half a minute if left out. */
  laterMs?: number;
  /** How long a server may send nothing, in milliseconds; a minute if left out. */
  stallMs?: number;
  githubApiUrl: string;
  /** The last step: `diff` does not push, `push` opens no pull request. */
  goal: "pull_request" | "push" | "diff";
  /** Added to the agent's own metadata. */
  metadata: Record<string, unknown>;
}

export interface TaskDeps {
  queue: Queue;
  options: TaskOptions;
  environment: Readonly<Record<string, string | undefined>>;
  redactor: Redactor;
  health: Health;
  /** The token for this task's clone, push and pull request. */
  githubToken: (claim: Claim) => Promise<string | null>;
  log: Log;
}

export type Outcome = "completed" | "retried" | "failed" | "later" | Stopped["reason"];

/**
 * Runs one task from its clone to its pull request, and reports the result to the queue while the lease
 * lasts.
 */
export async function runTask(deps: TaskDeps, claim: Claim, lease: Lease): Promise<Outcome> {
  const { queue, options, redactor, health } = deps;
  const log: Log = (event, fields) => deps.log(event, { task: claim.task_id, ...fields });
  let folder: string | undefined;
  let isKept = options.keepFolders;
  try {
    folder = mkdtempSync(join(options.folder, `task-${claim.task_id}-`));
    const result = await runSteps({ ...deps, log }, claim, lease, folder);
    await complete(queue, claim, lease, result, log).catch(mapRejection);
    health.succeeded(claim);
    log("completed", described(result));
    return "completed";
  } catch (error) {
    if (error instanceof Stopped) return await stopped(queue, claim, error, log);
    const failure = endOfAttempt(error, options.folder, folder !== undefined);
    // what the message names must still exist
    isKept ||= failure.kind === "work_left_behind";
    const place = failure.kind === "work_left_behind" ? ` The clone is kept at ${hostname()}:${folder}.` : "";
    const message = redactor.clean(`${failure.message}${place}`);
    const again = health.judge(claim, failure);
    log(again === "later" ? "later" : "failed", { kind: failure.kind, error: message });
    try {
      if (again === "later") {
        const later = {
          retryAfterSeconds: secondsToWait(failure, options.laterMs),
          reason: `${failure.kind}: ${message}`,
        };
        await lease.insist(() => queue.release(claim, later));
        return "later";
      }
      const report = { error: message, error_kind: failure.kind, retryable: again === "yes" };
      let status = "";
      const fail = async (more: Record<string, unknown>): Promise<void> => {
        status = await lease.insist(() => queue.fail(claim, { ...report, ...more }));
      };
      await withSpace([{ execution_metadata: options.metadata }, {}], fail, log);
      return status === "pending" ? "retried" : "failed";
    } catch (reason) {
      if (reason instanceof Stopped) return await stopped(queue, claim, reason, log);
      if (!(reason instanceof QueueError)) throw reason;
      // the lease expires by itself
      log("could not report", { error: reason.message });
      return "lease_lost";
    }
  } finally {
    await lease.stop();
    if (folder && !isKept) discard(folder, log);
  }
}

/** Deletes a task's folder. Tools may leave read-only folders in it; that does not end the worker. */
function discard(folder: string, log: Log): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    log("could not delete the folder", {
      folder,
      error: error instanceof Error ? error.message : String(error),
    });
  }
}

/**
 * A result that the queue rejects would be rejected from another attempt too, with the pull request open by
 * then.
 */
function mapRejection(error: unknown): never {
  if (error instanceof QueueError && (error.status === 413 || error.status === 422)) {
    throw new TaskFailure("result_refused", "no", `${error.code}: ${error.message}`, { cause: error });
  }
  throw error;
}

const described = ({ pr_url, commit_hash, changed_files }: Result): Fields => ({
  files: changed_files?.length ?? 0,
  commit: commit_hash?.slice(0, 10),
  pull_request: pr_url,
});

/**
 * After a cancellation or a lost lease nothing may be written; at a shutdown the task is released, and the
 * attempt not counted.
 */
async function stopped(queue: Queue, claim: Claim, { reason }: Stopped, log: Log): Promise<Outcome> {
  log(reason === "cancelled" ? "cancelled" : reason === "shutdown" ? "releasing" : "lease lost");
  if (reason === "shutdown") {
    try {
      await queue.release(claim);
    } catch (error) {
      if (!(error instanceof QueueError)) throw error;
      // the lease expires by itself
      log("could not release", { error: error.message });
    }
  }
  return reason;
}

async function runSteps(deps: TaskDeps, claim: Claim, lease: Lease, folder: string): Promise<Result> {
  const { options, environment, redactor, log } = deps;
  const { signal } = lease;
  const url = checkRepository(claim.repo_url, options.rules);
  const branch = claim.pr_branch ?? `fixloop/task-${claim.task_id}`;
  const token = await deps.githubToken(claim);
  redactor.add(token);
  if (!token && needsToken(url, options.goal)) {
    throw new TaskFailure("github_token_missing", "no", "There is no GitHub token to push with.");
  }
  const credentials: Credentials | null = token && url.origin === githubOrigin(options.githubApiUrl).origin
    ? { origin: url.origin, token }
    : null;
  const git = createGit({
    folder,
    protocols: options.rules.protocols,
    author: options.author,
    filters: options.filters,
    always: await userLineEndings(environment, folder),
    ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
    signal,
  }, environment);
  const pushed = options.goal === "diff" ? null : pushedOf(claim);

  const space = await prepareWorkspace(git, {
    url: url.href,
    target: claim.target_branch,
    branch,
    isContinued: async (commit) =>
      pushed !== null || await isContinued(deps, claim, { url, token, branch, commit, signal }),
    depth: options.depth,
    credentials,
    folder,
  });
  log("cloned", { branch, commit: space.start.slice(0, 10) });
  const { target } = space;
  // from the agent's end on a fault of a server is waited for: the agent is not run again for it
  const insist = <T>(step: string, call: () => Promise<T>): Promise<T> =>
    persist(step, call, { ...options.retry, namedMs: LONGEST_WAIT_MS, signal, log });
  const title = redactor.clean(titleOf(claim));
  const message = `${title}\n\nFixloop task ${claim.task_id}\n`;
  const parts: Parts = { git, space, credentials, title, message, branch, insist };
  const { report, ...done } = pushed && space.isContinued && await hasCommit(git, space, pushed.commit)
    ? await goOn(deps, lease, parts, pushed)
    : await runAndPush(deps, claim, lease, parts);
  if (options.goal !== "pull_request" || done.commit_hash === undefined) return done;
  const opened = await insist(
    "pull request",
    () => openFor(deps, claim, { url, token, target, branch, title, report, signal }),
  );
  log(opened.isNew ? "opened pull request" : "found pull request", { url: opened.url });
  return { ...done, pr_number: opened.number, pr_url: opened.url };
}

/** GitHub's limits last for up to an hour. */
const LONGEST_WAIT_MS = 70 * 60_000;

interface Parts {
  git: Git;
  space: Workspace;
  credentials: Credentials | null;
  /** Of the pull request. */
  title: string;
  /** Of the commit. */
  message: string;
  branch: string;
  insist: <T>(step: string, call: () => Promise<T>) => Promise<T>;
}

/** A result, and the agent's report for the pull request. */
type Done = Result & { report: string };

/** What an earlier attempt pushed is the result: all that is missing is the pull request. */
async function goOn(
  { log }: TaskDeps,
  lease: Lease,
  { git, space, branch, message }: Parts,
  { report }: Pushed,
): Promise<Done> {
  log("goes on with what was pushed", { branch, commit: space.start.slice(0, 10) });
  await lease.confirm({ targetBranch: space.target });
  const changes = await describeBranch(git, space, message);
  return {
    ...resultOf(changes, branch),
    message: report || `Changed ${changes.files.length} files.`,
    execution_metadata: { pushed: null },
    report,
  };
}

async function runAndPush(deps: TaskDeps, claim: Claim, lease: Lease, parts: Parts): Promise<Done> {
  const { options, environment, redactor, log } = deps;
  const { git, space, credentials, branch, insist } = parts;
  const { signal } = lease;
  if (options.goal !== "diff") await checkPush(git, space, credentials);
  const targetBranch = space.target;
  await confirmWith(lease, log, [{
    message: `${claim.agent} starts on ${targetBranch} at ${space.start.slice(0, 10)}.`,
    targetBranch,
  }, { targetBranch }]);
  const limits = deps.health.believesLimits(claim)
    ? options.limits
    : { ...options.limits, sentences: [], answers: [] };
  const agent = await runAgent(claim, {
    command: options.commandOf(claim.agent),
    work: space.work,
    folder: join(dirname(space.work), "task"),
    branch,
    environment,
    passEnv: options.passEnv,
    timeoutMs: options.agentTimeoutMs,
    graceMs: options.graceMs,
    limits,
    signal,
  });
  log("agent ended", { seconds: agent.seconds });
  const report = redactor.clean(agent.report);
  await insist("fetch", () => refreshTarget(git, space, credentials));
  const changes = await collectChanges(git, space, parts.message, Object.keys(options.filters));
  if (changes.foundIn) log("found the work elsewhere", { place: changes.foundIn });
  const metadata = JSON.parse(redactor.clean(JSON.stringify(agent.metadata))) as Record<string, unknown>;
  const execution_metadata = {
    ...options.metadata,
    ...metadata,
    agent_seconds: agent.seconds,
    ...(changes.leftOut.length > 0 ? { left_out: changes.leftOut.slice(0, MAX_LEFT_OUT) } : {}),
  };
  if (changes.isEmpty) requireNoLimit(agent, limits);
  if (changes.isEmpty) return { message: report || "Nothing had to be changed.", execution_metadata, report };
  if (redactor.finds(changes.patch + changes.diff) || await sendsSecret(git, space, changes.head, redactor)) {
    throw new TaskFailure("secret_in_changes", "no", "The agent's changes contain a key of this worker.");
  }
  const done: Done = {
    ...resultOf(changes, branch),
    message: report || `Changed ${changes.files.length} files.`,
    execution_metadata,
    report,
  };
  if (options.goal === "diff") return done;

  // the queue can't undo a push or a pull request: they need a confirmed lease
  await lease.confirm();
  await insist("push", () => pushBranch(git, space, changes.head, credentials));
  log("pushed", { branch, commit: changes.head.slice(0, 10) });
  const pushed = pushedRecord(claim, changes.head, report);
  await confirmWith(lease, log, [
    { metadata: { ...execution_metadata, pushed } },
    { metadata: { pushed: { ...pushed, report: "" } } },
    {},
  ]);
  return { ...done, execution_metadata: { ...execution_metadata, pushed: null } };
}

/** The number of names in the metadata. */
const MAX_LEFT_OUT = 100;

const needsToken = (url: URL, goal: TaskOptions["goal"]): boolean =>
  goal === "pull_request" || (goal === "push" && /^https?:$/.test(url.protocol));

const resultOf = (changes: Pick<Changes, "head" | "diff" | "patch" | "files">, branch: string): Result => ({
  commit_hash: changes.head,
  git_diff: changes.diff,
  git_patch: changes.patch,
  changed_files: changes.files,
  pr_branch: branch,
});

/** A user may have stored anything in the chat. */
const textOf = (content: unknown): string => typeof content === "string" ? content : "";

/** The first line of the user's first message, as a title of up to 72 characters. */
function titleOf(claim: Claim): string {
  const text = textOf(claim.chat_messages.find((message) => message?.role === "user")?.content);
  const line = text.split("\n").map((each) => each.replace(/^[#\s>*-]+/, "").trim()).find((each) => each);
  if (!line) return `Fixloop task ${claim.task_id}`;
  return line.length <= 72 ? line : `${line.slice(0, 71).trimEnd()}…`;
}
