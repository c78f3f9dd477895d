import { z } from "zod";
import type { CircleAnswer, CircleApi, CircleRequest } from "./circle-api.ts";
import { toRichText } from "./circle-text.ts";

/** Ids come as numbers, and from some tools as text. */
const idSchema = z.union([z.int(), z.string().regex(/^\d+$/).transform(Number)]);
const timeSchema = z.string().nullish();

const personSchema = z.object({ name: z.string().nullish(), community_member_id: idSchema.nullish() })
  .loose();

const messageSchema = z.object({
  id: idSchema,
  parent_message_id: idSchema.nullish(),
  body: z.string().nullish(),
  rich_text_body: z.unknown().optional(),
  created_at: timeSchema,
  sent_at: timeSchema,
  edited_at: timeSchema,
  creation_uuid: z.string().nullish(),
  replies_count: z.int().nullish(),
  last_reply_at: timeSchema,
  sender: personSchema.nullish(),
}).loose();

const windowSchema = z.object({
  has_previous_page: z.boolean(),
  has_next_page: z.boolean(),
  total_count: z.int().nullish(),
  records: z.array(messageSchema),
});

const threadSchema = z.object({ replies: z.array(messageSchema) });

const commentSchema = z.object({
  id: idSchema,
  body_text: z.string().nullish(),
  community_member_id: idSchema.nullish(),
}).loose();

const pageSchema = z.object({ has_next_page: z.boolean(), records: z.array(z.unknown()) });
const commentPageSchema = pageSchema.extend({ records: z.array(commentSchema) });
const sentSchema = z.object({ creation_uuid: z.string() }).loose();
const createdSchema = z.object({ id: idSchema }).loose();

/** A chat message as the Headless Member API has it, with all that it sent. */
export type ChatMessage = z.infer<typeof messageSchema>;
/** A window of chat messages, in the order of their ids. */
export type ChatWindow = z.infer<typeof windowSchema>;
export type Comment = z.infer<typeof commentSchema>;
export type Page = z.infer<typeof pageSchema>;

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
): Promise<CircleAnswer<ChatMessage>> =>
  ask(api, { path: `messages/${encodeURIComponent(roomUuid)}/chat_room_messages/${id}` }, messageSchema);

/** The replies that Circle lists with a thread: whether all of a long one, is not documented. */
export async function readThreadReplies(
  api: CircleApi,
  threadId: number,
): Promise<CircleAnswer<ChatMessage[]>> {
  const answer = await ask(api, { path: `chat_threads/${threadId}` }, threadSchema);
  return answer.kind === "ok" ? { kind: "ok", value: answer.value.replies } : answer;
}

/** By the thread, where Circle answers with a window of the room: one of replies is not documented. */
async function readRepliesOfRoot(
  api: CircleApi,
  roomUuid: string,
  rootId: number,
): Promise<CircleAnswer<ChatMessage[]>> {
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
): Promise<CircleAnswer<ChatMessage[]>> {
  const replies: ChatMessage[] = [];
  for (let page = 0; page < maxPages; page++) {
    const [oldest] = replies;
    const before = oldest === undefined ? {} : { before: oldest.id };
    const answer = await readMessages(api, roomUuid, { parentId: rootId, size: 50, ...before });
    if (answer.kind !== "ok") return answer;
    const isThread = answer.value.records.every((one) => one.parent_message_id === rootId);
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
): Promise<CircleAnswer<Comment[]>> {
  const comments: Comment[] = [];
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
    createdSchema,
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

/** One item of the Admin API: `posts/<id>`. */
export const readAdminItem = (api: CircleApi, path: string): Promise<CircleAnswer<unknown>> =>
  api.admin({ path });
