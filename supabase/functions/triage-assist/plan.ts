import { z } from "zod";

const questionSchema = z.object({
  circle_issue_id: z.guid(),
  version: z.string().regex(/^[0-9a-f]{64}$/),
  fencing_token: z.number().int(),
  question: z.string(),
});

/** What `claim_triage_questions` returns. */
export const planSchema = z.object({
  paused_until: z.string().nullable(),
  questions: z.array(questionSchema),
});

export type Question = z.infer<typeof questionSchema>;
export type Plan = z.infer<typeof planSchema>;
