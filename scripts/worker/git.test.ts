import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createGit, type Git, GitError, isDenied } from "./git.ts";

// Which servers get git's credentials.

const TOKEN = "ghp_only_for_the_first_server_0123456789";

let folder: string;
let git: Git;
let servers: Server[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fixloop-git-test-"));
  servers = [];
  git = createGit({
    folder,
    protocols: ["http"],
    author: { name: "t", email: "t@example.org" },
    signal: new AbortController().signal,
  }, process.env);
});

afterEach(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A server that asks for a password, or redirects; with the headers `Authorization` that it received. */
async function serve(redirect?: string): Promise<{ origin: string; received: string[] }> {
  const received: string[] = [];
  const server = createServer((request, response) => {
    if (request.headers.authorization) received.push(request.headers.authorization);
    if (redirect) response.writeHead(301, { location: `${redirect}${request.url}` }).end();
    else response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

const ask = (origin: string, of: string): Promise<unknown> =>
  git(["ls-remote", "--", `${origin}/acme/shop.git`], { credentials: { origin: of, token: TOKEN } }).catch((
    error: unknown,
  ) => error);

test("the token's server gets it, with the user name that GitHub expects", async () => {
  const { origin, received } = await serve();
  const error = await ask(origin, origin);
  expect(error).toBeInstanceOf(GitError);
  expect(isDenied(error as GitError)).toBe(true);
  expect(received.length).toBeGreaterThan(0);
  expect(Buffer.from(received[0]?.slice("Basic ".length) ?? "", "base64").toString()).toBe(
    `x-access-token:${TOKEN}`,
  );
});

test("another server does not, nor one that the first redirects to", async () => {
  const other = await serve();
  const first = await serve(other.origin);
  expect(await ask(other.origin, first.origin)).toBeInstanceOf(GitError);
  expect(await ask(first.origin, first.origin)).toBeInstanceOf(GitError);
  expect(other.received).toEqual([]);
});

test("a server whose name has the same beginning does not", async () => {
  const { origin, received } = await serve();
  expect(await ask(origin, origin.slice(0, -1))).toBeInstanceOf(GitError);
  expect(received).toEqual([]);
});

test("the token is in no file", async () => {
  const { origin } = await serve();
  await ask(origin, origin);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    expect(readFileSync(join(entry.parentPath, entry.name), "utf8"), entry.name).not.toContain(TOKEN);
  }
});

test("git rejects a protocol that is not allowed", async () => {
  const error = await git(["ls-remote", "--", "ext::sh -c true"]).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GitError);
  expect((error as GitError).message).toContain("transport 'ext' not allowed");
});
