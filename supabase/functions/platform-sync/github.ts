import type { AskGithub, GithubAnswer } from "../_shared/github.ts";
import type { Allowance, Provider } from "../_shared/provider-budget.ts";
import type { RunContext } from "./context.ts";
import { syncContributions } from "./github-contributions.ts";
import { syncRepositories } from "./github-repositories.ts";
import { SyncStop } from "./stop.ts";

/** What can be done with: the others end the run, or a part of it. */
export type UsableAnswer = Extract<GithubAnswer, { kind: "ok" | "unchanged" | "not_seen" }>;

/** A question as the user of the run. */
export interface RunQuestion {
  path: string;
  etag: string | null;
  graphql?: string;
}

export type AskAsUser = (question: RunQuestion) => Promise<UsableAnswer>;

/**
 * Reads what the monitors of a GitHub connection cover: repositories by REST, contributions by GraphQL, which
 * have limits of their own.
 */
export async function syncGithub(context: RunContext, ask: AskGithub): Promise<void> {
  const types = new Set(context.claim.monitors.map(({ monitor_type }) => monitor_type));
  if (types.has("all") || types.has("repository")) {
    const asUser = askAsUser(context, ask, "github", context.allowance("github", 3));
    await context.part(() => syncRepositories(context, asUser));
  }
  if (types.has("all") || types.has("user")) {
    const asUser = askAsUser(context, ask, "github_graphql", context.allowance("github_graphql", 1));
    await context.part(() => syncContributions(context, asUser));
  }
}

/** Asks with the user's token: reserves each call first, and ends the run where GitHub refuses to go on. */
function askAsUser(
  context: RunContext,
  ask: AskGithub,
  provider: Provider,
  allowance: Allowance,
): AskAsUser {
  let resetsAt: Date | null = null;
  const once = async (question: RunQuestion): Promise<GithubAnswer> => {
    await context.reserve(allowance);
    const answer = await ask({
      ...question,
      token: context.token,
      onLimit: (limit) => {
        resetsAt = limit.resetsAt;
        allowance.report(limit);
      },
    });
    // "not modified" is free
    if (answer.kind === "unchanged") allowance.giveBack();
    else context.cost++;
    return answer;
  };
  return async (question) => {
    let answer = await once(question);
    // a token is not given up for one answer
    if (answer.kind === "token_rejected") answer = await once(question);
    switch (answer.kind) {
      case "ok":
      case "unchanged":
      case "not_seen":
        return answer;
      case "token_rejected":
        throw new SyncStop({
          code: "devpulse_token_invalid",
          kind: "failed",
          isCounted: true,
          rejection: "token_rejected",
        });
      case "exhausted":
        // the ledger knows, by what GitHub reported
        throw new SyncStop({
          code: "devpulse_provider_rate_limited",
          kind: "deferred",
          retryAt: resetsAt ?? new Date(context.now().getTime() + 3_600_000),
        });
      case "limited":
        return await context.pause(provider, answer.until);
      case "failed":
        throw new SyncStop({
          code: /^(not|too)/.test(answer.why) ? "devpulse_answer_invalid" : "devpulse_provider_unavailable",
          kind: "problem",
          ...answer.until ? { retryAt: answer.until } : {},
        });
    }
  };
}
