import { afterEach, expect, test, vi } from "vitest";
import { type FakeGithub, startFakeGithub } from "../fakes/github.ts";
import { secondsToWait, TaskFailure } from "./failure.ts";
import { openPullRequest, stateOfBranch } from "./github.ts";

// What GitHub answers to a pull request, and what follows from it.

const input = { owner: "acme", name: "shop", head: "b", base: "main", title: "t", body: "" };
const options = { apiUrl: "https://api.github.com", token: "x", signal: new AbortController().signal };

afterEach(() => vi.unstubAllGlobals());

/** What follows from an answer: the kind of the failure, whether it is attempted again, and after how many seconds. */
async function opened(status: number, body: unknown, headers: Record<string, string> = {}): Promise<string> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const type = typeof body === "string" ? "text/html" : "application/json";
  const list = (): Response => Response.json([]);
  vi.stubGlobal("fetch", (url: string, init: RequestInit) => {
    if (init.method === "POST") {
      return Promise.resolve(new Response(text, { status, headers: { "content-type": type, ...headers } }));
    }
    return Promise.resolve(/\/pulls/.test(url) ? list() : Response.json({ owner: { login: "acme" } }));
  });
  const failure = await openPullRequest(options, input).catch((error: unknown) => error);
  if (!(failure instanceof TaskFailure)) throw failure;
  const wait = failure.waitMs === undefined ? [] : [secondsToWait(failure)];
  return [failure.kind, failure.again, ...wait].join(" ");
}

const limit = { message: "You have exceeded a secondary rate limit. Please wait a few minutes." };
const inAnHour = (): Date => new Date(Date.now() + 3_600_000);

test.each<[number, unknown, Record<string, string>, string | RegExp]>([
  [403, limit, {}, "pr_failed later 60"],
  [403, { message: "You have triggered an abuse detection mechanism." }, {}, "pr_failed later 60"],
  [
    422,
    { message: "Validation Failed", errors: [{ message: "was submitted too quickly" }] },
    {},
    "pr_failed later 60",
  ],
  [403, limit, { "retry-after": "30" }, "pr_failed later 30"],
  [429, limit, { "retry-after": "-5" }, "pr_failed later 60"],
  [429, limit, { "retry-after": "0" }, "pr_failed later 1"],
  [429, limit, { "retry-after": "soon" }, "pr_failed later 60"],
  [429, limit, { "retry-after": "99999999999" }, "pr_failed later 604800"],
  [429, "<html>slow down</html>", {}, "pr_failed later 60"],
  [429, limit, { "retry-after": inAnHour().toUTCString() }, /^pr_failed later 3[56]\d\d$/],
  [
    403,
    { message: "API rate limit exceeded" },
    { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Math.floor(inAnHour().getTime() / 1000)) },
    /^pr_failed later 3[56]\d\d$/,
  ],
  [403, { message: "Resource not accessible by integration" }, {}, "pr_denied yes"],
  [404, "<html>Not Found</html>", {}, "pr_denied yes"],
  [
    422,
    { message: "Validation Failed", errors: ["base is invalid", null, { code: "x" }] },
    {},
    "pr_refused no",
  ],
  [422, { message: "Validation Failed", errors: "none" }, {}, "pr_refused no"],
  [400, { message: "Problems parsing JSON" }, {}, "pr_refused no"],
  [410, { message: "Pull requests are disabled" }, {}, "pr_refused no"],
  [451, { message: "Repository unavailable due to DMCA takedown." }, {}, "pr_refused no"],
  [409, { message: "Conflict" }, {}, "pr_failed later"],
  [500, "<html>", {}, "pr_failed later"],
  [502, "", {}, "pr_failed later"],
  [200, "<html>Sign in to the network</html>", {}, "pr_failed later"],
  [201, { number: "1" }, {}, "pr_failed later"],
])("%i %j %j", async (status, body, headers, followed) => {
  expect(await opened(status, body, headers)).toMatch(
    typeof followed === "string" ? new RegExp(`^${followed}$`) : followed,
  );
});

test("in a repository that was transferred, the branch's pull request is found under the old name", async () => {
  const fake: FakeGithub = await startFakeGithub();
  try {
    fake.state.addUser({ login: "maya", token: "ghp_x" });
    const shop = fake.state.addRepo({ owner: "acme", name: "shop", members: ["maya"] });
    fake.state.openPull({ ...input, headSha: "1".repeat(40), login: "maya" });
    fake.state.moveRepo(shop, { owner: "umbrella", name: "store" });
    const server = { ...options, apiUrl: fake.url, token: "ghp_x" };
    expect(await stateOfBranch(server, { ...input, commit: "1".repeat(40) })).toBe("open");
    expect(await openPullRequest(server, input)).toMatchObject({ number: 1, isNew: false });
    expect(await openPullRequest(server, { ...input, head: "c" })).toMatchObject({ number: 2, isNew: true });
  } finally {
    await fake.stop();
  }
});
