import { z } from "zod";
import { fitPage, type Row } from "./bounded.ts";
import { call } from "./call.ts";
import { CURSOR, LISTS, loadContext, SECTIONS, TEXTS } from "./context.ts";
import {
  CATEGORIES,
  issueNumber,
  limit,
  offset,
  readerConversationId,
  SEVERITIES,
  shortText,
  STATUSES,
} from "./inputs.ts";
import { listActive, listReady } from "./lists.ts";
import { cut, issue, nextOffset, rows, step, update } from "./outputs.ts";
import { READS, type Tool, tool } from "./tool.ts";

const severity = z.array(z.enum(SEVERITIES)).min(1).optional().describe("Only issues of these severities.");
const category = z.array(z.enum(CATEGORIES)).min(1).optional().describe("Only issues of these categories.");
const component = shortText.optional().describe("Only issues that affect this component, by its exact name.");

export const readingTools: readonly Tool[] = [
  tool("list_active_issues", {
    title: "List active issues",
    description:
      "Lists issues that are open or in_progress, the most severe first, then by number, each with its progress and what " +
      "it waits for: blockers, children; duplicate_of is the issue to fix in its place, and is_to_be_closed a duplicate " +
      "that only has to be closed. Returns {issues, next}; if next is not null, pass it as after to get the next page.",
    input: {
      severity,
      category,
      component,
      limit: limit(100, 20),
      after: z.string().regex(/^(critical|high|medium|low):\d{1,9}$/).optional()
        .describe("next of the previous page."),
      conversation_id: readerConversationId,
    },
    output: { issues: rows(issue), next: z.string().nullable() },
    annotations: READS,
  }, async ({ conversation_id: _, ...filter }, { db }) => await listActive(db, filter)),

  tool("list_ready_issues", {
    title: "List ready issues",
    description:
      "Lists active issues that wait for nothing: no unfinished issue blocks them or any of their ancestors, all their " +
      "children are done, and they are not duplicates. Ordered by " +
      "severity, by how many active issues they block (unblocks_count), and by age. Claimed issues are left out unless " +
      "include_claimed is true. Returns {issues, next}; if next is not null, pass it as offset to get the next page. To " +
      "take one immediately, call next_issue.",
    input: {
      include_claimed: z.boolean().default(false),
      limit: limit(100, 20),
      offset,
      conversation_id: readerConversationId,
    },
    output: { issues: rows(issue), next: nextOffset },
    annotations: READS,
  }, async ({ include_claimed, limit, offset }, { db }) => {
    return await listReady(db, { limit, offset, includeClaimed: include_claimed });
  }),

  tool("search_issues", {
    title: "Search issues",
    description:
      "Full-text search over title, file, components, description, analysis and updates of all issues, including " +
      "finished ones, best first. Issues with all words come first, then those with some, by how rare these are; " +
      'identifiers and paths match as a whole or by their parts; "a phrase" and -excluded decide what is listed at all; ' +
      "this or that; #12 or EXAI-12 lists that issue first. An empty query lists the newest issues. Search before you file an issue: it may exist. Returns {issues, next}, each issue with a snippet; if next is not " +
      "null, pass it as offset to get the next page.",
    input: {
      query: z.string().max(1_000),
      severity,
      status: z.array(z.enum(STATUSES)).min(1).optional().describe("Only issues of these statuses."),
      category,
      component,
      file: shortText.optional().describe("A path, the end of one, or a folder."),
      limit: limit(50, 10),
      offset,
      conversation_id: readerConversationId,
    },
    output: { issues: rows(issue), next: nextOffset },
    annotations: READS,
  }, async (args, { db }) => {
    const found = await call<Row[]>(() =>
      db.rpc("search_exai_issues", {
        query: args.query,
        severity: args.severity ?? null,
        status: args.status ?? null,
        category: args.category ?? null,
        component: args.component ?? null,
        file: args.file ?? null,
        max_results: args.limit + 1,
        skip_results: args.offset,
      })
    );
    const issues = found.map(({ id: _, rank: __, ...issue }) => issue);
    return fitPage(issues, args.limit, (_, count) => args.offset + count);
  }),

  tool(
    "get_issue_context",
    {
      title: "Get the context of an issue",
      description:
        "Everything needed to continue with an issue, in one document: the issue with its analysis and claim, its steps, " +
        "its updates, the newest first, related issues with their status, the conversations about it, and its location in " +
        "the code. An answer has up to about 25,000 tokens; cut counts what was left out, and a value of cut.next, passed as " +
        "cursor, gets it.",
      input: {
        issue_number: issueNumber,
        sections: z.array(z.enum(SECTIONS)).min(1).optional()
          .describe(`Only these parts; ${TEXTS.join(", ")} with their whole text, in texts.`),
        since: z.string().regex(/^\d{4}-\d\d-\d\d/).refine(
          (text) => !Number.isNaN(Date.parse(text)),
          "Give a time in ISO 8601.",
        )
          .optional()
          .describe("Only steps, updates and conversations that changed after this time, in ISO 8601."),
        limit: z.number().int().min(1).max(200).optional()
          .describe(`How many rows of each of ${LISTS.join(", ")}.`),
        cursor: z.string().regex(CURSOR).optional()
          .describe(
            "A value of cut.next, which continues one section, or the text_cursor of a step or an update.",
          ),
        conversation_id: readerConversationId,
      },
      output: {
        issue: issue.optional(),
        texts: z.record(z.string(), z.string()).optional(),
        steps: rows(step).optional(),
        updates: rows(update).optional(),
        relations: rows(z.looseObject({ issue_number: z.number() })).optional(),
        conversations: rows(z.looseObject({ conversation_id: z.string() })).optional(),
        location: z.looseObject({ file_path: z.string() }).nullish(),
        cut,
      },
      annotations: READS,
    },
    async ({ issue_number, conversation_id: _, ...options }, { db }) =>
      await loadContext(db, issue_number, options),
  ),
];
