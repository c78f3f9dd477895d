import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** The opinion that the fake gives of a message. */
export interface FakeOpinion {
  is_issue: boolean;
  confidence: number;
  segment: string | null;
}

/** What support-chat asks. */
export interface FakePrompt {
  question: string;
  conversation: { role: string; text: string }[];
  passages: { number: number; title: string; text: string; url: string | null }[];
}

/** The answer that the fake gives to a visitor's question. */
export interface FakeReply {
  is_answered: boolean;
  answer: string;
  passages: number[];
}

/** What the next requests get instead of an opinion. */
export interface ChatFault {
  /** How many requests; default 1. */
  times?: number;
  /** Only requests whose message contains this. */
  about?: string;
  status?: number;
  headers?: Record<string, string>;
  /** The whole body, instead of a completion. */
  body?: string;
  /** What the model writes, in a completion. */
  content?: string | null;
  delayMs?: number;
}

export interface FakeChatModel {
  /** Base of the API, for `TRIAGE_ASSIST_URL` and `SUPPORT_CHAT_URL`. */
  url: string;
  /** The key that it accepts. */
  key: string;
  /** The messages and questions that it was asked about, in order. */
  asked: string[];
  /** The bodies of all requests with the right key. */
  requests: Record<string, unknown>[];
  faults: ChatFault[];
  /** Its opinion of a message. */
  judge: (message: string) => FakeOpinion;
  /** Its answer to a visitor's question. */
  reply: (prompt: FakePrompt) => FakeReply;
  /** Whether it does what a message tells it: `ANSWER {…}` in the text becomes its answer. */
  isGullible: boolean;
  stop(): Promise<void>;
}

const NO_ISSUE: FakeOpinion = { is_issue: false, confidence: 0.9, segment: null };

/** The first passage in its own words, or that it has none. */
const firstPassage = ({ passages: [first] }: FakePrompt): FakeReply =>
  first
    ? { is_answered: true, answer: `In short: ${first.text}`, passages: [first.number] }
    : { is_answered: false, answer: "", passages: [] };

/**
 * Starts a fake of an OpenAI-compatible endpoint, `POST /v1/chat/completions` with structured output, over
 * HTTP on a free port of the loopback address. It refuses what such endpoints refuse: another key, and
 * a request without a model, messages or a strict schema.
 */
export async function startFakeChatModel(key = "sk-fake-0123456789"): Promise<FakeChatModel> {
  const fake: FakeChatModel = {
    url: "",
    key,
    asked: [],
    requests: [],
    faults: [],
    judge: () => NO_ISSUE,
    reply: firstPassage,
    isGullible: false,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  const server = createServer((request, response) => {
    serve(fake, request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  // longer than clients keep an idle connection, so that none is closed under a request
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  fake.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return fake;
}

async function serve(fake: FakeChatModel, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  if (request.headers.authorization !== `Bearer ${fake.key}`) {
    return sendError(response, 401, "Incorrect API key provided.");
  }
  if (request.method !== "POST" || request.url !== "/v1/chat/completions") {
    return sendError(response, 404, "Unknown request URL.");
  }
  const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<string, unknown>;
  fake.requests.push(body);
  const asked = readMessage(body);
  if (asked === null) return sendError(response, 400, "Invalid request.");
  const message = typeof asked === "string" ? asked : asked.question;
  fake.asked.push(message);
  const fault = takeFault(fake.faults, message);
  if (fault?.delayMs) await sleep(fault.delayMs, undefined, { ref: false });
  if (response.destroyed) return;
  if (fault?.body !== undefined || (fault?.status ?? 200) !== 200) {
    return send(
      response,
      fault?.status ?? 200,
      fault?.body ?? errorBody("The fake was told to."),
      fault?.headers,
    );
  }
  const content = fault?.content === undefined ? answer(fake, asked) : fault.content;
  send(response, 200, JSON.stringify(completion(String(body.model), content)), fault?.headers);
}

/** The message or the question in a request; null where the request is not a valid one. */
function readMessage(
  { model, messages, response_format: format }: Record<string, unknown>,
): string | FakePrompt | null {
  if (typeof model !== "string" || !Array.isArray(messages)) return null;
  const { type, json_schema: schema } = (format ?? {}) as {
    type?: string;
    json_schema?: { strict?: boolean };
  };
  if (type !== "json_schema" || schema?.strict !== true) return null;
  const last = messages.at(-1) as { role?: string; content?: string } | undefined;
  if (last?.role !== "user" || typeof last.content !== "string") return null;
  const data: unknown = JSON.parse(last.content);
  if (typeof data === "string") return data;
  return typeof data === "object" && data !== null && "question" in data ? data as FakePrompt : null;
}

function answer(fake: FakeChatModel, asked: string | FakePrompt): string {
  const text = typeof asked === "string" ? asked : JSON.stringify(asked.question);
  const order = fake.isGullible ? text.match(/ANSWER (\{.*\})/s)?.[1] : undefined;
  if (order !== undefined) return typeof asked === "string" ? order : JSON.parse(`"${order}"`) as string;
  return JSON.stringify(typeof asked === "string" ? fake.judge(asked) : fake.reply(asked));
}

function takeFault(faults: ChatFault[], message: string): ChatFault | undefined {
  const at = faults.findIndex(({ about }) => about === undefined || message.includes(about));
  const fault = faults[at];
  if (!fault) return undefined;
  fault.times = (fault.times ?? 1) - 1;
  if (fault.times <= 0) faults.splice(at, 1);
  return fault;
}

const completion = (model: string, content: string | null) => ({
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1_780_000_000,
  model,
  choices: [{
    index: 0,
    message: { role: "assistant", content, refusal: content === null ? "I can't help with that." : null },
    finish_reason: "stop",
  }],
  usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
});

const errorBody = (message: string): string =>
  JSON.stringify({ error: { message, type: "invalid_request_error", param: null, code: null } });

const sendError = (response: ServerResponse, status: number, message: string): void =>
  send(response, status, errorBody(message));

function send(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(body);
}
