import { z } from "zod";
import type { Rpc, RpcResult } from "../_shared/database.ts";
import { decryptSecret, encryptSecret, type MasterKeys, SecretError } from "../_shared/encryption.ts";
import { HttpError } from "../_shared/failure.ts";
import type { Details } from "../_shared/log.ts";
import { type Caller, statusSchema, type TokenStatus } from "./caller.ts";
import type { CheckToken, TokenCheck } from "./github.ts";

/** The dependencies of the actions. */
export interface Tools {
  masterKeys: MasterKeys;
  rpc: Rpc;
  checkToken: CheckToken;
  newId: () => string;
}

const KIND = "github_token";

/** A secret as the functions of the database return it. */
const secretSchema = z.object({
  id: z.string(),
  user_id: z.string(),
  kind: z.string(),
  sealed: z.string(),
  metadata: z.object({ login: z.string().nullish() }).loose(),
});

type Secret = z.infer<typeof secretSchema>;

/** Sets or replaces the caller's token, once GitHub has named its owner. */
export async function setToken(
  tools: Tools,
  caller: Caller,
  token: string,
  details: Details,
): Promise<TokenStatus> {
  await countCheck(tools, caller, details);
  const check = await tools.checkToken(token);
  if (check.outcome === "rejected") {
    details.github_status = check.status;
    throw new HttpError({
      status: 422,
      code: "agents_github_token_invalid",
      message: "GitHub does not accept this token.",
      details: check.message.replaceAll(token, "…") || `GitHub answered ${check.status}.`,
      hint: "Make a new one at GitHub under Settings, Developer settings, Personal access tokens.",
    });
  }
  if (check.outcome === "unavailable") throw unavailable(check, details);
  const id = tools.newId();
  const identity = { id, kind: KIND, ownerId: caller.userId };
  const sealed = await encryptSecret(tools.masterKeys, identity, token);
  const args = { user_id: caller.userId, id: id, sealed, metadata: check.facts };
  return parseStatus(await tools.rpc("set_github_token", args), details);
}

/** Asks GitHub about the caller's stored token, and stores the result. */
export async function checkStored(
  tools: Tools,
  caller: Caller,
  details: Details,
): Promise<TokenStatus> {
  const result = await tools.rpc("read_secret", { user_id: caller.userId, kind: KIND });
  const opened = await open(tools, result, details);
  await countCheck(tools, caller, details);
  const check = await tools.checkToken(opened.token);
  if (check.outcome === "unavailable") throw unavailable(check, details);
  if (check.outcome === "rejected") details.github_status = check.status;
  const marked = await tools.rpc("mark_secret_checked", {
    id: opened.secret.id,
    is_valid: check.outcome === "valid",
    metadata: check.outcome === "valid" ? check.facts : {},
  });
  if (!marked.ok) throw databaseFailed(marked, details);
  const { data, error } = await caller.db.rpc("github_token_status");
  return parseStatus(
    error ? { ok: false, code: error.code, message: error.message } : { ok: true, data },
    details,
  );
}

/** Removes the caller's token, with the caller's own rights; does nothing where there is no token. */
export async function removeToken(caller: Caller, details: Details): Promise<TokenStatus> {
  const { error } = await caller.db.from("users").update({ github_token: null }).eq("id", caller.userId);
  if (error) throw databaseFailed(error, details);
  return { is_set: false, login: null, scopes: null, expires_at: null, checked_at: null, invalid_at: null };
}

/** Returns the token of the user whose task is leased with this fencing token. */
export async function revealToken(
  tools: Tools,
  lease: { task_id: number | string; fencing_token: number | string },
  details: Details,
): Promise<{ token: string; login: string | null }> {
  details.task_id = lease.task_id;
  const result = await tools.rpc("task_github_token", {
    task_id: lease.task_id,
    fencing_token: lease.fencing_token,
  });
  if (!result.ok && result.message === "agents_task_lease_expired") {
    throw new HttpError({
      status: 409,
      code: "agents_task_lease_expired",
      message: "No open lease of the task has this fencing token.",
      hint: "Stop this task and claim the next one.",
    });
  }
  const opened = await open(tools, result, details);
  return { token: opened.token, login: opened.secret.metadata.login ?? null };
}

/** Counts a request to GitHub on behalf of the caller; throws 429 where that has been often enough. */
async function countCheck(tools: Tools, caller: Caller, details: Details): Promise<void> {
  const counted = await tools.rpc("count_token_check", { user_id: caller.userId, kind: KIND });
  if (!counted.ok) throw databaseFailed(counted, details);
  const wait = z.int().parse(counted.data);
  if (wait === 0) return;
  throw new HttpError({
    status: 429,
    code: "agents_github_token_rate_limited",
    message: "GitHub has been asked about tokens of yours ten times within ten minutes.",
    hint: `Send it again in ${wait} seconds; nothing was changed.`,
    headers: { "retry-after": String(wait) },
  });
}

async function open(
  tools: Tools,
  result: RpcResult,
  details: Details,
): Promise<{ token: string; secret: Secret }> {
  if (!result.ok && result.message !== "agents_github_token_unknown") throw databaseFailed(result, details);
  const [secret] = result.ok ? z.array(secretSchema).parse(result.data) : [];
  if (!secret) {
    throw new HttpError({
      status: 404,
      code: "agents_github_token_unknown",
      message: "There is no GitHub token.",
      hint: 'Its owner sets one: POST {"token": "…"} to this function.',
    });
  }
  const identity = { id: secret.id, kind: secret.kind, ownerId: secret.user_id };
  try {
    return { secret, token: await decryptSecret(tools.masterKeys, identity, secret.sealed) };
  } catch (error) {
    if (!(error instanceof SecretError)) throw error;
    details.cause = error.reason;
    throw new HttpError({
      status: 500,
      code: "agents_github_token_unavailable",
      message: "The stored token can't be decrypted.",
      details: error.message,
      hint: "Set the token again. If the master key was replaced, an operator adds the old one.",
    });
  }
}

function parseStatus(result: RpcResult, details: Details): TokenStatus {
  if (!result.ok) throw databaseFailed(result, details);
  return statusSchema.parse(result.data);
}

function databaseFailed(result: { code: string; message: string }, details: Details): HttpError {
  if (result.message === "agents_user_unknown") {
    return new HttpError({
      status: 404,
      code: "agents_user_unknown",
      message: "The account is anonymous, banned or deleted.",
      hint: "Sign in with an account that has an e-mail address.",
    });
  }
  details.cause = result.code;
  return new HttpError({
    status: 503,
    code: "database_unavailable",
    message: "The database could not do this.",
    hint: "Send it again; a request that is repeated does nothing twice.",
    headers: { "retry-after": "5" },
  });
}

function unavailable(check: TokenCheck & { outcome: "unavailable" }, details: Details): HttpError {
  details.cause = check.cause;
  return new HttpError({
    status: 503,
    code: "agents_github_unavailable",
    message: "GitHub could not be asked about the token.",
    details: check.cause === "rate_limit"
      ? "A rate limit of GitHub's is reached."
      : "GitHub gave no usable answer.",
    hint: "Send it again later; nothing was changed.",
    headers: { "retry-after": String(check.retryAfter) },
  });
}
