import { z } from "zod";
import {
  type ChatWindow,
  parentOf,
  readPage,
  readThreadReplies,
  type WindowQuery,
} from "../_shared/circle.ts";
import { type RunContext, toStorable } from "./context.ts";
import { confirmRemoved, readWindow } from "./room.ts";

export const dueSchema = z.array(z.object({
  id: z.int(),
  /** Of a chat message, what Circle calls its thread. */
  thread_id: z.int().nullable(),
  replies_state: z.string(),
  now: z.string(),
}));
export type DueThread = z.infer<typeof dueSchema>[number];

const missingSchema = z.array(z.string());
const learntSchema = z.object({ rooms: z.int(), threads: z.int() });

/** Threads that have not changed are read again after so many hours, for edits. */
const AGAIN_HOURS = 6;
const MAX_THREADS = 20;
/** Of the replies of a thread that is longer, the newest are read. */
const MAX_PAGES = 20;

/** Reads the threads of a room whose replies have changed, until there is none. */
export async function readDueThreads(context: RunContext, room: string): Promise<void> {
  for (;;) {
    const due = dueSchema.parse(
      await context.call("due_circle_threads", { hours: AGAIN_HOURS, max_threads: MAX_THREADS }),
    );
    for (const thread of due) await readThread(context, room, thread);
    if (due.length < MAX_THREADS) return;
  }
}

async function readThread(context: RunContext, room: string, thread: DueThread): Promise<void> {
  const parentId = thread.id;
  let oldest: number | null = null;
  let isWhole = false;
  for (let count = 0; count < MAX_PAGES && !isWhole; count++) {
    const query: WindowQuery = {
      parentId,
      size: context.settings.page_size,
      ...(oldest === null ? {} : { before: oldest }),
    };
    const page: ChatWindow | null = await readWindow(context, room, query);
    // the message, or a reply that was its anchor, is gone
    if (page === null) break;
    const replies = page.records.filter((reply) => parentOf(reply) === parentId);
    if (replies.length === 0 && page.records.length > 0) {
      await readWholeThread(context, thread);
      break;
    }
    await context.record(replies);
    oldest = page.records[0]?.id ?? oldest;
    isWhole = !page.has_previous_page || page.records.length === 0;
  }
  const missing = await finishThread(context, thread, isWhole ? null : oldest ?? Number.MAX_SAFE_INTEGER);
  await confirmRemoved(context, room, missing);
}

/**
 * Circle documents no window of replies: where the answer has messages of the room instead, the thread itself tells its
 * replies, as many as Circle puts into it.
 */
async function readWholeThread(context: RunContext, { id, thread_id: threadId }: DueThread): Promise<void> {
  if (threadId === null) return;
  const thread = await context.find((api) => readThreadReplies(api, threadId));
  await context.record((thread ?? []).map((reply) => ({ ...reply, parent_message_id: id })));
}

/** Ends the reading of a thread. Returns which replies were not among those from `fromId` on. */
export async function finishThread(
  context: RunContext,
  { id, replies_state, now }: DueThread,
  fromId: number | null,
): Promise<string[]> {
  return missingSchema.parse(
    await context.call("finish_circle_thread", {
      parent_id: id,
      replies_state,
      began_at: now,
      from_id: fromId,
    }),
  );
}

const MAX_LIST_PAGES = 25;

/**
 * Reads the list of threads that the bot takes part in: it tells which rooms there are, and that somebody has answered the
 * bot, however old the message is.
 */
export async function syncThreads(context: RunContext): Promise<void> {
  for (let page = 1; page <= MAX_LIST_PAGES; page++) {
    const list = await context.ask((api) => readPage(api, `chat_threads?page=${page}&per_page=50`));
    const threads = toStorable(list.records);
    const learnt = learntSchema.parse(await context.call("record_circle_threads", { threads }));
    context.counts.rooms += learnt.rooms;
    if (!list.has_next_page) return;
  }
}
