import { z } from "zod";
import { askJson } from "./ask-json.ts";
import type { CircleFailure, MemberTokens, TokenAnswer } from "./circle-api.ts";
import type { Rpc } from "./database.ts";
import { decryptSecret, encryptSecret, type MasterKeys } from "./encryption.ts";

export interface CircleTokenOptions {
  rpc: Rpc;
  /** The keys that the tokens are encrypted with. Throws when none are configured. */
  masterKeys: () => MasterKeys;
  /** The community's token of type Headless Auth; null where none is set. */
  headlessToken: string | null;
  /** Without a slash at the end: `https://app.circle.so`. */
  apiUrl: string;
  fetch: typeof fetch;
  /** Milliseconds since 1970. */
  clock: () => number;
  sleep: (ms: number) => Promise<void>;
  newId: () => string;
}

const begunSchema = z.discriminatedUnion("state", [
  z.object({ state: z.literal("off") }),
  z.object({
    state: z.literal("wait"),
    until: z.string(),
    is_running: z.boolean(),
    error: z.string().nullable(),
  }),
  z.object({ state: z.literal("ready"), id: z.string(), sealed: z.string() }),
  z.object({
    state: z.literal("make"),
    fencing_token: z.int(),
    id: z.string().nullable(),
    sealed: z.string().nullable(),
    bot: z.string(),
    bot_member_id: z.int().nullable(),
    bot_email: z.string().nullable(),
  }),
]);
type Task = Extract<z.infer<typeof begunSchema>, { state: "make" }>;

const storedSchema = z.object({ access_token: z.string(), refresh_token: z.string().nullable() });
const refreshedSchema = z.object({ access_token: z.string().min(1), access_token_expires_at: z.string() });
const mintedSchema = refreshedSchema.extend({
  refresh_token: z.string().min(1),
  refresh_token_expires_at: z.string(),
  community_member_id: z.int(),
});

type Made = { token: z.infer<typeof mintedSchema> } | { token: z.infer<typeof refreshedSchema> } | {
  error: string;
};

const TIMEOUT_MS = 10_000;
/** How often a caller looks again for the token that another one makes. */
const LOOK_MS = 500;
const MAX_LOOKS = 25;
const ERROR_WAIT_MS = 60_000;
/** So long a token is used before the database is asked for it again. */
const FRESH_MS = 60_000;

/**
 * The bot's access token: stored encrypted, refreshed before its hour is over, minted where there is none, by one of all
 * callers at a time. `headlessToken` mints it for the bot of `circle_sync_settings`.
 *
 * @see https://api.circle.so/apis/headless/auth-api
 */
export function createMemberTokens(options: CircleTokenOptions): MemberTokens {
  let last: { id: string; value: string; readAt: number } | null = null;
  /** What callers of this process share. */
  let loading: Promise<TokenAnswer> | null = null;
  const load = (rejectedId: string | null): Promise<TokenAnswer> => {
    const running = loadToken(options, rejectedId).then((loaded) => {
      if (loaded.kind !== "ok") return loaded;
      last = { id: loaded.id, value: loaded.value, readAt: options.clock() };
      return { kind: "ok" as const, value: loaded.value };
    }).finally(() => loading = null);
    loading = running;
    return running;
  };
  return {
    get: () => {
      if (loading) return loading;
      const isFresh = last !== null && options.clock() - last.readAt < FRESH_MS;
      return isFresh && last ? Promise.resolve({ kind: "ok", value: last.value }) : load(null);
    },
    renew: async (rejected) => {
      if (loading) await loading;
      // another request of this process has replaced it meanwhile
      if (last !== null && last.value !== rejected) return { kind: "ok", value: last.value };
      return await (loading ?? load(last?.id ?? null));
    },
  };
}

type LoadedToken = { kind: "ok"; id: string; value: string } | CircleFailure;

async function loadToken(options: CircleTokenOptions, rejected: string | null): Promise<LoadedToken> {
  let rejectedId = rejected;
  for (let look = 0;; look++) {
    const begun = await options.rpc("begin_circle_token", { rejected_id: rejectedId });
    const answer = begunSchema.safeParse(begun.ok ? begun.data : null).data;
    if (!answer) return { kind: "unavailable", cause: "token" };
    switch (answer.state) {
      case "off":
        return { kind: "unauthorized" };
      case "wait":
        if (!answer.is_running || look >= MAX_LOOKS) return failureOf(answer.error, new Date(answer.until));
        await options.sleep(LOOK_MS);
        break;
      case "ready": {
        const stored = await open(options, answer.id, answer.sealed);
        if (stored !== null) return { kind: "ok", id: answer.id, value: stored.access_token };
        // encrypted with a key that is gone: as if Circle had rejected it
        if (rejectedId === answer.id) return { kind: "unavailable", cause: "token_unreadable" };
        rejectedId = answer.id;
        break;
      }
      case "make": {
        const failure = await make(options, answer);
        if (failure !== null) return failure;
      }
    }
  }
}

/** Makes a token and stores it; null where there is one to load now. */
async function make(options: CircleTokenOptions, task: Task): Promise<CircleFailure | null> {
  const { rpc, clock } = options;
  const made = await refreshOrMint(options, task);
  if ("error" in made) {
    const failed = await rpc("fail_circle_token", { fencing_token: task.fencing_token, error: made.error });
    if (made.error === "refresh_rejected") return null;
    const until = failed.ok && typeof failed.data === "string" ? new Date(failed.data) : null;
    return failureOf(made.error, until ?? new Date(clock() + ERROR_WAIT_MS));
  }
  const stored = await store(options, task, made.token);
  return stored ? null : { kind: "unavailable", cause: "token" };
}

async function refreshOrMint(options: CircleTokenOptions, task: Task): Promise<Made> {
  const { apiUrl, headlessToken, fetch } = options;
  const stored = task.id && task.sealed ? await open(options, task.id, task.sealed) : null;
  if (stored?.refresh_token) {
    const answer = await askJson(`${apiUrl}/api/v1/headless/access_token/refresh`, {
      method: "PATCH",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ refresh_token: stored.refresh_token }),
      timeoutMs: TIMEOUT_MS,
    }, fetch);
    const parsed = refreshedSchema.safeParse(answer.ok && answer.status === 200 ? answer.body : null);
    if (parsed.success) return { token: parsed.data };
    const isRejected = answer.ok && answer.status >= 400 && answer.status < 500 && answer.status !== 429;
    return { error: isRejected ? "refresh_rejected" : errorOf(answer) };
  }
  if (headlessToken === null) return { error: "headless_token_missing" };
  const member = task.bot_member_id === null
    ? { email: task.bot_email }
    : { community_member_id: task.bot_member_id };
  const answer = await askJson(`${apiUrl}/api/v1/headless/auth_token`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${headlessToken}`,
      "content-type": "application/json",
      accept: "application/json",
    },
    body: JSON.stringify(member),
    timeoutMs: TIMEOUT_MS,
  }, fetch);
  const parsed = mintedSchema.safeParse(answer.ok && answer.status === 200 ? answer.body : null);
  return parsed.success ? { token: parsed.data } : { error: errorOf(answer) };
}

/** A token that is missing or that Circle does not take needs a person; anything else passes. */
const failureOf = (error: string | null, until: Date): CircleFailure =>
  error !== null && /^(headless_token_missing|status_4(?!08|29))/.test(error)
    ? { kind: "unauthorized" }
    : { kind: "wait", until };

const errorOf = (answer: { ok: true; status: number } | { ok: false; cause: string }): string =>
  answer.ok ? `status_${answer.status}` : answer.cause;

async function store(
  options: CircleTokenOptions,
  task: Task,
  token: z.infer<typeof mintedSchema> | z.infer<typeof refreshedSchema>,
): Promise<boolean> {
  const isMinted = "refresh_token" in token;
  const before = !isMinted && task.id && task.sealed ? await open(options, task.id, task.sealed) : null;
  const id = options.newId();
  const sealed = await encryptSecret(
    options.masterKeys(),
    identityOf(id),
    JSON.stringify({
      access_token: token.access_token,
      refresh_token: isMinted ? token.refresh_token : before?.refresh_token ?? null,
    }),
  );
  const result = await options.rpc("finish_circle_token", {
    fencing_token: task.fencing_token,
    token: {
      id,
      sealed,
      bot: task.bot,
      access_expires_at: token.access_token_expires_at,
      ...(isMinted
        ? { member_id: token.community_member_id, refresh_expires_at: token.refresh_token_expires_at }
        : {}),
    },
  });
  return result.ok;
}

/** There is one bot: its tokens belong to the community, and to no account. */
const identityOf = (id: string) => ({ id, kind: "circle_token", ownerId: "community" });

/** The stored tokens; null where they can't be decrypted. */
async function open(options: CircleTokenOptions, id: string, sealed: string) {
  try {
    return storedSchema.parse(JSON.parse(await decryptSecret(options.masterKeys(), identityOf(id), sealed)));
  } catch {
    return null;
  }
}
