import { join } from "node:path";
import { TaskFailure } from "./failure.ts";
import { type Credentials, type Git, GitError, isDenied } from "./git.ts";

export interface CloneRequest {
  url: string;
  /** The branch that the pull request targets. */
  target: string;
  /** The branch of the task's commits. */
  branch: string;
  /** Whether existing commits of `branch` are continued, rather than replaced. */
  isContinued: boolean;
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
  /** The commit where the branch leaves the target: diffs are against it. */
  base: string;
  branch: string;
  url: string;
  /**
   * The branch's commit on the server; null where the branch does not exist. A push replaces only that
   * commit.
   */
  remoteBranch: string | null;
}

const LONG_MS = 15 * 60_000;

/**
 * Creates a fresh clone for the agent, and our own repository next to it.
 *
 * @throws TaskFailure `branch_invalid`, `target_branch_missing`, `clone_denied`, `clone_failed`
 */
export async function prepareWorkspace(git: Git, request: CloneRequest): Promise<Workspace> {
  const { url, target, branch, credentials, folder } = request;
  for (const name of [target, branch]) await checkBranch(git, name);
  const server = await loadRefs(git, request);
  const targetSha = server.get(`refs/heads/${target}`);
  if (!targetSha) {
    throw new TaskFailure("target_branch_missing", false, `The repository has no branch ${target}.`);
  }
  if (branch === target || server.get("HEAD") === `refs/heads/${branch}`) {
    throw new TaskFailure("branch_invalid", false, `A task needs its own branch, not ${branch}.`);
  }
  const remoteBranch = server.get(`refs/heads/${branch}`) ?? null;
  const isContinued = request.isContinued && remoteBranch !== null;

  const gitDir = join(folder, "repository.git");
  const work = join(folder, "work");
  const inOurs = ["--git-dir", gitDir];
  await git(["init", "--quiet", "--bare", "--template=", gitDir]);
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
  const revision = async (name: string): Promise<string> =>
    (await git([...inOurs, "rev-parse", "--verify", "--end-of-options", `${name}^{commit}`])).stdout.trim();
  const start = await revision(`refs/heads/${isContinued ? branch : target}`);
  const fork = await git([...inOurs, "merge-base", `refs/heads/${target}`, start], { accept: [1] });
  await git([...inOurs, "update-ref", `refs/heads/${branch}`, start]);
  await git([...inOurs, "symbolic-ref", "HEAD", `refs/heads/${branch}`]);

  await git(["clone", "--quiet", "--no-local", "--template=", "--branch", branch, "--", gitDir, work], {
    isLocal: true,
    timeoutMs: LONG_MS,
  });
  // like a clone of the real one, ready to commit in: the agent has not written there yet
  await git(["remote", "set-url", "origin", url], { cwd: work });
  for (const key of ["user.name", "user.email"]) {
    const value = (await git(["config", "--global", key])).stdout.trim();
    await git(["config", key, value], { cwd: work });
  }
  return { gitDir, work, start, base: fork.stdout.trim() || start, branch, url, remoteBranch };
}

async function checkBranch(git: Git, name: string): Promise<void> {
  const isPlain = !name.startsWith("-") && name !== "HEAD" && name.length <= 200;
  const checked = isPlain
    ? await git(["check-ref-format", `refs/heads/${name}`], { accept: [1] })
    : undefined;
  if (checked?.code !== 0) {
    throw new TaskFailure("branch_invalid", false, `${JSON.stringify(name)} is not a valid branch name.`);
  }
}

/** The commits of the request's branches on the server, and the branch that HEAD points to. */
async function loadRefs(git: Git, request: CloneRequest): Promise<Map<string, string>> {
  const { url, target, branch, credentials } = request;
  const { stdout } = await mapDenied(() =>
    git(["ls-remote", "--symref", "--", url, "HEAD", `refs/heads/${target}`, `refs/heads/${branch}`], {
      credentials,
    })
  );
  const refs = new Map<string, string>();
  for (const line of stdout.split("\n")) {
    const [value = "", name = ""] = line.split("\t");
    if (value.startsWith("ref: ")) refs.set("HEAD", value.slice("ref: ".length));
    else if (name.startsWith("refs/heads/")) refs.set(name, value);
  }
  return refs;
}

async function mapDenied<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const denied = isDenied(error);
    throw new TaskFailure(denied ? "clone_denied" : "clone_failed", !denied, error.message, { cause: error });
  }
}
