/** The body of every error response. `code` is documented in docs/error-codes.md. */
export interface ErrorBody {
  code: string;
  message: string;
  details: string | null;
  hint: string | null;
  request_id: string;
}

/** An error response. */
export interface Failure {
  status: number;
  code: string;
  message: string;
  details?: string | undefined;
  hint?: string;
  headers?: Record<string, string>;
}

/** Ends a request with an error response. */
export class HttpError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.name = "HttpError";
    this.failure = failure;
  }
}

/** The response for a failure. */
export function failureResponse(failure: Failure, requestId: string): Response {
  const body: ErrorBody = {
    code: failure.code,
    message: failure.message,
    details: failure.details ?? null,
    hint: failure.hint ?? null,
    request_id: requestId,
  };
  return Response.json(body, { status: failure.status, headers: failure.headers ?? {} });
}
