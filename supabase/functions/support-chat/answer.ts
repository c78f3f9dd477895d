import { z } from "zod";
import type { AskModel, ModelSettings } from "../_shared/chat-model.ts";
import type { Rpc, RpcResult } from "../_shared/database.ts";
import { type Failure, HttpError } from "../_shared/failure.ts";
import { askForAnswer, type ModelReport, promptSchema } from "./model.ts";

/** A stored message, as its visitor sees it. */
const messageSchema = z.looseObject({ id: z.string(), content: z.string() });

export type Message = z.infer<typeof messageSchema>;

const STATES = ["answered", "unknown", "courtesy", "with_human"] as const;

const begunSchema = z.object({
  state: z.enum([...STATES, "answering", "pending"]),
  message: messageSchema,
  answer: messageSchema.nullable(),
  fencing_token: z.int().nullable(),
  language: z.string().nullable(),
  prompt: promptSchema.nullable(),
  timeout_seconds: z.int(),
});

const finishedSchema = z.object({
  state: z.enum([...STATES, "pending"]),
  answer: messageSchema.nullable(),
  is_escalated: z.boolean(),
});

export type Begun = z.infer<typeof begunSchema>;

/** What a visitor is told. */
export interface Reply {
  /** answered, unknown, courtesy, or with_human: a person has taken over, and nobody else answers. */
  state: typeof STATES[number];
  message: Message;
  /** The assistant's message; null where a person has taken over. */
  answer: Message | null;
  /** Whether a person was asked for, since the assistant did not know the answer again. */
  is_escalated: boolean;
}

/** Whose message it is, and what it says. */
export interface Question {
  content: string;
  client_key: string | null;
  session_id: string | null;
  user_id: string | null;
  conversation_id: string | null;
  headers: Record<string, string>;
}

export interface Tools {
  /** Functions of schema `support`, as the service role. */
  rpc: Rpc;
  /** Null where no model is configured. */
  model: { settings: ModelSettings; ask: AskModel } | null;
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
}

const POLL_MS = 500;
const MAX_POLLS = 60;

/** Stores the visitor's message and finds what to answer; throws what the database refuses. */
export async function begin(question: Question, { rpc, model }: Tools): Promise<Begun> {
  const result = await rpc("begin_answer", { ...question, has_model: model !== null });
  if (!result.ok) throw failureOf(result);
  const begun = begunSchema.safeParse(result.data);
  if (!begun.success) throw new HttpError(unavailable("unexpected result"));
  return begun.data;
}

/** Answers what `begin` has stored, waits for the call that does, or returns what is stored. */
export async function answer(question: Question, first: Begun, tools: Tools): Promise<Reply> {
  let begun = first;
  for (let polls = 0; begun.state === "pending"; polls++) {
    if (polls >= MAX_POLLS) throw new HttpError(unavailable("pending"));
    await tools.sleep(POLL_MS);
    begun = await begin(question, tools);
  }
  const { state, message, answer: stored } = begun;
  if (state !== "answering") return { state, message, answer: stored, is_escalated: false };
  return await finish(question, begun, await askModel(begun, tools), tools);
}

async function askModel({ prompt, timeout_seconds }: Begun, { model, clock }: Tools): Promise<ModelReport> {
  if (model === null || prompt === null) return {};
  return await askForAnswer(model.ask, model.settings, prompt, {
    timeoutMs: timeout_seconds * 1000,
    now: clock(),
  });
}

async function finish(question: Question, begun: Begun, report: ModelReport, tools: Tools): Promise<Reply> {
  const { message, fencing_token } = begun;
  const result = await tools.rpc("finish_answer", { message_id: message.id, fencing_token, ...report });
  if (!result.ok) throw failureOf(result);
  const finished = finishedSchema.safeParse(result.data);
  if (!finished.success) throw new HttpError(unavailable("unexpected result"));
  const { state, ...rest } = finished.data;
  // another call took over when this one's lease had expired
  if (state === "pending") return await answer(question, { ...begun, state }, tools);
  return { state, message, ...rest };
}

const unavailable = (details: string): Failure => ({
  status: 503,
  code: "support_answer_unavailable",
  message: "The answer could not be stored.",
  details,
  hint: "Send the message again with the same client_key.",
  headers: { "retry-after": "5" },
});

/** An error of the database as that of the request. */
function failureOf(result: RpcResult & { ok: false }): HttpError {
  const status = Number(result.code.match(/^PT(4\d\d)$/)?.[1] ?? 0);
  if (status === 0) return new HttpError(unavailable(result.code));
  const seconds = result.hint?.match(/\b(\d+) seconds\b/)?.[1];
  return new HttpError({
    status,
    code: result.message,
    message: result.details ?? "The message was refused.",
    ...result.hint ? { hint: result.hint } : {},
    ...status === 429 ? { headers: { "retry-after": seconds ?? "60" } } : {},
  });
}
