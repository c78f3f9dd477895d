import { describe, expect, test } from "vitest";
import type { RpcResult } from "../_shared/database.ts";
import { decryptSecret, parseMasterKeys } from "../_shared/encryption.ts";
import type { TokenCheck } from "./github.ts";
import {
  GITHUB_TOKEN,
  masterKeys,
  NONE,
  part,
  refusal,
  request,
  SECRET_ID,
  SET,
  set,
  setUp,
  USER_ID,
  valid,
} from "./testing.ts";

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
