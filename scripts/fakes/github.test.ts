import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { verify } from "@octokit/webhooks-methods";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Clients, errorOf, startWithClients, TOKEN } from "./github-clients.ts";

// The fake behaves as GitHub documents, tested with GitHub's own client.

const repository = { owner: "acme", repo: "shop" };
let fake: Clients["fake"];
let maya: Clients["maya"];
let nobody: Clients["nobody"];
let stranger: Clients["stranger"];
let client: Clients["client"];

beforeEach(async () => {
  ({ fake, maya, nobody, stranger, client } = await startWithClients());
});

afterEach(async () => {
  await fake.stop();
});

describe("tokens", () => {
  test("a valid token: its account, scopes and expiry", async () => {
    const { data, headers } = await maya.request("GET /user");
    expect(data.login).toBe("maya");
    expect(headers).toMatchObject({
      "x-oauth-scopes": "repo, user",
      "github-authentication-token-expiration": "2099-01-02 03:04:05 UTC",
      "x-ratelimit-limit": "5000",
    });
    expect(headers["x-github-request-id"]).toMatch(/^[0-9A-F]+$/);
  });

  test("a fine-grained token has no scopes", async () => {
    fake.state.addUser({ login: "fine", token: "github_pat_1" });
    const { headers } = await client("github_pat_1").request("GET /user");
    expect(headers["x-oauth-scopes"]).toBeUndefined();
  });

  test("an unknown token, an expired one, and none", async () => {
    fake.state.addUser({ login: "late", token: "ghp_late", expiresAt: new Date("2020-01-01") });
    for (const auth of ["ghp_wrong", "ghp_late"]) {
      const { status, response } = await errorOf(client(auth).request("GET /user"));
      expect([status, response.data.message]).toEqual([401, "Bad credentials"]);
    }
    const { response } = await errorOf(nobody.request("GET /user"));
    expect(response.data).toMatchObject({ message: "Requires authentication", status: "401" });
  });

  test("a private repository is not found by others, nor with a token without the scope repo", async () => {
    const vault = { owner: "acme", repo: "vault" };
    fake.state.addUser({ login: "maya", token: "ghp_narrow", scopes: ["user"] });
    expect((await maya.request("GET /repos/{owner}/{repo}", vault)).data.private).toBe(true);
    for (const other of [nobody, stranger, client("ghp_narrow")]) {
      expect((await errorOf(other.request("GET /repos/{owner}/{repo}", vault))).status).toBe(404);
    }
    expect((await nobody.request("GET /repos/{owner}/{repo}", repository)).data.full_name).toBe("acme/shop");
  });
});

describe("pull requests", () => {
  const open = (head = "fix", by = maya) =>
    by.request("POST /repos/{owner}/{repo}/pulls", { ...repository, title: "Fix it", head, base: "main" });
  const read = (number = 1, headers = {}) =>
    maya.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
      ...repository,
      pull_number: number,
      headers,
    });

  test("opened, read, changed, closed", async () => {
    const { status, data } = await open();
    expect(status).toBe(201);
    expect(data).toMatchObject({
      number: 1,
      state: "open",
      merged: false,
      html_url: "https://github.com/acme/shop/pull/1",
      url: `${fake.url}/repos/acme/shop/pulls/1`,
      user: { login: "maya" },
      head: { ref: "fix", repo: { full_name: "acme/shop" } },
    });
    await maya.request("PATCH /repos/{owner}/{repo}/pulls/{pull_number}", {
      ...repository,
      pull_number: 1,
      title: "Fix it well",
      state: "closed",
    });
    const { data: closed } = await read();
    expect(closed).toMatchObject({ title: "Fix it well", state: "closed", merged_at: null });
    expect(closed.closed_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect((await errorOf(read(2))).status).toBe(404);
  });

  test("a second one for the same branch, missing fields, strangers and broken JSON get GitHub's errors", async () => {
    await open();
    const again = await errorOf(open());
    expect(again.status).toBe(422);
    expect(again.response.data.errors).toEqual([
      { resource: "PullRequest", code: "custom", message: "A pull request already exists for acme:fix." },
    ]);
    const partly = await errorOf(maya.request("POST /repos/acme/shop/pulls", { title: "x", head: "fix" }));
    expect(partly.response.data.errors).toEqual([
      { resource: "PullRequest", field: "base", code: "missing_field" },
    ]);
    expect((await errorOf(open("other", stranger))).status).toBe(403);
    const broken = await fetch(`${fake.url}/repos/acme/shop/pulls`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}` },
      body: "{",
    });
    expect([broken.status, (await broken.json() as { message: string }).message]).toEqual([
      400,
      "Problems parsing JSON",
    ]);
  });

  test("lists by head and state, without the keys of a single one", async () => {
    await open("one");
    await open("two");
    fake.state.merge("acme", "shop", 1);
    const list = async (query: object) =>
      (await maya.request("GET /repos/{owner}/{repo}/pulls", { ...repository, ...query })).data;
    expect((await list({})).map(({ number }) => number)).toEqual([2]);
    const [merged, ...others] = await list({ head: "acme:one", state: "all" });
    expect(others).toEqual([]);
    expect(merged?.merged_at).toBeTruthy();
    expect(merged).not.toHaveProperty("merged");
    expect(await list({ head: "one", state: "all" }), "no filter without the owner").toHaveLength(2);
  });

  test("conditional requests don't count until something changes", async () => {
    await open();
    const { headers } = await read();
    const etag = headers.etag ?? "";
    const left = Number((await read()).headers["x-ratelimit-remaining"]);
    const { status, response } = await errorOf(read(1, { "if-none-match": etag }));
    expect(status).toBe(304);
    expect(response.headers["x-ratelimit-remaining"]).toBe(String(left));
    fake.state.updatePull("acme", "shop", 1, { title: "another" });
    const changed = await read(1, { "if-none-match": etag });
    expect(changed.data.title).toBe("another");
  });

  test("a delivery contains the current pull request, and its bytes are signed", async () => {
    await open();
    fake.state.merge("acme", "shop", 1, "maya");
    const { headers, body } = fake.state.delivery({
      owner: "acme",
      name: "shop",
      number: 1,
      action: "closed",
    });
    const signature = headers["x-hub-signature-256"] ?? "";
    expect(await verify(fake.state.webhookSecret, body, signature)).toBe(true);
    expect(await verify(fake.state.webhookSecret, `${body} `, signature)).toBe(false);
    const payload = JSON.parse(body) as Record<string, unknown>;
    expect(payload).toMatchObject({
      action: "closed",
      number: 1,
      pull_request: { merged: true, merged_by: { login: "maya" }, state: "closed" },
      repository: { full_name: "acme/shop", owner: { login: "acme" } },
      sender: { login: "maya" },
    });
    expect(body).not.toMatch(/Codertocat|Hello-World/);
  });

  test("with a bare repository, branches exist and are merged", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fixloop-fake-github-"));
    try {
      const git = (...args: string[]): string =>
        execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
          cwd: folder,
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        }).trim();
      git("init", "-b", "main", "work");
      git("-C", "work", "commit", "--allow-empty", "-m", "first");
      git("-C", "work", "branch", "same");
      git("-C", "work", "switch", "-c", "fix");
      writeFileSync(join(folder, "work/file"), "fixed\n");
      git("-C", "work", "add", "file");
      git("-C", "work", "commit", "-m", "second");
      git("clone", "--bare", "work", "shop.git");
      const shop = fake.state.repo("acme", "shop");
      if (shop) shop.gitDir = join(folder, "shop.git");

      expect((await errorOf(open("gone"))).response.data.errors).toEqual([
        { resource: "PullRequest", field: "head", code: "invalid" },
      ]);
      const [none] = (await errorOf(open("same"))).response.data.errors as { message: string }[];
      expect(none?.message).toBe("No commits between main and same");
      const { data } = await open();
      expect(data.head.sha).toBe(git("-C", "work", "rev-parse", "fix"));
      const { mergeCommitSha } = fake.state.merge("acme", "shop", 1);
      expect(git("-C", "shop.git", "rev-parse", "main")).toBe(mergeCommitSha);
      expect(git("-C", "shop.git", "show", "main:file")).toBe("fixed");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("faults", () => {
  const user = () => maya.request("GET /user");

  test("occur as often as requested, on matching paths only", async () => {
    fake.state.faults.push(
      { path: "/user", status: 500, times: 2, body: "<html>" },
      {
        path: "/user",
        status: 403,
        headers: { "retry-after": "60" },
        body: { message: "You have exceeded a secondary rate limit. Please wait a few minutes." },
      },
    );
    expect((await maya.request("GET /repos/{owner}/{repo}", repository)).status).toBe(200);
    expect((await errorOf(user())).status).toBe(500);
    expect((await errorOf(user())).status).toBe(500);
    const limited = await errorOf(user());
    expect([limited.status, limited.response.headers["retry-after"]]).toEqual([403, "60"]);
    expect((await user()).status).toBe(200);
  });

  test("a slow answer, a closed connection, and broken JSON", async () => {
    fake.state.faults.push({ delayMs: 60 });
    const started = performance.now();
    expect((await user()).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThan(50);
    fake.state.faults.push({ hangUp: true });
    await expect(user()).rejects.toThrow();
    fake.state.faults.push({ body: '{"login":' });
    const broken = await fetch(`${fake.url}/user`, { headers: { authorization: `token ${TOKEN}` } });
    await expect(broken.json()).rejects.toThrow(SyntaxError);
  });

  test("the hourly limit ends in 403 until it is reset", async () => {
    const [account] = fake.state.users;
    if (account) account.remaining = 1;
    expect((await user()).status).toBe(200);
    const { status, response } = await errorOf(user());
    expect(status).toBe(403);
    expect(response.data.message).toMatch(/^API rate limit exceeded/);
    expect(response.headers["x-ratelimit-remaining"]).toBe("0");
  });

  test("every request is recorded, with the owner of its token", async () => {
    await user();
    await nobody.request("GET /repos/{owner}/{repo}", repository);
    expect(fake.state.requests.map(({ method, path, login, status }) => [method, path, login, status]))
      .toEqual([
        ["GET", "/user", "maya", 200],
        ["GET", "/repos/acme/shop", null, 200],
      ]);
  });
});
