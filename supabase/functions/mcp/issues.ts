import type { SupabaseClient } from "@supabase/supabase-js";
import { call, CallError } from "./call.ts";
import { idOf, SEVERITIES } from "./tool.ts";

/** An issue as lists and writing tools show it; everything else is in its context. */
const BRIEF_COLUMNS = "issue_number, title, severity, category, status, file_path, line_start, line_end, " +
  "affected_components, conversation_id, fix_conversation_id, claimed_by, lease_expires_at, updated_at";
const PROGRESS_COLUMNS = `${BRIEF_COLUMNS}, completed_steps, total_steps, progress_percentage`;
const READY_COLUMNS = `${PROGRESS_COLUMNS}, unblocks_count`;

type Row = Record<string, unknown>;

export interface ActiveFilter {
  severity?: readonly string[] | undefined;
  category?: readonly string[] | undefined;
  component?: string | undefined;
  /** Where the page before ended: a severity and an issue number, as in `high:12`. */
  after?: string | undefined;
  limit: number;
}

export interface Page<Cursor> {
  issues: Row[];
  next: Cursor | null;
}

/**
 * Active issues by severity, then number. The API orders by columns, and severities are not in the order of their letters: so
 * it is one query a severity, until the page is full.
 */
export async function listActive(db: SupabaseClient, filter: ActiveFilter): Promise<Page<string>> {
  const [afterSeverity, afterNumber] = filter.after?.split(":") ?? [];
  const rest = SEVERITIES.slice(Math.max(0, SEVERITIES.findIndex((severity) => severity === afterSeverity)));
  const issues: Row[] = [];
  for (const severity of rest.filter((one) => filter.severity?.includes(one) ?? true)) {
    const wanted = filter.limit + 1 - issues.length;
    issues.push(
      ...await call(() => {
        let query = db.from("exai_active_issues").select(PROGRESS_COLUMNS).eq("severity", severity);
        if (severity === afterSeverity) query = query.gt("issue_number", Number(afterNumber));
        if (filter.category) query = query.in("category", filter.category);
        if (filter.component) query = query.contains("affected_components", arrayLiteral(filter.component));
        return query.order("issue_number").limit(wanted).overrideTypes<Row[], { merge: false }>();
      }),
    );
    if (issues.length > filter.limit) break;
  }
  const last = issues[filter.limit - 1];
  return {
    issues: issues.slice(0, filter.limit).map(shorten),
    next: issues.length > filter.limit ? `${last?.severity}:${last?.issue_number}` : null,
  };
}

/** An array of one text as PostgreSQL reads it; supabase-js does not quote what it joins. */
const arrayLiteral = (text: string): string => `{"${text.replaceAll(/[\\"]/g, "\\$&")}"}`;

/** What can be worked on now, in the order of the view. */
export async function listReady(
  db: SupabaseClient,
  { limit, offset, includeClaimed }: { limit: number; offset: number; includeClaimed: boolean },
): Promise<Page<number>> {
  const issues = await call(() => {
    let query = db.from("exai_ready_issues").select(READY_COLUMNS);
    if (!includeClaimed) query = query.or("lease_expires_at.is.null,lease_expires_at.lte.now");
    return query.range(offset, offset + limit).overrideTypes<Row[], { merge: false }>();
  });
  return {
    issues: issues.slice(0, limit).map(shorten),
    next: issues.length > limit ? offset + limit : null,
  };
}

/** A list is no place for the whole of a text that has no bound. */
export function shorten(row: Row): Row {
  const { title, file_path, affected_components } = row;
  return {
    ...row,
    title: cut(title, 300),
    ...("file_path" in row ? { file_path: cut(file_path, 500) } : {}),
    ...(Array.isArray(affected_components) ? { affected_components: affected_components.slice(0, 20) } : {}),
  };
}

const cut = (text: unknown, length: number): unknown =>
  typeof text === "string" && text.length > length ? `${text.slice(0, length)}…` : text;

/** The issue as it is now, in brief. */
export async function readIssue(db: SupabaseClient, id: string): Promise<Row> {
  const rows = await call(() =>
    db.from("exai_issues").select(BRIEF_COLUMNS).eq("id", id).overrideTypes<Row[], { merge: false }>()
  );
  return shorten(rows[0] ?? {});
}

/** The ids of issues by their numbers. An unknown number is an error that names it. */
export async function findIssues(db: SupabaseClient, ...numbers: number[]): Promise<string[]> {
  const rows = await call(() =>
    db.from("exai_issues").select("id, issue_number").in("issue_number", numbers)
      .overrideTypes<{ id: string; issue_number: number }[], { merge: false }>()
  );
  const ids = new Map(rows.map((row) => [row.issue_number, row.id]));
  return numbers.map((number) => {
    const id = ids.get(number);
    if (id === undefined) {
      throw new CallError(
        "exai_issue_unknown",
        `There is no engineering issue #${number}.`,
        undefined,
        "Find its number with search_issues or list_active_issues.",
      );
    }
    return id;
  });
}

export async function findIssue(db: SupabaseClient, number: number): Promise<string> {
  const [id = ""] = await findIssues(db, number);
  return id;
}

/**
 * Inserts rows that may be there already from the same call before, and returns those that were not.
 * `on conflict do nothing` on the id, which `idOf` made of what was sent.
 */
export async function insertOnce(db: SupabaseClient, table: string, rows: Row[]): Promise<{ id: string }[]> {
  return await call(() =>
    db.from(table).upsert(rows, { onConflict: "id", ignoreDuplicates: true }).select("id")
      .overrideTypes<{ id: string }[], { merge: false }>()
  );
}

/**
 * Where what a tool wrote has no column for the conversation, an entry in the issue's history names it: once for each
 * conversation and content.
 */
export async function linkConversation(
  db: SupabaseClient,
  issueId: string,
  conversationId: string,
  content: string,
): Promise<void> {
  await insertOnce(db, "exai_issue_updates", [{
    id: await idOf("conversation_link", issueId, conversationId, content),
    issue_id: issueId,
    update_type: "conversation_link",
    content,
    conversation_id: conversationId,
  }]);
}
