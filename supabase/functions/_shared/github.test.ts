import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type FakeGithub, startFakeGithub } from "../../../scripts/fakes/github.ts";
import { createGithub, type Question, type ReportedLimit } from "./github.ts";

// Over real HTTP, against the fake GitHub.

const TOKEN = "ghp_0123456789012345678901234567890123456";
const NOW = Date.parse("2026-03-01T10:00:00Z");
let fake: FakeGithub;

beforeAll(async () => {
  fake = await startFakeGithub();
});
afterAll(() => fake.stop());
beforeEach(() => {
  for (const list of [fake.state.users, fake.state.repos, fake.state.pulls, fake.state.faults]) {
    list.length = 0;
  }
  fake.state.requests.length = 0;
  fake.state.addUser({ login: "maya", token: TOKEN });
  fake.state.addRepo({ owner: "acme", name: "shop", isPrivate: true, members: ["maya"] });
  fake.state.openPull({ owner: "acme", name: "shop", title: "Fix it", head: "fix" });
});

const ask = (question: Partial<Question> = {}, timeoutMs = 20_000) =>
  createGithub({ apiUrl: fake.url, fetch, clock: () => NOW, timeoutMs })({
    path: "/repos/acme/shop/pulls/1",
    token: TOKEN,
    etag: null,
    ...question,
  });

const after = (seconds: number) => new Date(NOW + seconds * 1000);

test("an existing resource is returned with its ETag, and an unchanged one without content", async () => {
  const answer = await ask();
  if (answer.kind !== "ok") throw new Error(answer.kind);
  expect(JSON.parse(answer.body)).toMatchObject({ number: 1, title: "Fix it" });
  expect(await ask({ etag: answer.etag })).toEqual({ kind: "unchanged" });
  fake.state.merge("acme", "shop", 1);
  expect(await ask({ etag: answer.etag })).toMatchObject({ kind: "ok" });
  expect(fake.state.requests[0]?.headers).toMatchObject({
    accept: "application/vnd.github+json",
    "user-agent": "fixloop",
    "x-github-api-version": "2022-11-28",
  });
});

test("what does not exist, or is not readable with this token, is not seen", async () => {
  fake.state.addUser({ login: "mallory", token: "ghp_mallory" });
  for (
    const question of [
      { path: "/repos/acme/shop/pulls/2" },
      { path: "/repos/acme/none/pulls/1" },
      { token: "ghp_mallory" },
      { token: null },
    ]
  ) {
    expect(await ask(question)).toEqual({ kind: "not_seen" });
  }
  const ruled = { message: "Resource protected by organization SAML enforcement." };
  fake.state.faults.push({ status: 403, body: ruled }, { status: 451, body: {} }, { status: 410, body: {} });
  for (let at = 0; at < 3; at++) expect(await ask()).toEqual({ kind: "not_seen" });
});

test("a rejected token is distinguished from one that can't read the resource", async () => {
  expect(await ask({ token: "ghp_gone" })).toEqual({ kind: "token_rejected" });
});

describe("limits", () => {
  test.each([
    [
      "a secondary one with a time",
      {
        status: 403,
        headers: { "retry-after": "77" },
        body: { message: "You have exceeded a secondary rate limit." },
      },
      { kind: "limited", until: after(77) },
    ],
    [
      "a secondary one without a time: a minute",
      { status: 403, body: { message: "You have exceeded a secondary rate limit." } },
      { kind: "limited", until: after(60) },
    ],
    ["429 with seconds", { status: 429, headers: { "retry-after": "5" }, body: {} }, {
      kind: "limited",
      until: after(5),
    }],
    [
      "429 with a date",
      { status: 429, headers: { "retry-after": "Sun, 01 Mar 2026 10:02:00 GMT" }, body: {} },
      { kind: "limited", until: after(120) },
    ],
    ["429 without", { status: 429, body: {} }, { kind: "limited", until: after(60) }],
    [
      "429 with a header that is not a number",
      { status: 429, headers: { "retry-after": "soon" }, body: {} },
      { kind: "limited", until: after(60) },
    ],
  ])("%s", async (_what, fault, answer) => {
    fake.state.faults.push(fault);
    expect(await ask()).toEqual(answer);
  });

  test("the hourly limit concerns one token", async () => {
    const [maya] = fake.state.users;
    if (maya) maya.remaining = 0;
    expect(await ask()).toEqual({ kind: "exhausted" });
  });
});

describe("an unusable answer", () => {
  test.each([
    ["an error of GitHub's", { status: 500, body: "<html>" }, "status 500"],
    ["an outage", { status: 503, body: "" }, "status 503"],
    ["broken JSON", { body: '{"number":' }, "not JSON"],
    ["JSON that is not an object", { body: "1" }, "not an object"],
    ["a slow answer", { delayMs: 500 }, "timeout"],
    ["a cut connection", { hangUp: true }, "unreachable"],
    ["an answer that is too large", { body: `"${"x".repeat(6 * 1024 * 1024)}"` }, "too large"],
  ])("%s", async (_what, fault, why) => {
    fake.state.faults.push(fault);
    expect(await ask({}, why === "timeout" ? 300 : 20_000)).toEqual({ kind: "failed", why });
  });

  test("an outage whose end is known", async () => {
    fake.state.faults.push({ status: 503, headers: { "retry-after": "300" }, body: "" });
    expect(await ask()).toEqual({ kind: "failed", why: "status 503", until: after(300) });
  });

  test("a server that can't be reached", async () => {
    const unreachable = createGithub({ apiUrl: "http://127.0.0.1:1", fetch, clock: () => NOW });
    expect(await unreachable({ path: "/user", token: TOKEN, etag: null })).toEqual({
      kind: "failed",
      why: "unreachable",
    });
  });
});

describe("redirects", () => {
  const moved = (location: string) => ({
    status: 301,
    headers: { location },
    body: {},
    path: "/shop/pulls/1",
  });

  test("of a renamed repository are followed", async () => {
    fake.state.addRepo({ owner: "acme", name: "store", isPrivate: true, members: ["maya"] });
    fake.state.openPull({ owner: "acme", name: "store", title: "Moved", head: "fix" });
    fake.state.faults.push(moved(`${fake.url}/repos/acme/store/pulls/1`));
    const answer = await ask();
    expect(answer.kind === "ok" && JSON.parse(answer.body)).toMatchObject({ title: "Moved" });
  });

  test("that form a cycle end", async () => {
    fake.state.faults.push({ ...moved("/repos/acme/shop/pulls/1"), times: 99 });
    expect(await ask()).toEqual({ kind: "not_seen" });
    expect(fake.state.requests).toHaveLength(3);
  });

  test("to another origin are not followed, and the token is not sent there", async () => {
    const seen: unknown[] = [];
    const elsewhere = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end("{}");
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const { port } = elsewhere.address() as AddressInfo;
    fake.state.faults.push(moved(`http://127.0.0.1:${port}/`));
    expect(await ask()).toEqual({ kind: "not_seen" });
    expect(seen).toEqual([]);
    await new Promise((resolve) => elsewhere.close(resolve));
  });
});

describe("what GitHub reports of a limit", () => {
  test("comes with each answer, and a 304 does not count", async () => {
    const seen: ReportedLimit[] = [];
    const onLimit = (limit: ReportedLimit) => seen.push(limit);
    const answer = await ask({ onLimit });
    await ask({ onLimit, etag: answer.kind === "ok" ? answer.etag : null });
    expect(seen.map(({ remaining }) => remaining)).toEqual([4999, 4999]);
  });

  test("is renewed as long after our time as GitHub says after its own", async () => {
    const seen: ReportedLimit[] = [];
    const report = async (headers: Record<string, string>) => {
      fake.state.faults.push({ headers: { "x-ratelimit-remaining": "7", ...headers }, body: {} });
      await ask({ onLimit: (limit) => seen.push(limit) });
    };
    // GitHub's clock is a day ahead
    const date = "Mon, 02 Mar 2026 10:00:00 GMT";
    await report({ date, "x-ratelimit-reset": String(Date.parse(date) / 1000 + 600) });
    await report({ date, "x-ratelimit-reset": String(Date.parse(date) / 1000 - 600) });
    await report({ date, "x-ratelimit-reset": "999999999999" });
    await report({ date, "x-ratelimit-reset": "soon" });
    expect(seen).toEqual([600, 0, 3600].map((seconds) => ({ remaining: 7, resetsAt: after(seconds) })));
  });
});

test("a GraphQL query is sent by POST, to the API's own address for them", async () => {
  const answer = await ask({ path: "/graphql", graphql: "{ viewer { login } }" });
  expect(answer).toMatchObject({ kind: "ok", value: { data: { viewer: { login: "maya" } } } });
  expect(fake.state.requests.at(-1)).toMatchObject({ method: "POST", path: "/graphql" });
  const urls: string[] = [];
  const enterprise = createGithub({
    apiUrl: "https://github.example/api/v3",
    fetch: (input) => {
      urls.push(String(input));
      return Promise.resolve(Response.json({}));
    },
    clock: () => NOW,
  });
  await enterprise({ path: "/graphql", token: TOKEN, etag: null, graphql: "{ viewer { login } }" });
  expect(urls).toEqual(["https://github.example/api/graphql"]);
});

test("a list says whether it has another page", async () => {
  for (const name of ["one", "two", "three"]) fake.state.addRepo({ owner: "maya", name });
  expect(await ask({ path: "/user/repos?per_page=2" })).toMatchObject({ kind: "ok", hasNext: true });
  expect(await ask({ path: "/user/repos?per_page=2&page=2" })).toMatchObject({ kind: "ok", hasNext: false });
});
