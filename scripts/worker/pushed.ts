import { createHash } from "node:crypto";
import type { Claim } from "./queue.ts";

/** What is recorded of a task in `execution_metadata.pushed` from the push until it is completed. */
export interface Pushed {
  commit: string;
  /** What the task asked for, as a hash: after a change of it the agent is run again. */
  request: string;
  report: string;
}

/** The record of a commit that was pushed for the claimed task. */
export const pushedRecord = (claim: Claim, commit: string, report: string): Pushed => ({
  commit,
  request: requestOf(claim),
  report,
});

/** The commit that an earlier attempt pushed for what the task asks for; null for none. */
export function pushedOf(claim: Claim): Pushed | null {
  const { commit, request, report } = (claim.execution_metadata["pushed"] ?? {}) as Record<string, unknown>;
  if (typeof commit !== "string" || !/^[0-9a-f]{40,64}$/.test(commit) || request !== requestOf(claim)) {
    return null;
  }
  return { commit, request, report: typeof report === "string" ? report : "" };
}

/** The worker's own messages are appended to the chat: only those of others are a request. */
function requestOf({ chat_messages, agent, repo_url }: Claim): string {
  const asked = chat_messages.filter((message) => message?.role !== "assistant").map(({ content }) =>
    content
  );
  return createHash("sha256").update(JSON.stringify([agent, repo_url, asked])).digest("hex").slice(0, 16);
}
