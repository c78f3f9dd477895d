import { corsHeaders } from "@supabase/supabase-js/cors";
import { z } from "zod";
import { API_UNAVAILABLE, parseBearer, tokenInvalid } from "../_shared/bearer.ts";
import type { AskModel, ModelSettings } from "../_shared/chat-model.ts";
import type { Connect, Rpc } from "../_shared/database.ts";
import { type Call, createEndpoint, type EndpointDependencies } from "../_shared/endpoint.ts";
import { HttpError } from "../_shared/failure.ts";
import { withRetry } from "../_shared/transient.ts";
import { answer, begin, type Question, type Reply, type Tools } from "./answer.ts";
import { piecesOf, type Send, streamEvents } from "./stream.ts";

/** What the function needs from outside. */
export interface Dependencies extends EndpointDependencies {
  /** Functions of schema `support`, as the service role. */
  rpc: Rpc;
  /** The Data API as the caller. */
  connect: Connect;
  /** The endpoint and model of the team's choice; null where none is configured. Throws where it is configured wrongly. */
  settings: () => ModelSettings | null;
  createModel: (settings: ModelSettings) => AskModel;
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  /** Keeps the process until this is done, also when the client has left. */
  keepAlive: (work: Promise<unknown>) => void;
  heartbeatMs?: number;
}

/** The largest message that settings.message_max_bytes allows, escaped as JSON at its worst. */
const MAX_BYTES = 512 * 1024;
const DEADLINE_MS = 140_000;

const bodySchema = z.object({
  message: z.string(),
  session_id: z.string().max(1000).nullish(),
  conversation_id: z.guid().nullish(),
  client_key: z.string().max(1000).nullish(),
});

const CORS = { ...corsHeaders, "access-control-expose-headers": "x-request-id, retry-after" };

/**
 * A visitor's question and its answer: `POST /support-chat {message, session_id, client_key}`, or with the access token of a
 * visitor who has an account `{message, conversation_id, client_key}`. Answers `{state, message, answer, is_escalated}`, both
 * messages as they are stored; where the client accepts `text/event-stream`, the events `message`, `delta` with parts of the
 * answer's text, and `done` with the same, or `error`. Nothing is sent that is not stored: a person may take over until then.
 *
 * With a client_key, a retry returns what the first call stored. Errors: 400, 401, 404, 405, 408, 409, 413, 415, 422, 429, 500,
 * 503, 504 with `{code, message, details, hint, request_id}`.
 */
export function createHandler(deps: Dependencies): (request: Request) => Promise<Response> {
  const tools: Omit<Tools, "model"> = { rpc: withRetry(deps.rpc), clock: deps.clock, sleep: deps.sleep };
  const options = { name: "support-chat", maxBytes: MAX_BYTES, deadlineMs: DEADLINE_MS, cors: () => CORS };
  return createEndpoint(deps, options, async (call) => {
    const question = await parseQuestion(call, deps.connect);
    const all: Tools = { ...tools, model: loadModel(call, deps) };
    const begun = await begin(question, all);
    const work = answer(question, begun, all).catch(async (error: unknown) => {
      await recordError(all.rpc, error);
      throw error;
    });
    deps.keepAlive(work.catch(() => {}));
    if (!acceptsEvents(call.request)) {
      const reply = await work;
      call.details.state = reply.state;
      return Response.json(reply);
    }
    call.details.is_stream = true;
    return streamEvents(async (send) => {
      send("message", begun.message);
      await work.then((reply) => sendReply(send, reply), (error: unknown) => send("error", errorBody(error)));
    }, deps.heartbeatMs);
  });
}

async function parseQuestion({ request, readJson }: Call, connect: Connect): Promise<Question> {
  const parsed = bodySchema.safeParse(await readJson());
  if (!parsed.success) {
    throw new HttpError({
      status: 422,
      code: "support_question_invalid",
      message: "It is not a message.",
      details: z.prettifyError(parsed.error).slice(0, 500),
      hint: "Send {message, session_id, client_key}.",
    });
  }
  const { message, session_id = null, conversation_id = null, client_key = null } = parsed.data;
  const question = { content: message, client_key, headers: relayedHeaders(request.headers) };
  if (session_id !== null) return { ...question, session_id, user_id: null, conversation_id: null };
  if (conversation_id === null) {
    throw new HttpError({
      status: 422,
      code: "support_conversation_required",
      message: "It is not clear which conversation the message belongs to.",
      hint: "Send the session_id of start_conversation, or conversation_id with the visitor's access token.",
    });
  }
  const { token, userId } = parseBearer(request, "the visitor whose conversation it is");
  const { error, status } = await connect(token).schema("support").from("conversations").select("id")
    .eq("id", conversation_id).limit(1);
  if (status === 401) throw tokenInvalid(error?.message ?? "The API rejected it.");
  if (error) throw new HttpError(API_UNAVAILABLE);
  return { ...question, session_id: null, user_id: userId, conversation_id };
}

const SECRET_HEADERS = ["authorization", "proxy-authorization", "apikey", "cookie", "x-api-key"];
const MAX_HEADERS = 60;

/** The headers from which the database reads the visitor's address, whichever settings.address_header names. */
function relayedHeaders(headers: Headers): Record<string, string> {
  return Object.fromEntries(
    [...headers].filter(([name, value]) => !SECRET_HEADERS.includes(name) && value.length <= 1000)
      .slice(0, MAX_HEADERS),
  );
}

/** A model that is configured wrongly is not asked: the visitor is answered all the same. */
function loadModel({ details }: Call, { settings, createModel }: Dependencies): Tools["model"] {
  try {
    const loaded = settings();
    return loaded && { settings: loaded, ask: createModel(loaded) };
  } catch (error) {
    details.model = error instanceof Error ? error.message : "invalid";
    return null;
  }
}

const acceptsEvents = (request: Request): boolean =>
  /\btext\/event-stream\b/i.test(request.headers.get("accept") ?? "");

function sendReply(send: Send, reply: Reply): void {
  for (const text of piecesOf(reply.answer?.content ?? "")) send("delta", { text });
  send("done", reply);
}

function errorBody(error: unknown): Record<string, string | null> {
  const failure = error instanceof HttpError ? error.failure : null;
  return {
    code: failure?.code ?? "function_unavailable",
    message: failure?.message ?? "The function failed.",
    details: failure?.details ?? null,
    hint: failure?.hint ?? "Send the message again with the same client_key.",
  };
}

/** For the team's error rates: the code alone. */
async function recordError(rpc: Rpc, error: unknown): Promise<void> {
  const cause = error instanceof HttpError
    ? error.failure.details ?? error.failure.code
    : "function_unavailable";
  await rpc("record_support_error", { operation: "answer", cause });
}
