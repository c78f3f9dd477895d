import { z } from "zod";
import { fitPage, type Row } from "./bounded.ts";
import { call } from "./call.ts";
import { limit, offset, readerConversationId, SEGMENTS, shortText, TRACKER_STATUSES } from "./inputs.ts";
import { foundIssue, nextOffset, rows } from "./outputs.ts";
import { READS, type Tool, tool } from "./tool.ts";

// The tracker's issues, which come from people's messages: another table than the engineering issues.

const withoutId = ({ id: _, rank: __, ...issue }: Row): Row => issue;

export const trackerTools: readonly Tool[] = [
  tool("search_tracker_issues", {
    title: "Search the tracker",
    description:
      "Finds what people reported or asked in the community and the support chat, archived issues too, by the words of " +
      "title, tags, description and comments and the names of people, best first. Issues with all words come first, then " +
      'those with some, by how rare these are; "a phrase" and -excluded decide what is listed at all; this or that; #12 ' +
      "lists the issue with that number (seq_id) first. An empty query lists the newest. Returns {issues, next}, each issue " +
      "with a snippet; if next is not null, pass it as offset to get the next page.",
    input: {
      query: z.string().max(1_000),
      status: z.array(z.enum(TRACKER_STATUSES)).min(1).optional().describe("Only issues of these statuses."),
      segment: z.array(z.enum(SEGMENTS)).min(1).optional().describe("Only issues of these segments."),
      assigned_to: shortText.optional().describe("Only issues assigned to this person, by display name."),
      mine: z.boolean().default(false).describe("Only issues assigned to the account that calls."),
      tags: z.array(shortText).max(20).optional().describe("Only issues with all of these tags."),
      limit: limit(50, 10),
      offset,
      conversation_id: readerConversationId,
    },
    output: { issues: rows(foundIssue), next: nextOffset },
    annotations: READS,
  }, async ({ query, status, segment, assigned_to, mine, tags, limit, offset }, { db }) => {
    const found = await call<Row[]>(() =>
      db.rpc("search_issues", {
        query,
        status: status ?? null,
        segment: segment ?? null,
        assigned_to: assigned_to ?? null,
        mine,
        tags: tags ?? null,
        max_results: limit + 1,
        skip_results: offset,
      })
    );
    return fitPage(found.map(withoutId), limit, (_, count) => offset + count);
  }),

  tool("similar_issues", {
    title: "Find similar issues of the tracker",
    description:
      "Finds issues of the tracker that resemble a report that is being written, best first: by the rarity of the words of " +
      "its title and description that they share, in several languages. similarity is that of the titles, 0 to 1. Returns " +
      "{issues}.",
    input: {
      title: shortText,
      description: z.string().max(20_000).default(""),
      limit: limit(50, 5),
      conversation_id: readerConversationId,
    },
    output: { issues: rows(foundIssue) },
    annotations: READS,
  }, async ({ title, description, limit }, { db }) => {
    const found = await call<Row[]>(() =>
      db.rpc("similar_issues", { title, description, max_results: limit })
    );
    const { issues, cut } = fitPage(found.map(withoutId), limit, () => null);
    const how = "These are less similar: search_tracker_issues finds them by their words.";
    return { issues, ...(cut ? { cut: { ...cut, how } } : {}) };
  }),
];
