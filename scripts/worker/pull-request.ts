import { TaskFailure } from "./failure.ts";
import { type OpenedPullRequest, openPullRequest, stateOfBranch } from "./github.ts";
import type { Claim } from "./queue.ts";
import { namesOnGithub } from "./repository.ts";
import { persist } from "./retry.ts";
import type { TaskDeps } from "./run-task.ts";

/**
 * Whether the task goes on with its branch: with that of an open pull request and, where the task names it, with
 * one that was not merged. After a merge it starts from the target, whatever the merge made of the branch's
 * commits. A branch that the task does not name is what an attempt left that was not completed.
 */
export async function isContinued(
  { options, log }: TaskDeps,
  claim: Claim,
  { url, token, branch, commit, signal }: {
    url: URL;
    token: string | null;
    branch: string;
    commit: string;
    signal: AbortSignal;
  },
): Promise<boolean> {
  const isNamed = claim.pr_branch !== null;
  const [owner, name] = namesOnGithub(url, options.githubApiUrl) ?? [];
  if (!owner || !name || !token) return isNamed;
  const github = { ...githubOf(options), token, signal };
  const state = await persist(
    "pull requests",
    () => stateOfBranch(github, { owner, name, head: branch, commit }),
    { ...options.retry, signal, log },
  ).catch((error: unknown) => {
    // a token that may push but not read pull requests: what the branch contains decides alone
    if (error instanceof TaskFailure && error.again !== "later") return null;
    throw error;
  });
  if (state === "merged") log("starts from the target: the branch was merged", { branch });
  return state === "open" || (isNamed && state !== "merged");
}

const githubOf = ({ githubApiUrl, stallMs }: TaskDeps["options"]) => ({
  apiUrl: githubApiUrl,
  ...(stallMs === undefined ? {} : { timeoutMs: stallMs }),
});

interface PullRequestParts {
  url: URL;
  token: string | null;
  target: string;
  branch: string;
  title: string;
  report: string;
  signal: AbortSignal;
}

/** Opens the task's pull request, in the repository that was pushed to. */
export async function openFor(
  deps: TaskDeps,
  claim: Claim,
  parts: PullRequestParts,
): Promise<OpenedPullRequest> {
  const [owner, name] = namesOnGithub(parts.url, deps.options.githubApiUrl) ??
    [claim.repo_owner, claim.repo_name];
  if (!owner || !name || !parts.token) {
    throw new TaskFailure("no_repository", "no", "The task's project has no repository on GitHub.");
  }
  // the chat stays in the project: the repository's readers see only the agent's report
  const body = `${parts.report}\n\n---\nBy ${claim.agent}, for Fixloop task ${claim.task_id}.`.trim();
  return await openPullRequest(
    { ...githubOf(deps.options), token: parts.token, signal: parts.signal },
    { owner, name, head: parts.branch, base: parts.target, title: parts.title, body },
  );
}
