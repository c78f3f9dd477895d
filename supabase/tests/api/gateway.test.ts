import { request } from "node:http";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { loadConfig } from "../../../scripts/local/config.ts";
import { JWT_SECRET } from "../../../scripts/local/keys.ts";
import { openTestProject } from "../support/database.ts";

// The gateway, and functions that fail. Each function is a folder with an index.ts, as in supabase/functions.
const FUNCTIONS: Record<string, string> = {
  open: `export default { fetch: async (request) => Response.json({
    path: new URL(request.url).pathname, method: request.method, body: await request.text(),
    slug: Deno.env.get("SUPABASE_FUNCTION_SLUG"), hasKeys: Deno.env.has("SUPABASE_SECRET_KEYS") }) };`,
  guarded: `export default { fetch: () => new Response("in") };`,
  throws: `export default { fetch: () => { throw new Error("now"); } };`,
  "throws-late": `export default { fetch: () => {
    setTimeout(() => { throw new Error("late"); }, 10); return new Response("sent"); } };`,
  talkative: `console.log("loading"); console.log('{"port": 1}');
    export default { fetch: () => new Response("up") };`,
  waits: `export default { fetch: (request) => request.url.endsWith("not") ? new Response("no")
    : new Promise(() => { console.log("waiting"); setTimeout(() => {}, 60_000); }) };`,
  spins: `export default { fetch: () => { for (;;) {} } };`,
  "fails-to-boot": `throw new Error("no");`,
};
const folder = mkdtempSync(join(tmpdir(), "functions-"));
for (const [name, source] of Object.entries(FUNCTIONS)) {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "index.ts"), source);
}
const config = loadConfig();
for (const name of Object.keys(FUNCTIONS)) {
  config.functions[name] = { enabled: true, verify_jwt: name === "guarded" };
}
const lines: string[] = [];
const project = await openTestProject({
  template: "platform",
  config,
  functions: { folder, log: (_, line) => lines.push(line) },
});
afterAll(async () => {
  await project.close();
  rmSync(folder, { recursive: true });
});
const call = (name: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${project.url}/functions/v1/${name}`, init);
const key = { apikey: project.publishableKey };

describe("routes", () => {
  test.each([["/rest/v1/nothing", 404, "PGRST205"], ["/auth/v1/settings", 200, undefined]])(
    "%s reaches its server",
    async (path, status, code) => {
      const response = await fetch(project.url + path, { headers: key });
      expect([response.status, (await response.json() as { code?: string }).code]).toEqual([status, code]);
    },
  );

  test.each(["/", "/rest", "/storage/v1/object", "/realtime/v1", "/functions/v1"])(
    "%s is 404",
    async (path) => {
      const response = await fetch(project.url + path, { headers: key });
      expect([response.status, await response.json()]).toEqual([404, {
        message: "no Route matched with those values",
      }]);
    },
  );
});

describe("CORS", () => {
  test.each(["/rest/v1/clients", "/auth/v1/token"])(
    "%s may be asked by a page of any origin",
    async (path) => {
      const response = await fetch(project.url + path, {
        method: "OPTIONS",
        headers: {
          Origin: "https://app.example.com",
          "Access-Control-Request-Method": "PATCH",
          "Access-Control-Request-Headers": "authorization,apikey,x-anything-at-all",
        },
      });
      expect(response.status).toBe(200);
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-allow-methods")).toContain("PATCH");
      expect(response.headers.get("access-control-allow-headers")).toBe(
        "authorization,apikey,x-anything-at-all",
      );
    },
  );

  test("responses and errors are readable, with the headers for paging", async () => {
    for (const headers of [key, {}]) {
      const response = await fetch(`${project.url}/rest/v1/nothing`, { headers });
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-expose-headers")).toContain("Content-Range");
    }
  });
});

describe("a function", () => {
  test("gets its path, method and body, and the platform's environment", async () => {
    const response = await call("open/more?x=1", { method: "POST", body: "hello" });
    expect(await response.json()).toEqual({
      path: "/open/more",
      method: "POST",
      body: "hello",
      slug: "open",
      hasKeys: true,
    });
  });

  test("that does not exist is 404", async () => {
    for (const name of ["nothing", "..", "_shared"]) expect((await call(name)).status).toBe(404);
  });

  test("with verify_jwt needs a token that Auth signed", async () => {
    const sign = (secret: string, expires: string): Promise<string> =>
      new SignJWT({ role: "authenticated" }).setProtectedHeader({ alg: "HS256" }).setExpirationTime(expires)
        .sign(new TextEncoder().encode(secret));
    const withToken = (token: string) => call("guarded", { headers: { Authorization: `Bearer ${token}` } });
    expect((await call("guarded")).status).toBe(401);
    expect((await call("guarded", { headers: key })).status).toBe(401);
    expect((await withToken(project.publishableKey)).status).toBe(401);
    expect((await withToken(await sign("x".repeat(40), "1h"))).status).toBe(401);
    expect((await withToken(await sign(JWT_SECRET, "-1s"))).status).toBe(401);
    const letIn = await withToken(await sign(JWT_SECRET, "1h"));
    expect([letIn.status, await letIn.text()]).toEqual([200, "in"]);
  });

  const othersAnswer = async (): Promise<void> => {
    expect((await call("open")).status).toBe(200);
    expect((await fetch(`${project.url}/rest/v1/nothing`, { headers: key })).status).toBe(404);
  };

  test("that throws is 500, and the next request is answered", async () => {
    for (let round = 0; round < 2; round++) expect((await call("throws")).status).toBe(500);
    await othersAnswer();
  });

  test("that throws after its response ends alone and is started again", async () => {
    for (let round = 0; round < 3; round++) {
      const running = project.functions.pids();
      const response = await call("throws-late");
      expect([200, 500]).toContain(response.status);
      await response.text();
      const host = project.functions.pids().filter((pid) => !running.includes(pid));
      await expect.poll(() => project.functions.pids().some((pid) => host.includes(pid))).toBe(false);
    }
    await othersAnswer();
  });

  test("that is killed during a request is 500, and the next request starts it again", async () => {
    const before = project.functions.pids();
    const waiting = call("waits");
    const started = (): number[] => project.functions.pids().filter((pid) => !before.includes(pid));
    await expect.poll(() => started().length).toBe(1);
    await expect.poll(() => lines.includes("waiting")).toBe(true);
    for (const pid of started()) process.kill(pid, "SIGKILL");
    const response = await waiting;
    expect([response.status, (await response.json() as { code: string }).code]).toEqual([
      500,
      "WORKER_ERROR",
    ]);
    expect((await call("waits?not")).status).toBe(200);
    await othersAnswer();
  });

  test("that blocks its event loop is ended with 546, and does not delay the others", async () => {
    const spinning = call("spins");
    await othersAnswer();
    expect((await spinning).status).toBe(546);
    await othersAnswer();
  });

  test("can log anything while it loads", async () => {
    const response = await call("talkative");
    expect([response.status, await response.text()]).toEqual([200, "up"]);
  });

  test("can send a long response to a client that accepts compression", async () => {
    const body = "a long line of text, said again. ".repeat(2000);
    const response = await call("open", { method: "POST", body, headers: { "accept-encoding": "gzip" } });
    expect(await response.json()).toMatchObject({ body });
  });

  test("does not get TRACE requests", async () => {
    const status = await new Promise((resolve, reject) => {
      const { hostname, port } = new URL(project.url);
      request(
        { hostname, port, path: "/functions/v1/open", method: "TRACE" },
        (answer) => resolve(answer.statusCode),
      )
        .once("error", reject).end();
    });
    expect(status).toBe(405);
  });

  test("that fails to start is 503", async () => {
    const response = await call("fails-to-boot");
    expect([response.status, (await response.json() as { code: string }).code]).toEqual([503, "BOOT_ERROR"]);
    await othersAnswer();
  });
});
