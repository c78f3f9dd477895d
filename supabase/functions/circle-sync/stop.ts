import type { CircleFailure } from "../_shared/circle-api.ts";

/** Why a run did not come to its end, as `circle_sync_status.error` has it: docs/loop-circle.md. */
export type ErrorCode =
  | "loop_circle_rate_limited"
  | "loop_circle_read_unavailable"
  | "loop_circle_request_forbidden"
  | "loop_circle_run_unavailable"
  | "loop_circle_source_unknown"
  | "loop_circle_storage_unavailable"
  | "loop_circle_token_invalid";

interface Reason {
  /** `more`: the run has had its share, and another one goes on. */
  state: "more" | "deferred" | "failed";
  code?: ErrorCode;
  /** Whether the room or the space itself is the cause, and not Circle or we. */
  isCounted?: boolean;
  retryAt?: Date;
}

/** Ends a run. */
export class ReadStop extends Error {
  readonly state: Reason["state"];
  readonly code: ErrorCode | null;
  readonly isCounted: boolean;
  readonly retryAt: Date | null;

  constructor({ state, code, isCounted = false, retryAt }: Reason) {
    super(code ?? state);
    this.name = "ReadStop";
    this.state = state;
    this.code = code ?? null;
    this.isCounted = isCounted;
    this.retryAt = retryAt ?? null;
  }
}

/** The run has lost its lease: another one has what it reads, or nobody. */
export class LeaseLost extends Error {
  constructor() {
    super("lease lost");
    this.name = "LeaseLost";
  }
}

/** A token that is not accepted needs a person. */
const TOKEN_WAIT_MS = 10 * 60_000;

/** What a failure of Circle's means for the run. */
export function stopOf(failure: CircleFailure, now: number): ReadStop {
  switch (failure.kind) {
    case "wait":
      return new ReadStop({ state: "deferred", code: "loop_circle_rate_limited", retryAt: failure.until });
    case "unauthorized":
      return new ReadStop({
        state: "failed",
        code: "loop_circle_token_invalid",
        retryAt: new Date(now + TOKEN_WAIT_MS),
      });
    case "not_found":
      return new ReadStop({ state: "failed", code: "loop_circle_source_unknown", isCounted: true });
    case "refused":
      return new ReadStop({ state: "failed", code: "loop_circle_request_forbidden", isCounted: true });
    case "unavailable":
      return new ReadStop({ state: "failed", code: "loop_circle_read_unavailable" });
  }
}
