import { createClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import type { RpcResult } from "../_shared/database.ts";
import { decryptSecret, encryptSecret, parseMasterKeys } from "../_shared/encryption.ts";
import type { LogEntry } from "../_shared/log.ts";
import type { TokenCheck } from "./github.ts";
import { createHandler, type Dependencies } from "./handler.ts";

// The handler with a fake Data API and a fake GitHub; over HTTP: supabase/tests/api/github-token.test.ts.

const USER_ID = "0b4c7d6e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const SECRET_ID = "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const GITHUB_TOKEN = `ghp_${"canary".repeat(6)}`;
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = `${part({ alg: "HS256" })}.${part({ sub: USER_ID, role: "authenticated" })}.c2lnbmVk`;
const masterKeys = parseMasterKeys("X", `k1:${Buffer.alloc(32, 1).toString("base64")}`);

const NONE = {
  is_set: false,
  login: null,
  scopes: null,
  expires_at: null,
  checked_at: null,
  invalid_at: null,
};
const SET = { ...NONE, is_set: true, login: "octocat", scopes: ["repo"], checked_at: "2026-11-21T10:00:00Z" };

/** The results of database functions, unless a test sets others. */
const ANSWERS: Record<string, unknown> = { set_github_token: SET, count_github_token_check: 0 };

const valid: TokenCheck = {
  outcome: "valid",
  facts: { login: "octocat", scopes: ["repo"], expires_at: null },
};

interface World {
  /** GitHub's answer. */
  check?: TokenCheck;
  /** The results of database functions, by name. */
  rpc?: Record<string, RpcResult>;
  /** The Data API's responses to the caller. */
  api?: (path: string) => Response | Promise<Response>;
  isServer?: boolean;
}

function setUp(world: World = {}, deps: Partial<Dependencies> = {}) {
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
      if (name !== "count_github_token_check") called.push({ name, args });
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

const request = (method: string, path = "", body?: BodyInit, headers: Record<string, string> = {}): Request =>
  new Request(`http://localhost/github-token${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    ...(body === undefined ? {} : { body, duplex: "half" }),
  });

const set = (token: unknown): Request => request("POST", "", JSON.stringify({ token }));

async function refusal(response: Response): Promise<string> {
  const text = await response.text();
  expect(text).not.toContain("canary");
  const body = JSON.parse(text) as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(["code", "message", "details", "hint", "request_id"]);
  return `${response.status} ${body.code}`;
}

const sealed = async (): Promise<Record<string, unknown>> => ({
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

describe("setting a token", () => {
  test("stores what GitHub reported, and the token encrypted for its row and owner", async () => {
    const { handler, asked, called, logged } = setUp();
    const response = await handler(set(` ${GITHUB_TOKEN}\n`));
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual(SET);
    expect(asked).toEqual([GITHUB_TOKEN]);
    expect(called).toMatchObject([{
      name: "set_github_token",
      args: { user_id: USER_ID, id: SECRET_ID, metadata: valid.outcome === "valid" && valid.facts },
    }]);
    const identity = { id: SECRET_ID, kind: "github_token", ownerId: USER_ID };
    expect(await decryptSecret(masterKeys, identity, String(called[0]?.args.sealed))).toBe(GITHUB_TOKEN);
    expect(JSON.stringify([called, logged])).not.toContain("canary");
    expect(logged).toMatchObject([{ function: "github-token", action: "set", status: 200 }]);
  });

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "422 agents_github_token_body_invalid"],
    ["a number", 7, "422 agents_github_token_body_invalid"],
    ["too short", "canary", "422 agents_github_token_body_invalid"],
    ["too long", "canary".repeat(50), "422 agents_github_token_body_invalid"],
    ["two lines", "canary-canary\ncanary-canary", "422 agents_github_token_body_invalid"],
    [
      "a letter that no header can hold",
      "canary-canary-canäry-canary",
      "422 agents_github_token_body_invalid",
    ],
  ])("rejects %s without asking GitHub", async (_, token, expected) => {
    const { handler, asked, called } = setUp();
    expect(await refusal(await handler(set(token)))).toBe(expected);
    expect([asked, called]).toEqual([[], []]);
  });

  test("does not store what GitHub rejects, and removes it from GitHub's message too", async () => {
    const check: TokenCheck = {
      outcome: "rejected",
      status: 401,
      message: `Bad credentials ${GITHUB_TOKEN}`,
    };
    const { handler, called, logged } = setUp({ check });
    expect(await refusal(await handler(set(GITHUB_TOKEN)))).toBe("422 agents_github_token_invalid");
    expect(called).toEqual([]);
    expect(JSON.stringify(logged)).not.toContain("canary");
  });

  test("stores nothing while GitHub can't be asked, and answers when to retry", async () => {
    const { handler, called } = setUp({
      check: { outcome: "unavailable", cause: "rate_limit", retryAfter: 42 },
    });
    const response = await handler(set(GITHUB_TOKEN));
    expect(response.headers.get("retry-after")).toBe("42");
    expect(await refusal(response)).toBe("503 agents_github_unavailable");
    expect(called).toEqual([]);
  });

  test.each<[string, RpcResult, string]>([
    [
      "the database can't be reached",
      { ok: false, code: "unreachable", message: "x" },
      "503 database_unavailable",
    ],
    [
      "the account was deleted",
      { ok: false, code: "PT404", message: "agents_user_unknown" },
      "404 agents_user_unknown",
    ],
  ])("answers an error when %s", async (_, set_github_token, expected) => {
    const { handler } = setUp({ rpc: { set_github_token } });
    expect(await refusal(await handler(set(GITHUB_TOKEN)))).toBe(expected);
  });

  test("is rejected without a master key, before the token is sent to GitHub", async () => {
    const { handler, asked } = setUp({}, {
      masterKeys: () => parseMasterKeys("SECRETS_MASTER_KEYS", undefined),
    });
    expect(await refusal(await handler(set(GITHUB_TOKEN)))).toBe("503 agents_secrets_unavailable");
    expect(asked).toEqual([]);
  });
});

describe("bodies", () => {
  test.each<[string, BodyInit, string]>([
    ["not JSON", `canary ${GITHUB_TOKEN}`, "400 body_invalid"],
    ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "400 body_invalid"],
    ["too large", JSON.stringify({ token: "x".repeat(5_000) }), "413 body_too_large"],
    ["broken off", new ReadableStream({ start: (c) => c.error(new Error("gone")) }), "400 body_invalid"],
    ["too slow", new ReadableStream(), "408 body_expired"],
  ])("%s", async (_, body, expected) => {
    const { handler } = setUp({}, { bodyTimeoutMs: 20 });
    expect(await refusal(await handler(request("POST", "", body)))).toBe(expected);
  });
});

describe("the caller", () => {
  test("without a token is rejected", async () => {
    const { handler } = setUp();
    const response = await handler(new Request("http://localhost/github-token"));
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="fixloop"');
    expect(await refusal(response)).toBe("401 sign_in_required");
  });

  test.each(["Bearer sb_secret_canary", "Basic canary", `Bearer ${part({})}.${part({ role: "anon" })}.x`])(
    "with %s is rejected",
    async (authorization) => {
      const { handler } = setUp();
      expect(await refusal(await handler(request("GET", "", undefined, { authorization }))))
        .toBe("401 token_invalid");
    },
  );

  test("is verified by the API", async () => {
    const api = () => Response.json({ code: "PGRST301", message: "JWT expired" }, { status: 401 });
    expect(await refusal(await setUp({ api }).handler(request("GET")))).toBe("401 token_invalid");
    const away = () => Response.json({ message: "no" }, { status: 500 });
    expect(await refusal(await setUp({ api: away }).handler(request("GET")))).toBe("503 api_unavailable");
  });
});

describe("routes", () => {
  test.each<[string, string, string, string | null]>([
    ["PUT", "", "405 method_unsupported", "GET, POST, DELETE"],
    ["GET", "/check", "405 method_unsupported", "POST"],
    ["GET", "/reveal", "405 method_unsupported", "POST"],
    ["GET", "/other", "404 path_unknown", null],
    ["GET", "/constructor", "404 path_unknown", null],
    ["GET", "/check/more", "404 path_unknown", null],
    ["GET", "s", "404 path_unknown", null],
  ])("%s %s", async (method, path, expected, allow) => {
    const response = await setUp().handler(request(method, path));
    expect(response.headers.get("allow")).toBe(allow);
    expect(await refusal(response)).toBe(expected);
  });

  test("a trailing slash is ignored", async () => {
    expect((await setUp().handler(request("GET", "/"))).status).toBe(200);
  });

  test("pages of any origin may call, except where tokens are returned", async () => {
    const { handler } = setUp();
    const headers = { origin: "https://app.example", "access-control-request-method": "POST" };
    const answer = await handler(request("OPTIONS", "", undefined, headers));
    expect(answer.status).toBe(204);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(answer.headers.get("access-control-allow-headers")).toContain("authorization");
    expect((await handler(request("GET"))).headers.get("access-control-allow-origin")).toBe("*");
    for (const method of ["OPTIONS", "POST"]) {
      const shown = await handler(request(method, "/reveal", undefined, headers));
      expect(shown.headers.get("access-control-allow-origin")).toBeNull();
    }
  });
});

describe("checking the stored token again", () => {
  test("stores GitHub's answer and returns the new state", async () => {
    const rpc = {
      read_secret: { ok: true, data: [await sealed()] },
      mark_secret_checked: { ok: true, data: true },
    } as const;
    const { handler, asked, called } = setUp({ rpc });
    expect(await (await handler(request("POST", "/check"))).json()).toEqual(SET);
    expect(asked).toEqual([GITHUB_TOKEN]);
    expect(called.at(-1)).toEqual({
      name: "mark_secret_checked",
      args: {
        id: SECRET_ID,
        is_valid: true,
        metadata: { login: "octocat", scopes: ["repo"], expires_at: null },
      },
    });
  });

  test("a token that GitHub now rejects is marked, which is not an error", async () => {
    const rpc = { read_secret: { ok: true, data: [await sealed()] } } as const;
    const { handler, called } = setUp({
      rpc,
      check: { outcome: "rejected", status: 401, message: "Bad credentials" },
    });
    expect((await handler(request("POST", "/check"))).status).toBe(200);
    expect(called.at(-1)?.args).toEqual({ id: SECRET_ID, is_valid: false, metadata: {} });
  });

  test("nothing is marked while GitHub can't be asked", async () => {
    const rpc = { read_secret: { ok: true, data: [await sealed()] } } as const;
    const { handler, called } = setUp({ rpc, check: { outcome: "unavailable", cause: "x", retryAfter: 1 } });
    expect(await refusal(await handler(request("POST", "/check")))).toBe("503 agents_github_unavailable");
    expect(called.map(({ name }) => name)).toEqual(["read_secret"]);
  });

  test("where no token is stored, that is the error", async () => {
    expect(await refusal(await setUp().handler(request("POST", "/check")))).toBe(
      "404 agents_github_token_unknown",
    );
  });

  test("a token of another row can't be decrypted", async () => {
    const rpc = { read_secret: { ok: true, data: [{ ...await sealed(), user_id: SECRET_ID }] } } as const;
    const { handler, logged } = setUp({ rpc });
    expect(await refusal(await handler(request("POST", "/check")))).toBe(
      "500 agents_github_token_unavailable",
    );
    expect(logged).toMatchObject([{ cause: "not_authentic" }]);
  });
});

describe("revealing it", () => {
  const lease = (task_id: unknown = 7, fencing_token: unknown = "9007199254740993"): Request =>
    request("POST", "/reveal", JSON.stringify({ task_id, fencing_token }));

  test("to a server that has the task's lease", async () => {
    const rpc = { task_github_token: { ok: true, data: [await sealed()] } } as const;
    const { handler, called, logged } = setUp({ rpc, isServer: true });
    const response = await handler(lease());
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({ token: GITHUB_TOKEN, login: "octocat" });
    expect(called[0]?.args).toEqual({ task_id: 7, fencing_token: "9007199254740993" });
    expect(JSON.stringify(logged)).not.toContain("canary");
    expect(logged).toMatchObject([{ action: "reveal", task_id: 7 }]);
  });

  test("not to a person", async () => {
    const { handler, called } = setUp();
    expect(await refusal(await handler(lease()))).toBe("401 secret_key_required");
    expect(called).toEqual([]);
  });

  test.each([[0, 1], [1, -1], ["1; drop", 1], [1.5, 1], [null, 1], ["12345678901234567890", 1]])(
    "not for the lease %s, %s",
    async (task_id, fencing_token) => {
      const { handler } = setUp({ isServer: true });
      expect(await refusal(await handler(lease(task_id, fencing_token)))).toBe("422 agents_lease_invalid");
    },
  );

  test.each<[string, RpcResult, string]>([
    [
      "lease",
      { ok: false, code: "PT409", message: "agents_task_lease_expired" },
      "409 agents_task_lease_expired",
    ],
    [
      "token",
      { ok: false, code: "PT404", message: "agents_github_token_unknown" },
      "404 agents_github_token_unknown",
    ],
    ["database", { ok: false, code: "unreachable", message: "x" }, "503 database_unavailable"],
  ])("not without its %s", async (_, task_github_token, expected) => {
    const { handler } = setUp({ isServer: true, rpc: { task_github_token } });
    expect(await refusal(await handler(lease()))).toBe(expected);
  });
});

test("removing is done as the caller, and can be repeated", async () => {
  const sent: string[] = [];
  const api = (path: string): Response => {
    sent.push(path);
    return path.startsWith("rpc/") ? Response.json(NONE) : new Response(null, { status: 204 });
  };
  const { handler, called } = setUp({ api });
  expect(await (await handler(request("DELETE"))).json()).toEqual(NONE);
  expect(sent).toEqual(["rpc/github_token_status", "users"]);
  expect(called).toEqual([]);
});
