import type postgres from "postgres";
import type { SupabaseConfig } from "../config.ts";
import { PUBLISHABLE_KEY, SECRET_KEY } from "../keys.ts";
import { AuthError } from "./auth-error.ts";
import type { Letter, Mailer } from "./mails.ts";
import { redirectTarget } from "./redirects.ts";

export interface AuthDependencies {
  /** A connection as the superuser. */
  sql: postgres.Sql;
  config: SupabaseConfig;
  mailer: Mailer;
  /** Answers a request by lite. */
  lite(request: Request): Promise<Response>;
}

/** A request to Auth with its JSON body. */
export class Call {
  readonly deps: AuthDependencies;
  readonly request: Request;
  readonly body: Record<string, unknown>;
  readonly url: URL;

  constructor(deps: AuthDependencies, request: Request, body: Record<string, unknown>) {
    this.deps = deps;
    this.request = request;
    this.body = body;
    this.url = new URL(request.url);
  }

  get issuer(): string {
    return `${this.url.origin}/auth/v1`;
  }

  /** A value of the body that is a text; the empty one for any other. */
  text(name: string): string {
    const value = this.body[name];
    return typeof value === "string" ? value.trim() : "";
  }

  object(name: string): Record<string, unknown> {
    const value = this.body[name];
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  }

  /** The address in the body, or a GoTrue error. */
  email(): string {
    const email = this.text("email").toLowerCase();
    if (!email) throw new AuthError(400, "validation_failed", "One of email or phone must be set");
    if (!/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email)) {
      throw new AuthError(400, "validation_failed", "Unable to validate email address: invalid format");
    }
    return email;
  }

  get letter(): Letter {
    const code = this.text("code_challenge");
    const asked = this.url.searchParams.get("redirect_to") ?? (this.text("redirect_to") || null);
    return {
      origin: this.url.origin,
      redirectTo: redirectTarget(asked, this.deps.config),
      challenge: code ? { code, method: this.text("code_challenge_method") } : undefined,
    };
  }

  /** Rejects a code challenge that no client can meet: PKCE, RFC 7636, section 4. */
  checkChallenge(): void {
    const [code, method] = [this.text("code_challenge"), this.text("code_challenge_method")];
    if (!code && !method) return;
    const wrong = !code || !method
      ? "PKCE flow requires code_challenge_method and code_challenge"
      : !/^(s256|plain)$/i.test(method)
      ? `unsupported code_challenge method "${method}"`
      : code.length < 43 || code.length > 128
      ? "code challenge has to be between 43 and 128 characters"
      : !/^[\w.~-]+$/.test(code)
      ? "code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes"
      : undefined;
    if (wrong) throw new AuthError(400, "validation_failed", wrong);
  }

  /** lite's answer to this request, or to one with another path, body or method. The mails in it are sent. */
  async lite(
    path = this.url.pathname + this.url.search,
    body = this.body,
    method = this.request.method,
  ): Promise<Response> {
    const { headers } = this.request;
    const other = new Request(new URL(path, this.url), {
      method,
      headers: withoutLength(headers),
      ...(method === "GET" || method === "HEAD" ? {} : { body: JSON.stringify(body) }),
    });
    return await this.deps.mailer.collect(this.deps.sql, this.letter, () => this.deps.lite(other));
  }

  /** Which of the project's keys came with the request. */
  get key(): "publishable" | "secret" | undefined {
    const key = this.request.headers.get("apikey") ?? this.url.searchParams.get("apikey");
    return key === SECRET_KEY ? "secret" : key === PUBLISHABLE_KEY ? "publishable" : undefined;
  }
}

function withoutLength(headers: Headers): Headers {
  const copy = new Headers(headers);
  copy.delete("content-length");
  copy.set("content-type", "application/json");
  return copy;
}
