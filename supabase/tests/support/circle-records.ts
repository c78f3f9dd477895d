import fc from "fast-check";
import type { Json, MessageSnapshot, ReplySnapshot } from "./circle-model.ts";
import {
  AUTHORS,
  blank,
  BODIES,
  EDITED,
  type Field,
  field,
  id,
  list,
  object,
  type Payload,
  type Plan,
  POSTED,
  present,
  REPLIES,
  replyId,
  roomOf,
  rootId,
  ROOTS,
  settled,
  text,
  threadIds,
  time,
  times,
  TITLES,
  version,
} from "./circle-values.ts";

// Records as Circle's own API gives them, and the flat snapshots that flows made of them before there was an envelope.

type Record = { [key: string]: Json };

/** What a record of a chat message holds; a reply's and a root's differ in `parent_message_id`. */
const chat = fc.record({
  root: fc.nat({ max: ROOTS - 1 }),
  reply: fc.nat({ max: REPLIES - 1 }),
  id,
  hasReplies: fc.boolean(),
  sentAt: fc.boolean(),
  author: text(AUTHORS),
  body: text(BODIES),
  attachments: list,
  room: fc.oneof(blank, fc.nat({ max: 2 })),
  times: fc.record(times),
});

type Chat = typeof chat extends fc.Arbitrary<infer T> ? T : never;

function chatRecord(plan: Plan, spec: Chat, kind: "root" | "reply"): { raw: Record; room: Field<string> } {
  const room = roomOf(plan, spec.root, spec.room);
  const messageId = kind === "root" ? rootId(plan, spec.root) : replyId(plan, spec.root, spec.reply);
  const raw = object({
    id: spec.id(messageId),
    parent_message_id: kind === "root" ? null : rootId(plan, spec.root),
    edited_at: spec.times.edited.raw,
    deleted_at: spec.times.removed.raw,
    [spec.sentAt ? "sent_at" : "created_at"]: spec.times.posted.raw,
    chat_room_uuid: room.raw,
    chat_room_participant_id: 1700112233,
    body: spec.body.raw,
    rich_text_body: null,
    replies_count: kind === "root" ? spec.hasReplies ? 1 : 0 : undefined,
    sender: object({
      id: 1700112233,
      name: spec.author.raw,
      community_member_id: 55512345,
      avatar_url: null,
    }),
    chat_thread_id: kind === "root" && !spec.hasReplies ? null : threadIds(plan, spec.root)[0],
    reactions: [],
  });
  return { raw, room };
}

/** The record with an author and a time of posting that its id may have. */
function settledChat(plan: Plan, spec: Chat, kind: "root" | "reply"): Chat {
  return settled(kind === "root" ? rootId(plan, spec.root) : replyId(plan, spec.root, spec.reply), spec);
}

function rootSnapshot(plan: Plan, spec: Chat, room: Field<string>): MessageSnapshot {
  return {
    kind: "message",
    id: String(rootId(plan, spec.root)),
    version: version(spec.times),
    fields: present({
      thread_id: spec.hasReplies ? String(threadIds(plan, spec.root)[0]) : undefined,
      body: spec.body.value,
      author_name: spec.author.value,
      chat_room_uuid: room.value,
      posted_at: spec.times.posted.value,
      edited_at: spec.times.edited.value,
      removed_at: spec.times.removed.value,
    }),
    isThread: spec.hasReplies,
  };
}

function replySnapshot(plan: Plan, spec: Chat, raw: Record): ReplySnapshot {
  return {
    kind: "reply",
    id: String(replyId(plan, spec.root, spec.reply)),
    version: version(spec.times),
    fields: present({
      parent: String(rootId(plan, spec.root)),
      author_name: spec.author.value,
      body: spec.body.value,
      posted_at: spec.times.posted.value,
      edited_at: spec.times.edited.value,
      removed_at: spec.times.removed.value,
      raw_data: raw,
    }),
  };
}

/** A reply that comes by itself contains where its message is. In a thread the message contains it itself. */
function loneReplySnapshot(plan: Plan, spec: Chat, room: Field<string>, raw: Record): ReplySnapshot {
  return {
    ...replySnapshot(plan, spec, raw),
    about: present({ thread_id: String(threadIds(plan, spec.root)[0]), chat_room_uuid: room.value }),
  };
}

/** A record of the Headless API: a root or a reply. */
export const headless = (plan: Plan): fc.Arbitrary<Payload> =>
  fc.record({ kind: fc.constantFrom("root" as const, "reply" as const), spec: chat }).map(
    ({ kind, spec: drawn }) => {
      const spec = settledChat(plan, drawn, kind);
      const { raw, room } = chatRecord(plan, spec, kind);
      if (kind === "reply") return { payload: raw, snapshots: [loneReplySnapshot(plan, spec, room, raw)] };
      const root = rootSnapshot(plan, spec, room);
      return { payload: raw, snapshots: [{ ...root, fields: { ...root.fields, raw_data: raw } }] };
    },
  );

/** A thread of the Headless API: its root and its replies. */
export const headlessThread = (plan: Plan): fc.Arbitrary<Payload> =>
  fc.record({ spec: chat, replies: fc.array(chat, { minLength: 1, maxLength: 3 }) }).map(
    ({ spec, replies }) => {
      const threaded = settledChat(plan, { ...spec, hasReplies: true }, "root");
      const root = chatRecord(plan, threaded, "root");
      const records = replies.map((each) => {
        const own = settledChat(plan, { ...each, root: spec.root }, "reply");
        return { spec: own, ...chatRecord(plan, own, "reply") };
      });
      const payload = object({
        id: threadIds(plan, spec.root)[0],
        parent_message: root.raw,
        replies: records.map(({ raw }) => raw),
        chat_room: { kind: "group_chat", name: null, embedded_space: null, lesson: null },
      });
      return {
        payload,
        snapshots: [
          { ...rootSnapshot(plan, threaded, root.room), isRawOpen: true },
          ...records.map((each) => replySnapshot(plan, each.spec, each.raw)),
        ],
      };
    },
  );

/** The older snapshots: a thread by its parent's keys, or a single message nearly as the API gives it. */
export const flat = (plan: Plan): fc.Arbitrary<Payload> =>
  fc.record({ isThread: fc.boolean(), spec: chat, replies: fc.array(chat, { minLength: 1, maxLength: 3 }) })
    .map(
      ({ isThread, spec, replies }) => isThread ? flatThread(plan, spec, replies) : flatSingle(plan, spec),
    );

function flatSingle(plan: Plan, drawn: Chat): Payload {
  const spec = settledChat(plan, drawn, "root");
  const { raw, room } = chatRecord(plan, spec, "root");
  const payload = object({ ...raw, attachments: spec.attachments.raw, total_thread_participants_count: 0 });
  const root = rootSnapshot(plan, spec, room);
  return {
    payload,
    snapshots: [{
      ...root,
      fields: present({ ...root.fields, attachments: spec.attachments.value, raw_data: payload }),
    }],
  };
}

function flatThread(plan: Plan, drawn: Chat, replies: Chat[]): Payload {
  const spec = settledChat(plan, drawn, "root");
  const room = roomOf(plan, spec.root, spec.room);
  const once = { edited: field<string>(undefined), removed: field<string>(undefined) };
  const unedited = { ...spec, hasReplies: true, times: { ...spec.times, ...once } };
  const elements = replies.map((each) => {
    const moved = settledChat(plan, { ...each, root: spec.root }, "reply");
    const own = { ...moved, times: { ...moved.times, ...once } };
    const raw = object({
      reply_id: each.id(replyId(plan, spec.root, each.reply)),
      sender_name: own.author.raw,
      created_at: own.times.posted.raw,
      body: own.body.raw,
    });
    return { raw, snapshot: replySnapshot(plan, own, raw) };
  });
  const payload = object({
    chat_thread_id: threadIds(plan, spec.root)[0],
    chat_room_uuid: room.raw,
    parent_message_id: spec.id(rootId(plan, spec.root)),
    parent_sender: spec.author.raw,
    parent_created_at: spec.times.posted.raw,
    parent_body: spec.body.raw,
    replies_count: elements.length,
    replies: elements.map(({ raw }) => raw),
    has_replies: true,
  });
  return {
    payload,
    snapshots: [
      { ...rootSnapshot(plan, unedited, room), isRawOpen: true },
      ...elements.map(({ snapshot }) => snapshot),
    ],
  };
}

/** A post of a space, or a comment on one. Their ids are counted apart from those of chat messages. */
export const post = (plan: Plan): fc.Arbitrary<Payload> =>
  fc.record({
    isComment: fc.boolean(),
    spec: chat,
    title: text(TITLES),
    email: text(["ana@example.org", "zoe@example.org"]),
    link: text(["https://club.example.org/c/bugs/one", "https://club.example.org/c/bugs/two"]),
    space: text(["Bugs", "général"]),
    posted: time(POSTED, "yesterday"),
    edited: time(EDITED.slice(1), "yesterday"),
  }).map(({ isComment, spec: drawn, title, email, link, space, posted: drawnPosted, edited }) => {
    const { times: { posted }, ...spec } = settledChat(
      plan,
      { ...drawn, times: { ...drawn.times, posted: drawnPosted } },
      isComment ? "reply" : "root",
    );
    const parent = `post_${rootId(plan, spec.root)}`;
    const written = object({ name: "body", body: spec.body.raw });
    if (isComment) {
      const number = replyId(plan, spec.root, spec.reply);
      const payload = object({
        id: number,
        parent_comment_id: null,
        created_at: posted.raw,
        body: { ...written, record_type: "Comment", record_id: number },
        user: object({ id: 44002, name: spec.author.raw, avatar_url: null, email: email.raw }),
        post: { id: rootId(plan, spec.root) },
        url: link.raw,
        community_id: 412233,
        likes_count: 0,
      });
      const comment: ReplySnapshot = {
        kind: "reply",
        id: `comment_${number}`,
        version: posted.value ?? null,
        fields: present({
          parent,
          author_name: spec.author.value,
          body: spec.body.value,
          link: link.value,
          posted_at: posted.value,
          raw_data: payload,
        }),
      };
      return { payload, snapshots: [comment] };
    }
    const payload = object({
      id: rootId(plan, spec.root),
      status: "published",
      name: title.raw,
      slug: "one",
      created_at: posted.raw,
      published_at: posted.raw,
      updated_at: edited.raw,
      body: { ...written, record_type: "Post", record_id: rootId(plan, spec.root) },
      url: link.raw,
      space_name: space.raw,
      space_slug: "bugs",
      user_id: 44001,
      user_email: email.raw,
      user_name: spec.author.raw,
      community_id: 412233,
      topics: [],
    });
    const root: MessageSnapshot = {
      kind: "message",
      id: parent,
      version: version({ posted, edited }),
      fields: present({
        title: title.value,
        body: spec.body.value,
        author_name: spec.author.value,
        author_email: email.value,
        link: link.value,
        space_name: space.value,
        posted_at: posted.value,
        edited_at: edited.value,
        raw_data: payload,
      }),
      isThread: false,
    };
    return { payload, snapshots: [root] };
  });
