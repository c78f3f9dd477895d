import { z } from "zod";
import { call } from "./call.ts";
import { findIssues, linkConversation } from "./issues.ts";
import { ADDS, conversationId, issueNumber, OVERWRITES, RELATION_KINDS, type Tool, tool } from "./tool.ts";

const input = {
  from_issue: issueNumber,
  to_issue: issueNumber,
  kind: z.enum(RELATION_KINDS).describe(
    "blocks: to waits for from. parent: from is the parent of to. duplicates: from says the same as to. " +
      "discovered_from: from was found while working on to. relates: either way.",
  ),
  conversation_id: conversationId,
};

export const relatingTools: readonly Tool[] = [
  tool("relate_issues", {
    title: "Relate two issues",
    description:
      "Says how one issue relates to another. An issue that an open one blocks is not ready, nor are its " +
      "children. Circles of blocks or of parents are refused. The same relation again changes nothing. The history of " +
      "from_issue says in which conversation it was related. Returns {from_issue, to_issue, kind}.",
    input,
    annotations: ADDS,
  }, async ({ from_issue, to_issue, kind, conversation_id }, { db }) => {
    const [from = "", to = ""] = await findIssues(db, from_issue, to_issue);
    await call(() => db.rpc("relate_exai_issues", { from_issue_id: from, to_issue_id: to, kind }));
    await linkConversation(db, from, conversation_id, `Related: #${from_issue} ${kind} #${to_issue}.`);
    return { from_issue, to_issue, kind };
  }),

  tool("unrelate_issues", {
    title: "Take a relation away",
    description:
      "Takes back what relate_issues said, relates in either direction. The history of from_issue says in which " +
      "conversation. Returns {from_issue, to_issue, kind, removed}; removed is false when there was no such relation.",
    input,
    annotations: OVERWRITES,
  }, async ({ from_issue, to_issue, kind, conversation_id }, { db }) => {
    const [from = "", to = ""] = await findIssues(db, from_issue, to_issue);
    const removed = await call(() =>
      db.rpc("unrelate_exai_issues", { from_issue_id: from, to_issue_id: to, kind })
    );
    if (removed) {
      await linkConversation(db, from, conversation_id, `No longer: #${from_issue} ${kind} #${to_issue}.`);
    }
    return { from_issue, to_issue, kind, removed };
  }),
];
