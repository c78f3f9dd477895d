/** Why a run did not succeed, as `sync_runs.error_code` has it: docs/error-codes.md. */
export type ErrorCode =
  | "devpulse_access_forbidden"
  | "devpulse_account_conflict"
  | "devpulse_answer_invalid"
  | "devpulse_budget_limit_reached"
  | "devpulse_channel_unknown"
  | "devpulse_list_invalid"
  | "devpulse_provider_rate_limited"
  | "devpulse_provider_unavailable"
  | "devpulse_run_unavailable"
  | "devpulse_storage_unavailable"
  | "devpulse_time_limit_reached"
  | "devpulse_token_invalid"
  | "devpulse_token_unavailable";

interface Reason {
  code: ErrorCode;
  /**
   * - `problem`: this part could not be read; others may be
   * - `failed`: nothing more can be read
   * - `deferred`: nothing more may be asked before `retryAt`
   */
  kind: "problem" | "failed" | "deferred";
  /** Whether the connection itself is the cause, and not its provider or we. */
  isCounted?: boolean;
  retryAt?: Date;
  /** Why the provider does not accept the token: the connection needs its user. */
  rejection?: string;
}

/** Ends a part of a run, or the run. */
export class SyncStop extends Error {
  readonly code: ErrorCode;
  readonly kind: Reason["kind"];
  readonly isCounted: boolean;
  readonly retryAt: Date | null;
  readonly rejection: string | null;

  constructor({ code, kind, isCounted = false, retryAt, rejection }: Reason) {
    super(code);
    this.name = "SyncStop";
    this.code = code;
    this.kind = kind;
    this.isCounted = isCounted;
    this.retryAt = retryAt ?? null;
    this.rejection = rejection ?? null;
  }
}

/** The token may not read what is its user's own: no scope, a suspended account, a rule of an organization. */
export const accessForbidden = (): SyncStop =>
  new SyncStop({ code: "devpulse_access_forbidden", kind: "problem", isCounted: true });

/** The run has lost its lease: the connection was paused or has ended, or another run has it. */
export class LeaseLost extends Error {
  constructor() {
    super("lease lost");
    this.name = "LeaseLost";
  }
}
