import { z } from "zod";
import { call } from "./call.ts";
import { conversationId, issueNumber } from "./inputs.ts";
import { loadIssue } from "./issues.ts";
import { issue as issueRow } from "./outputs.ts";
import { ADDS, type Tool, tool } from "./tool.ts";

const minutes = z.number().int().min(1).max(1_440).default(30)
  .describe("How long the claim lasts after your last write to the issue.");

interface Claimed {
  id: string;
}

export const claimingTools: readonly Tool[] = [
  tool("claim_issue", {
    title: "Claim an issue",
    description:
      "Claims an active issue for this conversation, so that nobody else takes it in the meantime; the status does not " +
      "change. The claim belongs to this conversation under your account. It ends the given minutes after your last write " +
      "to the issue through any tool (lease_expires_at), when the issue is no longer active, or with release_issue. While " +
      "you hold it, or after you lost it, tools that write return it as claim. If another conversation holds a claim, the " +
      "error contains its holder and end; if the issue duplicates an unfinished one, the number of that one. The issue's " +
      "history records the claim. Returns {issue}.",
    input: { issue_number: issueNumber, minutes, conversation_id: conversationId },
    output: { issue: issueRow },
    annotations: ADDS,
  }, async ({ issue_number, minutes, conversation_id }, { db }) => {
    const { id } = await call<Claimed>(() =>
      db.rpc("claim_exai_issue", { issue_number, conversation_id, minutes })
    );
    return { issue: await loadIssue(db, id) };
  }),

  tool("release_issue", {
    title: "Release an issue",
    description:
      "Releases this conversation's claim on an issue. Returns {issue_number, released}; released is false if this " +
      "conversation had no claim under your account. Admins release any claim.",
    input: { issue_number: issueNumber, conversation_id: conversationId },
    output: { issue_number: z.number(), released: z.boolean() },
    annotations: ADDS,
  }, async ({ issue_number, conversation_id }, { db }) => {
    const released = await call(() => db.rpc("release_exai_issue", { issue_number, conversation_id }));
    return { issue_number, released };
  }),

  tool("next_issue", {
    title: "Claim the next issue",
    description:
      "Claims the first ready issue that has no claim, as claim_issue does, and returns it as {issue}; null if there is " +
      "none. Concurrent callers get different issues. Each call claims another issue: release the one you have if you " +
      "will not do it.",
    input: { minutes, conversation_id: conversationId },
    output: { issue: issueRow.nullable() },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  }, async ({ minutes, conversation_id }, { db }) => {
    const [claimed] = await call<Claimed[]>(() => db.rpc("next_exai_issue", { conversation_id, minutes }));
    if (!claimed) return { issue: null };
    return { issue: await loadIssue(db, claimed.id) };
  }),
];
