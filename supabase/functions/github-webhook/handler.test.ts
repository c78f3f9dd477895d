import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RpcResult } from "../_shared/database.ts";
import {
  DEFINITIONS,
  DELIVERY_ID,
  deliveryRequest,
  examplesOf,
  OPENED,
  PREVIOUS,
  SECRET,
  type Sent,
  sign,
} from "../../tests/support/github-deliveries.ts";
import { type Call, setUpWebhook as setUp } from "../../tests/support/github-webhook.ts";
import { ACTIONS, DEPLOYMENT_ACTIONS, REPOSITORY_ACTIONS } from "./delivery.ts";

const asked = ({ args }: Call): string => Buffer.from(String(args.body), "base64").toString("utf8");

describe("every documented example of every event of GitHub's", () => {
  for (const { name, examples } of DEFINITIONS) {
    test.each(examples.map((example, at) => [at, example] as const))(`${name} %i`, async (_at, example) => {
      const { handler, calls } = setUp();
      const body = JSON.stringify(example);
      const response = await handler(deliveryRequest(body, { event: name }));
      expect(response.status).toBe(200);
      const actions = {
        pull_request: ACTIONS,
        repository: REPOSITORY_ACTIONS,
        deployment_status: DEPLOYMENT_ACTIONS,
      }[name];
      const { deployment_status: status } = example as { deployment_status?: { state: string } };
      const isTaken = (actions?.has(example.action ?? "") ?? false) &&
        (status?.state ?? "success") === "success";
      expect(await response.json()).toEqual({
        delivery_id: DELIVERY_ID,
        status: isTaken ? "done" : "ignored",
      });
      expect(calls.map(({ name }) => name)).toEqual(isTaken ? ["ingest_github_delivery"] : []);
      if (calls[0]) {
        expect(calls[0].args).toMatchObject({ delivery_id: DELIVERY_ID, event: name });
        expect(asked(calls[0])).toBe(body);
      }
    });
  }
});

describe("a deployment_status event", () => {
  const [example] = examplesOf("deployment_status");
  const send = async (state: string, more: object = {}) => {
    const { handler, calls } = setUp();
    const { deployment_status: status } = example as { deployment_status: object };
    const body = JSON.stringify({ ...example, deployment_status: { ...status, state }, ...more });
    const response = await handler(deliveryRequest(body, { event: "deployment_status" }));
    return [response.status, calls.length];
  };

  test("is processed where it succeeded", async () => {
    expect(await send("success")).toEqual([200, 1]);
    for (const state of ["failure", "in_progress", "inactive"]) expect(await send(state)).toEqual([200, 0]);
  });

  test("without a deployment is rejected", async () => {
    expect(await send("success", { deployment: undefined })).toEqual([422, 0]);
  });
});

describe("a form-encoded delivery", () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };

  test("is signed as a whole, and its payload is processed", async () => {
    const { handler, calls } = setUp();
    const body = new URLSearchParams({ payload: JSON.stringify(OPENED) }).toString();
    expect((await handler(deliveryRequest(body, { headers: form }))).status).toBe(200);
    expect(calls.map(asked)).toEqual([JSON.stringify(OPENED)]);
  });

  test("without a payload is rejected", async () => {
    const { handler, calls } = setUp();
    const response = await handler(deliveryRequest("a=b", { headers: form }));
    expect(response.status).toBe(415);
    expect(calls).toEqual([]);
  });
});

describe("a secret of one repository", () => {
  const secret = "a-secret-of-one-repository";
  const signed = (payload: unknown, by = secret) => {
    const body = JSON.stringify(payload);
    return deliveryRequest(body, { signature: sign(body, by) });
  };
  const deps = (repository: string) => ({ repositorySecrets: () => [{ repository, secret }] });

  test("is good for that repository, whatever the case of its name", async () => {
    const { handler, calls } = setUp({}, deps("codertocat/hello-world"));
    expect((await handler(signed(OPENED))).status).toBe(200);
    expect((await handler(signed(OPENED, SECRET))).status).toBe(200);
    expect(calls.map(({ name }) => name)).toEqual([
      "is_github_repository",
      "ingest_github_delivery",
      "ingest_github_delivery",
    ]);
    expect(calls[0]?.args).toEqual({ owner: "Codertocat", name: "Hello-World", github_id: 186853002 });
  });

  test("and not with an id that is another one's, nor where that can't be checked", async () => {
    const answers: [RpcResult, number][] = [
      [{ ok: true, data: false }, 401],
      [{ ok: false, code: "unreachable", message: "fetch failed" }, 503],
    ];
    for (const [is_github_repository, status] of answers) {
      const { handler, calls } = setUp({ is_github_repository }, deps("codertocat/hello-world"));
      expect((await handler(signed(OPENED))).status).toBe(status);
      expect(calls).toHaveLength(1);
    }
  });

  test("and for no other one", async () => {
    const { handler, calls } = setUp({}, deps("codertocat/another"));
    const response = await handler(signed(OPENED));
    expect([response.status, (await response.json()).code]).toEqual([
      401,
      "agents_webhook_signature_invalid",
    ]);
    expect(calls).toEqual([]);
  });

  test("that can't be read stops the webhook, and is not taken for none", async () => {
    const { handler } = setUp({}, {
      repositorySecrets: () => {
        throw new Error("GITHUB_REPOSITORY_SECRETS has a secret of fewer than 20 characters");
      },
    });
    expect((await handler(signed(OPENED, SECRET))).status).toBe(503);
  });
});

describe("the database's result", () => {
  test.each([["done", 200], ["already_done", 200], ["ignored", 200], ["failed", 202]])(
    "%s is answered %i",
    async (status, http) => {
      const { handler, calls, logged } = setUp({
        ingest_github_delivery: { ok: true, data: { delivery_id: DELIVERY_ID, status } },
      });
      const response = await handler(deliveryRequest(JSON.stringify(OPENED)));
      expect(response.status).toBe(http);
      expect(await response.json()).toEqual({ delivery_id: DELIVERY_ID, status });
      expect(calls).toHaveLength(1);
      expect(logged).toMatchObject([{
        status: http,
        outcome: status,
        action: "opened",
        delivery_id: DELIVERY_ID,
      }]);
    },
  );

  test.each([
    ["timeout", { ok: false, code: "57014", message: "canceling statement due to statement timeout" }],
    ["unreachable", { ok: false, code: "unreachable", message: "fetch failed" }],
    ["an unexpected result", { ok: true, data: { status: "odd" } }],
  ] as [string, RpcResult][])("%s: the delivery is stored by itself, 202", async (_what, result) => {
    const { handler, calls } = setUp({ ingest_github_delivery: result });
    const response = await handler(deliveryRequest(JSON.stringify(OPENED)));
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ delivery_id: DELIVERY_ID, status: "received" });
    expect(calls.map(({ name }) => name)).toEqual(["ingest_github_delivery", "receive_github_delivery"]);
    expect(calls[1]?.args).toEqual(calls[0]?.args);
  });

  test("unreachable for both calls: 503", async () => {
    const unreachable: RpcResult = { ok: false, code: "unreachable", message: "fetch failed" };
    const { handler } = setUp({ ingest_github_delivery: unreachable, receive_github_delivery: unreachable });
    const response = await handler(deliveryRequest(JSON.stringify(OPENED)));
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.json()).toMatchObject({ code: "inbox_unavailable", request_id: "request-1" });
  });
});

describe("a signed body that is not a delivery", () => {
  test.each([
    ["no event", { event: null }, 400, "agents_github_headers_required"],
    ["an invalid event", { event: "pull request" }, 400, "agents_github_headers_required"],
    ["an invalid id", { headers: { "x-github-delivery": "1" } }, 400, "agents_github_headers_required"],
    ["another content type", { headers: { "content-type": "text/plain" } }, 415, "content_type_unsupported"],
  ] as [string, Sent, number, string][])("%s", async (_what, sent, status, code) => {
    const { handler, calls } = setUp();
    const response = await handler(deliveryRequest(JSON.stringify(OPENED), sent));
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(calls).toEqual([]);
  });

  const pull = { number: 1, state: "open", updated_at: "2026-01-01T00:00:00Z" };
  test.each([
    ["broken JSON", '{"action": "opened"'],
    ["an array", "[]"],
    ["null", "null"],
    ["a string", '"opened"'],
    ["no pull request", JSON.stringify({ action: "opened", repository: {} })],
    ["no repository", JSON.stringify({ action: "opened", number: 1, pull_request: pull })],
    [
      "a repository without an owner",
      JSON.stringify({
        action: "opened",
        number: 1,
        pull_request: pull,
        repository: { name: "shop", owner: null },
      }),
    ],
  ])("%s: 422", async (_what, body) => {
    const { handler, calls } = setUp();
    const response = await handler(deliveryRequest(body));
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: "agents_github_payload_invalid" });
    expect(calls).toEqual([]);
  });

  test.each([
    ["endless nesting", `${"[".repeat(1_000_000)}`, 422],
    ["no action", "{}", 200],
    ["an action that is not a string", '{"action": {"a": 1}}', 200],
    ["an action in the prototype", '{"__proto__": {"action": "opened"}}', 200],
  ])("%s does not fail the function", async (_what, body, status) => {
    const { handler, calls } = setUp();
    expect((await handler(deliveryRequest(body))).status).toBe(status);
    expect(calls).toEqual([]);
  });

  test("numbers that no double can hold are passed on unchanged", async () => {
    const { handler, calls } = setUp();
    const body = JSON.stringify(OPENED).replace('"number":2', '"number":2e400');
    expect((await handler(deliveryRequest(body))).status).toBe(422);
    const other = JSON.stringify(OPENED).replace('"additions":1', '"additions":1e999999');
    expect((await handler(deliveryRequest(other))).status).toBe(200);
    expect(calls.map(asked)).toEqual([other]);
  });

  test("no signed body is answered 5xx", async () => {
    const { handler } = setUp();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json(),
          fc.string(),
          fc.json().map((json) => `{"action":"opened","pull_request":${json}}`),
        ),
        fc.constantFrom("application/json", "application/x-www-form-urlencoded", ""),
        async (body, type) => {
          const response = await handler(deliveryRequest(body, { headers: { "content-type": type } }));
          expect([200, 415, 422]).toContain(response.status);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("the body", () => {
  const stream = (source: UnderlyingDefaultSource<Uint8Array>, headers: Record<string, string> = {}) =>
    new Request("http://localhost/", {
      method: "POST",
      body: new ReadableStream(source),
      headers: { "x-hub-signature-256": sign("{}"), ...headers },
      duplex: "half",
    } as RequestInit);

  test("of more than the limit is rejected with 413 while it arrives, whatever content-length claims", async () => {
    const { handler } = setUp({}, { maxBytes: 100 });
    let pulls = 0;
    const response = await handler(stream({
      pull: (controller) => {
        pulls++;
        controller.enqueue(new Uint8Array(60));
      },
    }));
    expect(response.status).toBe(413);
    expect(pulls).toBeLessThan(6);
    const announced = await handler(stream({}, { "content-length": "101" }));
    expect(announced.status).toBe(413);
  });

  test("that never ends is answered 408, one that breaks off 400", async () => {
    expect((await setUp({}, { bodyTimeoutMs: 20 }).handler(stream({}))).status).toBe(408);
    const broken = stream({ pull: (controller) => controller.error(new Error("reset")) });
    expect((await setUp().handler(broken)).status).toBe(400);
  });

  test("that is compressed is rejected with 415", async () => {
    const { handler, calls } = setUp();
    const packed = new Uint8Array(gzipSync(JSON.stringify(OPENED)));
    const response = await handler(deliveryRequest(packed, { headers: { "content-encoding": "gzip" } }));
    expect(response.status).toBe(415);
    expect(calls).toEqual([]);
  });

  test.each(["GET", "PUT", "DELETE", "OPTIONS"])("%s is answered 405", async (method) => {
    const response = await setUp().handler(new Request("http://localhost/", { method }));
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });
});

test("the log has one line per request, without body, signature or secret", async () => {
  const { handler, logged } = setUp();
  const body = JSON.stringify(OPENED);
  await handler(deliveryRequest(body, { headers: { "sb-request-id": "from-the-gateway" } }));
  await handler(deliveryRequest(body, { signature: sign("{}") }));
  expect(logged).toMatchObject([
    { request_id: "from-the-gateway", status: 200, event: "pull_request", outcome: "done" },
    { request_id: "request-1", status: 401 },
  ]);
  for (const hidden of [SECRET, PREVIOUS, "Codertocat", sign(body), "Update the README"]) {
    expect(JSON.stringify(logged)).not.toContain(hidden);
  }
});
