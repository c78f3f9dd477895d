import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takeBefore } from "./changes.ts";
import { isContained } from "./contained.ts";
import { failureOf, TaskFailure } from "./failure.ts";
import { type Credentials, type Git, GitError, isDenied } from "./git.ts";
import { openRepository } from "./objects.ts";

export interface CloneRequest {
  url: string;
  /** The branch that the pull request targets; null for the repository's default branch. */
  target: string | null;
  /** The branch of the task's commits. */
  branch: string;
  /** Whether the branch, with this commit at the server, is continued, rather than replaced. */
  isContinued: (commit: string) => Promise<boolean>;
  /** The number of commits of history; 0 for all. */
  depth: number;
  credentials: Credentials | null;
  folder: string;
}

export interface Workspace {
  /** Our own repository, from which is pushed; the agent has no access to it. */
  gitDir: string;
  /** The agent's clone. The agent can write to its `.git`, so nothing is run in it afterwards. */
  work: string;
  /** The commit that the agent starts from. */
  start: string;
  /** The tree of the clone before the agent begins: line endings may make files of it look changed. */
  before: string;
  /** When the agent begins, in seconds since 1970. */
  since: number;
  branch: string;
  /** The branch that the pull request targets. */
  target: string;
  url: string;
  /**
   * The branch's commit on the server; null where the branch does not exist. A push replaces only that
   * commit.
   */
  remoteBranch: string | null;
  /** Whether the agent starts from that commit, and not from the target. */
  isContinued: boolean;
}

const LONG_MS = 15 * 60_000;

/**
 * Creates a fresh clone for the agent, and our own repository next to it.
 *
 * @throws TaskFailure `branch_invalid`, `target_branch_missing`, `clone_denied`, `clone_failed`
 */
export async function prepareWorkspace(git: Git, request: CloneRequest): Promise<Workspace> {
  const { url, branch, credentials, folder } = request;
  for (const name of [request.target, branch]) if (name !== null) await checkBranch(git, name);
  const server = await loadRefs(git, request);
  const target = request.target ?? server.get("HEAD")?.slice("refs/heads/".length);
  if (target === undefined) {
    throw new TaskFailure("target_branch_missing", "no", "The repository has no default branch.");
  }
  const targetSha = server.get(`refs/heads/${target}`);
  if (!targetSha) {
    throw new TaskFailure("target_branch_missing", "no", `The repository has no branch ${target}.`);
  }
  if (branch === target || server.get("HEAD") === `refs/heads/${branch}`) {
    throw new TaskFailure("branch_invalid", "no", `A task needs its own branch, not ${branch}.`);
  }
  const inTheWay = [...server.keys(), `refs/heads/${target}`].find((ref) => isInTheWay(ref, branch));
  if (inTheWay) {
    const other = inTheWay.slice("refs/heads/".length);
    throw new TaskFailure(
      "branch_invalid",
      "no",
      `There can be no branch ${branch} next to the branch ${other}.`,
    );
  }
  const remoteBranch = server.get(`refs/heads/${branch}`) ?? null;
  let isContinued = remoteBranch !== null && await request.isContinued(remoteBranch);

  const gitDir = join(folder, "repository.git");
  const work = join(folder, "work");
  const inOurs = ["--git-dir", gitDir];
  await git(["init", "--quiet", "--bare", "--template=", gitDir]);
  // diffs contain every file, whatever attributes the repository has for them
  mkdirSync(join(gitDir, "info"));
  writeFileSync(join(gitDir, "info/attributes"), "* !diff !merge\n");
  const wanted = isContinued ? [target, branch] : [target];
  await mapDenied(() =>
    git([
      ...inOurs,
      "fetch",
      "--quiet",
      "--no-tags",
      ...(request.depth > 0 ? [`--depth=${request.depth}`] : []),
      "--",
      url,
      ...wanted.map((name) => `+refs/heads/${name}:refs/heads/${name}`),
    ], { credentials, timeoutMs: LONG_MS })
  );
  if (isContinued) {
    await deepen(git, gitDir, { ...request, target });
    // merged in any way, also by squashing: its work is in the target, and nothing is left to go on with
    const refs = [branch, target].map((name) => `refs/heads/${name}`) as [string, string];
    isContinued = !await isContained(openRepository(git, gitDir), ...refs);
  }
  const revision = async (name: string): Promise<string> =>
    (await git([...inOurs, "rev-parse", "--verify", "--end-of-options", `${name}^{commit}`])).stdout.trim();
  const start = await revision(`refs/heads/${isContinued ? branch : target}`);
  await git([...inOurs, "update-ref", `refs/heads/${branch}`, start]);
  await git([...inOurs, "symbolic-ref", "HEAD", `refs/heads/${branch}`]);

  // like a clone of the real one, ready to commit in
  const author = (await git(["config", "--global", "--get-regexp", "^user\\."])).stdout.trim().split("\n")
    .flatMap((line) => ["--config", line.replace(" ", "=")]);
  const how = ["--quiet", "--no-local", "--template=", ...author, "--branch", branch];
  await git(["clone", ...how, "--", gitDir, work], { isLocal: true, timeoutMs: LONG_MS });
  // the agent has not written there yet
  await git(["remote", "set-url", "origin", url], { cwd: work });
  const before = await takeBefore(git, { gitDir, work, start });
  const since = Math.floor(Date.now() / 1000);
  return { gitDir, work, start, before, since, branch, target, url, remoteBranch, isContinued };
}

/** A branch is a file in a folder: with `a` there is no `a/b`. */
function isInTheWay(ref: string, branch: string): boolean {
  const own = `refs/heads/${branch}`;
  return own.startsWith(`${ref}/`) || ref.startsWith(`${own}/`);
}

/** The names of the folders that a branch is in, as branches: of `a/b/c`, `a` and `a/b`. */
const foldersOf = (branch: string): string[] =>
  branch.split("/").slice(0, -1).map((_, at, parts) => parts.slice(0, at + 1).join("/"));

/**
 * Fetches what the target has got since, so that commits of it that the agent merged are not taken for the
 * agent's.
 *
 * @throws TaskFailure `target_branch_missing`, `clone_denied`, `clone_failed`
 */
export async function refreshTarget(
  git: Git,
  space: Workspace,
  credentials: Credentials | null,
): Promise<void> {
  const ref = `refs/heads/${space.target}`;
  await mapDenied(() =>
    git(["--git-dir", space.gitDir, "fetch", "--quiet", "--no-tags", "--", space.url, `+${ref}:${ref}`], {
      credentials,
      timeoutMs: LONG_MS,
    })
  ).catch((error: unknown) => {
    if (!(error instanceof TaskFailure) || !/couldn't find remote ref/.test(error.message)) throw error;
    const gone = `The branch ${space.target} was deleted meanwhile.`;
    throw new TaskFailure("target_branch_missing", "no", gone, { cause: error });
  });
}

/** Fetches more history until the branch and its target have a commit in common. */
async function deepen(git: Git, gitDir: string, request: CloneRequest & { target: string }): Promise<void> {
  const { url, target, branch, credentials } = request;
  const refs = [target, branch].map((name) => `refs/heads/${name}`);
  for (let depth = request.depth * 10; request.depth > 0; depth *= 10) {
    const fork = await git(["--git-dir", gitDir, "merge-base", ...refs], { accept: [1] });
    if (fork.code === 0 || !existsSync(join(gitDir, "shallow"))) return;
    const more = depth > 100_000 ? "--unshallow" : `--depth=${depth}`;
    await mapDenied(() =>
      git([
        ...["--git-dir", gitDir, "fetch", "--quiet", "--no-tags", more, "--", url],
        ...refs.map((ref) => `+${ref}:${ref}`),
      ], { credentials, timeoutMs: LONG_MS })
    );
    if (more === "--unshallow") return;
  }
}

async function checkBranch(git: Git, name: string): Promise<void> {
  // each part is the name of a file, and of its lock
  const isPlain = !name.startsWith("-") && name !== "HEAD" && name.length <= 200 &&
    name.split("/").every((part) => Buffer.byteLength(part) <= 240);
  const checked = isPlain
    ? await git(["check-ref-format", `refs/heads/${name}`], { accept: [1] })
    : undefined;
  if (checked?.code !== 0) {
    throw new TaskFailure("branch_invalid", "no", `${JSON.stringify(name)} is not a valid branch name.`);
  }
}

/**
 * The commits of the request's branches on the server and of those that would be in the way of the task's, and the
 * branch that HEAD points to.
 */
async function loadRefs(git: Git, request: CloneRequest): Promise<Map<string, string>> {
  const { url, target, branch, credentials } = request;
  const { stdout } = await mapDenied(() =>
    git([
      "ls-remote",
      "--symref",
      "--",
      url,
      "HEAD",
      ...[target, branch, `${branch}/*`, ...foldersOf(branch)]
        .flatMap((name) => name === null ? [] : [`refs/heads/${name}`]),
    ], {
      credentials,
    })
  );
  const refs = new Map<string, string>();
  let head = "";
  for (const line of stdout.split("\n")) {
    const [value = "", name = ""] = line.split("\t");
    // a copy of another server's HEAD, or a branch that stands for another one, may be one too
    if (value.startsWith("ref: ")) {
      if (name === "HEAD") refs.set("HEAD", value.slice("ref: ".length));
    } else if (name === "HEAD") head = value;
    else if (name.startsWith("refs/heads/")) refs.set(name, value);
  }
  const byDefault = refs.get("HEAD");
  if (byDefault && head) refs.set(byDefault, head);
  return refs;
}

async function mapDenied<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    // another worker's token may be allowed to
    if (isDenied(error)) throw failureOf(error, "clone_denied", "yes");
    throw failureOf(error, "clone_failed", "later");
  }
}
