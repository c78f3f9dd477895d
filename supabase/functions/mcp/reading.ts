import { z } from "zod";
import { call } from "./call.ts";
import { CATEGORIES, issueNumber, readerConversationId, SEVERITIES, shortText, STATUSES } from "./inputs.ts";
import { shorten } from "./issues.ts";
import { listActive, listReady } from "./lists.ts";
import { READS, type Tool, tool } from "./tool.ts";

const severity = z.array(z.enum(SEVERITIES)).min(1).optional().describe("Only issues of these severities.");
const category = z.array(z.enum(CATEGORIES)).min(1).optional().describe("Only issues of these categories.");
const component = shortText.optional().describe("Only issues that affect this component, by its exact name.");

export const readingTools: readonly Tool[] = [
  tool("list_active_issues", {
    title: "List active issues",
    description:
      "Lists issues that are open or in_progress, the most severe first, then by number, each with its progress. " +
      "Returns {issues, next}; if next is not null, pass it as after to get the next page.",
    input: {
      severity,
      category,
      component,
      limit: z.number().int().min(1).max(100).default(20),
      after: z.string().regex(/^(critical|high|medium|low):\d{1,9}$/).optional()
        .describe("next of the previous page."),
      conversation_id: readerConversationId,
    },
    annotations: READS,
  }, async ({ conversation_id: _, ...filter }, { db }) => ({ ...await listActive(db, filter) })),

  tool("list_ready_issues", {
    title: "List ready issues",
    description:
      "Lists active issues that wait for nothing: no active issue blocks them or any of their ancestors. Ordered by " +
      "severity, by how many active issues they block (unblocks_count), and by age. Claimed issues are left out unless " +
      "include_claimed is true. Returns {issues, next}; if next is not null, pass it as offset to get the next page. To " +
      "take one immediately, call next_issue.",
    input: {
      include_claimed: z.boolean().default(false),
      limit: z.number().int().min(1).max(100).default(20),
      offset: z.number().int().min(0).max(100_000).default(0),
      conversation_id: readerConversationId,
    },
    annotations: READS,
  }, async ({ include_claimed, limit, offset }, { db }) => ({
    ...await listReady(db, { limit, offset, includeClaimed: include_claimed }),
  })),

  tool("search_issues", {
    title: "Search issues",
    description:
      "Full-text search over title, file, components, description, analysis and updates of all issues, including " +
      "finished ones, best first. All words must occur, in any order; identifiers and paths match as a whole or by their " +
      'parts; "a phrase"; -excluded; this or that; #12 lists that issue first. An empty query lists the newest issues. ' +
      "Search before you file an issue: it may exist. Returns {issues}, each with a snippet.",
    input: {
      query: z.string().max(1_000),
      severity,
      status: z.array(z.enum(STATUSES)).min(1).optional().describe("Only issues of these statuses."),
      category,
      component,
      file: shortText.optional().describe("A path, the end of one, or a folder."),
      limit: z.number().int().min(1).max(50).default(10),
      offset: z.number().int().min(0).max(100_000).default(0),
      conversation_id: readerConversationId,
    },
    annotations: READS,
  }, async (args, { db }) => {
    const found = await call<Record<string, unknown>[]>(() =>
      db.rpc("search_exai_issues", {
        query: args.query,
        severity: args.severity ?? null,
        status: args.status ?? null,
        category: args.category ?? null,
        component: args.component ?? null,
        file: args.file ?? null,
        max_results: args.limit,
        skip_results: args.offset,
      })
    );
    return { issues: found.map(({ id: _, rank: __, ...issue }) => shorten(issue)) };
  }),

  tool("get_issue_context", {
    title: "Get the context of an issue",
    description:
      "Everything needed to continue with an issue, in one document: the issue with its analysis and claim, its steps, " +
      "its newest updates, related issues with their status, the conversations about it, and its location in the code. " +
      "Long texts are cut; cut lists what was left out.",
    input: { issue_number: issueNumber, conversation_id: readerConversationId },
    annotations: READS,
  }, async ({ issue_number }, { db }) => await call(() => db.rpc("exai_issue_context", { issue_number }))),
];
