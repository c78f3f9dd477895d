import { z } from "zod";
import { call } from "./call.ts";
import { findIssue, linkConversation, readIssue } from "./issues.ts";
import { ADDS, conversationId, issueNumber, type Tool, tool } from "./tool.ts";

// A claim leaves no trace in the issue once it has ended, so that its history says which conversations had it.
const CLAIMED = "Claimed.";
const RELEASED = "Released.";

const minutes = z.number().int().min(1).max(1_440).default(30)
  .describe("How long the claim holds. Claim again to hold it longer.");

interface Claimed {
  id: string;
}

export const claimingTools: readonly Tool[] = [
  tool("claim_issue", {
    title: "Claim an issue",
    description:
      "Claims an active issue for this conversation, so that nobody else takes it meanwhile; it does not change the " +
      "status. The claim is this conversation's under your account: claiming again makes it hold longer. It ends by " +
      "itself after the minutes, when the issue is no longer active, or with release_issue. When another one holds it, " +
      "the error says who and until when. The history says which conversations had it. Returns {issue}.",
    input: { issue_number: issueNumber, minutes, conversation_id: conversationId },
    annotations: ADDS,
  }, async ({ issue_number, minutes, conversation_id }, { db }) => {
    const { id } = await call<Claimed>(() =>
      db.rpc("claim_exai_issue", {
        issue_number,
        conversation_id,
        minutes,
      })
    );
    await linkConversation(db, id, conversation_id, CLAIMED);
    return { issue: await readIssue(db, id) };
  }),

  tool("release_issue", {
    title: "Release an issue",
    description:
      "Gives up this conversation's claim on an issue. Returns {issue_number, released}; released is false when " +
      "this conversation held none under your account. Admins release anybody's.",
    input: { issue_number: issueNumber, conversation_id: conversationId },
    annotations: ADDS,
  }, async ({ issue_number, conversation_id }, { db }) => {
    const released = await call(() => db.rpc("release_exai_issue", { issue_number, conversation_id }));
    if (released) {
      await linkConversation(db, await findIssue(db, issue_number), conversation_id, RELEASED);
    }
    return { issue_number, released };
  }),

  tool("next_issue", {
    title: "Take the next issue",
    description:
      "Claims the first ready issue that nobody holds, as claim_issue does, and returns it as {issue}; null when " +
      "there is none. Callers at the same moment get different ones. Each call takes another issue: release the one you " +
      "have if you will not do it.",
    input: { minutes, conversation_id: conversationId },
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  }, async ({ minutes, conversation_id }, { db }) => {
    const [claimed] = await call<Claimed[]>(() => db.rpc("next_exai_issue", { conversation_id, minutes }));
    if (!claimed) return { issue: null };
    await linkConversation(db, claimed.id, conversation_id, CLAIMED);
    return { issue: await readIssue(db, claimed.id) };
  }),
];
