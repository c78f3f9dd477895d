import type { SupabaseClient } from "@supabase/supabase-js";
import { call, CallError } from "./call.ts";

/** The columns of an issue in lists and in the results of tools that write; `exai_issue_context` has the others. */
export const BRIEF_COLUMNS =
  "issue_number, title, severity, category, status, file_path, line_start, line_end, " +
  "affected_components, conversation_id, fix_conversation_id, claimed_by, lease_expires_at, updated_at";

export type Row = Record<string, unknown>;

/** The row with texts and arrays of a bounded size. */
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

/** The current row of an issue, in brief. */
export async function loadIssue(db: SupabaseClient, id: string): Promise<Row> {
  const rows = await call(() =>
    db.from("exai_issues").select(BRIEF_COLUMNS).eq("id", id).overrideTypes<Row[], { merge: false }>()
  );
  return shorten(rows[0] ?? {});
}

/** The ids of issues by their numbers; throws `exai_issue_unknown` with the number that does not exist. */
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
