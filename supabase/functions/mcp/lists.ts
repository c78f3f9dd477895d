import type { SupabaseClient } from "@supabase/supabase-js";
import { call } from "./call.ts";
import { SEVERITIES } from "./inputs.ts";
import { BRIEF_COLUMNS, type Row, shorten } from "./issues.ts";

const PROGRESS_COLUMNS = `${BRIEF_COLUMNS}, completed_steps, total_steps, progress_percentage`;
const READY_COLUMNS = `${PROGRESS_COLUMNS}, unblocks_count`;

export interface ActiveFilter {
  severity?: readonly string[] | undefined;
  category?: readonly string[] | undefined;
  component?: string | undefined;
  /** Where the previous page ended: a severity and an issue number, as in `high:12`. */
  after?: string | undefined;
  limit: number;
}

export interface Page<Cursor> {
  issues: Row[];
  next: Cursor | null;
}

/**
 * Active issues by severity, then number. The API orders by columns, and severities don't sort alphabetically: so there is
 * one query per severity until the page is full.
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

/** A PostgreSQL array literal with one text; supabase-js does not quote the elements that it joins. */
const arrayLiteral = (text: string): string => `{"${text.replaceAll(/[\\"]/g, "\\$&")}"}`;

/** Ready issues, in the order of the view. */
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
