import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startHost } from "../../../scripts/local/function-process.ts";
import { JWT_SECRET } from "../../../scripts/local/keys.ts";
import { connect, openTestProject } from "../support/database.ts";
import { type Person, signUp, tokenOf } from "../support/people.ts";

// What a page in the developer's browser can reach: pages of other hosts send requests to the loopback
// address, and everybody knows the development keys.
const project = await openTestProject({ hosts: ["fixloop.test"] });
const sql = connect(project.database);
afterAll(async () => {
  await sql.end();
  await project.close();
});
const { hostname, port } = new URL(project.url);

/** Sends a request with exactly these headers, which `fetch` does not. */
async function send(
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<{ status: number; code: unknown }> {
  return await new Promise((resolve, reject) => {
    const method = body === undefined ? "GET" : "POST";
    request({ hostname, port, path, method, headers, setHost: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => text += part);
      response.once("end", () => {
        const answer: unknown = text.startsWith("{") ? JSON.parse(text) : {};
        resolve({ status: response.statusCode ?? 0, code: (answer as { code?: unknown }).code });
      });
    }).once("error", reject).end(body);
  });
}

const base64 = (text: string): string => Buffer.from(text, "latin1").toString("base64url");
const own = `127.0.0.1:${port}`;
const secret = { host: own, apikey: project.secretKey };
const issues = "/rest/v1/issues?select=id&limit=1";

describe("a host name that is not this machine's", () => {
  test.each([
    "evil.example",
    `evil.example:${port}`,
    `127.0.0.1.evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `evillocalhost:${port}`,
    `0.0.0.0:${port}`,
    `169.254.169.254:${port}`,
    `[::]:${port}`,
    `fixloop.test.evil.example`,
  ])("%s is refused, on every path and with every key", async (host) => {
    const refused = { status: 421, code: "host_forbidden" };
    for (const path of [issues, "/auth/v1/settings", "/functions/v1/circle-webhook", "/nothing"]) {
      expect(await send(path, { ...secret, host }), path).toEqual(refused);
    }
    expect(await send("/auth/v1/signup", { host, apikey: project.publishableKey }, "{}")).toEqual(refused);
    expect(await send(`http://${host}${issues}`, secret), "in the request line").toEqual(refused);
  });

  test.each([
    "127.0.0.1",
    own,
    "localhost",
    `localhost:${port}`,
    `127.1.2.3:${port}`,
    "fixloop.test",
    `fixloop.test:${port}`,
  ])("%s is one, or configured", async (host) => {
    expect((await send(issues, { ...secret, host })).status).toBe(200);
  });
});

const FOREIGN = [
  { origin: "https://evil.example" },
  { origin: "null" },
  { origin: "file://" },
  { origin: "http://127.0.0.1.evil.example" },
  { origin: `http://evil.example:${port}` },
  { origin: "http://0.0.0.0:3000" },
  { origin: "not a url" },
  { "sec-fetch-site": "cross-site" },
];

describe.each(FOREIGN)("a page of another host (%o)", (page) => {
  const refused = { status: 403, code: "origin_forbidden" };
  const token = (role: string): Promise<string> =>
    new SignJWT({ role }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h")
      .sign(new TextEncoder().encode(JWT_SECRET));

  test("is not served as the service role, however it shows the key", async () => {
    const publishable = { ...page, host: own, apikey: project.publishableKey };
    expect(await send(issues, { ...secret, ...page })).toEqual(refused);
    expect(await send(`${issues}&apikey=${project.secretKey}`, { ...page, host: own })).toEqual(refused);
    for (
      const authorization of [
        `Bearer ${project.secretKey}`,
        `Bearer ${await token("service_role")}`,
        `bearer  ${await token("service_role")}`,
        `Bearer ${await token("postgres")}`,
      ]
    ) {
      expect(await send(issues, { ...publishable, authorization }), authorization).toEqual(refused);
    }
    const call = { ...secret, ...page, "content-type": "application/json" };
    const member = JSON.stringify({ email: "eve@example.org", role: "admin" });
    expect(await send("/rest/v1/rpc/add_team_member", call, member)).toEqual(refused);
    expect(await send("/functions/v1/github-sweep", call, "{}")).toEqual(refused);
    expect(await send("/auth/v1/admin/users", call)).toEqual(refused);
  });

  test.each([
    ["an unencoded payload", { alg: "HS256", b64: false, crit: ["b64"] }, '{"role":"service_role"}'],
    ["a payload that is not UTF-8", { alg: "HS256" }, base64('{"role":"service_role","x":"\xff"}')],
    ["a list as payload", { alg: "HS256" }, base64('[{"role":"service_role"}]')],
  ])("is not served with a token that has %s, and nobody else is", async (_, header, payload) => {
    const signed = `${base64(JSON.stringify(header))}.${payload}`;
    const signature = createHmac("sha256", JWT_SECRET).update(signed).digest("base64url");
    const headers = {
      host: own,
      apikey: project.publishableKey,
      authorization: `Bearer ${signed}.${signature}`,
    };
    expect(await send(issues, { ...headers, ...page })).toEqual(refused);
    expect((await send(issues, headers)).status).toBe(401);
  });

  test("is served with the publishable key, also as a token, and with tokens that name no role", async () => {
    const headers = { ...page, host: own, apikey: project.publishableKey };
    expect((await send(issues, { ...headers, authorization: `Bearer ${project.publishableKey}` })).status)
      .toBe(401);
    expect((await send(issues, { ...headers, authorization: "Bearer opaque" })).code).toBe("PGRST301");
  });

  test("does not reach a webhook, whose secrets everybody knows", async () => {
    const { pathname, search } = new URL(project.circleWebhookUrl);
    const message = '{"Type":"single","Parent_Message":{"message_id":1,"body":"from a page"}}';
    const simple = { ...page, host: own, "content-type": "text/plain" };
    for (const path of [pathname + search, `${pathname}/x${search}`, "/functions/v1/github-webhook"]) {
      expect(await send(path, simple, message), path).toEqual(refused);
    }
    expect(await sql`select from private.inbox_events`).toHaveLength(0);
  });
});

describe("what pages may do", () => {
  let ana: Person;
  beforeAll(async () => {
    ana = await signUp(project, "ana", "viewer");
  });

  test("any page signs people in and acts for them, with the publishable key", async () => {
    const headers = { host: own, apikey: project.publishableKey, origin: "https://app.example" };
    const authorization = `Bearer ${await tokenOf(ana)}`;
    expect((await send(issues, { ...headers, authorization })).status).toBe(200);
    expect((await send("/auth/v1/settings", headers)).status).toBe(200);
  });

  test.each(["http://localhost:3000", "http://127.0.0.1:5173", "http://[::1]:8080", "https://fixloop.test"])(
    "a page of %s, which is the developer's own, uses the secret key and the webhooks",
    async (origin) => {
      expect((await send(issues, { ...secret, origin, "sec-fetch-site": "cross-site" })).status).toBe(200);
      const { pathname, search } = new URL(project.circleWebhookUrl);
      expect((await send(pathname + search, { host: own, origin }, "{}")).status).toBe(202);
    },
  );

  test("a server, which has no origin, too", async () => {
    expect((await send(issues, secret)).status).toBe(200);
    expect((await fetch(project.circleWebhookUrl, { method: "POST", body: "{}" })).status).toBe(202);
  });
});

test("the port of a function's own process answers the gateway alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "function-"));
  const entry = join(folder, "index.ts");
  writeFileSync(
    entry,
    `export default { fetch: () => Response.json({ key: Deno.env.get("FIXLOOP_HOST_KEY") ?? null }) };`,
  );
  const host = await startHost("alone", entry, {}, folder);
  try {
    const url = `http://127.0.0.1:${host.port}/alone`;
    expect((await fetch(url)).status).toBe(403);
    expect((await fetch(`http://127.0.0.1:${host.port}/.host/ping`)).status).toBe(403);
    expect((await fetch(url, { headers: { "fixloop-host-key": "undefined" } })).status).toBe(403);
    const answer = await (await fetch(url, { headers: { "fixloop-host-key": host.key } })).json();
    expect(answer).toEqual({ key: null });
  } finally {
    host.process.stdin?.end();
    await host.exited;
    rmSync(folder, { recursive: true });
  }
});
