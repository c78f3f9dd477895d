import type { SupabaseClient } from "@supabase/supabase-js";
import { z } from "zod";
import { call, CallError } from "./call.ts";
import { conversationId, idempotencyKey, issueNumber, STEP_STATUSES } from "./inputs.ts";
import { idOf, insertOnce } from "./insert-once.ts";
import { renewClaims } from "./issues.ts";
import { claim, rows, step as stepRow } from "./outputs.ts";
import { ADDS, OVERWRITES, type Tool, tool } from "./tool.ts";

const MAX_STEPS = 100;
const PAGE = 1_000;
const STEP_COLUMNS = "step_number, description, status, conversation_id, completed_at";

const stepNumber = z.number().int().min(1).max(1_000_000);

export const stepTools: readonly Tool[] = [
  tool("add_steps", {
    title: "Add steps to an issue",
    description:
      "Adds steps of a fix to an issue's checklist, in this order, after the existing ones. With step_number a step gets " +
      "that number, which must not be in use. All steps are added, or none. Returns {steps, added_count}: the steps of this " +
      "call, and how many of them are new; the same call added the others before.",
    input: {
      issue_number: issueNumber,
      steps: z.array(z.strictObject({
        description: z.string().trim().min(1).max(1_000),
        step_number: stepNumber.optional(),
      })).min(1).max(MAX_STEPS),
      conversation_id: conversationId,
      idempotency_key: idempotencyKey,
    },
    output: { issue_number: z.number(), steps: rows(stepRow), added_count: z.number(), claim },
    annotations: ADDS,
  }, async ({ issue_number, steps, conversation_id, idempotency_key }, { db, userId }) => {
    const { ids: [issueId = ""], reported } = await renewClaims(db, conversation_id, issue_number);
    const given = await Promise.all(steps.map(async ({ description, step_number = null }, at) => ({
      // The same text twice in one call is two steps.
      id: await idOf(
        "add_steps",
        userId,
        issueId,
        conversation_id,
        idempotency_key,
        description,
        step_number,
        {
          occurrence: steps.slice(0, at).filter((step) => step.description === description).length,
        },
      ),
      issue_id: issueId,
      step_number,
      description,
      conversation_id,
    })));
    const added = await insertOnce(db, "exai_issue_checklist", given);
    const stored = await call(() =>
      db.from("exai_issue_checklist").select(STEP_COLUMNS).in("id", given.map(({ id }) => id)).order(
        "step_number",
      )
    );
    return { issue_number, steps: stored, added_count: added.length, ...reported };
  }),

  tool("complete_step", {
    title: "Complete a step",
    description:
      "Sets the status of a step to complete, or to another one: in_progress when it is started, skipped if it is not " +
      "needed, pending to undo. Returns {step, changed, progress}; changed is false if the step had this status already, " +
      "and then it keeps the conversation that set it.",
    input: {
      issue_number: issueNumber,
      step_number: stepNumber,
      status: z.enum(STEP_STATUSES).default("complete"),
      conversation_id: conversationId,
    },
    output: {
      issue_number: z.number(),
      step: stepRow,
      changed: z.boolean(),
      progress: z.looseObject({
        completed_steps: z.number(),
        skipped_steps: z.number(),
        total_steps: z.number(),
      }),
      claim,
    },
    annotations: OVERWRITES,
  }, async ({ issue_number, step_number, status, conversation_id }, { db }) => {
    const { ids: [issueId = ""], reported } = await renewClaims(db, conversation_id, issue_number);
    const changed = await call(() =>
      db.from("exai_issue_checklist").update({ status, conversation_id })
        .eq("issue_id", issueId).eq("step_number", step_number).neq("status", status).select(STEP_COLUMNS)
    );
    const steps = await loadSteps(db, issueId);
    const step = steps.find((one) => one.step_number === step_number);
    if (!step) {
      throw new CallError(
        "exai_step_unknown",
        `Issue #${issue_number} has no step ${step_number}.`,
        undefined,
        `Its steps are: ${steps.map((one) => one.step_number).slice(0, MAX_STEPS).join(", ") || "none"}.`,
      );
    }
    return {
      issue_number,
      step,
      changed: changed.length === 1,
      progress: {
        completed_steps: steps.filter((one) => one.status === "complete").length,
        skipped_steps: steps.filter((one) => one.status === "skipped").length,
        total_steps: steps.length,
      },
      ...reported,
    };
  }),
];

/** All steps of an issue; the API returns up to 1,000 rows at a time. */
async function loadSteps(db: SupabaseClient, issueId: string) {
  const page = (from: number) =>
    call(() =>
      db.from("exai_issue_checklist").select(STEP_COLUMNS).eq("issue_id", issueId).order("step_number")
        .range(from, from + PAGE - 1)
    );
  const steps = await page(0);
  for (let from = PAGE; steps.length === from; from += PAGE) steps.push(...await page(from));
  return steps;
}
