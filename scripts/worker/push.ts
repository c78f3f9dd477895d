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

/** What a server says of its own rules: a hook's, a protected branch's, a repository's rule set's. */
const RULE = new RegExp(
  [
    "declined|den(y|ied)|refus|prohibit|protected|forbidden|violat|permission|permitted|authori[sz]|restrict",
    "not allowed|\\bGH\\d{3}\\b|archived|read[- ]only|without .* scope|polic(y|ies)|you must|only be",
    "too large|exceeds|size limit|quota|non-fast-forward|shallow update|checked out|invalid|funny ref",
    "disabled|suspended|(branch|repository|project) (is|was|has been) locked",
  ].join("|"),
  "i",
);

/**
 * What it says of faults of its own, which pass: `Internal Server Error`, `cannot lock ref`, `failed to update ref`,
 * `remote failure`, `fatal error in commit_refs`.
 */
const PASSES =
  /internal|error|fail|lock|cannot|can't|could not|unable|timed? ?out|deadline|unavailable|temporar|again|busy|overload|connection/i;

/** What it says of objects that it does not take: it may be short of memory, or the commit is what it refuses. */
const UNPACKER = /unpacker error|missing necessary objects/;

/** A branch a/b where the repository has a branch a, in the words of git, of GitHub and of GitLab. */
const IN_THE_WAY = /exists; cannot create|directory.file conflict|conflicts? with/i;

function rejectionOf(error: GitError): TaskFailure {
  const line = error.stdout.split("\n").find((each) => each.startsWith("!"))?.split("\t").at(-1) ?? "";
  if (IN_THE_WAY.test(line) || /exists; cannot create/.test(error.stderr)) {
    return new TaskFailure("branch_invalid", "no", line || error.message, { cause: error });
  }
  // pushed to since: the server compares it with the commit that the push names
  const isMoved = /cannot lock ref.* is at \w+ but expected/.test(`${line}${error.stderr}`);
  if (line.startsWith("[remote rejected]") && !isMoved) {
    const reason = line.slice("[remote rejected]".length);
    if (RULE.test(reason)) return new TaskFailure("push_denied", "no", line, { cause: error });
    // words that are not known may be a rule's
    const repeats = UNPACKER.test(reason) || !PASSES.test(reason) ? { repeats: 2 } : {};
    return new TaskFailure("push_failed", "later", line, { cause: error, ...repeats });
  }
  if (line.startsWith("[remote failure]")) {
    return new TaskFailure("push_failed", "later", line, { cause: error });
  }
  if (line) return new TaskFailure("push_rejected", "yes", line, { cause: error });
  // a proxy's limit of a request's size
  if (/(error:|HTTP) 413\b/.test(error.stderr)) {
    return new TaskFailure("push_denied", "no", error.message, { cause: error });
  }
  if (isDenied(error)) return failureOf(error, "push_forbidden", "yes");
  return failureOf(error, "push_failed", "later");
}
