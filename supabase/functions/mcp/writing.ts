import { z } from "zod";
import { call, CallError } from "./call.ts";
import { findIssue, insertOnce, linkConversation, readIssue } from "./issues.ts";
import {
  ADDS,
  CATEGORIES,
  conversationId,
  idempotencyKey,
  idOf,
  issueNumber,
  longText,
  OVERWRITES,
  SEVERITIES,
  shortText,
  STATUSES,
  type Tool,
  tool,
  UPDATE_TYPES,
} from "./tool.ts";

const line = z.number().int().min(1).max(2_147_483_647);
const components = z.array(shortText).max(100);

/** What may be left empty; null on update clears it. */
const optional = {
  file_path: shortText.nullish().describe("The file it is in, from the root of the repository."),
  line_start: line.nullish().describe("Its first line, from 1."),
  line_end: line.nullish().describe("Its last line. Needs line_start, and does not come before it."),
  root_cause: longText.nullish().describe("Why it happens."),
  impact_description: longText.nullish().describe("What it does to whom."),
  recommended_fix: longText.nullish().describe("What should be done."),
  actual_fix: longText.nullish().describe("What was done."),
};

export const writingTools: readonly Tool[] = [
  tool("create_issue", {
    title: "File an issue",
    description:
      "Files an engineering issue as open, found in this conversation. Search first, so that nothing is filed " +
      "twice. Returns {issue, created}; created is false when the same call filed it before. Then add_steps, and " +
      "relate_issues with kind discovered_from or blocks where that is so.",
    input: {
      title: shortText.describe("One line that says what is wrong."),
      description: longText.default("").describe("What happens, what should, how to see it."),
      severity: z.enum(SEVERITIES).default("medium"),
      category: z.enum(CATEGORIES).default("other"),
      affected_components: components.default([]).describe("Names of components, as other issues name them."),
      ...optional,
      conversation_id: conversationId,
      idempotency_key: idempotencyKey,
    },
    annotations: ADDS,
  }, async ({ idempotency_key, ...issue }, { db, userId }) => {
    const id = await idOf("create_issue", userId, idempotency_key ?? issue);
    const created = await insertOnce(db, "exai_issues", [{ id, ...issue }]);
    return { issue: await readIssue(db, id), created: created.length === 1 };
  }),

  tool("update_issue", {
    title: "Change an issue",
    description:
      "Changes what is given and leaves the rest; null empties a field that may be empty. status is any of open, " +
      "in_progress, fixed, verified, closed, wont_fix, from any other; a change of it is logged with this conversation, " +
      "which for fixed also becomes the issue's fix_conversation_id. Say in actual_fix what was done. Anything but open " +
      "and in_progress ends the claim and unblocks what waited for it. Overwrites what others wrote in these fields: read " +
      "the context first. Returns {issue}.",
    input: {
      issue_number: issueNumber,
      title: shortText.optional(),
      description: longText.optional(),
      severity: z.enum(SEVERITIES).optional(),
      category: z.enum(CATEGORIES).optional(),
      affected_components: components.optional().describe("All of them, in place of those there are."),
      ...optional,
      status: z.enum(STATUSES).optional(),
      conversation_id: conversationId,
    },
    annotations: OVERWRITES,
  }, async ({ issue_number, status, conversation_id, ...changes }, { db }) => {
    const names = Object.keys(changes).filter((name) => changes[name as keyof typeof changes] !== undefined);
    if (names.length === 0 && status === undefined) {
      throw new CallError(
        "nothing_to_change",
        "No field to change was given.",
        undefined,
        "Give one, or status.",
      );
    }
    const id = await findIssue(db, issue_number);
    if (names.length > 0) {
      const changed = await call(() => db.from("exai_issues").update(changes).eq("id", id).select("id"));
      if (changed.length === 0) throw mayNotWrite();
      await linkConversation(db, id, conversation_id, `Changed ${names.join(", ")}.`);
    }
    if (status !== undefined) {
      await call(() =>
        db.rpc("set_exai_issue_status", {
          issue_number,
          status,
          conversation_id,
        })
      );
    }
    return { issue: await readIssue(db, id) };
  }),

  tool("add_update", {
    title: "Add to an issue's history",
    description:
      "Adds an entry to the history of an issue: comment for what was found or decided, fix_applied for what was " +
      "changed where, verification for how it was checked, conversation_link to say that this conversation deals with it. " +
      "Changes of status log themselves. Returns {update, created}; created is false when the same call added it before.",
    input: {
      issue_number: issueNumber,
      content: longText.min(1),
      update_type: z.enum(UPDATE_TYPES).default("comment"),
      conversation_id: conversationId,
      idempotency_key: idempotencyKey,
    },
    annotations: ADDS,
  }, async ({ issue_number, idempotency_key, ...update }, { db, userId }) => {
    const issueId = await findIssue(db, issue_number);
    const id = await idOf("add_update", userId, issueId, idempotency_key ?? update);
    const created = await insertOnce(db, "exai_issue_updates", [{ id, issue_id: issueId, ...update }]);
    const stored = await call(() =>
      db.from("exai_issue_updates").select("update_type, content, conversation_id, created_by, created_at")
        .eq("id", id).single()
    );
    return { issue_number, update: stored, created: created.length === 1 };
  }),
];

/** An update that meets no row of an issue that is there: row security hid it from writing. */
export const mayNotWrite = (): CallError =>
  new CallError(
    "team_role_required",
    "Your role in the team does not allow this.",
    undefined,
    "Go on reading, or ask an admin of the team for the role agent.",
  );
