import { z } from "zod";
import { askJson, type JsonAnswer, parseRetryAfter } from "./ask-json.ts";
import type { Budgets } from "./provider-budget.ts";

/** Who somebody is at a platform. */
export interface PlatformAccount {
  /** The platform's own id, which a rename does not change. */
  id: string;
  name: string;
}

/**
 * - `known`
 * - `none`: a Google account without a channel
 * - `rejected`: the provider does not accept the token
 * - `unavailable`: it could not be asked; `retryAfter` in seconds
 */
export type AccountResult =
  | { outcome: "known"; account: PlatformAccount }
  | { outcome: "none" }
  | { outcome: "rejected"; cause: string }
  | { outcome: "unavailable"; cause: string; retryAfter: number };

/** Asks a platform whose token or key it is. */
export type ReadAccount = (platform: string, apiUrl: string, token: string) => Promise<AccountResult>;

/** As the database can store it. */
const name = z.string().transform((text) => text.replaceAll("\0", "").slice(0, 200).toWellFormed())
  .pipe(z.string().min(1));
const id = z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,18}$/)]).transform(String);
const userSchema = z.object({ id, login: name }).transform(({ id, login }) => ({ id, name: login }));
const channelsSchema = z.object({
  kind: z.literal("youtube#channelListResponse"),
  items: z.array(z.object({ id: z.string().regex(/^[\w-]{1,200}$/), snippet: z.object({ title: name }) }))
    .default([]),
}).transform(({ items: [channel] }) => channel ? { id: channel.id, name: channel.snippet.title } : null);
const memberSchema = z.object({ id, username: name }).transform(({ id, username }) => ({
  id,
  name: username,
}));
const googleErrorSchema = z.object({
  error: z.object({ errors: z.array(z.object({ reason: z.string() })) }),
}).transform(({ error }) => error.errors[0]?.reason);

/**
 * Asks `GET /user` of GitHub, `GET /youtube/v3/channels?mine=true` of YouTube (one unit of the quota), or
 * `GET /users/me` of Dev.to.
 */
export function createReadAccount(timeoutMs: number, send: typeof fetch = fetch): ReadAccount {
  return async (platform, apiUrl, token) => {
    const { path, headers, schema } = requestOf(platform, token);
    const answer = await askJson(`${apiUrl}${path}`, { headers, timeoutMs }, send);
    return answer.ok ? parseAnswer(answer, schema) : unavailable(answer.cause);
  };
}

/**
 * Reserves the call in the ledger of provider calls first, where the limit is ours: YouTube's quota and Dev.to's pace.
 * GitHub's is the user's own.
 *
 * @param clock milliseconds since 1970
 */
export const withinBudget =
  (readAccount: ReadAccount, budgets: Budgets, clock: () => number): ReadAccount =>
  async (platform, apiUrl, token) => {
    if (platform !== "youtube" && platform !== "devto") return await readAccount(platform, apiUrl, token);
    const grant = await budgets.open(platform, null).take();
    if (grant.kind === "granted") return await readAccount(platform, apiUrl, token);
    const seconds = grant.kind === "refused" ? Math.ceil((grant.retryAt.getTime() - clock()) / 1000) : 10;
    return unavailable("budget", Math.max(seconds, 1));
  };

interface AccountRequest {
  path: string;
  headers: Record<string, string>;
  schema: z.ZodType<PlatformAccount | null>;
}

function requestOf(platform: string, token: string): AccountRequest {
  switch (platform) {
    case "github":
      return {
        path: "/user",
        headers: {
          authorization: `Bearer ${token}`,
          accept: "application/vnd.github+json",
          "x-github-api-version": "2022-11-28",
        },
        schema: userSchema,
      };
    case "youtube":
      return {
        path: "/youtube/v3/channels?part=id,snippet&mine=true",
        headers: { authorization: `Bearer ${token}`, accept: "application/json" },
        schema: channelsSchema,
      };
    case "devto":
      return {
        path: "/users/me",
        headers: { "api-key": token, accept: "application/vnd.forem.api-v1+json" },
        schema: memberSchema,
      };
    default:
      throw new Error(`${platform} is not a platform`);
  }
}

function parseAnswer(
  { status, headers, body }: JsonAnswer & { ok: true },
  schema: AccountRequest["schema"],
): AccountResult {
  if (status === 200) {
    const parsed = schema.safeParse(body);
    if (!parsed.success) return unavailable("unexpected_answer");
    return parsed.data ? { outcome: "known", account: parsed.data } : { outcome: "none" };
  }
  const reason = googleErrorSchema.safeParse(body).data;
  if (reason === "youtubeSignupRequired") return { outcome: "none" };
  if (status === 401) return { outcome: "rejected", cause: `status_${status}` };
  return unavailable(`status_${status}`, parseRetryAfter(headers));
}

const unavailable = (cause: string, retryAfter = 10): AccountResult => ({
  outcome: "unavailable",
  cause,
  retryAfter,
});
