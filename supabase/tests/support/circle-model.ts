import { Buffer } from "node:buffer";

// The rows of messages from Circle, as a plain function of the set of all snapshots of them: no order, no history.

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** One message as one payload has it. A field that is missing here is missing in the payload, or blank. */
export interface MessageSnapshot {
  kind: "message";
  id: string;
  /**
   * Time of the edit, else of the posting, in ISO 8601 with milliseconds, with a + for an edit at a time that can't be read;
   * null without any time.
   */
  version: string | null;
  fields: {
    thread_id?: string;
    title?: string;
    body?: string;
    author_name?: string;
    author_email?: string;
    link?: string;
    attachments?: Json[];
    chat_room_uuid?: string;
    space_id?: string;
    space_name?: string;
    posted_at?: string;
    edited_at?: string;
    removed_at?: string;
    segment?: string;
    raw_data?: Json;
  };
  isThread: boolean;
  /** Whether the shape leaves open what of it is kept as raw data. */
  isRawOpen?: boolean;
  /** How likely it is an issue by the sender's verdict; missing where the sender gives none. */
  verdict?: number | "unreadable";
}

/** One reply as one payload has it, and which message it belongs to. */
export interface ReplySnapshot {
  kind: "reply";
  id: string;
  version: string | null;
  fields: {
    parent: string;
    author_name?: string;
    body?: string;
    attachments?: Json[];
    link?: string;
    reply_index?: number;
    posted_at?: string;
    edited_at?: string;
    removed_at?: string;
    raw_data?: Json;
  };
  /** What it contains about its message. */
  about?: { thread_id?: string; chat_room_uuid?: string };
}

export type Snapshot = MessageSnapshot | ReplySnapshot;

/** What a person changed by hand, in an issue that existed at that moment. */
export interface Edit {
  kind: "edit";
  /** The message whose issue it is. */
  id: string;
  column: "title" | "description" | "segment";
  value: string;
}

/** What the model asks of the world around the messages. */
export interface World {
  /** Spaces by chat room. */
  spaces: ReadonlyMap<string, { space_id: string; space_name: string }>;
  /** How likely the rules find a text an issue, 0 to 1. */
  likelihood: (title: string | undefined, body: string | undefined) => number;
  segment: (title: string, body: string) => string;
  threshold: number;
}

export interface MessageRow {
  message_id: string;
  thread_id: string | null;
  title: string;
  body: string;
  author_name: string;
  author_email: string | null;
  space_id: string | null;
  space_name: string | null;
  link: string | null;
  attachments: Json[];
  chat_room_uuid: string | null;
  posted_at: string | null;
  edited_at: string | null;
  removed_at: string | null;
  is_thread: boolean;
  is_triaged: boolean;
  /** Rounded to nine digits. */
  triage_confidence: number;
  /** Undefined where a shape leaves it open. */
  raw_data: Json | undefined;
}

export interface ReplyRow {
  message_id: string;
  parent: string;
  reply_index: number | null;
  author_name: string;
  body: string;
  attachments: Json[];
  link: string | null;
  posted_at: string | null;
  edited_at: string | null;
  removed_at: string | null;
  raw_data: Json;
}

export interface IssueRow {
  /** The message that it was made of. */
  message_id: string;
  title: string;
  /** Up to the footer, which names times of the database's own. */
  description: string;
  segment: string;
  submitted_by: string;
  /** Null where a person chose the segment: what becomes of the tags is theirs too. */
  tags: string[] | null;
  status: string;
  imports: number;
  status_changes: number;
}

export interface Rows {
  messages: MessageRow[];
  replies: ReplyRow[];
  issues: IssueRow[];
}

/** The rows that steps end in. Snapshots count as a set; an edit counts where it stands. */
export function finalRows(steps: (Snapshot | Edit)[], world: World): Rows {
  const rows = mergedRows(steps.filter((step) => step.kind !== "edit"), world);
  const edits = new Map<string, Set<string>>();
  steps.forEach((step, at) => {
    if (step.kind !== "edit") return;
    const before = mergedRows(steps.slice(0, at).filter((earlier) => earlier.kind !== "edit"), world);
    const then = before.issues.find((issue) => issue.message_id === step.id);
    const now = rows.issues.find((issue) => issue.message_id === step.id);
    if (!then || !now) return;
    const edited = edits.get(step.id) ?? new Set();
    // writing the current value changes nothing
    if (then[step.column] === step.value && !edited.has(step.column)) return;
    edits.set(step.id, edited.add(step.column));
    now[step.column] = step.value;
    if (step.column === "segment") now.tags = null;
  });
  return rows;
}

function mergedRows(snapshots: Snapshot[], world: World): Rows {
  const replies = grouped(snapshots.filter((snapshot) => snapshot.kind === "reply")).map(replyRow);
  const own = new Map(grouped(snapshots.filter((snapshot) => snapshot.kind === "message")));
  for (const snapshot of snapshots) {
    if (snapshot.kind === "reply" && !own.has(snapshot.fields.parent)) own.set(snapshot.fields.parent, []);
  }
  const merged = [...own].map(([id, roots]) => {
    const about = snapshots.filter((snapshot) => snapshot.kind === "reply" && snapshot.fields.parent === id);
    const theirs = replies.filter((reply) => reply.parent === id);
    return messageAndIssue(id, roots, about as ReplySnapshot[], theirs, world);
  });
  return {
    messages: merged.map(({ message }) => message).sort(byMessageId),
    replies: replies.sort(byMessageId),
    issues: merged.flatMap(({ issue }) => issue ? [issue] : []).sort(byMessageId),
  };
}

function messageAndIssue(
  id: string,
  snapshots: MessageSnapshot[],
  about: ReplySnapshot[],
  replies: ReplyRow[],
  world: World,
): { message: MessageRow; issue: IssueRow | undefined } {
  const own = <K extends keyof MessageSnapshot["fields"]>(key: K) =>
    winner(snapshots.map(({ version, fields }) => ({ version, value: fields[key] })));
  const body = own("body");
  const title = own("title");
  const link = own("link") ?? null;
  const room = own("chat_room_uuid") ?? winner(about.map((reply) => ({
    version: reply.version,
    value: reply.about?.chat_room_uuid,
  })));
  const thread = own("thread_id") ?? winner(about.map((reply) => ({
    version: reply.version,
    value: reply.about?.thread_id,
  })));
  const space = room === undefined ? undefined : world.spaces.get(room);
  const decision = decide(snapshots, title, body, world);
  const message: MessageRow = {
    message_id: id,
    thread_id: thread ?? null,
    title: title ?? derivedTitle(body),
    body: body ?? "",
    author_name: own("author_name") ?? "Unknown",
    author_email: own("author_email") ?? null,
    space_id: own("space_id") ?? space?.space_id ?? null,
    space_name: own("space_name") ?? space?.space_name ?? null,
    link,
    attachments: own("attachments") ?? [],
    chat_room_uuid: room ?? null,
    posted_at: own("posted_at") ?? null,
    edited_at: own("edited_at") ?? null,
    removed_at: own("removed_at") ?? null,
    is_thread: snapshots.some(({ isThread }) => isThread) || about.length > 0,
    is_triaged: decision.is_triaged,
    triage_confidence: rounded(decision.confidence),
    raw_data: snapshots.length === 0 || snapshots.some(({ isRawOpen }) => isRawOpen)
      ? undefined
      : own("raw_data") ?? {},
  };
  if (!decision.is_issue) return { message, issue: undefined };
  const segment = own("segment") ?? world.segment(message.title, message.body);
  return {
    message,
    issue: {
      message_id: id,
      title: message.title,
      description: formatted(message, replies),
      segment,
      submitted_by: message.author_name,
      tags: [segment, "circle"].sort(byBytes),
      status: "waiting_for_help",
      imports: 1,
      status_changes: 1,
    },
  };
}

function decide(
  snapshots: MessageSnapshot[],
  title: string | undefined,
  body: string | undefined,
  world: World,
): { is_triaged: boolean; is_issue: boolean; confidence: number } {
  const likelihoods = snapshots.flatMap(({ verdict, fields }) =>
    verdict === "unreadable" ? [] : [verdict ?? world.likelihood(fields.title, fields.body)]
  );
  const sure = likelihoods.filter((likelihood) => likelihood >= world.threshold);
  if (sure.length > 0) return { is_triaged: true, is_issue: true, confidence: Math.max(...sure) };
  const sender = winner(
    snapshots.map(({ version, verdict }) => ({ version, value: verdict })),
    (one, other) =>
      Number(one === "unreadable") - Number(other === "unreadable") || Number(one) - Number(other),
  );
  if (sender === "unreadable") {
    return { is_triaged: false, is_issue: false, confidence: world.likelihood(title, body) };
  }
  if (sender !== undefined && sender <= 1 - world.threshold) {
    return { is_triaged: true, is_issue: false, confidence: 1 - sender };
  }
  return { is_triaged: false, is_issue: false, confidence: sender ?? world.likelihood(title, body) };
}

function replyRow([id, snapshots]: [string, ReplySnapshot[]]): ReplyRow {
  const own = <K extends keyof ReplySnapshot["fields"]>(key: K) =>
    winner(snapshots.map(({ version, fields }) => ({ version, value: fields[key] })));
  return {
    message_id: id,
    parent: own("parent") ?? "",
    reply_index: own("reply_index") ?? null,
    author_name: own("author_name") ?? "Unknown",
    body: own("body") ?? "",
    attachments: own("attachments") ?? [],
    link: own("link") ?? null,
    posted_at: own("posted_at") ?? null,
    edited_at: own("edited_at") ?? null,
    removed_at: own("removed_at") ?? null,
    raw_data: own("raw_data") ?? {},
  };
}

/** A register: the value of the greatest version, and of several of that version the greatest value. */
function winner<T>(
  snapshots: { version: string | null; value: T | undefined }[],
  compare: (one: T, other: T) => number = (one, other) => byBytes(asText(one), asText(other)),
): T | undefined {
  let best: { version: string | null; value: T } | undefined;
  for (const { version, value } of snapshots) {
    if (value === undefined) continue;
    const order = best ? byBytes(version ?? "", best.version ?? "") || compare(value, best.value) : 1;
    if (order > 0) best = { version, value };
  }
  return best?.value;
}

const asText = (value: unknown): string => typeof value === "string" ? value : jsonbText(value as Json);

/** JSON as PostgreSQL writes a `jsonb`: keys by length and then by bytes, a blank after each comma and colon. */
function jsonbText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const keys = Object.keys(value).sort((one, other) =>
    Buffer.byteLength(one) - Buffer.byteLength(other) || byBytes(one, other)
  );
  return `{${keys.map((key) => `${JSON.stringify(key)}: ${jsonbText(value[key] ?? null)}`).join(", ")}}`;
}

/** The title that a body gives: its first 50 characters on one line. */
export function derivedTitle(body: string | undefined): string {
  const line = [...(body ?? "").replace(/\s+/g, " ").trim()];
  if (line.length === 0) return "Untitled message";
  return line.length > 50 ? `${line.slice(0, 50).join("")}...` : line.join("");
}

/** Body, quoted replies in order, attachments and whether it was removed: the description up to its footer. */
function formatted(message: MessageRow, replies: ReplyRow[]): string {
  const quoted = replies.toSorted(inThread).map(({ author_name, body, attachments, removed_at }) => {
    const text = [body, ...attachmentLines(attachments)].filter((part) => part !== "").join("\n");
    const lines = text.split("\n").map((line, at) => at === 0 ? line : line === "" ? ">" : `> ${line}`);
    return `> **${author_name}**${removed_at === null ? "" : " (removed)"}: ${lines.join("\n")}`;
  });
  const removed = message.removed_at === null
    ? ""
    : `Removed in Circle: ${message.removed_at.slice(0, 19).replace("T", " ")}`;
  return [message.body, ...quoted, attachmentLines(message.attachments).join("\n"), removed]
    .filter((part) => part !== "").join("\n\n");
}

const attachmentLines = (attachments: Json[]): string[] =>
  attachments.map((attachment) => `Attachment: ${asText(attachment)}`);

function inThread(one: ReplyRow, other: ReplyRow): number {
  return byBytes(one.posted_at ?? "~", other.posted_at ?? "~") ||
    (one.reply_index ?? Infinity) - (other.reply_index ?? Infinity) || byMessageId(one, other);
}

const rounded = (share: number): number => Math.round(share * 1e9) / 1e9;

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));

const byMessageId = (one: { message_id: string }, other: { message_id: string }): number =>
  byBytes(one.message_id, other.message_id);

function grouped<T extends Snapshot>(snapshots: T[]): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const snapshot of snapshots) groups.set(snapshot.id, [...groups.get(snapshot.id) ?? [], snapshot]);
  return [...groups];
}
