import type { Workspace } from "./clone.ts";
import { TaskFailure } from "./failure.ts";
import { type Credentials, type Git, GitError, isDenied } from "./git.ts";

/**
 * Pushes the branch; it replaces the commit that the branch had at the start, and no later one.
 *
 * @throws TaskFailure `push_denied`, `push_rejected`, `push_failed`
 */
export async function pushBranch(
  git: Git,
  space: Workspace,
  head: string,
  credentials: Credentials | null,
): Promise<void> {
  const ref = `refs/heads/${space.branch}`;
  try {
    await git([
      "--git-dir",
      space.gitDir,
      "push",
      "--porcelain",
      "--no-verify",
      `--force-with-lease=${ref}:${space.remoteBranch ?? ""}`,
      "--",
      space.url,
      `${head}:${ref}`,
    ], { credentials, timeoutMs: 15 * 60_000 });
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const rejection = error.stdout.split("\n").find((line) => line.startsWith("!"))?.split("\t").at(-1);
    // rejected by the server's own rules; any other reason on that line means that the branch has moved
    if (rejection?.startsWith("[remote rejected]") || isDenied(error)) {
      throw new TaskFailure("push_denied", false, rejection ?? error.message, { cause: error });
    }
    if (rejection) throw new TaskFailure("push_rejected", true, rejection, { cause: error });
    throw new TaskFailure("push_failed", true, error.message, { cause: error });
  }
}
