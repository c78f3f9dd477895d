import { createClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import type { RpcResult } from "../_shared/database.ts";
import type { LogEntry } from "../_shared/log.ts";
import { createProviders } from "../_shared/oauth-providers.ts";
import { createHandler, type Dependencies } from "./handler.ts";

// The handler with a fake Data API; over HTTP, with what others try: supabase/tests/api/devpulse-oauth.test.ts.

const ENV: Record<string, string> = {
  GITHUB_OAUTH_CLIENT_ID: "client",
  GITHUB_OAUTH_CLIENT_SECRET: "secret",
};
const USER_ID = "0b4c7d6e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = `${part({ alg: "HS256" })}.${part({ sub: USER_ID, role: "authenticated" })}.c2lnbmVk`;

interface World {
  api?: () => Response;
  rpc?: RpcResult;
}

function setUp(world: World = {}, deps: Partial<Dependencies> = {}) {
  const started: Record<string, unknown>[] = [];
  const opened: Record<string, unknown>[] = [];
  const logged: LogEntry[] = [];
  const handler = createHandler({
    connect: () =>
      createClient("http://api.test", "sb_publishable_test", {
        global: {
          fetch: async (input, init) => {
            started.push(await new Request(input, init).json() as Record<string, unknown>);
            return world.api?.() ?? Response.json("2026-11-30T12:10:00+00:00");
          },
        },
        auth: { persistSession: false, autoRefreshToken: false },
      }),
    rpc: (_, args) => {
      opened.push(args);
      return Promise.resolve(world.rpc ?? { ok: true, data: { platform: "github", scope: "public" } });
    },
    provider: createProviders((name) => ENV[name]),
    functionsUrl: "https://project.example/functions/v1",
    log: (entry) => logged.push(entry),
    now: () => 0,
    newId: () => USER_ID,
    ...deps,
  });
  return { handler, started, opened, logged };
}

const post = (
  body: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
): Request =>
  new Request("http://localhost/oauth-start", { method: "POST", headers, body: JSON.stringify(body) });
const get = (query: string): Request => new Request(`http://localhost/oauth-start${query}`);
const START = { platform: "github", return_to: "https://app.example/" };

async function refusal(response: Response): Promise<string> {
  const body = await response.json() as Record<string, unknown>;
  expect(Object.keys(body)).toEqual(["code", "message", "details", "hint", "request_id"]);
  return `${response.status} ${body.code}`;
}

describe("starting", () => {
  test("answers an address with a ticket, of which the database gets the hash", async () => {
    const { handler, started, logged } = setUp();
    const response = await handler(post(START));
    const { url, expires_at } = await response.json() as { url: string; expires_at: string };
    expect(url).toMatch(/^https:\/\/project\.example\/functions\/v1\/oauth-start\?ticket=[\w-]{43}$/);
    expect(expires_at).toBe("2026-11-30T12:10:00.000Z");
    expect(started).toEqual([{
      ...START,
      scope: "public",
      ticket_hash: expect.stringMatching(/^\\x[0-9a-f]{64}$/) as string,
    }]);
    expect(JSON.stringify(started) + JSON.stringify(logged)).not.toContain(url.slice(-43));
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });

  test("nobody is sent to a provider that we are not registered with", async () => {
    const { handler, started } = setUp();
    const response = await handler(post({ ...START, platform: "youtube" }));
    expect(await response.clone().json()).toMatchObject({ details: "GOOGLE_OAUTH_CLIENT_ID is not set" });
    expect(await refusal(response)).toBe("503 devpulse_oauth_client_unavailable");
    expect(started).toEqual([]);
  });

  test.each([[{}], [{ platform: "github" }], [{ ...START, return_to: 1 }], [[]], ["x"], [null]])(
    "refuses the body %j",
    async (body) => {
      expect(await refusal(await setUp().handler(post(body)))).toBe("422 devpulse_oauth_body_invalid");
    },
  );

  test("passes the database's refusal through, and reports its absence", async () => {
    const error = { code: "PT422", message: "devpulse_return_url_invalid", details: "why", hint: "what" };
    const { handler } = setUp({ api: () => Response.json(error, { status: 422 }) });
    const response = await handler(post(START));
    expect(await response.clone().json()).toMatchObject({ message: "why", hint: "what" });
    expect(await refusal(response)).toBe("422 devpulse_return_url_invalid");
    const rejected = setUp({
      api: () => Response.json({ code: "PGRST301", message: "JWT expired" }, { status: 401 }),
    });
    expect(await refusal(await rejected.handler(post(START)))).toBe("401 token_invalid");
    const away = setUp({ api: () => Response.json({ code: "57P03", message: "x" }, { status: 500 }) });
    expect(await refusal(await away.handler(post(START)))).toBe("503 database_unavailable");
    expect(away.logged).toMatchObject([{ cause: "57P03" }]);
  });
});

describe("opening", () => {
  test("sets a cookie that only this callback gets, over HTTPS alone, and leads to the provider", async () => {
    const { handler, opened } = setUp();
    const response = await handler(get("?ticket=t"));
    expect(response.status).toBe(302);
    expect(response.headers.get("set-cookie")).toMatch(
      /^__Secure-fixloop-oauth-[0-9a-f]{16}=[\w-]{43}; Max-Age=600; Path=\/functions\/v1\/oauth-callback\/github; HttpOnly; SameSite=Lax; Secure$/,
    );
    const to = new URL(response.headers.get("location") ?? "");
    expect(to.origin + to.pathname).toBe("https://github.com/login/oauth/authorize");
    expect(Object.fromEntries(to.searchParams)).toMatchObject({
      client_id: "client",
      redirect_uri: "https://project.example/functions/v1/oauth-callback/github",
      state: expect.stringMatching(/^[\w-]{43}$/) as string,
    });
    expect(Object.keys(opened[0] ?? {})).toEqual(["ticket_hash", "state_hash", "challenge"]);
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
  });

  test("a ticket that the database does not accept is refused", async () => {
    const { handler } = setUp({
      rpc: { ok: false, code: "PT401", message: "devpulse_oauth_ticket_invalid" },
    });
    expect(await refusal(await handler(get("?ticket=t")))).toBe("401 devpulse_oauth_ticket_invalid");
  });

  test("only GET and POST are accepted", async () => {
    for (const method of ["HEAD", "PUT", "DELETE"]) {
      expect((await setUp().handler(new Request("http://localhost/oauth-start", { method }))).status).toBe(
        405,
      );
    }
  });
});
