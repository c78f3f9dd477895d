/** An error of Auth, in GoTrue's form: https://supabase.com/docs/guides/auth/debugging/error-codes */
export class AuthError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  toResponse(): Response {
    const { status, code, message } = this;
    return Response.json({ code: status, error_code: code, msg: message }, {
      status,
      headers: { "x-sb-error-code": code },
    });
  }
}

export const otpExpired = (): AuthError =>
  new AuthError(403, "otp_expired", "Email link is invalid or has expired");
