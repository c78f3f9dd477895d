import { createClient } from "@supabase/supabase-js";
import { expect } from "vitest";
import type { RpcResult } from "../_shared/database.ts";
import { encryptSecret, parseMasterKeys } from "../_shared/encryption.ts";
import type { LogEntry } from "../_shared/log.ts";
import type { TokenCheck } from "./github.ts";
import { createHandler, type Dependencies } from "./handler.ts";

// For tests: the handler with a fake Data API and a fake GitHub; over HTTP: supabase/tests/api/github-token.test.ts.

export const USER_ID = "0b4c7d6e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
export const SECRET_ID = "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
export const GITHUB_TOKEN = `ghp_${"canary".repeat(6)}`;
export const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
export const TOKEN = `${part({ alg: "HS256" })}.${part({ sub: USER_ID, role: "authenticated" })}.c2lnbmVk`;
export const masterKeys = parseMasterKeys("X", `k1:${Buffer.alloc(32, 1).toString("base64")}`);

export const NONE = {
  is_set: false,
  login: null,
  scopes: null,
  expires_at: null,
  checked_at: null,
  invalid_at: null,
};
export const SET = {
  ...NONE,
  is_set: true,
  login: "octocat",
  scopes: ["repo"],
  checked_at: "2026-11-21T10:00:00Z",
};

/** The results of database functions, unless a test sets others. */
const ANSWERS: Record<string, unknown> = { set_github_token: SET, count_token_check: 0 };

export const valid: TokenCheck = {
  outcome: "valid",
  facts: { login: "octocat", scopes: ["repo"], expires_at: null },
};

export interface World {
  /** GitHub's answer. */
  check?: TokenCheck;
  /** The results of database functions, by name. */
  rpc?: Record<string, RpcResult>;
  /** The Data API's responses to the caller. */
  api?: (path: string) => Response | Promise<Response>;
  isServer?: boolean;
}

export function setUp(world: World = {}, deps: Partial<Dependencies> = {}) {
  const asked: string[] = [];
  const called: { name: string; args: Record<string, unknown> }[] = [];
  const logged: LogEntry[] = [];
  const handler = createHandler({
    connect: (token) =>
      createClient("http://api.test", "sb_publishable_test", {
        global: {
          headers: { Authorization: `Bearer ${token}` },
          fetch: async (input, init) => {
            const path = new URL(new Request(input, init).url).pathname.replace("/rest/v1/", "");
            return await (world.api?.(path) ?? Response.json(path.startsWith("rpc/") ? SET : []));
          },
        },
        auth: { persistSession: false, autoRefreshToken: false },
      }),
    rpc: (name, args) => {
      if (name !== "count_token_check") called.push({ name, args });
      return Promise.resolve(world.rpc?.[name] ?? { ok: true, data: ANSWERS[name] ?? [] });
    },
    hasSecretKey: () => Promise.resolve(world.isServer ?? false),
    masterKeys: () => masterKeys,
    checkToken: (token) => {
      asked.push(token);
      return Promise.resolve(world.check ?? valid);
    },
    log: (entry) => logged.push(entry),
    now: () => 0,
    newId: () => SECRET_ID,
    ...deps,
  });
  return { handler, asked, called, logged };
}

export const request = (
  method: string,
  path = "",
  body?: BodyInit,
  headers: Record<string, string> = {},
): Request =>
  new Request(`http://localhost/github-token${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    ...(body === undefined ? {} : { body, duplex: "half" }),
  });

export const set = (token: unknown): Request => request("POST", "", JSON.stringify({ token }));

export async function refusal(response: Response): Promise<string> {
  const text = await response.text();
  expect(text).not.toContain("canary");
  const body = JSON.parse(text) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(["code", "message", "details", "hint", "request_id"]);
  return `${response.status} ${body.code}`;
}

export const sealed = async (): Promise<Record<string, unknown>> => ({
  id: SECRET_ID,
  user_id: USER_ID,
  kind: "github_token",
  sealed: await encryptSecret(
    masterKeys,
    { id: SECRET_ID, kind: "github_token", ownerId: USER_ID },
    GITHUB_TOKEN,
  ),
  metadata: { login: "octocat" },
});
