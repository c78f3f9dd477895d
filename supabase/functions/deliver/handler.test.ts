import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { CircleApi } from "../_shared/circle-api.ts";
import type { RpcResult } from "../_shared/database.ts";
import { encryptSecret, parseMasterKeys } from "../_shared/encryption.ts";
import { UNLIMITED } from "../_shared/provider-budget.ts";
import { createHandler, type Dependencies, type Report } from "./handler.ts";
import { toSlack } from "./slack.ts";

// The handler with a fake database and fake receivers; over HTTP: supabase/tests/api/loop-webhooks.test.ts.

const masterKeys = parseMasterKeys("X", `k1:${Buffer.alloc(32, 1).toString("base64")}`);
const KEYS = [
  "whsec_" + Buffer.alloc(32, 2).toString("base64"),
  "whsec_" + Buffer.alloc(32, 3).toString("base64"),
];
const NOW = Date.parse("2026-03-04T10:00:00Z");

interface World {
  /** What is claimed, by channel. */
  due?: Record<string, number[]>;
  answer?: (request: Request) => Response | Promise<Response>;
  endpoint?: Record<string, unknown>;
  rpc?: Record<string, RpcResult>;
  addresses?: Record<string, string[]>;
}

const idOf = (at: number): string => `6f7c2f7e-8a3c-4f6f-9b0a-2f6a3c1d9e1${at}`;

async function setUp(world: World, deps: Partial<Dependencies> = {}) {
  const told: Record<string, unknown>[] = [];
  const sent: Request[] = [];
  const due = structuredClone(world.due ?? {});
  const secrets = await Promise.all(KEYS.map(async (key, at) => ({
    id: idOf(at),
    sealed: await encryptSecret(
      masterKeys,
      { id: idOf(at), kind: "webhook_endpoint", ownerId: idOf(9) },
      key,
    ),
  })));
  const endpoint = {
    id: idOf(9),
    kind: "webhook",
    url: "https://receiver.example/hook",
    is_active: true,
    rests_until: null,
    secrets,
    ...world.endpoint,
  };
  const results: Record<string, (args: Record<string, unknown>) => unknown> = {
    begin_deliver: () => 0,
    load_webhook_endpoints: () => [endpoint],
    claim_deliveries: ({ channel }) =>
      (due[String(channel)]?.splice(0, 16) ?? []).map((id) => ({
        id,
        fencing_token: id + 100,
        attempt: 1,
        kind: "event",
        endpoint_id: idOf(9),
        body: null,
        payload: { type: "issue.resolved", data: { issue: { number: id, title: "Login" } } },
        created_at: "2026-03-04T09:59:00Z",
        sent_at: null,
      })),
  };
  const handler = createHandler({
    rpc: (name, args) => {
      if (name.startsWith("fi") || name.startsWith("fail")) told.push({ name, ...args });
      return Promise.resolve(world.rpc?.[name] ?? { ok: true, data: results[name]?.(args) ?? null });
    },
    masterKeys: () => masterKeys,
    poster: {
      fetch: (input, init) => {
        const request = new Request(input as string, init);
        sent.push(request);
        return Promise.resolve((world.answer ?? (() => new Response(null, { status: 204 })))(request));
      },
      resolve: (host) => Promise.resolve(world.addresses?.[host] ?? ["93.184.216.34"]),
      allowsPrivate: false,
      clock: () => NOW,
      timeoutMs: 50,
    },
    openCircle: () => {
      const token = () => Promise.resolve({ kind: "unauthorized" } as const);
      return new CircleApi({
        apiUrl: "http://circle.test",
        fetch,
        memberTokens: { get: token, renew: token },
        adminToken: null,
        budgets: UNLIMITED,
        pause: () => Promise.resolve(null),
        clock: () => NOW,
      });
    },
    sleep: () => Promise.resolve(),
    isServer: () => Promise.resolve(true),
    log: () => {},
    clock: () => NOW,
    newId: () => "request",
    ...deps,
  });
  const run = async () => {
    const response = await handler(new Request("http://localhost/deliver", { method: "POST" }));
    return await response.json() as Report & { code?: string };
  };
  return { run, told, sent, endpoint };
}

describe("a webhook", () => {
  test("is signed with every secret, and finished", async () => {
    const { run, told, sent } = await setUp({ due: { webhook: [7] } });
    expect(await run()).toMatchObject({ claimed: 1, delivered: 1, failed: 0, stopped: null });
    expect(told).toEqual([{ name: "finish_delivery", id: 7, fencing_token: 107, reference: "204" }]);
    const [request] = sent;
    const body = await request?.text() ?? "";
    const signatures = request?.headers.get("webhook-signature") ?? "";
    expect(request?.headers.get("webhook-id")).toBe("msg_7");
    expect(request?.headers.get("webhook-timestamp")).toBe(String(NOW / 1000));
    expect(signatures.split(" ")).toEqual(
      KEYS.map((key) => new Webhook(key).sign("msg_7", new Date(NOW), body)),
    );
    expect(JSON.parse(body)).toMatchObject({ type: "issue.resolved" });
  });

  test.each<[string, Response, Record<string, unknown>]>([
    ["a failure", new Response(null, { status: 500 }), { error: "status_500", counted: true, final: false }],
    ["a redirect", Response.redirect("https://other.example/"), { error: "redirected", counted: true }],
    ["410", new Response(null, { status: 410 }), { status_code: 410, final: true }],
    [
      "a rate limit",
      new Response(null, { status: 429, headers: { "retry-after": "7200" } }),
      { status_code: 429, retry_after_seconds: 7200, counted: false },
    ],
    ["a rate limit without a time", new Response(null, { status: 429 }), { retry_after_seconds: 60 }],
    [
      "a rate limit that is over",
      new Response(null, { status: 429, headers: { "retry-after": "0" } }),
      { retry_after_seconds: 5, counted: false },
    ],
    [
      "a rate limit until a time in the past",
      new Response(null, { status: 429, headers: { "retry-after": "Wed, 04 Mar 2026 09:00:00 GMT" } }),
      { retry_after_seconds: 5, counted: false },
    ],
    [
      "a rate limit without a valid time",
      new Response(null, { status: 429, headers: { "retry-after": "-5" } }),
      { retry_after_seconds: 60, counted: false },
    ],
    [
      "a rest of years",
      new Response(null, { status: 503, headers: { "retry-after": "9".repeat(400) } }),
      { retry_after_seconds: 86_400, counted: true },
    ],
    [
      "a rest",
      new Response("busy", { status: 503, headers: { "retry-after": "120.1" } }),
      { error: "status_503", retry_after_seconds: 121, counted: true },
    ],
    [
      "a rest until a time",
      new Response(null, { status: 503, headers: { "retry-after": "Wed, 04 Mar 2026 12:00:00 GMT" } }),
      { retry_after_seconds: 7200 },
    ],
    [
      "a rest that cannot be read",
      new Response(null, { status: 503, headers: { "retry-after": "soon" } }),
      { retry_after_seconds: null, counted: true },
    ],
  ])("%s", async (_name, response, expected) => {
    const { run, told, sent } = await setUp({ due: { webhook: [7] }, answer: () => response });
    expect(await run()).toMatchObject({ delivered: 0, failed: 1 });
    expect(sent).toHaveLength(1);
    expect(told).toEqual([expect.objectContaining({ name: "fail_delivery", id: 7, ...expected })]);
  });

  test("a receiver that is silent is asked once in a run", async () => {
    const silent = () => Promise.reject(new DOMException("", "TimeoutError"));
    const { run, told, sent } = await setUp({
      due: { webhook: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17] },
      answer: silent,
    });
    expect(await run()).toMatchObject({ claimed: 17, failed: 17 });
    // eight at the same time, before anybody knows
    expect(sent.length).toBeLessThanOrEqual(8);
    expect(told.filter(({ counted }) => counted)).toHaveLength(sent.length);
    expect(told.at(-1)).toMatchObject({ error: "endpoint_rests", counted: false, retry_after_seconds: 60 });
  });

  test.each<[string, World, string]>([
    ["an address of this network", { addresses: { "receiver.example": ["10.0.0.7"] } }, "address_not_public"],
    [
      "one of several",
      { addresses: { "receiver.example": ["93.184.216.34", "::ffff:127.0.0.1"] } },
      "address_not_public",
    ],
    ["a host that does not exist", { addresses: { "receiver.example": [] } }, "host_unknown"],
    [
      "an address in another spelling",
      { endpoint: { url: "https://0x7f.1/" }, addresses: { "127.0.0.1": ["127.0.0.1"] } },
      "address_not_public",
    ],
    ["http", { endpoint: { url: "http://localhost/" } }, "url_not_https"],
    ["a user name", { endpoint: { url: "https://a:b@receiver.example/" } }, "url_invalid"],
    ["an endpoint that is off", { endpoint: { is_active: false } }, "endpoint_disabled"],
    ["an endpoint that rests", { endpoint: { rests_until: "2026-03-04T10:05:00Z" } }, "endpoint_rests"],
    [
      "a secret of another key",
      { endpoint: { secrets: [{ id: idOf(3), sealed: "v1.k9.a.b" }] } },
      "secret_unavailable",
    ],
  ])("is not sent to %s", async (_name, world, error) => {
    const { run, told, sent } = await setUp({ due: { webhook: [7] }, ...world });
    await run();
    expect(sent).toEqual([]);
    expect(told).toEqual([expect.objectContaining({ name: "fail_delivery", error })]);
  });

  test("to a receiver that is slow has no run to itself: the others are not kept waiting", async () => {
    let now = NOW;
    const { run, told, sent } = await setUp({
      due: { webhook: Array.from({ length: 48 }, (_, at) => at + 1) },
      answer: () => {
        now += 6_000;
        return new Response(null, { status: 204 });
      },
    }, { clock: () => now, maxMs: 1_000_000 });
    expect(await run()).toMatchObject({ claimed: 48, stopped: null });
    expect(sent.length).toBeLessThan(16);
    expect(told.filter(({ name }) => name === "finish_delivery")).toHaveLength(sent.length);
    expect(told.at(-1)).toMatchObject({ error: "endpoint_rests", counted: false });
  });

  test("is not signed with a secret that was revoked while the batch before it was slow", async () => {
    let now = NOW;
    const world = await setUp({
      due: { webhook: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
      answer: () => {
        now = NOW + 6_000;
        world.endpoint.secrets.splice(1);
        return new Response(null, { status: 204 });
      },
    }, { clock: () => now });
    expect(await world.run()).toMatchObject({ delivered: 9 });
    const signatures = world.sent.map(({ headers }) => headers.get("webhook-signature")?.split(" ").length);
    expect(signatures).toEqual([...Array.from({ length: 8 }, () => 2), 1]);
  });

  test("that somebody else has by now is lost, and a database that is gone ends the run", async () => {
    const expired: RpcResult = { ok: false, code: "PT409", message: "loop_delivery_lease_expired" };
    const lost = await setUp({ due: { webhook: [7] }, rpc: { finish_delivery: expired } });
    expect(await lost.run()).toMatchObject({ lost: 1, stopped: null });
    const gone: RpcResult = { ok: false, code: "08006", message: "" };
    const { run } = await setUp({ due: { webhook: [7] }, rpc: { load_webhook_endpoints: gone } });
    expect(await run()).toMatchObject({ claimed: 0, stopped: "database" });
    expect(await (await setUp({ rpc: { begin_deliver: gone } })).run()).toMatchObject({
      code: "loop_deliver_unavailable",
    });
  });
});

test("Slack gets a text, without a signature, at its secret URL", async () => {
  const sealed = await encryptSecret(
    masterKeys,
    { id: idOf(5), kind: "webhook_endpoint", ownerId: idOf(9) },
    "https://hooks.slack.com/services/x",
  );
  const { run, sent } = await setUp({
    due: { slack: [12] },
    endpoint: { kind: "slack", url: "https://hooks.slack.com", secrets: [{ id: idOf(5), sealed }] },
  });
  expect(await run()).toMatchObject({ delivered: 1 });
  expect(sent[0]?.url).toBe("https://hooks.slack.com/services/x");
  expect(sent[0]?.headers.get("webhook-signature")).toBeNull();
  expect(await sent[0]?.json()).toEqual({ text: "*resolved*: #12 Login" });
});

test("a title is one line in Slack, and neither a mention nor another event", () => {
  const title = "Login <!channel>\n*resolved* by Ada: #2 Export";
  expect(toSlack({ type: "issue.reported", data: { issue: { number: 1, title } } })).toEqual({
    text: "*reported*: #1 Login &lt;!channel&gt; *resolved* by Ada: #2 Export",
  });
});

test("a caller without a ticket or key is refused", async () => {
  const { run } = await setUp({}, { isServer: () => Promise.resolve(false) });
  expect(await run()).toMatchObject({ code: "function_ticket_invalid" });
});
