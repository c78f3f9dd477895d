import { z } from "zod";
import { parseRetryAfter } from "./ask-json.ts";
import { readBody } from "./body.ts";

/** The endpoint and model that the team chose. */
export interface ModelSettings {
  /** Base of an OpenAI-compatible API, without a slash at the end, such as `https://api.openai.com/v1`. */
  url: string;
  key: string;
  model: string;
}

/** Why there is no answer that could be read. */
export type ModelFailure =
  /** An answer that is not what was asked for: other JSON, prose, a refusal. */
  | { kind: "unreadable"; why: string }
  /** The endpoint asks for no requests until then; null where it gives no time. */
  | { kind: "limited"; until: Date | null }
  /** It rejects the key, or has no such model or path. */
  | { kind: "rejected"; why: string }
  /** No answer: it is slow, broken or out of reach. */
  | { kind: "failed"; why: string };

/** What the model wrote, and how many tokens that took, as the endpoint reports it. */
export interface Completion {
  kind: "completed";
  content: string;
  model: string | null;
  tokens: number | null;
}

/** One request: instructions of ours, and a value that is sent as JSON. */
export interface ModelRequest {
  instructions: string;
  /** Sent as JSON, so that nothing in it can look like the end of the data. */
  data: unknown;
  /** The `response_format`. */
  format: unknown;
  maxTokens?: number;
}

export type AskModel = (
  request: ModelRequest,
  signal?: AbortSignal,
  timeoutMs?: number,
) => Promise<Completion | ModelFailure>;

export interface ModelOptions extends ModelSettings {
  fetch: typeof fetch;
  /** Milliseconds since 1970. */
  clock: () => number;
  timeoutMs?: number;
}

const TIMEOUT_MS = 20_000;
/** An answer is a few kB; some endpoints add their reasoning to it. */
const MAX_BYTES = 256 * 1024;
const MAX_RETRY_SECONDS = 86_400;

/** The part of a chat completion that we read. */
const completionSchema = z.object({
  model: z.string().max(200).nullish().catch(null),
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1),
  usage: z.object({ total_tokens: z.int().nonnegative() }).nullish().catch(null),
});

/** Reads `<prefix>_URL`, `<prefix>_KEY` and `<prefix>_MODEL`; throws where one is missing or invalid. */
export function parseModelSettings(
  read: (name: string) => string | undefined,
  prefix: string,
): ModelSettings {
  const required = (name: string): string => {
    const value = read(name)?.trim();
    if (!value) throw new Error(`${name} is not set`);
    return value;
  };
  const url = required(`${prefix}_URL`).replace(/\/+$/, "");
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new Error(`${prefix}_URL is not an http or https URL`);
  }
  const key = required(`${prefix}_KEY`);
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error(`${prefix}_KEY has characters that a header can't have`);
  return { url, key, model: required(`${prefix}_MODEL`) };
}

/**
 * Asks an OpenAI-compatible endpoint, `POST {url}/chat/completions`, in structured output. Redirects are not
 * followed: they would take the key along.
 *
 * @see https://platform.openai.com/docs/guides/structured-outputs
 */
export function createModel(options: ModelOptions): AskModel {
  const { url, key, model } = options;
  return async (
    { instructions, data, format, maxTokens },
    signal,
    timeoutMs = options.timeoutMs ?? TIMEOUT_MS,
  ) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await options.fetch(`${url}/chat/completions`, {
        method: "POST",
        headers: {
          accept: "application/json",
          authorization: `Bearer ${key}`,
          "content-type": "application/json",
          "user-agent": "fixloop",
        },
        body: JSON.stringify({
          model,
          temperature: 0,
          ...maxTokens === undefined ? {} : { max_tokens: maxTokens },
          messages: [
            { role: "system", content: instructions },
            { role: "user", content: JSON.stringify(data) },
          ],
          response_format: format,
        }),
        redirect: "manual",
        signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      });
      return parseAnswer(response, await readBody(response, MAX_BYTES, timeoutMs), options.clock());
    } catch {
      return { kind: "failed", why: timeout.aborted ? "timeout" : "unreachable" };
    }
  };
}

function parseAnswer(
  { status, headers }: Response,
  body: Awaited<ReturnType<typeof readBody>>,
  now: number,
): Completion | ModelFailure {
  if (status === 429 || status === 503 && headers.has("retry-after")) {
    const seconds = parseRetryAfter(headers, now, MAX_RETRY_SECONDS);
    return { kind: "limited", until: seconds === undefined ? null : new Date(now + seconds * 1000) };
  }
  if ([401, 403, 404].includes(status)) return { kind: "rejected", why: `status ${status}` };
  if (status !== 200) return { kind: "failed", why: `status ${status}` };
  if (body === "too_large") return { kind: "unreadable", why: "too large" };
  if (typeof body === "string") return { kind: "failed", why: body };
  const completion = completionSchema.safeParse(parseModelJson(new TextDecoder().decode(body)));
  if (!completion.success) return { kind: "unreadable", why: "not a completion" };
  const { choices, model, usage } = completion.data;
  return {
    kind: "completed",
    content: choices[0]?.message.content ?? "",
    model: model ?? null,
    tokens: usage?.total_tokens ?? null,
  };
}

/** JSON that a model wrote; undefined where it is not JSON. */
export function parseModelJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
