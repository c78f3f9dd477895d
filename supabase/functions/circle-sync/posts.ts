import { z } from "zod";
import { readAdminItem, readAdminPage } from "../_shared/circle.ts";
import type { RunContext } from "./context.ts";
import { dueSchema, type DueThread, finishThread } from "./threads.ts";

const postSchema = z.object({
  id: z.union([z.int(), z.string()]),
  created_at: z.string().nullish(),
  updated_at: z.string().nullish(),
}).loose();
type Post = z.infer<typeof postSchema>;

const cursorSchema = z.object({
  /** Up to when all posts that changed were read. */
  read_until: z.string().nullable().catch(null).default(null),
  /** Of a list that was not read to its end: its next page, and what comes into read_until then. */
  page: z.int().positive().catch(1).default(1),
  newest: z.string().nullable().catch(null).default(null),
});

const HOUR_MS = 3_600_000;
/** Comments of posts that have not changed are read again after so many hours, for edits. */
const AGAIN_HOURS = 24;
const MAX_THREADS = 5;
const MAX_PAGES = 5;

/**
 * Reads the posts of a space that have changed, and their comments, by the Admin API: two calls in most runs, since each
 * counts for the month's quota.
 */
export async function syncPosts(context: RunContext): Promise<void> {
  const spaceId = context.read.post_space_id ?? 0;
  await readPosts(context, spaceId);
  const due = dueSchema.parse(
    await context.call("due_circle_threads", { hours: AGAIN_HOURS, max_threads: MAX_THREADS }),
  );
  for (const thread of due) await readComments(context, thread);
  await findRemoved(context);
}

async function readPosts(context: RunContext, spaceId: number): Promise<void> {
  const { settings } = context;
  const cursor = cursorSchema.parse(context.read.cursor);
  const floor = cursor.read_until ??
    new Date(Date.parse(settings.now) - settings.first_read_hours * HOUR_MS).toISOString();
  for (let isOver = false; !isOver;) {
    const query = new URLSearchParams({
      space_id: String(spaceId),
      status: "published",
      sort: "latest_updated",
      page: String(cursor.page),
      per_page: String(settings.page_size),
    });
    const list = await context.ask((api) => readAdminPage(api, `posts?${query}`));
    const posts = list.records.flatMap((record) => postSchema.safeParse(record).data ?? []);
    cursor.newest ??= maxTime(posts);
    const changed = posts.filter((post) => !(timeOf(post) < Date.parse(floor)));
    isOver = !list.has_next_page || changed.length < posts.length || posts.length === 0;
    if (isOver) {
      cursor.read_until = cursor.newest ?? cursor.read_until ?? floor;
      cursor.newest = null;
      cursor.page = 1;
    } else cursor.page++;
    await context.record(changed, cursor);
  }
}

const timeOf = ({ updated_at, created_at }: Post): number => Date.parse(updated_at ?? created_at ?? "");

function maxTime(posts: Post[]): string | null {
  const times = posts.map(timeOf).filter((time) => !Number.isNaN(time));
  return times.length === 0 ? null : new Date(Math.max(...times)).toISOString();
}

async function readComments(context: RunContext, thread: DueThread): Promise<void> {
  let isWhole = false;
  let pages = 0;
  while (pages < MAX_PAGES && !isWhole) {
    const query = `post_id=${thread.id}&page=${++pages}&per_page=${context.settings.page_size}`;
    const list = await context.find((api) => readAdminPage(api, `comments?${query}`));
    if (list === null) break;
    await context.record(list.records);
    isWhole = !list.has_next_page;
  }
  const missing = await finishThread(context, thread, isWhole ? null : Number.MAX_SAFE_INTEGER);
  // one answer had all of them; a list of several pages moves while it is read
  if (pages === 1) await context.recordRemovals(missing);
  else await confirmRemoved(context, missing);
}

const missingSchema = z.array(z.string());
const MAX_LOOKS = 3;

/** Posts that no list had for a day. */
async function findRemoved(context: RunContext): Promise<void> {
  const missing = missingSchema.parse(
    await context.call("missing_circle_messages", {
      began_at: new Date(Date.parse(context.settings.now) - AGAIN_HOURS * HOUR_MS).toISOString(),
      posted_since: new Date(0).toISOString(),
    }),
  );
  await confirmRemoved(context, missing);
}

/** Asks for each post or comment alone, a few in each run: the others are missing in the next one too. */
async function confirmRemoved(context: RunContext, messageIds: readonly string[]): Promise<void> {
  for (const messageId of messageIds.slice(0, MAX_LOOKS)) {
    const found = await context.find((api) => readAdminItem(api, messageId.replace("_", "s/")));
    if (found === null) await context.recordRemovals([messageId]);
    else await context.record([found]);
  }
}
