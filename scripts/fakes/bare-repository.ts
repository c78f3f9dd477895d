import { execFileSync } from "node:child_process";

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

/** The commit of a branch; null where the branch does not exist. */
export const branchCommit = (gitDir: string, ref: string): string | null =>
  git(gitDir, "for-each-ref", "--format=%(objectname)", `refs/heads/${ref}`) || null;

/** Merges a branch with a merge commit, and returns that; null where the branch is behind its base. */
export function mergeBranch(gitDir: string, base: string, head: string, number: number): string | null {
  const tip = git(gitDir, "rev-parse", `refs/heads/${base}`);
  const branch = git(gitDir, "rev-parse", `refs/heads/${head}`);
  if (git(gitDir, "merge-base", tip, branch) !== tip) return null;
  const message = `Merge pull request #${number} from ${head}`;
  const commit = git(gitDir, "commit-tree", `${branch}^{tree}`, "-p", tip, "-p", branch, "-m", message);
  git(gitDir, "update-ref", `refs/heads/${base}`, commit, tip);
  return commit;
}
