import { z } from "zod";
import { call } from "./call.ts";
import { conversationId, issueNumber, RELATION_KINDS } from "./inputs.ts";
import { linkConversation } from "./insert-once.ts";
import { findIssues } from "./issues.ts";
import { ADDS, OVERWRITES, type Tool, tool } from "./tool.ts";

const input = {
  from_issue: issueNumber,
  to_issue: issueNumber,
  kind: z.enum(RELATION_KINDS).describe(
    "blocks: to waits for from. parent: from is the parent of to. duplicates: from is a duplicate of to. " +
      "discovered_from: from was found while working on to. relates: symmetric.",
  ),
  conversation_id: conversationId,
};

export const relatingTools: readonly Tool[] = [
  tool("relate_issues", {
    title: "Relate two issues",
    description:
      "Adds a relation between two issues. An issue that an open one blocks is not ready, nor are its children. A " +
      "relation that would close a cycle of blocks and parent is rejected. Repeating a call changes nothing. The history " +
      "of from_issue records the conversation. Returns {from_issue, to_issue, kind}.",
    input,
    annotations: ADDS,
  }, async ({ from_issue, to_issue, kind, conversation_id }, { db }) => {
    const [from_issue_id = "", to_issue_id = ""] = await findIssues(db, from_issue, to_issue);
    await call(() => db.rpc("relate_exai_issues", { from_issue_id, to_issue_id, kind }));
    const content = `Related: #${from_issue} ${kind} #${to_issue}.`;
    await linkConversation(db, from_issue_id, conversation_id, content);
    return { from_issue, to_issue, kind };
  }),

  tool("unrelate_issues", {
    title: "Remove a relation",
    description:
      "Removes a relation that relate_issues added (relates in either direction). The history of from_issue records the " +
      "conversation. Returns {from_issue, to_issue, kind, removed}; removed is false if there was no such relation.",
    input,
    annotations: OVERWRITES,
  }, async ({ from_issue, to_issue, kind, conversation_id }, { db }) => {
    const [from_issue_id = "", to_issue_id = ""] = await findIssues(db, from_issue, to_issue);
    const removed = await call(() => db.rpc("unrelate_exai_issues", { from_issue_id, to_issue_id, kind }));
    if (removed) {
      const content = `No longer: #${from_issue} ${kind} #${to_issue}.`;
      await linkConversation(db, from_issue_id, conversation_id, content);
    }
    return { from_issue, to_issue, kind, removed };
  }),
];
