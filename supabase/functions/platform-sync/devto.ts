import { z } from "zod";
import { askJson, type JsonAnswer, parseRetryAfter } from "../_shared/ask-json.ts";
import { MAX_WAIT_SECONDS, type RunContext } from "./context.ts";
import { type Article, readArticle } from "./devto-article.ts";
import { SyncStop } from "./stop.ts";
import { ValueReader } from "./values.ts";

export interface DevtoOptions {
  /** Base of the API, without a slash at the end: `https://dev.to/api`. */
  apiUrl: string;
  fetch: typeof fetch;
  timeoutMs?: number;
}

/** The most that Forem returns per page. */
const PER_PAGE = 1000;
const MIN_PER_PAGE = 30;
/** An article comes with its text: a thousand of 20 kB each. */
const MAX_BYTES = 24 * 1024 * 1024;
const TIMEOUT_MS = 20_000;
/** A wait that is not worth a run of its own. */
const SHORT_WAIT_MS = 5_000;

const cursorSchema = z.object({
  /** Fewer where a page was too large. */
  per_page: z.int().min(MIN_PER_PAGE).max(PER_PAGE).catch(PER_PAGE),
}).loose();

const storedSchema = z.object({ removed: z.number(), is_suspect: z.boolean() });

/**
 * Reads the user's published articles with the numbers that only their author sees: one call for up to a
 * thousand.
 *
 * @see https://developers.forem.com/api/v1#tag/articles/operation/getUserPublishedArticles
 */
export async function syncDevto(context: RunContext, options: DevtoOptions): Promise<void> {
  const observedAt = context.now().toISOString();
  const cursor = cursorSchema.parse({ per_page: PER_PAGE, ...context.claim.cursor });
  const ask = askDevto(context, options);
  const found: Found = { articles: new Map(), isComplete: true };
  let failure: unknown = null;
  try {
    await readList(context, ask, cursor, found);
  } catch (error) {
    // what came before it is stored all the same
    failure = error;
    found.isComplete = false;
  }
  const articles = [...found.articles.values()];
  if (articles.length > 0 || found.isComplete) {
    const stored = storedSchema.parse(
      await context.store("record_devto_articles", {
        observed_at: observedAt,
        articles,
        ...(found.isComplete ? { listed_ids: [...found.articles.keys()] } : {}),
        cursor,
      }),
    );
    context.count("articles", articles.length);
    context.count("removed", stored.removed);
    if (stored.is_suspect) context.note("devpulse_list_invalid");
  }
  if (failure !== null) throw failure;
  if (!found.isComplete) throw new SyncStop({ code: "devpulse_answer_invalid", kind: "problem" });
}

interface Found {
  articles: Map<number, Article>;
  isComplete: boolean;
}

type AskDevto = (perPage: number, page: number) => Promise<unknown[] | "too_large">;

async function readList(
  context: RunContext,
  ask: AskDevto,
  cursor: { per_page: number },
  found: Found,
): Promise<void> {
  const { resources_limit: limit, platform_user_id: userId } = context.claim;
  for (let page = 1; found.articles.size < limit; page++) {
    const items = await ask(cursor.per_page, page);
    if (items === "too_large") {
      if (cursor.per_page === MIN_PER_PAGE) {
        throw new SyncStop({ code: "devpulse_answer_invalid", kind: "problem" });
      }
      cursor.per_page = Math.max(MIN_PER_PAGE, Math.floor(cursor.per_page / 4));
      page = 0;
      continue;
    }
    const values = new ValueReader();
    const before = found.articles.size;
    for (const item of items) {
      const article = readArticle(item, values);
      if (article === null) found.isComplete = false;
      else if (article.userId !== null && String(article.userId) !== userId) {
        throw new SyncStop({ code: "devpulse_account_conflict", kind: "failed", isCounted: true });
      } else {
        context.accountName = article.userName ?? context.accountName;
        found.articles.set(article.row.devto_article_id, article.row);
      }
    }
    context.count("invalid_values", values.invalid);
    const isFull = items.length >= cursor.per_page;
    // a page that repeats: the rest can't be reached
    if (isFull && found.articles.size === before) {
      found.isComplete = false;
      return;
    }
    if (!isFull) break;
    if (found.articles.size >= limit) context.count("left_out_pages");
  }
  for (const id of [...found.articles.keys()].slice(limit)) {
    found.articles.delete(id);
    context.count("left_out");
  }
}

function askDevto(context: RunContext, options: DevtoOptions): AskDevto {
  const allowance = context.allowance("devto", 1);
  const send = async (query: Record<string, string>): Promise<JsonAnswer> => {
    await context.reserve(allowance);
    context.cost++;
    return await askJson(`${options.apiUrl}/articles/me/published?${new URLSearchParams(query)}`, {
      headers: { "api-key": context.token, accept: "application/vnd.forem.api-v1+json" },
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    }, options.fetch);
  };
  return async (perPage, page) => {
    const query = { per_page: String(perPage), page: String(page) };
    let answer = await send(query);
    if (answer.ok && answer.status === 429) {
      const seconds = parseRetryAfter(answer.headers, context.now().getTime(), MAX_WAIT_SECONDS) ?? 60;
      // the limit is the address's: everybody waits
      const stop = await context.pause("devto", context.in(seconds), true).catch((error: unknown) => error);
      if (seconds * 1000 > SHORT_WAIT_MS) throw stop;
      await context.sleep(seconds * 1000);
      answer = await send(query);
      if (answer.ok && answer.status === 429) throw stop;
    }
    // a key is not given up for one answer
    if (answer.ok && answer.status === 401) answer = await send(query);
    return parseAnswer(context, answer);
  };
}

function parseAnswer(context: RunContext, answer: JsonAnswer): unknown[] | "too_large" {
  if (!answer.ok) {
    if (answer.cause === "too_large") return "too_large";
    throw new SyncStop({ code: "devpulse_provider_unavailable", kind: "problem" });
  }
  if (answer.status === 401) {
    throw new SyncStop({
      code: "devpulse_token_invalid",
      kind: "failed",
      isCounted: true,
      rejection: "token_rejected",
    });
  }
  if (answer.status !== 200) {
    const seconds = parseRetryAfter(answer.headers, context.now().getTime(), MAX_WAIT_SECONDS);
    throw new SyncStop({
      code: "devpulse_provider_unavailable",
      kind: "problem",
      ...seconds === undefined ? {} : { retryAt: context.in(seconds) },
    });
  }
  if (!Array.isArray(answer.body)) throw new SyncStop({ code: "devpulse_answer_invalid", kind: "problem" });
  return answer.body;
}
