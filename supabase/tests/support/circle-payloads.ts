import fc from "fast-check";
import type { Capture, Edit, Json, MessageCapture, ReplyCapture } from "./circle-model.ts";

// Payloads in every shape that messages come in, each with what it tells. Few ids, few times and few texts, so that payloads
// of one sequence speak of the same messages, agree, disagree and tie.

/** A payload and what it tells. */
export interface Telling {
  payload: { [key: string]: Json };
  captures: Capture[];
}

export type Family = "envelope" | "flat" | "headless" | "headless thread" | "post";

/** One call of the import: a payload or an array of them; or an edit by a person. */
export type Step =
  | { payload: Json; captures: Capture[] }
  | { edit: Edit };

const ROOTS = 2;
const REPLIES = 3;

/** Ids of a sequence; sequences with other bases have no id in common. */
const rootId = (base: number, at: number): number => base + at;
const replyId = (base: number, at: number): number => base + 100 + at;

export const ROOMS = ["room-1", "room-2", "room-unknown"];
export const SPACES = new Map([
  ["room-1", { space_id: "880011", space_name: "Help chat" }],
  ["room-2", { space_id: "880012", space_name: "Bugs" }],
]);

// Sorted by bytes and by a language's rules these come in different orders.
const AUTHORS = ["Ana Ruiz", "ana", "Zoë", "Éva", "😀 Sam", "\uffee Kim"];
export const TITLES = ["Ant", "bee", "Éclair", "The login page"];
export const BODIES = [
  "alpha",
  "Beta",
  "two\nlines\n\nand a third",
  "a text that is long enough to be cut where a title of fifty characters ends",
  "😀😀😀😀😀😀😀😀😀😀 and so on, with pictures, until it is too long",
  "my password is refused",
];
const LINKS = ["https://club.example.org/c/help/#message_1", "https://club.example.org/c/help/#message_2"];
const ATTACHMENTS: Json[][] = [[], ["https://club.example.org/a.png"], [
  "https://club.example.org/b.png",
  "c",
]];
const POSTED = ["2026-03-02T09:14:05.120Z", "2026-03-03T09:14:05.120Z", "2026-03-04T09:14:05.120Z"];
const EDITED = ["2026-03-03T09:14:05.120Z", "2026-03-05T09:14:05.120Z", "2026-03-06T09:14:05.120Z"];
const TYPES: [string, string | undefined][] = [
  ["Auth", "auth"],
  ["auth/login", "auth"],
  ["CODE GENERATION", "code"],
  ["Code", "code"],
  ["Tool", "tool"],
  ["Other/Misc", "misc"],
  ["Other", "misc"],
  ["misc", "misc"],
  ["Gardening", undefined],
];

/** A field as it stands in a payload, and what it tells. */
interface Told<T> {
  /** `undefined`: the key is missing. */
  raw: Json | undefined;
  value: T | undefined;
}

const told = <T>(raw: Json | undefined, value?: T): Told<T> => ({ raw, value });
const missing: fc.Arbitrary<Told<never>> = fc.constantFrom(told(undefined), told(null), told(null));
const blank: fc.Arbitrary<Told<never>> = fc.constantFrom(told(undefined), told(null), told(""), told("  \n"));

const text = (values: readonly string[]): fc.Arbitrary<Told<string>> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...values).map((value) => told(value, value)) },
    { weight: 2, arbitrary: blank },
  );

const list: fc.Arbitrary<Told<Json[]>> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ATTACHMENTS).map((value) => told(value, value)) },
  { weight: 1, arbitrary: missing },
);

const time = (values: readonly string[], unreadable: string): fc.Arbitrary<Told<string>> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...values).map((value) => told(value, value)) },
    { weight: 2, arbitrary: blank },
    { weight: 1, arbitrary: fc.constant(told<string>(unreadable)) },
  );

const times = { posted: time(POSTED, "yesterday"), edited: time(EDITED, "2026-13-45T00:00:00Z") };

interface Times {
  posted: Told<string>;
  edited: Told<string>;
}

const version = ({ posted, edited }: Times): string | null => edited.value ?? posted.value ?? null;

/** An id as Circle sends it, or as text. */
const id = fc.boolean().map((asText) => (value: number): Json => asText ? String(value) : value);

/** An object without the keys that are missing. */
const object = (entries: Record<string, Json | undefined>): { [key: string]: Json } =>
  Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );

/** Fields that tell something, by their names. */
function telling<F extends object>(fields: { [K in keyof F]?: F[K] | undefined }): F {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as F;
}

interface Details {
  raw: Json | undefined;
  title: string | undefined;
  segment: string | undefined;
  verdict: number | undefined;
}

const verdicts: fc.Arbitrary<{ is_issue: Json | undefined; says: boolean | undefined }> = fc.constantFrom(
  { is_issue: true, says: true },
  { is_issue: "true", says: true },
  { is_issue: false, says: false },
  { is_issue: "No", says: false },
  { is_issue: null, says: undefined },
  { is_issue: undefined, says: undefined },
);

const details: fc.Arbitrary<Details> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      verdict: verdicts,
      confidence: fc.constantFrom(undefined, undefined, null, 0, 0.125, 0.5, 0.8, 0.875, 1),
      title: text(TITLES),
      type: fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...TYPES).map(([type, segment]) => told(type, segment)) },
        { weight: 1, arbitrary: blank },
      ),
    }).map(({ verdict, confidence, title, type }) => ({
      raw: object({
        is_issue: verdict.is_issue,
        issue_title: title.raw,
        type: type.raw,
        confidence,
        reasoning: "because",
      }),
      title: title.value,
      segment: type.value,
      verdict: verdict.says === undefined
        ? undefined
        : verdict.says
        ? confidence ?? 1
        : 1 - (confidence ?? 1),
    })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(undefined, null, {}).map((raw) => ({
      raw,
      title: undefined,
      segment: undefined,
      verdict: undefined,
    })),
  },
);

interface ReplySpec {
  at: number;
  index: Told<number>;
  author: Told<string>;
  body: Told<string>;
  attachments: Told<Json[]>;
  link: Told<string>;
  times: Times;
  parentIsNamed: boolean;
  nameKey: boolean;
  id: (value: number) => Json;
}

const reply: fc.Arbitrary<ReplySpec> = fc.record({
  at: fc.nat({ max: REPLIES - 1 }),
  index: fc.constantFrom(1, 2, 3, 10, null, undefined).map((index) => told(index, index ?? undefined)),
  author: text(AUTHORS),
  body: text(BODIES),
  attachments: list,
  link: text(LINKS),
  times: fc.record(times),
  parentIsNamed: fc.boolean(),
  nameKey: fc.boolean(),
  id,
});

// n8n's envelope

const envelope = (base: number): fc.Arbitrary<Telling> =>
  fc.record({
    at: fc.nat({ max: ROOTS - 1 }),
    id,
    isThread: fc.boolean(),
    type: fc.boolean(),
    thread: fc.constantFrom("none", "missing", "own", "one", "two"),
    author: text(AUTHORS),
    email: text(["ana@example.org", "zoe@example.org"]),
    senderIsObject: fc.boolean(),
    body: text(BODIES),
    link: text(LINKS),
    attachments: list,
    room: text(ROOMS),
    spaceId: fc.oneof(
      { weight: 3, arbitrary: blank as fc.Arbitrary<Told<string>> },
      { weight: 1, arbitrary: fc.constantFrom(told(5, "5"), told("77", "77")) },
    ),
    spaceName: text(["Help chat", "général"]),
    times: fc.record(times),
    replies: fc.array(reply, { maxLength: 3 }),
    noReplies: fc.constantFrom<Json | undefined>([], null, undefined),
    details,
  }).map((spec) => {
    const messageId = rootId(base, spec.at);
    const thread =
      { none: null, missing: undefined, own: messageId, one: base + 501, two: base + 502 }[spec.thread];
    const author = spec.senderIsObject && !spec.isThread && typeof spec.author.raw === "string";
    const prefix = spec.isThread ? "parent_" : "";
    const replies = spec.isThread ? spec.replies : [];
    const elements = replies.map((one) => replyElement(one, base, messageId, thread, spec.room));
    const payload = object({
      Type: spec.isThread ? spec.type ? "thread" : "Thread" : "single",
      Parent_Message: object({
        chat_thread_id: thread,
        message_id: spec.id(messageId),
        parent_id: null,
        chat_room_uuid: spec.room.raw,
        space_id: spec.spaceId.raw,
        space_name: spec.spaceName.raw,
        [`${prefix}sender`]: author
          ? object({ name: spec.author.raw, email: spec.email.raw })
          : spec.author.raw,
        created_at: spec.times.posted.raw,
        edited_at: spec.times.edited.raw,
        [`${prefix}body`]: spec.body.raw,
        [`${prefix}attachments`]: spec.attachments.raw,
        message_url: spec.link.raw,
        has_replies: spec.isThread,
        replies_count: replies.length,
      }),
      Replies: elements.length > 0 ? elements.map(({ raw }) => raw) : spec.noReplies,
      Issue_Details: spec.details.raw,
    });
    const root: MessageCapture = {
      kind: "message",
      id: String(messageId),
      version: version(spec.times),
      fields: telling({
        thread_id: thread === messageId || thread == null ? undefined : String(thread),
        title: spec.details.title,
        body: spec.body.value,
        author_name: spec.author.value,
        author_email: author ? spec.email.value : undefined,
        link: spec.link.value,
        attachments: spec.attachments.value,
        chat_room_uuid: spec.room.value,
        space_id: spec.spaceId.value,
        space_name: spec.spaceName.value,
        posted_at: spec.times.posted.value,
        edited_at: spec.times.edited.value,
        segment: spec.details.segment,
        raw_data: payload,
      }),
      saysThread: spec.isThread,
      ...spec.details.verdict === undefined ? {} : { verdict: spec.details.verdict },
    };
    return { payload, captures: [root, ...elements.map(({ capture }) => capture)] };
  });

function replyElement(
  spec: ReplySpec,
  base: number,
  parent: number,
  thread: number | null | undefined,
  room: Told<string>,
): { raw: { [key: string]: Json }; capture: ReplyCapture } {
  // some flows number the key, some write 1 whatever the index is
  const key = `replier ${spec.nameKey ? spec.index.raw ?? 1 : 1}`;
  const raw = object({
    reply_index: spec.index.raw,
    chat_thread_id: thread,
    message_id: spec.id(replyId(base, spec.at)),
    parent_id: spec.parentIsNamed ? parent : undefined,
    chat_room_uuid: room.raw,
    [key]: spec.author.raw,
    created_at: spec.times.posted.raw,
    edited_at: spec.times.edited.raw,
    body: spec.body.raw,
    attachments: spec.attachments.raw,
    message_url: spec.link.raw,
  });
  return {
    raw,
    capture: {
      kind: "reply",
      id: String(replyId(base, spec.at)),
      version: version(spec.times),
      fields: telling({
        parent: String(parent),
        author_name: spec.author.value,
        body: spec.body.value,
        attachments: spec.attachments.value,
        link: spec.link.value,
        reply_index: spec.index.value,
        posted_at: spec.times.posted.value,
        edited_at: spec.times.edited.value,
        raw_data: raw,
      }),
    },
  };
}

const FAMILIES: Partial<Record<Family, (base: number) => fc.Arbitrary<Telling>>> = {
  envelope,
};

/** Sequences of imports and of edits by people, over a few messages. */
export function sequences(
  families: readonly Family[],
  base: number,
  withEdits: boolean,
): fc.Arbitrary<Step[]> {
  const one = fc.oneof(...families.flatMap((family) => FAMILIES[family]?.(base) ?? []));
  const alone = one.map(({ payload, captures }): Step => ({ payload, captures }));
  const several = fc.array(one, { minLength: 1, maxLength: 3 }).map((all): Step => ({
    payload: all.map(({ payload }) => payload),
    captures: all.flatMap(({ captures }) => captures),
  }));
  const edit = fc.record({
    at: fc.nat({ max: ROOTS - 1 }),
    column: fc.constantFrom("title", "description", "segment"),
  }).map(({ at, column }): Step => ({
    edit: {
      kind: "edit",
      id: String(rootId(base, at)),
      column: column as Edit["column"],
      value: column === "segment" ? "tool" : "Written by hand",
    },
  }));
  const step = fc.oneof(
    { weight: 4, arbitrary: alone },
    { weight: 2, arbitrary: several },
    ...withEdits ? [{ weight: 1, arbitrary: edit }] : [],
  );
  // some steps come a second time, somewhere later
  return fc.record({
    steps: fc.array(step, { minLength: 1, maxLength: 6 }),
    again: fc.array(fc.nat(), { maxLength: 2 }),
  }).map(({ steps, again }) => [...steps, ...again.map((at) => steps[at % steps.length] as Step)]);
}
