import { Octokit } from "@octokit/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Clients, errorOf, QUIET, startWithClients, TOKEN } from "./github-clients.ts";
import { startFakeGithub } from "./github.ts";

// An account's repositories, contributions and limits are as GitHub documents, tested with GitHub's own client.

const repository = { owner: "acme", repo: "shop" };
let fake: Clients["fake"];
let maya: Clients["maya"];
let nobody: Clients["nobody"];

beforeEach(async () => {
  ({ fake, maya, nobody } = await startWithClients());
});

afterEach(async () => {
  await fake.stop();
});

describe("the user's own repositories", () => {
  const page = (query: Record<string, unknown>, headers = {}) =>
    maya.request("GET /user/repos", { affiliation: "owner", sort: "created", ...query, headers });

  beforeEach(() => {
    for (let count = 1; count <= 5; count++) {
      fake.state.addRepo({
        owner: "maya",
        name: `tool-${count}`,
        stars: count,
        createdAt: new Date(`2026-01-0${count}T00:00:00Z`),
      });
    }
  });

  test("come in pages, the newest first, with links", async () => {
    const first = await page({ per_page: 2 });
    expect(first.data.map(({ name, stargazers_count }) => [name, stargazers_count])).toEqual([
      ["tool-5", 5],
      ["tool-4", 4],
    ]);
    const links = String(first.headers.link).split(", ");
    expect(links).toHaveLength(2);
    expect(links[0]).toMatch(/page=2>; rel="next"$/);
    expect(links[1]).toMatch(/page=3>; rel="last"$/);
    const last = await page({ per_page: 2, page: 3 });
    expect(last.data.map(({ name }) => name)).toEqual(["tool-1"]);
    expect(last.headers.link).not.toContain('rel="next"');
    expect((await page({ per_page: 100 })).headers.link).toBeUndefined();
  });

  test("have an ETag per page, whose 304 does not count against the limit", async () => {
    const { headers } = await page({ per_page: 2 });
    const again = await errorOf(page({ per_page: 2 }, { "if-none-match": headers.etag }));
    expect(again.status).toBe(304);
    expect(again.response.headers["x-ratelimit-remaining"]).toBe("4999");
    const [repo] = fake.state.repos.filter(({ name }) => name === "tool-5");
    if (repo) repo.stars = 6;
    expect((await page({ per_page: 2 }, { "if-none-match": headers.etag })).data[0]?.stargazers_count).toBe(
      6,
    );
  });

  test("do not contain others'; private ones only with the scope repo", async () => {
    fake.state.addRepo({ owner: "maya", name: "secret", isPrivate: true });
    expect((await page({})).data).toHaveLength(6);
    const [account] = fake.state.users;
    if (account) account.scopes = ["read:user"];
    expect((await page({})).data).toHaveLength(5);
    expect((await errorOf(nobody.request("GET /user/repos"))).status).toBe(401);
  });
});

describe("contributions by GraphQL", () => {
  const ask = async (query: string, auth = TOKEN) => {
    const response = await fetch(`${fake.url}/graphql`, {
      method: "POST",
      headers: { authorization: `Bearer ${auth}`, "content-type": "application/json" },
      body: JSON.stringify({ query }),
    });
    return { headers: response.headers, body: await response.json() as Record<string, unknown> };
  };
  const collection = (alias: string, from: string, to: string) =>
    `${alias}: contributionsCollection(from: "${from}", to: "${to}") { totalCommitContributions }`;

  beforeEach(() => {
    const [account] = fake.state.users;
    account?.contributions.push(
      { kind: "commit", at: new Date("2026-11-29T23:30:00Z"), repo: "acme/shop", count: 3 },
      { kind: "commit", at: new Date("2026-11-30T12:00:00Z"), repo: "acme/shop", count: 1 },
      { kind: "pull_request", at: new Date("2026-11-30T12:00:00Z"), repo: "acme/shop", count: 1 },
      { kind: "issue", at: new Date("2026-11-30T12:00:00Z"), repo: "acme/shop", count: 2 },
    );
  });

  test("one aliased collection per day, for one point", async () => {
    const { headers, body } = await ask(
      `{ viewer { login ${collection("a", "2026-11-29T00:00:00Z", "2026-11-29T23:59:59Z")} ` +
        `${collection("b", "2026-11-29T23:00:00Z", "2026-11-30T22:59:59Z")} } }`,
    );
    expect(body).toMatchObject({
      data: {
        viewer: {
          login: "maya",
          a: { totalCommitContributions: 3, totalRepositoriesWithContributedCommits: 1 },
          b: {
            totalCommitContributions: 4,
            totalPullRequestContributions: 1,
            totalIssueContributions: 2,
            contributionCalendar: { totalContributions: 7 },
          },
        },
        rateLimit: { cost: 1, remaining: 4999 },
      },
    });
    expect(headers.get("x-ratelimit-resource")).toBe("graphql");
    expect(fake.state.users[0]).toMatchObject({ points: 4999, remaining: 5000 });
  });

  test("errors come with status 200, next to what could be answered", async () => {
    const { body } = await ask(
      `{ viewer { ${collection("a", "2025-01-01T00:00:00Z", "2026-11-30T00:00:00Z")} ` +
        `${collection("b", "2026-11-30T00:00:00Z", "2026-11-30T23:59:59Z")} } }`,
    );
    expect(body).toMatchObject({
      data: { viewer: { a: null, b: { totalCommitContributions: 1 } } },
      errors: [{ path: ["viewer", "a"], message: expect.stringContaining("1 year") }],
    });
    const [account] = fake.state.users;
    if (account) account.points = 0;
    expect((await ask("{ viewer { login } }")).body).toMatchObject({ errors: [{ type: "RATE_LIMITED" }] });
  });
});

test("requests without a token have a limit of their own, and all limits are renewed with the hour", async () => {
  let clock = new Date("2026-11-30T12:30:00Z");
  const timed = await startFakeGithub({ now: () => clock });
  try {
    timed.state.addRepo({ owner: "acme", name: "shop" });
    timed.state.address.remaining = 1;
    const anonymous = new Octokit({ baseUrl: timed.url, log: QUIET });
    const read = () => anonymous.request("GET /repos/{owner}/{repo}", repository);
    expect((await read()).headers).toMatchObject({ "x-ratelimit-limit": "60", "x-ratelimit-remaining": "0" });
    const { status, response } = await errorOf(read());
    expect([status, response.headers["x-ratelimit-reset"]]).toEqual([
      403,
      String(Date.parse("2026-11-30T13:00:00Z") / 1000),
    ]);
    clock = new Date("2026-11-30T13:00:00Z");
    expect((await read()).headers["x-ratelimit-remaining"]).toBe("59");
  } finally {
    await timed.stop();
  }
});
