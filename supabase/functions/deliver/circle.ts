import { z } from "zod";
import type { CircleAnswer, CircleApi, CircleFailure } from "../_shared/circle-api.ts";
import { type CommentTarget, readComments, readReplies, sendComment, sendReply } from "../_shared/circle.ts";
import type { Rpc } from "../_shared/database.ts";
import type { Claim, Outcome } from "./claim.ts";

export interface CircleTools {
  rpc: Rpc;
  api: CircleApi;
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  leaseSeconds: number;
}

const idSchema = z.string().regex(/^\d{1,15}$/).transform(Number);
const targetSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("chat"), chat_room_uuid: z.string().min(1), parent_message_id: idSchema }),
  z.object({ kind: z.literal("post"), post_id: idSchema }),
  z.object({ kind: z.literal("comment"), comment_id: idSchema }),
]);
const payloadSchema = z.intersection(targetSchema, z.object({ marker: z.string().min(8) }));
type Target = z.infer<typeof targetSchema>;

/** So long a reply that was accepted has to appear, before it is taken for lost and posted again. */
const GRACE_MS = 120_000;
/** When the thread is read after a post: most replies are there immediately. */
const LOOKS_MS = [0, 500, 1_000];
/** A token that is not accepted needs a person. */
const TOKEN_WAIT_SECONDS = 600;
const DOWN_WAIT_SECONDS = 60;
/** Of 50 comments each, the oldest first. */
const MAX_COMMENT_PAGES = 40;

/**
 * Replies to a member in their thread, once. Circle accepts a chat reply without an id and may lose it, so a reply carries a
 * marker, and the thread is read for it before anything is posted: what is found has arrived, whoever posted it. What was
 * posted has two minutes to appear. The lease is renewed just before the post, which whoever has lost it does not get to, nor
 * whoever has a reply that is not true any more.
 */
export async function deliverReply(claim: Claim, tools: CircleTools): Promise<Outcome> {
  const parsed = payloadSchema.safeParse(claim.payload);
  if (!parsed.success || claim.body === null) {
    return { kind: "failed", error: "target_invalid", isFinal: true };
  }
  const { marker, ...target } = parsed.data;
  const found = await find(tools.api, target, marker);
  if (found.kind !== "ok") return failureOf(found, tools.clock());
  if (found.value !== null) return { kind: "delivered", reference: String(found.value) };
  const sentAt = claim.sent_at === null ? null : Date.parse(claim.sent_at);
  const rest = sentAt === null ? 0 : sentAt + GRACE_MS - tools.clock();
  if (rest > 0) {
    return { kind: "failed", error: "not_seen_yet", retryAfter: Math.ceil(rest / 1000), isCounted: false };
  }
  const marked = await tools.rpc("mark_delivery_sent", {
    id: claim.id,
    fencing_token: claim.fencing_token,
    lease_seconds: tools.leaseSeconds,
  });
  if (!marked.ok) {
    return marked.code === "PT409"
      ? { kind: "lost" }
      : { kind: "failed", error: "database", isCounted: false };
  }
  // it is not true any more, and has ended
  if (marked.data === null) return { kind: "lost" };
  const sent = await send(tools.api, target, `${claim.body}\n\n(Ref: ${marker})`);
  if (sent.kind === "ok" && sent.value !== null) return { kind: "delivered", reference: String(sent.value) };
  // a failure that is certain: nothing was posted
  if (sent.kind !== "ok" && sent.kind !== "unavailable") return failureOf(sent, tools.clock());
  return await look(target, marker, tools);
}

/** Reads the thread until the reply is there, for a few seconds. */
async function look(target: Target, marker: string, { api, sleep }: CircleTools): Promise<Outcome> {
  for (const ms of LOOKS_MS) {
    await sleep(ms);
    const found = await find(api, target, marker);
    if (found.kind === "ok" && found.value !== null) {
      return { kind: "delivered", reference: String(found.value) };
    }
  }
  return { kind: "failed", error: "not_seen", retryAfter: GRACE_MS / 1000 };
}

/** The id of the message of the thread that has the marker; null for none. */
async function find(api: CircleApi, target: Target, marker: string): Promise<CircleAnswer<number | null>> {
  const answer = target.kind === "chat"
    ? await readReplies(api, target.chat_room_uuid, target.parent_message_id)
    : await readComments(api, commentTarget(target), MAX_COMMENT_PAGES);
  if (answer.kind !== "ok") return answer;
  // in whichever of its fields Circle shows the text
  return { kind: "ok", value: answer.value.find((one) => JSON.stringify(one).includes(marker))?.id ?? null };
}

/** Posts a reply below its message, never by itself. Returns the id of a comment; a chat reply has none. */
async function send(api: CircleApi, target: Target, text: string): Promise<CircleAnswer<number | null>> {
  if (target.kind !== "chat") return await sendComment(api, commentTarget(target), text);
  const sent = await sendReply(api, target.chat_room_uuid, target.parent_message_id, text);
  return sent.kind === "ok" ? { kind: "ok", value: null } : sent;
}

const commentTarget = (target: Exclude<Target, { kind: "chat" }>): CommentTarget =>
  target.kind === "post" ? { postId: target.post_id } : { commentId: target.comment_id };

/** Only what the reply itself causes counts: limits, tokens and a Circle that is down pass. */
function failureOf(failure: CircleFailure, now: number): Outcome {
  switch (failure.kind) {
    case "wait": {
      const seconds = Math.max(Math.ceil((failure.until.getTime() - now) / 1000), 1);
      return { kind: "failed", error: "circle_waits", retryAfter: seconds, isCounted: false };
    }
    case "unauthorized":
      return { kind: "failed", error: "circle_token", retryAfter: TOKEN_WAIT_SECONDS, isCounted: false };
    case "unavailable":
      return {
        kind: "failed",
        error: `circle_${failure.cause}`,
        retryAfter: DOWN_WAIT_SECONDS,
        isCounted: false,
      };
    case "not_found":
      return { kind: "failed", error: "thread_unknown", isFinal: true };
    case "refused":
      return { kind: "failed", error: `refused: ${failure.message}`, statusCode: failure.status };
  }
}
