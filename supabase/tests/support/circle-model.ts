import { Buffer } from "node:buffer";

// What messages from Circle come to, as a plain function of what was ever told about them: no order, no history.

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What one payload tells about one message. A field that is not there was not told, or was blank. */
export interface MessageCapture {
  kind: "message";
  id: string;
  /** Time of the edit, else of the posting, in ISO 8601 with milliseconds; null for none. */
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
    segment?: string;
    raw_data?: Json;
  };
  saysThread: boolean;
  /** Whether the shape leaves open what of it is kept as raw data. */
  isRawOpen?: boolean;
  /** How likely the sender says it is an issue; not there when the sender says nothing. */
  verdict?: number;
}

/** What one payload tells about one reply, and which message it belongs to. */
export interface ReplyCapture {
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
    raw_data?: Json;
  };
  /** What it tells about its message. */
  about?: { thread_id?: string; chat_room_uuid?: string };
}

export type Capture = MessageCapture | ReplyCapture;

/** What a person changed by hand, in an issue that was there at that moment. */
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

/** The rows that steps end in. Captures count as a set; an edit counts where it stands. */
export function finalRows(steps: (Capture | Edit)[], world: World): Rows {
  const rows = mergedRows(steps.filter((step) => step.kind !== "edit"), world);
  const edits = new Map<string, Set<string>>();
  steps.forEach((step, at) => {
    if (step.kind !== "edit") return;
    const before = mergedRows(steps.slice(0, at).filter((earlier) => earlier.kind !== "edit"), world);
    const then = before.issues.find((issue) => issue.message_id === step.id);
    const now = rows.issues.find((issue) => issue.message_id === step.id);
    if (!then || !now) return;
    const edited = edits.get(step.id) ?? new Set();
    // to write what is there already is to change nothing
    if (then[step.column] === step.value && !edited.has(step.column)) return;
    edits.set(step.id, edited.add(step.column));
    now[step.column] = step.value;
    if (step.column === "segment") now.tags = null;
  });
  return rows;
}

function mergedRows(captures: Capture[], world: World): Rows {
  const replies = grouped(captures.filter((capture) => capture.kind === "reply")).map(replyRow);
  const own = new Map(grouped(captures.filter((capture) => capture.kind === "message")));
  for (const capture of captures) {
    if (capture.kind === "reply" && !own.has(capture.fields.parent)) own.set(capture.fields.parent, []);
  }
  const merged = [...own].map(([id, told]) => {
    const about = captures.filter((capture) => capture.kind === "reply" && capture.fields.parent === id);
    const theirs = replies.filter((reply) => reply.parent === id);
    return messageAndIssue(id, told, about as ReplyCapture[], theirs, world);
  });
  return {
    messages: merged.map(({ message }) => message).sort(byMessageId),
    replies: replies.sort(byMessageId),
    issues: merged.flatMap(({ issue }) => issue ? [issue] : []).sort(byMessageId),
  };
}

function messageAndIssue(
  id: string,
  told: MessageCapture[],
  about: ReplyCapture[],
  replies: ReplyRow[],
  world: World,
): { message: MessageRow; issue: IssueRow | undefined } {
  const own = <K extends keyof MessageCapture["fields"]>(key: K) =>
    winner(told.map(({ version, fields }) => ({ version, value: fields[key] })));
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
  const decision = decide(told, title, body, world);
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
    is_thread: told.some(({ saysThread }) => saysThread) || about.length > 0,
    is_triaged: decision.is_triaged,
    triage_confidence: rounded(decision.confidence),
    raw_data: told.length === 0 || told.some(({ isRawOpen }) => isRawOpen)
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
  told: MessageCapture[],
  title: string | undefined,
  body: string | undefined,
  world: World,
): { is_triaged: boolean; is_issue: boolean; confidence: number } {
  const likelihoods = told.map(({ verdict, fields }) =>
    verdict ?? world.likelihood(fields.title, fields.body)
  );
  const sure = likelihoods.filter((likelihood) => likelihood >= world.threshold);
  if (sure.length > 0) return { is_triaged: true, is_issue: true, confidence: Math.max(...sure) };
  const sender = winner(
    told.map(({ version, verdict }) => ({ version, value: verdict })),
    (one, other) => one - other,
  );
  if (sender !== undefined && sender <= 1 - world.threshold) {
    return { is_triaged: true, is_issue: false, confidence: 1 - sender };
  }
  return { is_triaged: false, is_issue: false, confidence: sender ?? world.likelihood(title, body) };
}

function replyRow([id, told]: [string, ReplyCapture[]]): ReplyRow {
  const own = <K extends keyof ReplyCapture["fields"]>(key: K) =>
    winner(told.map(({ version, fields }) => ({ version, value: fields[key] })));
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
    raw_data: own("raw_data") ?? {},
  };
}

/** A register: the value of the greatest version, and of several of that version the greatest value. */
function winner<T>(
  told: { version: string | null; value: T | undefined }[],
  compare: (one: T, other: T) => number = (one, other) => byBytes(asText(one), asText(other)),
): T | undefined {
  let best: { version: string | null; value: T } | undefined;
  for (const { version, value } of told) {
    if (value === undefined) continue;
    const order = best ? byBytes(version ?? "", best.version ?? "") || compare(value, best.value) : 1;
    if (order > 0) best = { version, value };
  }
  return best?.value;
}

const asText = (value: unknown): string => typeof value === "string" ? value : jsonbText(value as Json);

/** JSON as PostgreSQL writes a `jsonb`: keys by length and then by bytes, a blank after each comma and colon. */
export function jsonbText(value: Json): string {
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

/** Body, quoted replies in order and attachments: the description up to its footer. */
function formatted(message: MessageRow, replies: ReplyRow[]): string {
  const quoted = replies.toSorted(inThread).map(({ author_name, body, attachments }) => {
    const text = [body, ...attachmentLines(attachments)].filter((part) => part !== "").join("\n");
    const lines = text.split("\n").map((line, at) => at === 0 ? line : line === "" ? ">" : `> ${line}`);
    return `> **${author_name}**: ${lines.join("\n")}`;
  });
  return [message.body, ...quoted, attachmentLines(message.attachments).join("\n")]
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

function grouped<T extends Capture>(captures: T[]): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const capture of captures) groups.set(capture.id, [...groups.get(capture.id) ?? [], capture]);
  return [...groups];
}
