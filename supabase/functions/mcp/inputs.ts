import { z } from "zod";

// What tools accept: the closed sets of the database, and the arguments that several tools share.

export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export const CATEGORIES = [
  "timeout",
  "architecture",
  "configuration",
  "performance",
  "security",
  "other",
] as const;
export const STATUSES = ["open", "in_progress", "fixed", "verified", "closed", "wont_fix"] as const;
export const STEP_STATUSES = ["pending", "in_progress", "complete", "skipped"] as const;
/** Without `status_change`, which the database writes itself. */
export const UPDATE_TYPES = ["comment", "fix_applied", "verification", "conversation_link"] as const;
export const RELATION_KINDS = ["blocks", "relates", "duplicates", "parent", "discovered_from"] as const;

/** Of the tracker. */
export const TRACKER_STATUSES = [
  "waiting_for_help",
  "in_progress",
  "resolved",
  "blocked",
  "archived",
] as const;
export const SEGMENTS = ["auth", "code", "tool", "misc"] as const;

/** How many rows a tool returns, and how many it skips. */
export const limit = (max: number, byDefault: number) => z.number().int().min(1).max(max).default(byDefault);
export const offset = z.number().int().min(0).max(100_000).default(0);

export const issueNumber = z.number().int().min(1).max(2_147_483_647)
  .describe("The issue's number, as in #12.");

/** Texts are limited so that none fills a model's context alone; the database accepts longer ones from other clients. */
export const longText = z.string().max(20_000);
export const shortText = z.string().trim().min(1).max(500);

/** For tools that write. */
export const conversationId = z.string().trim().min(1).max(200).describe(
  "The id of this conversation: any text that stays the same throughout it. It is recorded with what is written.",
);
/** For tools that read, so that a client can pass the same argument to every tool. */
export const readerConversationId = z.string().trim().max(200).optional().describe(
  "Accepted by every tool. Tools that read record nothing.",
);
export const idempotencyKey = z.string().trim().min(1).max(200).optional().describe(
  "A repeated call adds nothing a second time. To add the same text again on purpose, give any new text here.",
);
