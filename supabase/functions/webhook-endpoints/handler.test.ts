import { createClient } from "@supabase/supabase-js";
import { describe, expect, test } from "vitest";
import { decryptSecret, parseMasterKeys } from "../_shared/encryption.ts";
import { createHandler, type Dependencies } from "./handler.ts";

// The handler with a fake Data API; over HTTP: supabase/tests/api/loop-webhooks.test.ts.

const ID = "6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e11";
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const TOKEN = `${part({ alg: "HS256" })}.${part({ sub: ID, role: "authenticated" })}.c2lnbmVk`;
const masterKeys = parseMasterKeys("X", `k1:${Buffer.alloc(32, 1).toString("base64")}`);

function setUp(answer: () => Response = () => Response.json({ id: ID }), deps: Partial<Dependencies> = {}) {
  const called: { name: string; args: Record<string, string> }[] = [];
  const handler = createHandler({
    connect: () =>
      createClient("http://api.test", "sb_publishable_test", {
        global: {
          fetch: (input, init) => {
            const name = String(input).replace(/^.*\/rpc\//, "");
            called.push({ name, args: JSON.parse(String(init?.body)) as Record<string, string> });
            return Promise.resolve(answer());
          },
        },
        auth: { persistSession: false, autoRefreshToken: false },
      }),
    masterKeys: () => masterKeys,
    randomBytes: (count) => new Uint8Array(count).fill(7),
    log: () => {},
    now: () => 0,
    newId: () => ID,
    ...deps,
  });
  return { handler, called };
}

const post = (path: string, body: unknown, headers = { authorization: `Bearer ${TOKEN}` }): Request =>
  new Request(`http://localhost/webhook-endpoints${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });

async function refusal(response: Response): Promise<string> {
  return `${response.status} ${(await response.json() as { code: string }).code}`;
}

const open = (sealed = "") =>
  decryptSecret(masterKeys, { id: ID, kind: "webhook_endpoint", ownerId: ID }, sealed);

describe("a new endpoint", () => {
  test("gets a key of 32 bytes, which is returned this once and stored sealed", async () => {
    const { handler, called } = setUp();
    const response = await handler(post("", { name: "Ours", url: "https://example.org/hook" }));
    const { secret, endpoint } = await response.json() as { secret: string; endpoint: unknown };
    expect(Buffer.from(secret.replace(/^whsec_/, ""), "base64")).toEqual(Buffer.alloc(32, 7));
    expect(endpoint).toEqual({ id: ID });
    expect(called[0]?.name).toBe("create_webhook_endpoint");
    expect(called[0]?.args).toMatchObject({ id: ID, url: "https://example.org/hook", kind: "webhook" });
    expect(await open(called[0]?.args["sealed"])).toBe(secret);
    expect(JSON.stringify(called)).not.toContain(secret);
  });

  test("of Slack has its URL as its secret, and the host alone in the table", async () => {
    const { handler, called } = setUp();
    const url = "https://hooks.slack.com/services/T0/B0/canary";
    const response = await handler(post("", { name: "Team", kind: "slack", url }));
    expect(await response.json()).toMatchObject({ secret: null });
    expect(called[0]?.args["url"]).toBe("https://hooks.slack.com");
    expect(await open(called[0]?.args["sealed"])).toBe(url);
    expect(JSON.stringify(called)).not.toContain("canary");
  });
});

test("rotation returns another key and when the earlier ones end", async () => {
  const { handler, called } = setUp(() => Response.json("2026-03-05T10:00:00Z"));
  const response = await handler(post(`/${ID}/rotate`, { overlap_hours: 1 }));
  expect(await response.json()).toMatchObject({ expires_at: "2026-03-05T10:00:00Z" });
  expect(called[0]).toMatchObject({
    name: "rotate_webhook_secret",
    args: { endpoint_id: ID, overlap_hours: 1, url: null },
  });
});

describe("refused", () => {
  const refused = (status: number, code: string, message: string) => () =>
    Response.json({ code, message, details: "x", hint: null }, { status });
  test.each([
    ["403 team_role_required", refused(403, "PT403", "team_role_required")],
    ["422 loop_webhook_endpoint_invalid", refused(422, "PT422", "loop_webhook_endpoint_invalid")],
    ["401 token_invalid", refused(401, "PGRST301", "JWT expired")],
    ["503 database_unavailable", refused(500, "08006", "gone")],
  ])("%s", async (expected, answer) => {
    expect(await refusal(await setUp(answer).handler(post("", { name: "Ours", url: "https://a.example" }))))
      .toBe(expected);
  });

  test.each([
    ["422 loop_webhook_body_invalid", "", { name: "Ours" }],
    ["422 loop_webhook_body_invalid", "", { name: " ", url: "https://a.example" }],
    ["422 loop_webhook_body_invalid", `/${ID}/rotate`, { overlap_hours: 721 }],
    ["404 path_unknown", "/else", {}],
  ])("%s: %s", async (expected, path, body) => {
    expect(await refusal(await setUp().handler(post(path, body)))).toBe(expected);
  });

  test("without a person, and without master keys", async () => {
    const request = new Request("http://localhost/webhook-endpoints", { method: "POST", body: "{}" });
    expect(await refusal(await setUp().handler(request))).toBe("401 sign_in_required");
    const { handler, called } = setUp(undefined, {
      masterKeys: () => {
        throw new Error("unset");
      },
    });
    expect(await refusal(await handler(post("", { name: "Ours", url: "https://a.example" }))))
      .toBe("503 agents_secrets_unavailable");
    expect(called).toEqual([]);
  });
});
