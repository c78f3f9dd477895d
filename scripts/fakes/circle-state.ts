import { createCircleLimits } from "./circle-limits.ts";
import { createCircleTokens } from "./circle-tokens.ts";
import type { Fault } from "./faults.ts";

/** A member of the community. */
export interface FakeMember {
  /** `community_member_id`; posts and comments of the Admin API have `userId` instead. */
  id: number;
  userId: number;
  name: string;
  email: string;
}

export interface FakeSpace {
  id: number;
  name: string;
  slug: string;
  type: "chat" | "basic";
  /** Of a chat space. */
  roomUuid: string | null;
}

export interface FakeChatMessage {
  id: number;
  roomUuid: string;
  author: FakeMember;
  body: string;
  richText: unknown;
  parentId: number | null;
  threadId: number | null;
  creationUuid: string;
  sentAt: Date;
  editedAt: Date | null;
}

export interface FakePost {
  id: number;
  space: FakeSpace;
  author: FakeMember;
  name: string;
  body: string;
  createdAt: Date;
  updatedAt: Date;
}

export interface FakeComment {
  id: number;
  post: FakePost;
  author: FakeMember;
  body: string;
  parentId: number | null;
  createdAt: Date;
  updatedAt: Date;
}

/** What becomes of the next chat messages that are sent: each is answered 202 all the same. */
export interface Mishap {
  kind: "dropped" | "twice" | "late";
  times: number;
}

export interface SeenCircleRequest {
  api: "auth" | "headless" | "admin" | "other";
  method: string;
  /** With its query. */
  path: string;
  status: number;
  at: Date;
}

export type CircleState = ReturnType<typeof createCircleState>;

const HOST = "https://club.example.org";
const FIRST_ROOM = "5d0b2a64-7c1e-4a55-9f0e-0d6a4f0e1b00";

/** The state of the fake: one community with its members, spaces, chat rooms, posts and comments. */
export function createCircleState(now: () => Date) {
  const faults: Fault[] = [];
  const requests: SeenCircleRequest[] = [];
  const members: FakeMember[] = [];
  const spaces: FakeSpace[] = [];
  const posts: FakePost[] = [];
  const comments: FakeComment[] = [];
  /** Of all rooms, by room and in the order of their ids. */
  const rooms = new Map<string, FakeChatMessage[]>();
  const mishaps: Mishap[] = [];
  /** Sent, accepted, and not there yet. */
  const pending: FakeChatMessage[] = [];
  const last = { member: 55_512_344, message: 201_500_289, thread: 1_000_989_999, other: 30_990_010 };

  const roomOf = (uuid: string): FakeChatMessage[] => rooms.get(uuid) ?? [];
  const find = (uuid: string, id: number) => roomOf(uuid).find((message) => message.id === id);
  const insert = (message: FakeChatMessage): FakeChatMessage => {
    const parent = message.parentId === null ? undefined : find(message.roomUuid, message.parentId);
    if (parent) message.threadId = parent.threadId ??= ++last.thread;
    roomOf(message.roomUuid).push(message);
    return message;
  };
  const create = (
    roomUuid: string,
    author: FakeMember,
    body: string,
    { parentId = null, richText = null, at = now() }: {
      parentId?: number | null;
      richText?: unknown;
      at?: Date;
    },
  ): FakeChatMessage => ({
    id: ++last.message,
    roomUuid,
    author,
    body,
    richText,
    parentId,
    threadId: null,
    creationUuid: crypto.randomUUID(),
    sentAt: at,
    editedAt: null,
  });

  return {
    communityId: 412_233,
    host: HOST,
    now,
    faults,
    /** Every request, the oldest first. */
    requests,
    members,
    spaces,
    posts,
    comments,
    mishaps,
    tokens: createCircleTokens(now),
    limits: createCircleLimits(now),
    /**
     * Whether `GET /messages` lists the rooms of spaces, `GET /spaces` their uuid, and a window takes `parent_message_id`: none
     * of it is documented.
     */
    shows: { embeddedRooms: false, roomUuids: false, windowsOfReplies: true },
    roomOf,
    find,

    addMember(name: string, email = `${name.toLowerCase().replace(/\W+/g, ".")}@example.org`): FakeMember {
      const id = ++last.member;
      const member = { id, userId: id - 55_468_000, name, email };
      members.push(member);
      return member;
    },

    addSpace(name: string, type: FakeSpace["type"]): FakeSpace {
      const roomUuid = type === "chat"
        ? FIRST_ROOM.slice(0, -2) + (spaces.length + 16).toString(16).padStart(2, "0")
        : null;
      const slug = name.toLowerCase().replace(/\W+/g, "-");
      const space = { id: 880_011 + spaces.length, name, slug, type, roomUuid };
      spaces.push(space);
      if (roomUuid) rooms.set(roomUuid, []);
      return space;
    },

    /** A member writes in the room of a chat space, or replies there. */
    write(
      space: FakeSpace,
      author: FakeMember,
      body: string,
      options: { parent?: FakeChatMessage; at?: Date } = {},
    ): FakeChatMessage {
      const { parent, ...rest } = options;
      return insert(create(space.roomUuid ?? "", author, body, { ...rest, parentId: parent?.id ?? null }));
    },

    /** What a client sends: what was accepted, whatever becomes of it. */
    send(roomUuid: string, author: FakeMember, body: string, richText: unknown, parentId: number | null) {
      const message = create(roomUuid, author, body, { parentId, richText });
      const mishap = mishaps[0];
      if (mishap && --mishap.times <= 0) mishaps.shift();
      if (mishap?.kind === "late") pending.push(message);
      else if (mishap?.kind !== "dropped") insert(message);
      if (mishap?.kind === "twice") insert(create(roomUuid, author, body, { parentId, richText }));
      return message;
    },

    /** Messages that were accepted and late are there. */
    deliverLate(): void {
      for (const message of pending.splice(0)) insert({ ...message, id: ++last.message });
    },

    edit(message: FakeChatMessage, body: string): void {
      message.body = body;
      message.richText = null;
      message.editedAt = now();
    },

    remove({ roomUuid, id }: FakeChatMessage): void {
      rooms.set(roomUuid, roomOf(roomUuid).filter((one) => one.id !== id && one.parentId !== id));
    },

    addPost(space: FakeSpace, author: FakeMember, name: string, body: string, at = now()): FakePost {
      const post = { id: ++last.other, space, author, name, body, createdAt: at, updatedAt: at };
      posts.push(post);
      return post;
    },

    addComment(
      post: FakePost,
      author: FakeMember,
      body: string,
      parentId: number | null = null,
    ): FakeComment {
      const at = now();
      const comment = { id: ++last.other, post, author, body, parentId, createdAt: at, updatedAt: at };
      post.updatedAt = at;
      comments.push(comment);
      return comment;
    },

    repliesTo: (message: FakeChatMessage): FakeChatMessage[] =>
      roomOf(message.roomUuid).filter(({ parentId }) => parentId === message.id),
  };
}
