import type { SupabaseClient } from "@supabase/supabase-js";
import { fitPage, type Page, type Row } from "./bounded.ts";
import { call } from "./call.ts";
import { SEVERITIES } from "./inputs.ts";
import { BRIEF_COLUMNS } from "./issues.ts";

const PROGRESS_COLUMNS = `${BRIEF_COLUMNS}, completed_steps, total_steps, progress_percentage`;
const ACTIVE_COLUMNS =
  `${PROGRESS_COLUMNS}, is_ready, active_blockers_count, active_children_count, duplicate_of, is_to_be_closed`;
const READY_COLUMNS = `${PROGRESS_COLUMNS}, unblocks_count`;

export interface ActiveFilter {
  severity?: readonly string[] | undefined;
  category?: readonly string[] | undefined;
  component?: string | undefined;
  /** Where the previous page ended: a severity and an issue number, as in `high:12`. */
  after?: string | undefined;
  limit: number;
}

/**
 * Active issues by severity, then number. The API orders by columns, and severities don't sort alphabetically: so there is
 * one query per severity until the page is full.
 */
export async function listActive(db: SupabaseClient, filter: ActiveFilter): Promise<Page<string>> {
  const [afterSeverity, afterNumber] = filter.after?.split(":") ?? [];
  if (filter.component) {
    // Only a function reaches the index of the components.
    const found = await call(() =>
      db.rpc("list_active_exai_issues", {
        component: filter.component,
        severity: filter.severity ?? null,
        category: filter.category ?? null,
        after_severity: afterSeverity ?? null,
        after_issue_number: afterNumber ? Number(afterNumber) : null,
        max_results: filter.limit + 1,
      }).select(ACTIVE_COLUMNS)
    );
    return fitPage(found as unknown as Row[], filter.limit, activeCursor);
  }
  const rest = SEVERITIES.slice(Math.max(0, SEVERITIES.findIndex((severity) => severity === afterSeverity)));
  const issues: Row[] = [];
  for (const severity of rest.filter((one) => filter.severity?.includes(one) ?? true)) {
    const wanted = filter.limit + 1 - issues.length;
    issues.push(
      ...await call(() => {
        let query = db.from("exai_active_issues").select(ACTIVE_COLUMNS).eq("severity", severity);
        if (severity === afterSeverity) query = query.gt("issue_number", Number(afterNumber));
        if (filter.category) query = query.in("category", filter.category);
        return query.order("issue_number").limit(wanted).overrideTypes<Row[], { merge: false }>();
      }),
    );
    if (issues.length > filter.limit) break;
  }
  return fitPage(issues, filter.limit, activeCursor);
}

const activeCursor = ({ severity, issue_number }: Row): string => `${severity}:${issue_number}`;

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
  return fitPage(issues, limit, (_, count) => offset + count);
}
