/** What went wrong in a call of the Data API, in words for a model: what it did, and how to mend it. */
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

/** What supabase-js answers. */
interface Answer<T> {
  data: T | null;
  error: { code: string; message: string; details: string; hint: string } | null;
  status: number;
}

/** Deadlock and lock time-out: gone the next moment, so tried again at once. Nothing of such a statement was kept. */
const PASSING = new Set(["40P01", "55P03"]);
const MAX_TRIES = 3;

/**
 * Makes a call of the Data API and returns its data.
 *
 * @param request is called again where two writers met, so it builds the request anew each time
 * @throws CallError
 */
export async function call<T>(request: () => PromiseLike<Answer<T>>): Promise<NonNullable<T>> {
  let answer = await request();
  for (let tries = 1; tries < MAX_TRIES && PASSING.has(answer.error?.code ?? ""); tries++) {
    answer = await request();
  }
  if (answer.error) throw explain(answer.error, answer.status);
  if (answer.data === null || answer.data === undefined) {
    throw new CallError("nothing_returned", "The database returned nothing.");
  }
  return answer.data;
}

function explain(error: NonNullable<Answer<unknown>["error"]>, status: number): CallError {
  const details = error.details || undefined;
  const hint = error.hint || undefined;
  // ours: the code is the message, and stands in docs/error-codes.md
  if (error.code.startsWith("PT")) {
    return new CallError(error.message, details ?? error.message, undefined, hint);
  }
  if (error.code === "42501") {
    return new CallError(
      "team_role_required",
      "Your role in the team does not allow this.",
      undefined,
      "Go on reading, or ask an admin of the team for the role agent.",
    );
  }
  if (PASSING.has(error.code)) {
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
    error.code || "refused",
    error.message,
    details,
    hint ?? "Change the arguments so that they keep this rule.",
  );
}
