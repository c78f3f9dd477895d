import type { Workspace } from "./clone.ts";
import { failureOf, TaskFailure } from "./failure.ts";
import { type Credentials, type Git, GitError, isDenied } from "./git.ts";

/**
 * Checks before the agent begins that the token may push, with a push that changes nothing.
 *
 * @throws TaskFailure as `pushBranch`
 */
export async function checkPush(git: Git, space: Workspace, credentials: Credentials | null): Promise<void> {
  await push(git, space, space.start, credentials, ["--dry-run"]);
}

/**
 * Pushes the branch; it replaces the commit that the branch had at the start, and no later one.
 *
 * @throws TaskFailure `push_denied`, `push_forbidden`, `push_rejected`, `push_failed`, `branch_invalid`
 */
export async function pushBranch(
  git: Git,
  space: Workspace,
  head: string,
  credentials: Credentials | null,
): Promise<void> {
  await push(git, space, head, credentials, []);
}

async function push(
  git: Git,
  space: Workspace,
  head: string,
  credentials: Credentials | null,
  how: readonly string[],
): Promise<void> {
  const ref = `refs/heads/${space.branch}`;
  try {
    await git([
      "--git-dir",
      space.gitDir,
      "push",
      "--porcelain",
      "--no-verify",
      ...how,
      `--force-with-lease=${ref}:${space.remoteBranch ?? ""}`,
      "--",
      space.url,
      `${head}:${ref}`,
    ], { credentials, timeoutMs: 15 * 60_000 });
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw rejectionOf(error);
  }
}

/**
 * What a server says of its own rules: a hook's, a protected branch's, a repository's rule set's. Whatever else
 * it rejects a push with is a fault of it that passes, as `Internal Server Error`, `cannot lock ref`, `failed to
 * update ref`, `remote failure`, `fatal error in commit_refs`.
 */
const RULE =
  /declined|den(y|ied)|refus|prohibit|protected|not allowed|forbidden|violat|\bGH\d{3}\b|permission|archived|read[- ]only|without .* scope|polic(y|ies)|too large|exceeds|non-fast-forward|shallow update|checked out|invalid|funny ref/i;

/** What it says of objects that it does not take: it may be short of memory, or the commit is what it refuses. */
const UNPACKER = /unpacker error|missing necessary objects/;

function rejectionOf(error: GitError): TaskFailure {
  const line = error.stdout.split("\n").find((each) => each.startsWith("!"))?.split("\t").at(-1) ?? "";
  // a branch a/b where the repository has a branch a
  if (/exists; cannot create/.test(`${line}${error.stderr}`)) {
    return new TaskFailure("branch_invalid", "no", line || error.message, { cause: error });
  }
  // pushed to since: the server compares it with the commit that the push names
  const isMoved = /cannot lock ref.* is at \w+ but expected/.test(`${line}${error.stderr}`);
  if (line.startsWith("[remote rejected]") && !isMoved) {
    const reason = line.slice("[remote rejected]".length);
    if (RULE.test(reason)) return new TaskFailure("push_denied", "no", line, { cause: error });
    const repeats = UNPACKER.test(reason) ? { repeats: 2 } : {};
    return new TaskFailure("push_failed", "later", line, { cause: error, ...repeats });
  }
  if (line.startsWith("[remote failure]")) {
    return new TaskFailure("push_failed", "later", line, { cause: error });
  }
  if (line) return new TaskFailure("push_rejected", "yes", line, { cause: error });
  if (isDenied(error)) return failureOf(error, "push_forbidden", "yes");
  return failureOf(error, "push_failed", "later");
}
