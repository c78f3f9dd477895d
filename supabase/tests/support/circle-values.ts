import fc from "fast-check";
import type { Json, Snapshot } from "./circle-model.ts";

// The values that payloads are made of: few ids, few times and few texts, so that payloads of one sequence speak of the same
// messages, agree, disagree and tie.

export type Family = "envelope" | "flat" | "headless" | "headless thread" | "post";

export interface Plan {
  families: readonly Family[];
  /** Where the ids of the sequence begin. */
  base: number;
  withEdits: boolean;
  /** Whether a reply stays with its message, and a message in its room and thread. */
  isSettled: boolean;
}

/** A payload and the snapshots in it. */
export interface Payload {
  payload: { [key: string]: Json };
  snapshots: Snapshot[];
}

export const ROOTS = 2;
export const REPLIES = 3;

/** Ids of a sequence; sequences with other bases have no id in common. */
export const rootId = ({ base }: Plan, at: number): number => base + at;
export const replyId = ({ base, isSettled }: Plan, root: number, at: number): number =>
  base + 100 + at + (isSettled ? root * REPLIES : 0);
/** Where a message may be. */
export const threadIds = ({ base, isSettled }: Plan, root: number): number[] =>
  isSettled ? [base + 501 + root] : [base + 501, base + 502];
const rooms = ({ isSettled }: Plan, root: number): string[] =>
  isSettled ? [["room-1", "room-unknown"][root] ?? ""] : ROOMS;

const ROOMS = ["room-1", "room-2", "room-unknown"];
export const SPACES = new Map([
  ["room-1", { space_id: "880011", space_name: "Help chat" }],
  ["room-2", { space_id: "880012", space_name: "Bugs" }],
]);

// Sorted by bytes and by a language's rules these come in different orders.
export const AUTHORS = ["Ana Ruiz", "ana", "Zoë", "Éva", "😀 Sam", "\uffee Kim"];
export const TITLES = ["Ant", "bee", "Éclair", "The login page"];
export const BODIES = [
  "alpha",
  "Beta",
  "two\nlines\n\nand a third",
  "a text that is long enough to be cut where a title of fifty characters ends",
  "😀😀😀😀😀😀😀😀😀😀 and so on, with pictures, until it is too long",
  "my password is refused",
];
export const LINKS = [
  "https://club.example.org/c/help/#message_1",
  "https://club.example.org/c/help/#message_2",
];
const ATTACHMENTS: Json[][] = [[], ["https://club.example.org/a.png"], [
  "https://club.example.org/b.png",
  "c",
]];
export const POSTED = ["2026-03-02T09:14:05.120Z", "2026-03-03T09:14:05.120Z", "2026-03-04T09:14:05.120Z"];
export const EDITED = ["2026-03-03T09:14:05.120Z", "2026-03-05T09:14:05.120Z", "2026-03-06T09:14:05.120Z"];
const REMOVED = ["2026-03-07T09:14:05.120Z", "2026-03-08T09:14:05.120Z"];
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

/** A field as it stands in a payload, and the value that it is parsed to. */
export interface Field<T> {
  /** `undefined`: the key is missing. */
  raw: Json | undefined;
  value: T | undefined;
}

export const field = <T>(raw: Json | undefined, value?: T): Field<T> => ({ raw, value });
/** What fails is made smaller by taking the first of several. */
const smaller = { withCrossShrink: true };
export const missing: fc.Arbitrary<Field<never>> = fc.constantFrom(
  field(undefined),
  field(null),
  field(null),
);
export const blank: fc.Arbitrary<Field<never>> = fc.constantFrom(
  field(undefined),
  field(null),
  field(""),
  field("  \n"),
);

export const text = (values: readonly string[]): fc.Arbitrary<Field<string>> =>
  fc.oneof(
    smaller,
    { weight: 2, arbitrary: blank },
    { weight: 3, arbitrary: fc.constantFrom(...values).map((value) => field(value, value)) },
  );

export const list: fc.Arbitrary<Field<Json[]>> = fc.oneof(
  smaller,
  { weight: 1, arbitrary: missing },
  { weight: 3, arbitrary: fc.constantFrom(...ATTACHMENTS).map((value) => field(value, value)) },
);

export const time = (values: readonly string[], unreadable: string): fc.Arbitrary<Field<string>> =>
  fc.oneof(
    smaller,
    { weight: 2, arbitrary: blank },
    { weight: 6, arbitrary: fc.constantFrom(...values).map((value) => field(value, value)) },
    { weight: 1, arbitrary: fc.constant(field<string>(unreadable)) },
  );

export const times = {
  posted: time(POSTED, "yesterday"),
  edited: time(EDITED, "2026-13-45T00:00:00Z"),
  removed: fc.oneof(
    smaller,
    { weight: 6, arbitrary: missing as fc.Arbitrary<Field<string>> },
    { weight: 1, arbitrary: fc.constantFrom(...REMOVED).map((value) => field(value, value)) },
  ),
};

export interface Times {
  posted: Field<string>;
  edited: Field<string>;
  removed: Field<string>;
}

/** A + stands for an edit at a time that can't be read: later than the posting, earlier than any edit at a known time. */
export function version({ posted, edited }: Omit<Times, "removed">): string | null {
  if (edited.value !== undefined) return edited.value;
  if (typeof edited.raw === "string" && edited.raw.trim() !== "") return `${posted.value ?? ""}+`;
  return posted.value ?? null;
}

/**
 * Author and time of posting as they may be in one set of snapshots: where both differ it is another message, which is
 * refused. Of even ids the author stays, of odd ones the time.
 */
export function settled<T extends { author: Field<string>; times: Times }>(id: number, spec: T): T {
  const keep = <V extends string>(values: readonly V[], field: Field<string>): Field<string> => {
    const value = values[id % values.length];
    return field.value === undefined || value === undefined ? field : { raw: value, value };
  };
  return id % 2 === 0
    ? { ...spec, author: keep(AUTHORS, spec.author) }
    : { ...spec, times: { ...spec.times, posted: keep(POSTED, spec.times.posted) } };
}

/** The room of a message: one of those it may be in, or none. */
export function roomOf(plan: Plan, root: number, choice: Field<never> | number): Field<string> {
  if (typeof choice !== "number") return choice;
  const possible = rooms(plan, root);
  const room = possible[choice % possible.length] ?? "";
  return field(room, room);
}

/** An id as Circle sends it, or as text. */
export const id = fc.constantFrom(
  (value: number): Json => value,
  (value: number): Json => String(value),
  (value: number): Json => `${value}.0`,
);

/** An object without the keys that are missing. */
export const object = (entries: Record<string, Json | undefined>): { [key: string]: Json } =>
  Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, Json] => entry[1] !== undefined),
  );

/** Fields that have a value, by their names. */
export function present<F extends object>(fields: { [K in keyof F]?: F[K] | undefined }): F {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as F;
}

export interface Details {
  raw: Json | undefined;
  title: string | undefined;
  segment: string | undefined;
  verdict: number | "unreadable" | undefined;
}

const verdicts: fc.Arbitrary<
  { is_issue: Json | undefined; says: boolean | "unreadable" | undefined }
> = fc.constantFrom<{ is_issue: Json | undefined; says: boolean | "unreadable" | undefined }>(
  { is_issue: undefined, says: undefined },
  { is_issue: null, says: undefined },
  { is_issue: true, says: true },
  { is_issue: "true", says: true },
  { is_issue: false, says: false },
  { is_issue: "No", says: false },
  { is_issue: "not an issue", says: "unreadable" },
);

/** A confidence as it stands in a payload, and as it is parsed; without one, a verdict is plain. */
const confidences: fc.Arbitrary<{ raw: Json | undefined; value: number | "unreadable" }> = fc.oneof(
  smaller,
  { weight: 3, arbitrary: fc.constantFrom(undefined, null, "").map((raw) => ({ raw, value: 1 })) },
  {
    weight: 6,
    arbitrary: fc.constantFrom<[Json, number]>(
      [0, 0],
      [0.125, 0.125],
      [0.5, 0.5],
      ["0.8", 0.8],
      ["87.5 %", 0.875],
      [1, 1],
    ).map(([raw, value]) => ({ raw, value })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Json>(15, "low", -0.2).map((raw) => ({ raw, value: "unreadable" as const })),
  },
);

function verdictOf(
  says: boolean | "unreadable" | undefined,
  confidence: number | "unreadable",
): number | "unreadable" | undefined {
  if (says === "unreadable" || confidence === "unreadable") return "unreadable";
  if (says === undefined) return undefined;
  const sure = Math.max(0.5, confidence);
  return says ? sure : 1 - sure;
}

export const details: fc.Arbitrary<Details> = fc.oneof(
  smaller,
  {
    weight: 1,
    arbitrary: fc.constantFrom(undefined, null, {}).map((raw) => ({
      raw,
      title: undefined,
      segment: undefined,
      verdict: undefined,
    })),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      verdict: verdicts,
      confidence: confidences,
      title: text(TITLES),
      type: fc.oneof(
        smaller,
        { weight: 1, arbitrary: blank },
        { weight: 3, arbitrary: fc.constantFrom(...TYPES).map(([type, segment]) => field(type, segment)) },
      ),
    }).map(({ verdict, confidence, title, type }) => ({
      raw: object({
        is_issue: verdict.is_issue,
        issue_title: title.raw,
        type: type.raw,
        confidence: confidence.raw,
        reasoning: "because",
      }),
      title: title.value,
      segment: type.value,
      verdict: verdictOf(verdict.says, confidence.value),
    })),
  },
);

export interface ReplySpec {
  at: number;
  index: Field<number>;
  author: Field<string>;
  body: Field<string>;
  attachments: Field<Json[]>;
  link: Field<string>;
  times: Times;
  parentIsNamed: boolean;
  nameKey: boolean;
  id: (value: number) => Json;
}

export const reply: fc.Arbitrary<ReplySpec> = fc.record({
  at: fc.nat({ max: REPLIES - 1 }),
  index: fc.constantFrom(1, 2, 3, 10, null, undefined).map((index) => field(index, index ?? undefined)),
  author: text(AUTHORS),
  body: text(BODIES),
  attachments: list,
  link: text(LINKS),
  times: fc.record(times),
  parentIsNamed: fc.boolean(),
  nameKey: fc.boolean(),
  id,
});
