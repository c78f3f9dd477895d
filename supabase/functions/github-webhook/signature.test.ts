import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { deliveryRequest, OPENED, PREVIOUS, SECRET, sign } from "../../tests/support/github-deliveries.ts";
import { setUpWebhook as setUp } from "../../tests/support/github-webhook.ts";

describe("the signature", () => {
  const body = JSON.stringify(OPENED);

  test("may be made with the previous secret", async () => {
    const { handler } = setUp();
    expect((await handler(deliveryRequest(body, { signature: sign(body, PREVIOUS) }))).status).toBe(200);
  });

  test("is over the bytes, whether they are UTF-8 or not", async () => {
    const { handler, calls } = setUp();
    const text = Buffer.from(JSON.stringify({ ...OPENED, note: "x" }));
    const bytes = new Uint8Array(text);
    bytes[text.lastIndexOf("x")] = 0xff;
    expect((await handler(deliveryRequest(bytes))).status).toBe(200);
    expect(Buffer.from(String(calls[0]?.args.body), "base64")).toEqual(Buffer.from(bytes));
    // the same text once decoded, in other bytes
    const replaced = new TextEncoder().encode(new TextDecoder().decode(bytes));
    const response = await handler(deliveryRequest(replaced, { signature: sign(bytes) }));
    expect(response.status).toBe(401);
  });

  test.each([
    ["missing", null],
    ["empty", ""],
    ["of another body", sign("{}")],
    ["with another secret", sign(body, "another-secret-of-the-webhook")],
    ["cut short", sign(body).slice(0, -2)],
    ["too long", `${sign(body)}00`],
    ["of SHA-1", sign(body, SECRET, "sha1")],
    ["of SHA-1 named as SHA-256", `sha256=${sign(body, SECRET, "sha1").slice(5)}`],
    ["bare", sign(body).slice(7)],
    ["in capitals", sign(body).toUpperCase()],
    ["in base64", `sha256=${createHmac("sha256", SECRET).update(body).digest("base64")}`],
    ["twice", `${sign(body)}, ${sign(body)}`],
  ])("%s: 401, without a call of the database", async (_what, signature) => {
    const { handler, calls, logged } = setUp();
    const response = await handler(
      deliveryRequest(body, { signature, headers: { "x-hub-signature": sign(body) } }),
    );
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "agents_webhook_signature_invalid" });
    expect(calls).toEqual([]);
    expect(logged).toMatchObject([{ status: 401, code: "agents_webhook_signature_invalid" }]);
  });

  test("covers every byte: no changed body is accepted", async () => {
    const { handler, calls } = setUp();
    const bytes = Buffer.from(body);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom("flip", "cut", "insert"),
        async (at, change, how) => {
          const changed = how === "cut"
            ? Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])
            : how === "insert"
            ? Buffer.concat([bytes.subarray(0, at), Buffer.from([change]), bytes.subarray(at)])
            : Buffer.from(bytes.map((byte, index) => index === at ? byte ^ change : byte));
          const response = await handler(
            deliveryRequest(new Uint8Array(changed), { signature: sign(bytes) }),
          );
          expect(response.status).toBe(401);
        },
      ),
      { numRuns: 300 },
    );
    expect(calls).toEqual([]);
  });

  test("is parsed before the body is read, and without a secret nothing is read", async () => {
    let pulls = 0;
    const body = () => new ReadableStream<Uint8Array>({ pull: () => void pulls++ }, { highWaterMark: 0 });
    const send = (signature: string) =>
      new Request("http://localhost/", {
        method: "POST",
        body: body(),
        headers: { "x-hub-signature-256": signature },
        duplex: "half",
      } as RequestInit);
    expect((await setUp().handler(send("sha1=ab"))).status).toBe(401);
    const secrets = () => {
      throw new Error("GITHUB_WEBHOOK_SECRETS is not set");
    };
    const response = await setUp({}, { secrets }).handler(send(sign("{}")));
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({
      code: "agents_github_webhook_unavailable",
      details: "GITHUB_WEBHOOK_SECRETS is not set",
    });
    expect(pulls).toBe(0);
  });
});
