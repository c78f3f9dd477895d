import type { SupabaseClient } from "@supabase/supabase-js";
import { type Row, shorten } from "./bounded.ts";
import { call, CallError } from "./call.ts";

/** The columns of an issue in lists and in the results of tools that write; `exai_issue_context` has the others. */
export const BRIEF_COLUMNS =
  "issue_number, title, severity, category, status, file_path, line_start, line_end, " +
  "affected_components, conversation_id, fix_conversation_id, claimed_by, lease_expires_at, updated_at";

/** The current row of an issue, in brief. */
export async function loadIssue(db: SupabaseClient, id: string): Promise<Row> {
  const rows = await call(() =>
    db.from("exai_issues").select(BRIEF_COLUMNS).eq("id", id).overrideTypes<Row[], { merge: false }>()
  );
  return shorten(rows[0] ?? {});
}

/** What a tool that writes returns about a claim: whose it is, and what that means for this conversation. */
export interface Claim {
  issue_number: number;
  status: "held" | "lost" | "other";
  claimed_by: string | null;
  lease_expires_at: string | null;
  lost_at: string | null;
  notice?: string;
}

const NOTICES: Partial<Record<string, string>> = {
  lost:
    "This conversation lost its claim. Stop working on the issue unless you claim it again; add_update still records " +
    "what you found.",
  other: "Somebody else has claimed the issue.",
};

/**
 * Renews the claims that the conversation holds on the issues that a tool writes to. Returns the issues' ids, and the first
 * claim that there is to report; throws `exai_issue_unknown` with the number that does not exist.
 */
export async function renewClaims(
  db: SupabaseClient,
  conversation_id: string,
  ...issue_numbers: number[]
): Promise<{ ids: string[]; reported: { claim?: Claim } }> {
  const rows = await call<(Omit<Claim, "status"> & { issue_id: string; status: string })[]>(() =>
    db.rpc("renew_exai_claims", { issue_numbers, conversation_id })
  );
  const found = issue_numbers.map((number) => rows.find((row) => row.issue_number === number));
  const ids = issue_numbers.map((number, at) => found[at]?.issue_id ?? rejectUnknown(number));
  const claimed = found.find((row) => row && row.status !== "none");
  if (!claimed) return { ids, reported: {} };
  const { issue_id: _, status, ...rest } = claimed;
  const notice = NOTICES[status];
  const claim = { ...rest, status: status as Claim["status"], ...(notice ? { notice } : {}) };
  return { ids, reported: { claim } };
}

function rejectUnknown(number: number): never {
  throw new CallError(
    "exai_issue_unknown",
    `There is no engineering issue #${number}.`,
    undefined,
    "Find its number with search_issues or list_active_issues.",
  );
}
