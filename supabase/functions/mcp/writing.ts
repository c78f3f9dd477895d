import { z } from "zod";
import { call } from "./call.ts";
import {
  CATEGORIES,
  conversationId,
  idempotencyKey,
  issueNumber,
  longText,
  SEVERITIES,
  shortText,
  STATUSES,
  UPDATE_TYPES,
} from "./inputs.ts";
import { idOf, insertOnce } from "./insert-once.ts";
import { loadIssue, renewClaims } from "./issues.ts";
import { claim, issue as issueRow, update as updateRow } from "./outputs.ts";
import { ADDS, OVERWRITES, type Tool, tool } from "./tool.ts";

const line = z.number().int().min(1).max(2_147_483_647);
const components = z.array(shortText).max(100);

/** Nullable fields; null on update clears them. */
const optional = {
  file_path: shortText.nullish().describe("The affected file, as a path from the root of the repository."),
  line_start: line.nullish().describe("First affected line, counted from 1."),
  line_end: line.nullish().describe("Last affected line. Needs line_start, and is not before it."),
  root_cause: longText.nullish().describe("Why it happens."),
  impact_description: longText.nullish().describe("Who is affected, and how."),
  recommended_fix: longText.nullish().describe("What should be done."),
  actual_fix: longText.nullish().describe("What was done."),
};

export const writingTools: readonly Tool[] = [
  tool("create_issue", {
    title: "File an issue",
    description:
      "Files an engineering issue that was found in this conversation; its status is open. Search first, so that nothing " +
      "is filed twice. Returns {issue, created}; created is false if the same call filed it before. Then add_steps, and " +
      "relate_issues with kind discovered_from or blocks where that applies.",
    input: {
      title: shortText.describe("What is wrong, in one line."),
      description: longText.default("").describe("What happens, what should happen, how to reproduce it."),
      severity: z.enum(SEVERITIES).default("medium"),
      category: z.enum(CATEGORIES).default("other"),
      affected_components: components.default([]).describe(
        "Names of components, spelled as in other issues.",
      ),
      ...optional,
      conversation_id: conversationId,
      idempotency_key: idempotencyKey,
    },
    output: { issue: issueRow, created: z.boolean() },
    annotations: ADDS,
  }, async ({ idempotency_key, ...issue }, { db, userId }) => {
    const id = await idOf("create_issue", userId, idempotency_key ?? issue);
    const created = await insertOnce(db, "exai_issues", [{ id, ...issue }]);
    return { issue: await loadIssue(db, id), created: created.length === 1 };
  }),

  tool("update_issue", {
    title: "Change an issue",
    description:
      "Changes the given fields and leaves the others; null clears a nullable field. Any status may follow any other; a " +
      "change of status is logged with this conversation, which for fixed also becomes the issue's fix_conversation_id. " +
      "Describe in actual_fix what was done. A status other than open and in_progress ends the claim and unblocks the " +
      "issues that waited for this one. Overwrites what others wrote in these fields: get the context first. All of it is " +
      "changed, or nothing. Returns {issue}, and ended_claim if the status ended the claim of somebody else.",
    input: {
      issue_number: issueNumber,
      title: shortText.optional(),
      description: longText.optional(),
      severity: z.enum(SEVERITIES).optional(),
      category: z.enum(CATEGORIES).optional(),
      affected_components: components.optional().describe("The complete list; it replaces the stored one."),
      ...optional,
      status: z.enum(STATUSES).optional(),
      conversation_id: conversationId,
    },
    output: { issue: issueRow, claim, ended_claim: z.looseObject({ claimed_by: z.string() }).optional() },
    annotations: OVERWRITES,
  }, async ({ issue_number, conversation_id, ...changes }, { db }) => {
    const { ended_claim } = await call<{ ended_claim: Record<string, unknown> | null }>(() =>
      db.rpc("update_exai_issue", { issue_number, changes, conversation_id })
    );
    const { ids: [id = ""], reported } = await renewClaims(db, conversation_id, issue_number);
    return { issue: await loadIssue(db, id), ...reported, ...(ended_claim ? { ended_claim } : {}) };
  }),

  tool("add_update", {
    title: "Add to an issue's history",
    description:
      "Adds an entry to the history of an issue: comment for what was found or decided, fix_applied for what was changed " +
      "and where, verification for how it was checked, conversation_link to note that this conversation is about the issue. " +
      "Changes of status are logged by the database. Returns {update, created}; created is false if the same call added it " +
      "before. Also those who lost their claim may add one.",
    input: {
      issue_number: issueNumber,
      content: longText.min(1),
      update_type: z.enum(UPDATE_TYPES).default("comment"),
      conversation_id: conversationId,
      idempotency_key: idempotencyKey,
    },
    output: { issue_number: z.number(), update: updateRow, created: z.boolean(), claim },
    annotations: ADDS,
  }, async ({ issue_number, idempotency_key, ...update }, { db, userId }) => {
    const { ids: [issueId = ""], reported } = await renewClaims(db, update.conversation_id, issue_number);
    const id = await idOf("add_update", userId, issueId, idempotency_key ?? update);
    const created = await insertOnce(db, "exai_issue_updates", [{ id, issue_id: issueId, ...update }]);
    const stored = await call(() =>
      db.from("exai_issue_updates").select("update_type, content, conversation_id, created_by, created_at")
        .eq("id", id).single()
    );
    return { issue_number, update: stored, created: created.length === 1, ...reported };
  }),
];
