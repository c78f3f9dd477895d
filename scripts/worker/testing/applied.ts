import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "./bench.ts";

/** The tree that results when a diff or a patch is given to git where a branch leaves the target. */
export function applied(bench: Bench, how: "apply" | "am", text: string, branch: string): string {
  const work = mkdtempSync(join(bench.folder, "applied-"));
  // only what reads the text gets it: writing to a command that has ended fails
  const git = (args: string[], input = ""): string =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
      cwd: work,
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
      input,
      env: { PATH: process.env.PATH, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null" },
    }).trim();
  git(["clone", "-q", bench.gitDir, "."]);
  git(["checkout", "-q", "--detach", bench.git("merge-base", "main", branch)]);
  if (how === "apply") {
    git(["apply", "--index", "-"], text);
    return git(["write-tree"]);
  }
  git(["am", "-q"], text);
  return git(["rev-parse", "HEAD^{tree}"]);
}
