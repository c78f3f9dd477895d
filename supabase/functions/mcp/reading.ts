import { z } from "zod";
import { call } from "./call.ts";
import { listActive, listReady, shorten } from "./issues.ts";
import {
  CATEGORIES,
  issueNumber,
  readerConversationId,
  READS,
  SEVERITIES,
  shortText,
  STATUSES,
  type Tool,
  tool,
} from "./tool.ts";

const severity = z.array(z.enum(SEVERITIES)).min(1).optional().describe("Only issues of these severities.");
const category = z.array(z.enum(CATEGORIES)).min(1).optional().describe("Only issues of these categories.");
const component = shortText.optional().describe("Only issues that affect this component, by its exact name.");

export const readingTools: readonly Tool[] = [
  tool("list_active_issues", {
    title: "List active issues",
    description:
      "Lists issues that are open or in_progress, the most severe first, then by number, each with its " +
      "progress. Returns {issues, next}; when next is not null, call again with it as after.",
    input: {
      severity,
      category,
      component,
      limit: z.number().int().min(1).max(100).default(20),
      after: z.string().regex(/^(critical|high|medium|low):\d{1,9}$/).optional()
        .describe("next of the page before."),
      conversation_id: readerConversationId,
    },
    annotations: READS,
  }, async ({ conversation_id: _, ...filter }, { db }) => ({ ...await listActive(db, filter) })),

  tool("list_ready_issues", {
    title: "List issues that can be worked on",
    description:
      "Lists active issues that wait for nothing: no open issue blocks them or a parent of theirs. Best " +
      "first: by severity, by how many open issues wait for them (unblocks_count), by age. Those that somebody holds " +
      "a claim on are left out unless you ask for them. Returns {issues, next}; when next is not null, call again with it " +
      "as offset. To take one right away, call next_issue.",
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
      "Full text search over title, file, components, description, analysis and updates of all issues, " +
      "finished ones too, best first. All words have to occur, in any order; identifiers and paths are found as they " +
      'are written or by their parts; "words together"; -without; this or that; #12 brings that issue first. An empty ' +
      "query lists the newest. Search before you file an issue: it may be there. Returns {issues}, each with a snippet.",
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
    title: "Get all about an issue",
    description:
      "Everything needed to go on with an issue, in one document: the issue with its analysis and claim, its " +
      "steps, its newest updates, related issues with their states, the conversations it came up in, and where in the " +
      "code it is. Long texts are cut; cut says what was left out.",
    input: { issue_number: issueNumber, conversation_id: readerConversationId },
    annotations: READS,
  }, async ({ issue_number }, { db }) => await call(() => db.rpc("exai_issue_context", { issue_number }))),
];
