import { isTransient, retryTransient } from "../_shared/transient.ts";

/** A failed call of the Data API, described for a model: what happened, and what to do. */
export class CallError extends Error {
  readonly code: string;
  readonly details: string | undefined;
  readonly hint: string | undefined;

  constructor(code: string, message: string, details?: string, hint?: string) {
    super(message);
    this.name = "CallError";
    this.code = code;
    this.details = details;
    this.hint = hint;
  }
}

/** What supabase-js resolves with. */
interface Answer<T> {
  data: T | null;
  error: { code: string; message: string; details: string; hint: string } | null;
  status: number;
}

/**
 * Calls the Data API and returns its data.
 *
 * @param request is called again after a transient error, so it has to build a new request each time
 * @throws CallError
 */
export async function call<T>(request: () => PromiseLike<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, status } = await retryTransient(request, (answer) => answer.error?.code);
  if (error) throw explain(error, status);
  if (data === null || data === undefined) {
    throw new CallError("api_unavailable", "The database returned nothing.");
  }
  return data;
}

function explain(error: NonNullable<Answer<unknown>["error"]>, status: number): CallError {
  const details = error.details || undefined;
  const hint = error.hint || undefined;
  // An error of ours: its message is the code, listed in docs/error-codes.md.
  if (error.code.startsWith("PT")) {
    return new CallError(error.message, details ?? error.message, undefined, hint);
  }
  if (error.code === "42501") return roleRequired();
  if (isTransient(error.code)) {
    return new CallError(error.code, "Others are writing the same issues.", undefined, "Call again.");
  }
  if (status === 0 || status >= 500) {
    return new CallError(
      error.code || "api_unavailable",
      "The database did not answer, so it is not known whether this was done.",
      error.message,
      "Call again with the same arguments; what was done is not done twice.",
    );
  }
  return new CallError(
    error.code || "api_unavailable",
    error.message,
    details,
    hint ?? "Change the arguments so that they follow this rule.",
  );
}

/** The caller may not write this row or column. */
const roleRequired = (): CallError =>
  new CallError(
    "team_role_required",
    "Your role in the team does not allow this.",
    undefined,
    "Continue with tools that read, or ask an admin of the team for the role agent.",
  );
