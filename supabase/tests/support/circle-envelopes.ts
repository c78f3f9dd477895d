import fc from "fast-check";
import type { Json, MessageSnapshot, ReplySnapshot } from "./circle-model.ts";
import {
  AUTHORS,
  blank,
  BODIES,
  details,
  type Field,
  field,
  id,
  LINKS,
  list,
  object,
  type Payload,
  type Plan,
  present,
  reply,
  replyId,
  type ReplySpec,
  roomOf,
  rootId,
  ROOTS,
  settled,
  text,
  threadIds,
  times,
  version,
} from "./circle-values.ts";

/** n8n's envelope, with all that differs between its single messages and its threads. */
export const envelope = (plan: Plan): fc.Arbitrary<Payload> =>
  fc.record({
    at: fc.nat({ max: ROOTS - 1 }),
    id,
    isThread: fc.boolean(),
    type: fc.boolean(),
    thread: fc.constantFrom("none", "missing", "own", "one", "other"),
    author: text(AUTHORS),
    email: text(["ana@example.org", "zoe@example.org"]),
    senderIsObject: fc.boolean(),
    body: text(BODIES),
    link: text(LINKS),
    attachments: list,
    room: fc.oneof(blank, fc.nat({ max: 2 })),
    spaceId: fc.oneof(
      { weight: 3, arbitrary: blank as fc.Arbitrary<Field<string>> },
      { weight: 1, arbitrary: fc.constantFrom(field(5, "5"), field("77", "77")) },
    ),
    spaceName: text(["Help chat", "général"]),
    times: fc.record(times),
    replies: fc.array(reply, { maxLength: 3 }),
    noReplies: fc.constantFrom<Json | undefined>([], null, undefined),
    details,
  }).map((drawn) => {
    const messageId = rootId(plan, drawn.at);
    const spec = settled(messageId, drawn);
    const [one = 0, other = one] = threadIds(plan, spec.at);
    const thread = { none: null, missing: undefined, own: messageId, one, other }[spec.thread];
    const room = roomOf(plan, spec.at, spec.room);
    const author = spec.senderIsObject && !spec.isThread && typeof spec.author.raw === "string";
    const prefix = spec.isThread ? "parent_" : "";
    const replies = spec.isThread ? spec.replies : [];
    const elements = replies.map((each) => {
      const own = replyId(plan, spec.at, each.at);
      return replyElement(settled(own, each), own, messageId, thread, room);
    });
    const payload = object({
      Type: spec.isThread ? spec.type ? "thread" : "Thread" : "single",
      Parent_Message: object({
        chat_thread_id: thread,
        message_id: spec.id(messageId),
        parent_id: null,
        chat_room_uuid: room.raw,
        space_id: spec.spaceId.raw,
        space_name: spec.spaceName.raw,
        [`${prefix}sender`]: author
          ? object({ name: spec.author.raw, email: spec.email.raw })
          : spec.author.raw,
        created_at: spec.times.posted.raw,
        edited_at: spec.times.edited.raw,
        deleted_at: spec.times.removed.raw,
        [`${prefix}body`]: spec.body.raw,
        [`${prefix}attachments`]: spec.attachments.raw,
        message_url: spec.link.raw,
        has_replies: spec.isThread,
        replies_count: replies.length,
      }),
      Replies: elements.length > 0 ? elements.map(({ raw }) => raw) : spec.noReplies,
      Issue_Details: spec.details.raw,
    });
    const root: MessageSnapshot = {
      kind: "message",
      id: String(messageId),
      version: version(spec.times),
      fields: present({
        thread_id: thread === messageId || thread == null ? undefined : String(thread),
        title: spec.details.title,
        body: spec.body.value,
        author_name: spec.author.value,
        author_email: author ? spec.email.value : undefined,
        link: spec.link.value,
        attachments: spec.attachments.value,
        chat_room_uuid: room.value,
        space_id: spec.spaceId.value,
        space_name: spec.spaceName.value,
        posted_at: spec.times.posted.value,
        edited_at: spec.times.edited.value,
        removed_at: spec.times.removed.value,
        segment: spec.details.segment,
        raw_data: payload,
      }),
      isThread: spec.isThread,
      ...spec.details.verdict === undefined ? {} : { verdict: spec.details.verdict },
    };
    return { payload, snapshots: [root, ...elements.map(({ snapshot }) => snapshot)] };
  });

function replyElement(
  spec: ReplySpec,
  messageId: number,
  parent: number,
  thread: number | null | undefined,
  room: Field<string>,
): { raw: { [key: string]: Json }; snapshot: ReplySnapshot } {
  // some flows number the key, some write 1 whatever the index is
  const key = `replier ${spec.nameKey ? spec.index.raw ?? 1 : 1}`;
  const raw = object({
    reply_index: spec.index.raw,
    chat_thread_id: thread,
    message_id: spec.id(messageId),
    parent_id: spec.parentIsNamed ? parent : undefined,
    chat_room_uuid: room.raw,
    [key]: spec.author.raw,
    created_at: spec.times.posted.raw,
    edited_at: spec.times.edited.raw,
    removed_at: spec.times.removed.raw,
    body: spec.body.raw,
    attachments: spec.attachments.raw,
    message_url: spec.link.raw,
  });
  return {
    raw,
    snapshot: {
      kind: "reply",
      id: String(messageId),
      version: version(spec.times),
      fields: present({
        parent: String(parent),
        author_name: spec.author.value,
        body: spec.body.value,
        attachments: spec.attachments.value,
        link: spec.link.value,
        reply_index: spec.index.value,
        posted_at: spec.times.posted.value,
        edited_at: spec.times.edited.value,
        removed_at: spec.times.removed.value,
        raw_data: raw,
      }),
    },
  };
}
