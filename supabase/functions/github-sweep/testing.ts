import type { Rpc, RpcResult } from "../_shared/database.ts";
import { encryptSecret, parseMasterKeys } from "../_shared/encryption.ts";
import type { GithubAnswer, Question } from "../_shared/github.ts";
import type { LogEntry } from "../_shared/log.ts";
import { UNLIMITED } from "../_shared/provider-budget.ts";
import { createHandler, type Dependencies } from "./handler.ts";
import type { DueBranch, DueProject, DuePull, DueRepository } from "./plan.ts";

// For tests: what is due, and a sweep of it that remembers what it asked and stored.

const KEYS = parseMasterKeys("KEYS", `k1:${Buffer.alloc(32, 7).toString("base64")}`);
export const BODY = '{"number": 1}';
export const ok = (body: string, etag: string | null = null): GithubAnswer => ({
  kind: "ok",
  body,
  value: JSON.parse(body),
  etag,
  hasNext: false,
});
export const OK = ok(BODY, 'W/"1"');

const guid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

/** User n, whose token is `token-n`. */
export async function reader(n: number, isUnverified = false) {
  const identity = { id: guid(100 + n), kind: "github_token", ownerId: guid(n) };
  const sealed = await encryptSecret(KEYS, identity, `token-${n}`);
  return { user_id: guid(n), secret_id: identity.id, sealed, is_unverified: isUnverified };
}

export const due = (number: number, readers: DuePull["readers"], more: Partial<DuePull> = {}): DuePull => ({
  pull_request_id: number,
  github_id: null,
  repo_owner: "acme",
  repo_name: "shop",
  number,
  is_private: true,
  etag: null,
  readers,
  ...more,
});

interface Setup {
  pulls?: DuePull[];
  branches?: DueBranch[];
  projects?: DueProject[];
  repositories?: DueRepository[];
  /** GitHub's answers; default: everything exists. */
  answer?: (question: Question, at: number) => GithubAnswer;
  results?: Record<string, RpcResult>;
  deps?: Partial<Dependencies>;
}

/** A sweep of what is due, over a database and a GitHub that answer as told. */
export function setUp(
  { pulls = [], branches = [], projects = [], repositories = [], answer = () => OK, results = {}, deps = {} }:
    Setup,
) {
  const questions: Question[] = [];
  const stored: string[] = [];
  const calls: { name: string; args: Record<string, unknown> }[] = [];
  const logged: LogEntry[] = [];
  const rpc: Rpc = (name, args) => {
    calls.push({ name, args });
    if (name === "finish_github_check") {
      stored.push(`${args.pull_request_id} ${args.outcome} ${String(args.user_id).slice(-1)}`);
    } else if (name !== "begin_github_sweep") stored.push(name);
    const plan = { paused_until: null, projects, repositories, pull_requests: pulls, branches };
    return Promise.resolve(
      results[name] ?? { ok: true, data: name === "begin_github_sweep" ? plan : null },
    );
  };
  const handler = createHandler({
    rpc,
    ask: (question) => {
      questions.push(question);
      return Promise.resolve(answer(question, questions.length));
    },
    budgets: UNLIMITED,
    masterKeys: () => KEYS,
    isServer: (request) => Promise.resolve(request.headers.get("apikey") === "secret"),
    log: (entry) => logged.push(entry),
    clock: () => 0,
    newId: () => "request-1",
    ...deps,
  });
  const run = async (headers: Record<string, string> = { "x-fixloop-ticket": "ticket" }, method = "POST") => {
    const response = await handler(new Request("http://localhost/", { method, headers }));
    return { status: response.status, body: await response.json() };
  };
  const tokens = () => questions.map(({ token }) => token);
  return { run, questions, tokens, stored, calls, logged };
}
