import { join } from "node:path";
import { TaskFailure } from "./failure.ts";
import { type Credentials, type Git, GitError, isDenied } from "./git.ts";

export interface CloneRequest {
  url: string;
  /** The branch that the pull request is to go into. */
  target: string;
  /** The branch that the work goes on. */
  branch: string;
  /** Whether work that is there already on `branch` is gone on with, rather than replaced. */
  isContinued: boolean;
  /** How many commits of history; 0 for all. */
  depth: number;
  credentials: Credentials | null;
  folder: string;
}

export interface Workspace {
  /** Our own repository. What is committed and pushed goes through it; the agent never works in it. */
  gitDir: string;
  /** The agent's clone. Its `.git` is the agent's to write, so we run nothing in it afterwards. */
  work: string;
  /** The commit that the agent starts from. */
  start: string;
  /** Where the branch leaves the target: diffs are against it. */
  base: string;
  branch: string;
  url: string;
  /** What the branch was on the server; null without it. A push replaces that and nothing else. */
  remoteBranch: string | null;
}

const LONG_MS = 15 * 60_000;

/**
 * A fresh clone for the agent, and a repository of ours beside it.
 *
 * @throws TaskFailure `branch_invalid`, `target_branch_missing`, `clone_denied`, `clone_failed`
 */
export async function prepareWorkspace(git: Git, request: CloneRequest): Promise<Workspace> {
  const { url, target, branch, credentials, folder } = request;
  for (const name of [target, branch]) await checkBranch(git, name);
  const server = await askServer(git, request);
  const targetSha = server.get(`refs/heads/${target}`);
  if (!targetSha) {
    throw new TaskFailure("target_branch_missing", false, `The repository has no branch ${target}.`);
  }
  if (branch === target || server.get("HEAD") === `refs/heads/${branch}`) {
    throw new TaskFailure("branch_invalid", false, `Work goes on a branch of its own, not on ${branch}.`);
  }
  const remoteBranch = server.get(`refs/heads/${branch}`) ?? null;
  const isContinued = request.isContinued && remoteBranch !== null;

  const gitDir = join(folder, "repository.git");
  const work = join(folder, "work");
  const inOurs = ["--git-dir", gitDir];
  await git(["init", "--quiet", "--bare", "--template=", gitDir]);
  const wanted = isContinued ? [target, branch] : [target];
  await reaching(() =>
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
  // as a clone of the real one, and ready to commit in: nothing has written there but us so far
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
    throw new TaskFailure("branch_invalid", false, `${JSON.stringify(name)} is no name for a branch.`);
  }
}

/** The server's branches of these names, and which one its HEAD is. */
async function askServer(git: Git, request: CloneRequest): Promise<Map<string, string>> {
  const { url, target, branch, credentials } = request;
  const { stdout } = await reaching(() =>
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

async function reaching<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const denied = isDenied(error);
    throw new TaskFailure(denied ? "clone_denied" : "clone_failed", !denied, error.message, { cause: error });
  }
}
