import { z } from "zod";
import {
  CATEGORIES,
  RELATION_KINDS,
  SEGMENTS,
  SEVERITIES,
  STATUSES,
  STEP_STATUSES,
  TRACKER_STATUSES,
} from "./inputs.ts";

// What tools return. Objects are loose: a result may get more keys, and clients check it against the schema that they have.

const text = z.string();
const optionalText = text.nullable();
const count = z.number();

export const issue = z.looseObject({
  issue_number: count,
  title: text,
  severity: z.enum(SEVERITIES),
  category: z.enum(CATEGORIES),
  status: z.enum(STATUSES),
  file_path: optionalText,
  affected_components: z.array(text),
  claimed_by: optionalText.optional(),
  lease_expires_at: optionalText.optional(),
  updated_at: text,
});

export const foundIssue = z.looseObject({
  seq_id: count,
  title: text,
  status: z.enum(TRACKER_STATUSES),
  segment: z.enum(SEGMENTS),
});

export const step = z.looseObject({
  step_number: count,
  description: text,
  status: z.enum(STEP_STATUSES),
  completed_at: optionalText,
});

export const update = z.looseObject({
  update_type: text,
  content: text,
  conversation_id: optionalText,
  created_by: text,
  created_at: text,
});

/** Of a tool that writes: whose claim is on the issue, or that the conversation lost its own. */
export const claim = z.looseObject({
  issue_number: count,
  status: z.enum(["held", "lost", "other"]),
  claimed_by: optionalText,
  lease_expires_at: optionalText,
}).optional();

export const relation = { from_issue: count, to_issue: count, kind: z.enum(RELATION_KINDS), claim };

export const rows = <T extends z.ZodType>(row: T) => z.array(row);

/** The cursor of the next page. */
export const nextOffset = count.nullable();

/** What was left out of an answer, and how to ask for it. */
export const cut = z.looseObject({});

const error = z.looseObject({ code: text, message: text, details: optionalText, hint: optionalText });

/**
 * The schema that a tool advertises for its results. Clients check results with `isError` against it too, so that it has the
 * error as the other possibility.
 */
export function outputSchema(shape: z.ZodRawShape): Record<string, unknown> {
  const schema = z.toJSONSchema(
    z.looseObject({ ...shape, cut: shape.cut ?? cut.optional(), error: error.optional() }),
  );
  const { required = [], ...rest } = schema;
  return { ...rest, anyOf: [{ required }, { required: ["error"] }] };
}
