import { TaskFailure } from "./failure.ts";
import type { Claim } from "./queue.ts";

export interface TokenOptions {
  /** The worker's own token, used for every task. */
  githubToken?: string | undefined;
  supabaseUrl: string;
  /** With it, the token of each task's owner is used. */
  secretKey?: string | undefined;
  fetch?: typeof fetch;
}

/**
 * Returns the source of a task's GitHub token: the worker's environment, or, for a worker with the secret
 * key, the edge function that decrypts the token that the task's owner stored. Null when no token is stored.
 *
 * @throws TaskFailure `github_token_unavailable` when the function does not answer
 */
export function createTokenSource(options: TokenOptions): (claim: Claim) => Promise<string | null> {
  const { githubToken, secretKey } = options;
  return async (claim) => {
    if (githubToken) return githubToken;
    if (!secretKey || !claim.github_token) return null;
    return await reveal(options.fetch ?? fetch, options.supabaseUrl, secretKey, claim);
  };
}

async function reveal(
  ask: typeof fetch,
  supabaseUrl: string,
  secretKey: string,
  claim: Claim,
): Promise<string | null> {
  const failed = (why: string, cause?: unknown) =>
    new TaskFailure("github_token_unavailable", "later", `The GitHub token could not be loaded: ${why}`, {
      cause,
    });
  let response: Response;
  let answer: { token?: unknown; code?: unknown };
  try {
    response = await ask(new URL("functions/v1/github-token/reveal", `${supabaseUrl.replace(/\/*$/, "")}/`), {
      method: "POST",
      headers: { apikey: secretKey, "content-type": "application/json" },
      body: JSON.stringify({ task_id: claim.task_id, fencing_token: claim.fencing_token }),
      signal: AbortSignal.timeout(15_000),
    });
    answer = await response.json() as typeof answer;
  } catch (error) {
    throw failed(error instanceof Error ? error.name : "no answer", error);
  }
  if (response.ok && typeof answer.token === "string") return answer.token;
  if (answer.code === "agents_github_token_unknown") return null;
  throw failed(typeof answer.code === "string" ? answer.code : String(response.status));
}
