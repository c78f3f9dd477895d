const HOUR_MS = 3_600_000;
const MONTH_MS = 30 * 24 * HOUR_MS;

/** What the API answers with a token that it does not accept. */
export type TokenProblem = "The access token is invalid." | "The access token is expired.";

interface Session {
  memberId: number;
  expiresAt: Date;
}

/**
 * Tokens: those of operators, made in the community's settings, and those of members, minted with them. Access tokens
 * last an hour, refresh tokens a month.
 */
export function createCircleTokens(now: () => Date) {
  const access = new Map<string, Session>();
  const refresh = new Map<string, Session>();
  let count = 0;

  const issue = (into: Map<string, Session>, name: string, memberId: number, forMs: number) => {
    const token = `${tokens.prefix}${name}-${++count}`;
    const expiresAt = new Date(now().getTime() + forMs);
    into.set(token, { memberId, expiresAt });
    return { token, expires_at: expiresAt.toISOString() };
  };

  const tokens = {
    /** Before the tokens that are issued, for those who search for them. */
    prefix: "",
    /** Of type Headless Auth. */
    headless: new Set(["headless-auth-token"]),
    /** Of type Admin V2. */
    admin: new Set(["admin-v2-token"]),
    access,
    refresh,

    mint(memberId: number) {
      const accessToken = issue(access, "access", memberId, HOUR_MS);
      const refreshToken = issue(refresh, "refresh", memberId, MONTH_MS);
      return {
        access_token: accessToken.token,
        refresh_token: refreshToken.token,
        access_token_expires_at: accessToken.expires_at,
        refresh_token_expires_at: refreshToken.expires_at,
      };
    },

    /** A new access token for a refresh token; null where that is not valid. */
    renew(refreshToken: string) {
      const session = refresh.get(refreshToken);
      if (!session || session.expiresAt <= now()) return null;
      const { token, expires_at } = issue(access, "access", session.memberId, HOUR_MS);
      return { access_token: token, access_token_expires_at: expires_at };
    },

    /** The member whose access token it is. */
    memberOf(token: string | undefined): { memberId: number } | { problem: TokenProblem } {
      const session = access.get(token ?? "");
      if (!session) return { problem: "The access token is invalid." };
      if (session.expiresAt <= now()) return { problem: "The access token is expired." };
      return { memberId: session.memberId };
    },

    /** Ends all tokens of members. */
    revokeAll(): void {
      access.clear();
      refresh.clear();
    },
  };
  return tokens;
}
