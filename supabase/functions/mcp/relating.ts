import { z } from "zod";
import { call } from "./call.ts";
import { conversationId, issueNumber, RELATION_KINDS } from "./inputs.ts";
import { renewClaims } from "./issues.ts";
import { relation } from "./outputs.ts";
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
      "Adds a relation between two issues. An issue that an unfinished one blocks is not ready, nor are its children; nor " +
      "is a parent with unfinished children, nor a duplicate: what waits for it waits for the issue that it duplicates. A " +
      "relation with which an issue would wait for itself is rejected. Repeating a call changes nothing. The history " +
      "of from_issue records the conversation. Returns {from_issue, to_issue, kind}.",
    input,
    output: relation,
    annotations: ADDS,
  }, async ({ from_issue, to_issue, kind, conversation_id }, { db }) => {
    const { ids, reported } = await renewClaims(db, conversation_id, from_issue, to_issue);
    const [from_issue_id = "", to_issue_id = ""] = ids;
    await call(() => db.rpc("relate_exai_issues", { from_issue_id, to_issue_id, kind, conversation_id }));
    return { from_issue, to_issue, kind, ...reported };
  }),

  tool("unrelate_issues", {
    title: "Remove a relation",
    description:
      "Removes a relation that relate_issues added (relates in either direction). The history of from_issue records the " +
      "conversation. Returns {from_issue, to_issue, kind, removed}; removed is false if there was no such relation.",
    input,
    output: { ...relation, removed: z.boolean() },
    annotations: OVERWRITES,
  }, async ({ from_issue, to_issue, kind, conversation_id }, { db }) => {
    const { ids, reported } = await renewClaims(db, conversation_id, from_issue, to_issue);
    const [from_issue_id = "", to_issue_id = ""] = ids;
    const removed = await call(() =>
      db.rpc("unrelate_exai_issues", { from_issue_id, to_issue_id, kind, conversation_id })
    );
    return { from_issue, to_issue, kind, removed, ...reported };
  }),
];
