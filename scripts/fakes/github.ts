import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { serveGit } from "./git-http.ts";
import { type FakeRepo, type FakeUser, listEntry } from "./github-shapes.ts";
import { createState, type FakeState, type Fault, GithubRefusal } from "./github-state.ts";

export type { FakeState } from "./github-state.ts";

export interface FakeGithubOptions {
  /** Base of the pages in answers. Default `https://github.com`. */
  htmlUrl?: string;
  /** What webhook deliveries are signed with. */
  webhookSecret?: string;
  now?: () => Date;
}

export interface FakeGithub {
  /** Base of the REST API, for `GITHUB_API_URL`. */
  url: string;
  state: FakeState;
  stop(): Promise<void>;
}

interface Answer {
  status: number;
  body?: unknown;
  headers?: Record<string, string>;
}

const DOCS = "https://docs.github.com/rest";

/**
 * The part of GitHub's REST API that Fixloop talks to, over real HTTP on a free port of the loopback address; repositories
 * that are really there can be cloned from and pushed to at `<url>/<owner>/<name>.git`.
 */
export async function startFakeGithub(options: FakeGithubOptions = {}): Promise<FakeGithub> {
  let url = "";
  const state = createState(
    () => ({ api: url, html: options.htmlUrl ?? "https://github.com" }),
    options.webhookSecret ?? "local-github-webhook-secret",
    options.now ?? (() => new Date()),
  );
  const server = createServer((request, response) => {
    serve(state, request, response).catch((error: unknown) => {
      console.error(error);
      response.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    state,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(state: FakeState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", url: path = "/" } = request;
  const userOf = (token: string | undefined): FakeUser | undefined =>
    state.users.find((one) => one.token === token && !(one.expiresAt && one.expiresAt <= new Date()));
  if (serveGit({ find: state.repo, userOf, mayRead, mayWrite: isMember }, request, response)) return;
  const body = await readBody(request);
  const token = request.headers.authorization?.match(/^(?:token|bearer) (.+)$/i)?.[1];
  const user = userOf(token);
  const seen = { method, path, login: user?.login ?? null, headers: request.headers, status: 0 };
  state.requests.push(seen);

  const fault = takeFault(state.faults, method, path);
  if (fault?.delayMs) await sleep(fault.delayMs, undefined, { ref: false });
  if (fault?.hangUp) return void response.destroy();
  let answer: Answer;
  if (fault && (fault.status !== undefined || fault.body !== undefined)) {
    answer = { status: fault.status ?? 200, body: fault.body ?? "", headers: fault.headers ?? {} };
  } else if (!request.headers["user-agent"]) {
    answer = { status: 403, body: "Request forbidden by administrative rules.\n" };
  } else if (token !== undefined && !user) {
    answer = refusal(new GithubRefusal(401, "Bad credentials"));
  } else if (user && user.remaining <= 0) {
    answer = refusal(new GithubRefusal(403, `API rate limit exceeded for user ID ${user.id}.`));
  } else {
    answer = withEtag(answerTo(state, user, method, path, body), request, user);
  }
  if (user && answer.status !== 304) user.remaining = Math.max(0, user.remaining - 1);
  seen.status = answer.status;
  send(response, method, answer, user);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function takeFault(faults: Fault[], method: string, path: string): Fault | undefined {
  const at = faults.findIndex((fault) =>
    (fault.method === undefined || fault.method === method) &&
    (fault.path === undefined ||
      (typeof fault.path === "string" ? path.includes(fault.path) : fault.path.test(path)))
  );
  const fault = faults[at];
  if (!fault) return undefined;
  fault.times = (fault.times ?? 1) - 1;
  if (fault.times <= 0) faults.splice(at, 1);
  return fault;
}

const refusal = ({ status, message, errors }: GithubRefusal): Answer => ({
  status,
  body: { message, ...(errors ? { errors } : {}), documentation_url: DOCS, status: String(status) },
});

/** The answer to a conditional request; the tag depends on who asks, as GitHub's does. */
function withEtag(answer: Answer, request: IncomingMessage, user: FakeUser | undefined): Answer {
  if (request.method !== "GET" || answer.status !== 200) return answer;
  const digest = createHash("sha256").update(`${user?.token}\n${JSON.stringify(answer.body)}`).digest("hex");
  const etag = `W/"${digest}"`;
  const known = (request.headers["if-none-match"] ?? "").split(/,\s*/).map((tag) => tag.replace(/^W\//, ""));
  return known.includes(`"${digest}"`)
    ? { status: 304, headers: { etag } }
    : { ...answer, headers: { ...answer.headers, etag } };
}

function send(response: ServerResponse, method: string, answer: Answer, user: FakeUser | undefined): void {
  const { status, body, headers } = answer;
  const remaining = user ? user.remaining : 59;
  const limit = user ? 5000 : 60;
  response.writeHead(status, {
    server: "github.com",
    "x-github-request-id": randomBytes(12).toString("hex").toUpperCase(),
    "x-github-media-type": "github.v3; format=json",
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-used": String(Math.max(0, limit - remaining)),
    "x-ratelimit-reset": String((Math.floor(Date.now() / 3_600_000) + 1) * 3600),
    "x-ratelimit-resource": "core",
    vary: "Accept, Authorization, Cookie, X-GitHub-OTP, Accept-Encoding, Accept, X-Requested-With",
    ...(user && !user.token.startsWith("github_pat_") ? { "x-oauth-scopes": user.scopes.join(", ") } : {}),
    ...(user?.expiresAt
      ? {
        "github-authentication-token-expiration": user.expiresAt.toISOString().replace("T", " ").replace(
          /\.\d+Z$/,
          " UTC",
        ),
      }
      : {}),
    ...(status === 304 ? {} : { "content-type": "application/json; charset=utf-8" }),
    ...headers,
  });
  if (status === 304 || method === "HEAD") response.end();
  else response.end(typeof body === "string" ? body : JSON.stringify(body));
}

function answerTo(
  state: FakeState,
  user: FakeUser | undefined,
  method: string,
  target: string,
  body: string,
): Answer {
  try {
    const { pathname, searchParams } = new URL(target, "http://github.invalid");
    return route(state, user, method, pathname, searchParams, body);
  } catch (error) {
    if (error instanceof GithubRefusal) return refusal(error);
    throw error;
  }
}

function route(
  state: FakeState,
  user: FakeUser | undefined,
  method: string,
  path: string,
  query: URLSearchParams,
  body: string,
): Answer {
  if (path === "/user" && method === "GET") {
    if (!user) throw new GithubRefusal(401, "Requires authentication");
    return { status: 200, body: state.userJson(user) };
  }
  const [, owner, name, rest = "", number] =
    path.match(/^\/repos\/([^/]+)\/([^/]+?)(\/pulls(?:\/(\d+))?)?$/) ??
      [];
  const repo = owner && name ? state.repo(owner, name) : undefined;
  if (!repo || !mayRead(repo, user)) throw new GithubRefusal(404, "Not Found");
  if (rest === "" && method === "GET") return { status: 200, body: state.repoJson(repo) };
  if (number !== undefined) {
    const at = [repo.owner, repo.name, Number(number)] as const;
    const pull = state.pull(...at);
    if (method === "GET") return { status: 200, body: state.pullJson(pull) };
    if (method === "PATCH") {
      requireWriter(repo, user);
      const { title, body: text, state: to } = parse(body);
      const changed = state.updatePull(...at, {
        ...(typeof title === "string" ? { title } : {}),
        ...(typeof text === "string" ? { body: text } : {}),
        ...(to === "open" || to === "closed" ? { state: to } : {}),
      });
      return { status: 200, body: state.pullJson(changed) };
    }
  } else if (rest === "/pulls") {
    if (method === "GET") return { status: 200, body: listPulls(state, repo, query) };
    if (method === "POST") return createPull(state, repo, requireWriter(repo, user), parse(body));
  }
  throw new GithubRefusal(404, "Not Found");
}

const isMember = (repo: FakeRepo, user: FakeUser | undefined): boolean =>
  user !== undefined && repo.members.some((login) => login.toLowerCase() === user.login.toLowerCase());

/** A classic token without the scope `repo` sees no private repository; what one may not see is not there. */
function mayRead(repo: FakeRepo, user: FakeUser | undefined): boolean {
  if (!repo.isPrivate) return true;
  const isScoped = user !== undefined &&
    (user.token.startsWith("github_pat_") || user.scopes.includes("repo"));
  return isScoped && isMember(repo, user);
}

function requireWriter(repo: FakeRepo, user: FakeUser | undefined): FakeUser {
  if (!user) throw new GithubRefusal(401, "Requires authentication");
  if (!isMember(repo, user)) {
    throw new GithubRefusal(403, "Resource not accessible by personal access token");
  }
  return user;
}

function parse(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new GithubRefusal(400, "Problems parsing JSON");
}

/** As GitHub does, a `head` without its owner is no filter at all. */
function listPulls(state: FakeState, repo: FakeRepo, query: URLSearchParams): unknown[] {
  const wanted = query.get("state") ?? "open";
  const [owner, head] = query.get("head")?.split(/:(.*)/s) ?? [];
  const perPage = Math.min(Number(query.get("per_page") ?? 30), 100);
  const page = Math.max(Number(query.get("page") ?? 1), 1);
  return state.pulls
    .filter((pull) =>
      pull.repo === repo && (wanted === "all" || pull.state === wanted) &&
      (head === undefined ||
        (pull.head.ref === head && repo.owner.toLowerCase() === owner?.toLowerCase())) &&
      (query.get("base") === null || pull.base.ref === query.get("base"))
    )
    .sort((a, b) => b.number - a.number)
    .slice((page - 1) * perPage, page * perPage)
    .map((pull) => listEntry(state.pullJson(pull)));
}

function createPull(
  state: FakeState,
  repo: FakeRepo,
  user: FakeUser,
  wish: Record<string, unknown>,
): Answer {
  const { title, head, base, body, draft } = wish;
  if (typeof title !== "string" || typeof head !== "string" || typeof base !== "string") {
    const missing = Object.entries({ title, head, base }).filter(([, value]) => typeof value !== "string");
    throw new GithubRefusal(
      422,
      "Validation Failed",
      missing.map(([field]) => ({ resource: "PullRequest", field, code: "missing_field" })),
    );
  }
  const pull = state.openPull({
    owner: repo.owner,
    name: repo.name,
    title,
    head,
    base,
    body: typeof body === "string" ? body : null,
    isDraft: draft === true,
    login: user.login,
  });
  const json = state.pullJson(pull);
  return { status: 201, body: json, headers: { location: json.url } };
}
