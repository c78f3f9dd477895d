import { z } from "zod";
import {
  type ChatWindow,
  type CircleRecord,
  readMessage,
  readMessages,
  type WindowQuery,
} from "../_shared/circle.ts";
import type { RunContext } from "./context.ts";
import { readParticipants } from "./participants.ts";
import { stopOf } from "./stop.ts";
import { readDueThreads } from "./threads.ts";

const scanSchema = z.object({
  /** The database's time before its first page. */
  began_at: z.string(),
  /** It goes backward: the oldest message that was read. */
  before_id: z.int().nullable(),
  /** It ends with the first message that is older than this, and not newer than `floor_id`. */
  floor_at: z.string(),
  floor_id: z.int().nullable(),
  /** Whether all of the window was read, and what is missing in it is left to be looked for. */
  is_read: z.boolean(),
});
type Scan = z.infer<typeof scanSchema>;

const cursorSchema = z.object({
  /** The newest message that was read. */
  last_id: z.int().nullable().catch(null).default(null),
  scan: scanSchema.nullable().catch(null).default(null),
  scanned_at: z.string().nullable().catch(null).default(null),
  participants: z.object({ page: z.int().positive(), read_at: z.string().nullable() })
    .catch({ page: 1, read_at: null }).default({ page: 1, read_at: null }),
});
export type RoomCursor = z.infer<typeof cursorSchema>;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/**
 * Reads a chat room: what is new since the last message that was read, then, every `window_minutes`, the whole window
 * backward for edits, other replies and removals, and the threads that have changed.
 *
 * A page and the cursor after it are stored in one transaction, so that a run that dies has lost nothing and doubled
 * nothing.
 */
export async function syncRoom(context: RunContext): Promise<void> {
  const room = context.read.chat_room_uuid ?? "";
  const cursor = cursorSchema.parse(context.read.cursor);
  await readParticipants(context, room, cursor, false);
  await readNew(context, room, cursor);
  if (isScanDue(context, cursor)) cursor.scan ??= beginScan(context, cursor);
  if (cursor.scan) await scan(context, room, cursor, cursor.scan);
  await readDueThreads(context, room);
  if (context.hasUnknownAuthors) await readParticipants(context, room, cursor, true);
}

/** A window of messages, or of the replies of a thread; null where its anchor, or the room, does not exist. */
export async function readWindow(
  context: RunContext,
  room: string,
  query: WindowQuery,
): Promise<ChatWindow | null> {
  const page = await context.find((api) => readMessages(api, room, query));
  context.counts.invalid += page?.invalid ?? 0;
  return page;
}

async function readNew(context: RunContext, room: string, cursor: RoomCursor): Promise<void> {
  while (cursor.last_id !== null) {
    const after = cursor.last_id;
    const page = await readWindow(context, room, { after, size: context.settings.page_size });
    if (page === null) {
      // the last message is gone: what came after it is found backward
      cursor.scan = beginScan(context, cursor);
      cursor.last_id = null;
      return;
    }
    const newest = newestOf(page.records);
    if (newest === null) return;
    cursor.last_id = newest;
    await context.record(page.records, cursor);
    if (!page.has_next_page) return;
  }
}

function isScanDue(context: RunContext, { last_id, scanned_at }: RoomCursor): boolean {
  if (last_id === null || scanned_at === null) return true;
  return Date.parse(context.settings.now) - Date.parse(scanned_at) >=
    context.settings.window_minutes * MINUTE_MS;
}

function beginScan({ settings }: RunContext, { last_id, scanned_at }: RoomCursor): Scan {
  const hours = scanned_at === null ? settings.first_read_hours : settings.window_hours;
  return {
    began_at: settings.now,
    before_id: null,
    floor_at: new Date(Date.parse(settings.now) - hours * HOUR_MS).toISOString(),
    floor_id: last_id,
    is_read: false,
  };
}

async function scan(context: RunContext, room: string, cursor: RoomCursor, scan: Scan): Promise<void> {
  cursor.scan = scan;
  while (!scan.is_read) {
    const before = scan.before_id === null ? {} : { before: scan.before_id };
    const page = await readWindow(context, room, { size: context.settings.page_size, ...before });
    if (page === null) {
      // without an anchor, it is the room that is gone
      if (scan.before_id === null) throw stopOf({ kind: "not_found" }, context.now());
      scan.before_id = null;
      continue;
    }
    await context.record(takePage(cursor, scan, page), cursor);
  }
  await findRemoved(context, room, scan);
  cursor.scan = null;
  cursor.scanned_at = scan.began_at;
  await context.record([], cursor);
}

/** Moves on by a page. Returns what of it is in the window. */
function takePage(
  cursor: RoomCursor,
  scan: Scan,
  { records, has_previous_page }: Pick<ChatWindow, "records" | "has_previous_page">,
): CircleRecord[] {
  const [oldest] = records;
  cursor.last_id ??= newestOf(records);
  scan.before_id = oldest?.id ?? scan.before_id;
  scan.is_read = !has_previous_page || !oldest || !isWithin(scan, oldest);
  return records.filter((message) => isWithin(scan, message));
}

/** Within the window, or not read before. */
function isWithin({ floor_at, floor_id }: Scan, { id, sent_at, created_at }: CircleRecord): boolean {
  const at = Date.parse(String(sent_at ?? created_at));
  return !(at < Date.parse(floor_at)) || (floor_id !== null && id > floor_id);
}

const newestOf = (records: CircleRecord[]): number | null =>
  records.length === 0 ? null : Math.max(...records.map(({ id }) => id));

const missingSchema = z.array(z.string());

/** Messages that were in the window before: each is asked for alone, since absence is not certain. */
async function findRemoved(context: RunContext, room: string, scan: Scan): Promise<void> {
  const handled = new Set<string>();
  for (;;) {
    const missing = missingSchema.parse(
      await context.call("missing_circle_messages", {
        began_at: scan.began_at,
        posted_since: scan.floor_at,
      }),
    );
    const left = missing.filter((id) => !handled.has(id));
    if (left.length === 0) return;
    await confirmRemoved(context, room, left);
    for (const id of left) handled.add(id);
  }
}

/** Asks for each message, and stores those that exist as they are, the others as removed. */
export async function confirmRemoved(
  context: RunContext,
  room: string,
  messageIds: readonly string[],
): Promise<void> {
  const removed: string[] = [];
  const existing: CircleRecord[] = [];
  try {
    for (const id of messageIds) {
      const message = await context.find((api) => readMessage(api, room, Number(id)));
      if (message === null) removed.push(id);
      else existing.push(message);
    }
  } finally {
    await context.recordRemovals(removed);
    if (existing.length > 0) await context.record(existing);
  }
}
