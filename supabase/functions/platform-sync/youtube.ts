import { askJson, type JsonAnswer, parseRetryAfter } from "../_shared/ask-json.ts";
import type { Allowance } from "../_shared/provider-budget.ts";
import { MAX_WAIT_SECONDS, type RunContext } from "./context.ts";
import { SyncStop } from "./stop.ts";
import { objectOf } from "./values.ts";

export interface YoutubeOptions {
  /** Base of Google's APIs, without a slash at the end. */
  apiUrl: string;
  fetch: typeof fetch;
  timeoutMs?: number;
}

/** A list of the YouTube Data API. */
export interface YoutubeList {
  items: unknown[];
  nextPageToken: string | null;
  totalResults: number | null;
}

/** Asks for a list; null where what it is of does not exist. */
export type AskYoutube = (
  name: "channels" | "playlistItems" | "videos",
  query: Record<string, string>,
) => Promise<YoutubeList | null>;

/** 50 videos with descriptions of 5,000 characters are half a megabyte. */
const MAX_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 10_000;
const PAUSE_SECONDS = 60;

const KINDS = {
  channels: "youtube#channelListResponse",
  playlistItems: "youtube#playlistItemListResponse",
  videos: "youtube#videoListResponse",
} as const;

/**
 * Asks the YouTube Data API with the user's token. Each call is one unit of the project's quota, whatever the
 * number of parts, ids and items in it.
 *
 * @see https://developers.google.com/youtube/v3/determine_quota_cost
 */
export function askYoutube(context: RunContext, options: YoutubeOptions, allowance: Allowance): AskYoutube {
  const send = async (name: string, query: Record<string, string>): Promise<JsonAnswer> => {
    await context.reserve(allowance);
    context.cost++;
    return await askJson(`${options.apiUrl}/youtube/v3/${name}?${new URLSearchParams(query)}`, {
      headers: { authorization: `Bearer ${context.token}`, accept: "application/json" },
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    }, options.fetch);
  };
  return async (name, query) => {
    let answer = await send(name, query);
    // a token is not given up for one answer
    if (answer.ok && answer.status === 401) {
      unspend(context, allowance);
      answer = await send(name, query);
    }
    if (!answer.ok) throw problem(answer.cause === "too_large" ? "devpulse_answer_invalid" : undefined);
    if (answer.status === 200) return parseList(name, answer.body);
    return await refusal(context, allowance, answer);
  };
}

/** What Google refused before it counted it. */
function unspend(context: RunContext, allowance: Allowance): void {
  allowance.giveBack();
  context.cost--;
}

const problem = (
  code: "devpulse_answer_invalid" | "devpulse_provider_unavailable" = "devpulse_provider_unavailable",
  retryAt?: Date,
) => new SyncStop({ code, kind: "problem", ...retryAt ? { retryAt } : {} });

function parseList(name: keyof typeof KINDS, body: unknown): YoutubeList {
  const list = objectOf(body);
  // an account without a channel gets no items
  const items = list?.items ?? [];
  if (list?.kind !== KINDS[name] || !Array.isArray(items)) throw problem("devpulse_answer_invalid");
  const total = objectOf(list.pageInfo)?.totalResults;
  return {
    items,
    nextPageToken: typeof list.nextPageToken === "string" ? list.nextPageToken : null,
    totalResults: typeof total === "number" ? total : null,
  };
}

/** The reason of an error, in the form of Google's APIs. */
function reasonOf(body: unknown): string {
  const errors = objectOf(objectOf(body)?.error)?.errors;
  const reason = Array.isArray(errors) ? objectOf(errors[0])?.reason : undefined;
  return typeof reason === "string" ? reason : "";
}

/** Ends the run, or a part of it, for what an error is; null where it is about what does not exist. */
async function refusal(
  context: RunContext,
  allowance: Allowance,
  { status, headers, body }: JsonAnswer & { ok: true },
): Promise<null> {
  const reason = reasonOf(body);
  if (status === 401) {
    unspend(context, allowance);
    throw new SyncStop({
      code: "devpulse_token_invalid",
      kind: "failed",
      isCounted: true,
      rejection: "token_rejected",
    });
  }
  if (/^(quota|dailyLimit)Exceeded/.test(reason)) {
    unspend(context, allowance);
    return await context.pause("youtube", null, true);
  }
  if (status === 429 || /ateLimitExceeded/.test(reason)) {
    const seconds = parseRetryAfter(headers, context.now().getTime(), MAX_WAIT_SECONDS);
    return await context.pause("youtube", context.in(seconds ?? PAUSE_SECONDS));
  }
  if (/insufficientPermissions|SCOPE_INSUFFICIENT/.test(reason)) {
    throw new SyncStop({
      code: "devpulse_access_forbidden",
      kind: "failed",
      isCounted: true,
      rejection: "scope_missing",
    });
  }
  if (reason === "youtubeSignupRequired") {
    throw new SyncStop({ code: "devpulse_channel_unknown", kind: "failed", isCounted: true });
  }
  if (status === 404) return null;
  if (status === 403 && reason !== "" && reason !== "accessNotConfigured") {
    throw new SyncStop({ code: "devpulse_access_forbidden", kind: "failed", isCounted: true });
  }
  const seconds = status >= 500
    ? parseRetryAfter(headers, context.now().getTime(), MAX_WAIT_SECONDS)
    : undefined;
  throw problem(undefined, seconds === undefined ? undefined : context.in(seconds));
}
