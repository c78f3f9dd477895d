import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openSession } from "./session.ts";
import { fileStorage, SESSION_KEY } from "./session-file.ts";

// The session over an Auth server whose answer to a refresh each test defines.

const folder = mkdtempSync(join(tmpdir(), "fixloop-session-"));
const file = join(folder, "session.json");
const user = { id: "1", email: "ana@example.org" };
const session = (name: string) => ({
  access_token: `access ${name}`,
  refresh_token: `refresh ${name}`,
  token_type: "bearer",
  expires_in: 3600,
  // has expired by this machine's clock: nothing depends on it
  expires_at: 1,
  user,
});

let answer: { status: number; body: unknown };
const asked: unknown[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.setEncoding("utf8").on("data", (text: string) => body += text);
  request.on("end", () => {
    asked.push(JSON.parse(body));
    response.writeHead(answer.status, {
      "content-type": "application/json",
      "x-supabase-api-version": "2024-01-01",
    });
    response.end(JSON.stringify(answer.body));
  });
});
const open = () =>
  openSession({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, key: "key" }, file);

beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  asked.length = 0;
  answer = { status: 200, body: session("two") };
  await fileStorage(file).setItem(SESSION_KEY, JSON.stringify(session("one")));
});

test("callers with the same rejected token get the result of one refresh", async () => {
  const sessions = [open(), open(), open()];
  const tokens = await Promise.all(
    Array.from({ length: 12 }, (_, at) => sessions[at % 3]?.renew("access one")),
  );
  expect(new Set(tokens)).toEqual(new Set(["access two"]));
  expect(asked).toEqual([{ refresh_token: "refresh one" }]);
  expect(await open().accessToken()).toBe("access two");
});

test("a rejected token that is no longer the stored one needs no refresh", async () => {
  expect(await open().renew("access zero")).toBe("access one");
  expect(asked).toEqual([]);
});

test.each<[number, string, RegExp]>([
  [400, "user_banned", /The account is banned\./],
  [400, "refresh_token_not_found", /The session has ended: .* not found/],
  [400, "refresh_token_already_used", /The session has ended/],
  [403, "session_expired", /The session has ended/],
  [429, "over_request_rate_limit", /accepts no more requests/],
  [500, "unexpected_failure", /Auth at .* did not answer: HTTP 500/],
  [503, "unavailable", /did not answer: HTTP 503/],
])("%i %s: the reason, each time, and the session stays", async (status, code, message) => {
  answer = { status, body: { code, message: `${code.replaceAll("_", " ")}` } };
  const before = readFileSync(file, "utf8");
  for (const _ of [1, 2]) await expect(open().renew("access one")).rejects.toThrow(message);
  expect(asked.length).toBe(2);
  expect(readFileSync(file, "utf8")).toBe(before);
});

test("an Auth server that can't be reached: the reason, at once", async () => {
  const closed = openSession({ url: "http://127.0.0.1:9", key: "key" }, file);
  await expect(closed.renew("access one")).rejects.toThrow(/did not answer: \w+/);
  expect(await open().accessToken()).toBe("access one");
});
