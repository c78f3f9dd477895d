import { z } from "zod";
import type { CircleAnswer, CircleApi, CircleRequest } from "./circle-api.ts";
import { toRichText } from "./circle-text.ts";

/** Ids come as numbers, and from some tools as text. */
const idSchema = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]);

/** With all that Circle sent, whatever it is. */
const recordSchema = z.object({ id: idSchema }).loose();

/** Those whose id can be read: one that is damaged hides no other. */
const readable = (records: unknown[]): CircleRecord[] =>
  records.flatMap((one) => recordSchema.safeParse(one).data ?? []);
const recordsSchema = z.array(z.unknown()).transform(readable);

const windowSchema = z.object({
  has_previous_page: z.boolean(),
  has_next_page: z.boolean(),
  records: z.array(z.unknown()),
}).transform(({ records, ...page }) => {
  const read = readable(records);
  return { ...page, records: read, invalid: records.length - read.length };
});

const threadSchema = z.object({ replies: recordsSchema });

const pageSchema = z.object({ has_next_page: z.boolean(), records: z.array(z.unknown()) });
const commentPageSchema = pageSchema.extend({ records: recordsSchema });
const sentSchema = z.object({ creation_uuid: z.string() }).loose();

/** A chat message, reply or comment as the Headless Member API has it, with all that it sent. */
export type CircleRecord = z.infer<typeof recordSchema>;
/** A window of chat messages, in the order of their ids, and how many have none that can be read. */
export type ChatWindow = z.infer<typeof windowSchema>;
export type Page = z.infer<typeof pageSchema>;

/** The message that a reply answers; null of a message at the root. */
export const parentOf = ({ parent_message_id }: CircleRecord): number | null =>
  idSchema.safeParse(parent_message_id).data ?? null;

export interface WindowQuery {
  /** The anchor, which is not returned; without one, the window ends with the last message. */
  before?: number;
  after?: number;
  /** Of replies: the message at the root of the thread. */
  parentId?: number;
  size: number;
}

/**
 * A window of the messages of a room, or of the replies of a thread. The anchor, which Circle repeats, is left out.
 * `not_found`: the room, or the anchor, does not exist any more.
 *
 * @see https://api.circle.so/apis/headless/member-api
 */
export async function readMessages(
  api: CircleApi,
  roomUuid: string,
  { before, after, parentId, size }: WindowQuery,
): Promise<CircleAnswer<ChatWindow>> {
  const anchor = before ?? after;
  const query = new URLSearchParams({
    ...(anchor === undefined ? {} : { id: String(anchor) }),
    previous_per_page: String(after === undefined ? size : 0),
    next_per_page: String(after === undefined ? 0 : size),
    ...(parentId === undefined ? {} : { parent_message_id: String(parentId) }),
  });
  const path = `messages/${encodeURIComponent(roomUuid)}/chat_room_messages?${query}`;
  const answer = await ask(api, { path }, windowSchema);
  if (answer.kind !== "ok") return answer;
  const records = answer.value.records.filter(({ id }) => id !== anchor);
  return { kind: "ok", value: { ...answer.value, records } };
}

/** One message or reply. */
export const readMessage = (
  api: CircleApi,
  roomUuid: string,
  id: number,
): Promise<CircleAnswer<CircleRecord>> =>
  ask(api, { path: `messages/${encodeURIComponent(roomUuid)}/chat_room_messages/${id}` }, recordSchema);

/** The replies that Circle lists with a thread: whether all of a long one, is not documented. */
export async function readThreadReplies(
  api: CircleApi,
  threadId: number,
): Promise<CircleAnswer<CircleRecord[]>> {
  const answer = await ask(api, { path: `chat_threads/${threadId}` }, threadSchema);
  return answer.kind === "ok" ? { kind: "ok", value: answer.value.replies } : answer;
}

/** By the thread, where Circle answers with a window of the room: one of replies is not documented. */
async function readRepliesOfRoot(
  api: CircleApi,
  roomUuid: string,
  rootId: number,
): Promise<CircleAnswer<CircleRecord[]>> {
  const root = await readMessage(api, roomUuid, rootId);
  if (root.kind !== "ok") return root;
  const threadId = idSchema.safeParse(root.value.chat_thread_id);
  return threadId.success ? await readThreadReplies(api, threadId.data) : { kind: "ok", value: [] };
}

/** The newest replies to a message, in the order of their ids, up to so many pages of 50. */
export async function readReplies(
  api: CircleApi,
  roomUuid: string,
  rootId: number,
  maxPages = 10,
): Promise<CircleAnswer<CircleRecord[]>> {
  const replies: CircleRecord[] = [];
  for (let page = 0; page < maxPages; page++) {
    const [oldest] = replies;
    const before = oldest === undefined ? {} : { before: oldest.id };
    const answer = await readMessages(api, roomUuid, { parentId: rootId, size: 50, ...before });
    if (answer.kind !== "ok") return answer;
    const isThread = answer.value.records.every((one) => parentOf(one) === rootId);
    if (!isThread) return await readRepliesOfRoot(api, roomUuid, rootId);
    replies.unshift(...answer.value.records);
    if (!answer.value.has_previous_page || answer.value.records.length === 0) break;
  }
  return { kind: "ok", value: replies };
}

/**
 * Replies to a message in its room, as the bot. Circle accepts it, gives no id, and may lose it: whether it arrived shows in
 * `readReplies` alone. `parentId` is required, since a reply without one would become a message of its own.
 *
 * @returns what Circle calls the message, `creation_uuid`
 */
export async function sendReply(
  api: CircleApi,
  roomUuid: string,
  parentId: number,
  text: string,
): Promise<CircleAnswer<string>> {
  if (!Number.isSafeInteger(parentId) || parentId <= 0) throw new RangeError("A reply needs its message.");
  const answer = await ask(api, {
    method: "POST",
    path: `messages/${encodeURIComponent(roomUuid)}/chat_room_messages`,
    // with rich text alone, what is sent can be lost without an error
    body: { body: text, rich_text_body: toRichText(text), parent_message_id: parentId },
  }, sentSchema);
  return answer.kind === "ok" ? { kind: "ok", value: answer.value.creation_uuid } : answer;
}

/** What a comment answers: a post, or a comment at the top of one. */
export type CommentTarget = { postId: number } | { commentId: number };

const commentPath = (target: CommentTarget): string =>
  "postId" in target ? `posts/${target.postId}/comments` : `comments/${target.commentId}/replies`;

/** The comments on a post, or the replies to a comment, up to so many pages of 50. */
export async function readComments(
  api: CircleApi,
  target: CommentTarget,
  maxPages = 10,
): Promise<CircleAnswer<CircleRecord[]>> {
  const comments: CircleRecord[] = [];
  for (let page = 1; page <= maxPages; page++) {
    const path = `${commentPath(target)}?page=${page}&per_page=50`;
    const answer = await ask(api, { path }, commentPageSchema);
    if (answer.kind !== "ok") return answer;
    comments.push(...answer.value.records);
    if (!answer.value.has_next_page) break;
  }
  return { kind: "ok", value: comments };
}

/** Comments on a post, or replies to a comment at its top, as the bot. Returns the comment's id. */
export async function sendComment(
  api: CircleApi,
  target: CommentTarget,
  text: string,
): Promise<CircleAnswer<number>> {
  const comment = { body: text, tiptap_body: toRichText(text) };
  const answer = await ask(
    api,
    { method: "POST", path: commentPath(target), body: { comment } },
    recordSchema,
  );
  return answer.kind === "ok" ? { kind: "ok", value: answer.value.id } : answer;
}

/** A page of a list of the Headless Member API: `chat_threads`, `messages/<uuid>/chat_room_participants`. */
export const readPage = (api: CircleApi, path: string): Promise<CircleAnswer<Page>> =>
  ask(api, { path }, pageSchema);

/** A page of a list of the Admin API: `posts`, `comments`. Every answer counts for the month's quota. */
export async function readAdminPage(api: CircleApi, path: string): Promise<CircleAnswer<Page>> {
  return parse(await api.admin({ path }), pageSchema);
}

async function ask<T>(
  api: CircleApi,
  request: CircleRequest,
  schema: z.ZodType<T>,
): Promise<CircleAnswer<T>> {
  return parse(await api.headless(request), schema);
}

function parse<T>(answer: CircleAnswer<unknown>, schema: z.ZodType<T>): CircleAnswer<T> {
  if (answer.kind !== "ok") return answer;
  const parsed = schema.safeParse(answer.value);
  return parsed.success
    ? { kind: "ok", value: parsed.data }
    : { kind: "unavailable", cause: "unexpected_answer" };
}

/** One item of the Admin API: `posts/<id>`, `comments/<id>`. */
export const readAdminItem = (api: CircleApi, path: string): Promise<CircleAnswer<unknown>> =>
  api.admin({ path });
