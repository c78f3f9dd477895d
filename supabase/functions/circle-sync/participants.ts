import { readPage } from "../_shared/circle.ts";
import { type RunContext, toStorable } from "./context.ts";
import type { RoomCursor } from "./room.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_PAGES = 10;

/**
 * Reads who takes part in a room, with their e-mail addresses: once a day, and once an hour while there are authors that are
 * not known. A long list is read over several runs.
 *
 * @param isWanted whether there are such authors
 */
export async function readParticipants(
  context: RunContext,
  room: string,
  cursor: RoomCursor,
  isWanted: boolean,
): Promise<void> {
  const { participants } = cursor;
  const age = participants.read_at === null ? Infinity : context.now() - Date.parse(participants.read_at);
  if (participants.page === 1 && age < (isWanted ? HOUR_MS : DAY_MS)) return;
  for (let count = 0; count < MAX_PAGES; count++) {
    const { page } = participants;
    const path = `messages/${encodeURIComponent(room)}/chat_room_participants?page=${page}&per_page=100`;
    const list = await context.find((api) => readPage(api, path));
    participants.page = list?.has_next_page ? page + 1 : 1;
    if (!list?.has_next_page) participants.read_at = new Date(context.now()).toISOString();
    await context.call("record_circle_members", { members: toStorable(list?.records ?? []), cursor });
    if (!list?.has_next_page) return;
  }
}
