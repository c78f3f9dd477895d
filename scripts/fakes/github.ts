import { createHash, randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, distort, faultAnswer, isInstead, takeFault } from "./faults.ts";
import { isGitRequest, serveGit } from "./git-http.ts";
import { answerTo, errorAnswer, isMember, mayRead } from "./github-routes.ts";
import type { FakeUser } from "./github-shapes.ts";
import { createState, type FakeState, GithubError, HOURLY, hourOf } from "./github-state.ts";
import { readBody, startServer } from "./server.ts";

export type { FakeState } from "./github-state.ts";

export interface FakeGithubOptions {
  /** Base of the web pages in answers. Default `https://github.com`. */
  htmlUrl?: string;
  /** The secret that webhook deliveries are signed with. */
  webhookSecret?: string;
  now?: () => Date;
}

export interface FakeGithub {
  /** Base of the REST API and of the pages of OAuth, for `GITHUB_API_URL` and `GITHUB_URL`. */
  url: string;
  state: FakeState;
  stop(): Promise<void>;
}

/**
 * Starts a fake of the part of GitHub's REST API that Fixloop uses, and of its authorization server, over HTTP on a free
 * port of the loopback address. Bare repositories can be cloned from and pushed to at `<url>/<owner>/<name>.git`.
 */
export async function startFakeGithub(options: FakeGithubOptions = {}): Promise<FakeGithub> {
  let url = "";
  const state = createState(
    () => ({ api: url, html: options.htmlUrl ?? "https://github.com" }),
    options.webhookSecret ?? "local-github-webhook-secret",
    options.now ?? (() => new Date()),
  );
  const server = await startServer((request, response) => serve(state, request, response));
  url = server.url;
  return { url, state, stop: server.stop };
}

async function serve(state: FakeState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = "GET", url: path = "/" } = request;
  const userOf = (token: string | undefined): FakeUser | undefined =>
    state.users.find((one) => one.token === token && !(one.expiresAt && one.expiresAt <= state.now()));
  // faults of git's requests name a path
  const gitFault = isGitRequest(path)
    ? takeFault(state.faults, method, path, (fault) => fault.path !== undefined)
    : undefined;
  if (gitFault?.delayMs) await sleep(gitFault.delayMs, undefined, { ref: false });
  if (gitFault?.hangUp) return void response.destroy();
  if (gitFault?.status !== undefined) {
    request.resume();
    return void response.writeHead(gitFault.status, gitFault.headers).end(String(gitFault.body ?? ""));
  }
  if (serveGit({ find: state.repo, userOf, mayRead, mayWrite: isMember }, request, response)) return;
  const body = await readBody(request);
  const token = request.headers.authorization?.match(/^(?:token|bearer) (.+)$/i)?.[1];
  const user = userOf(token);
  const seen = { method, path, login: user?.login ?? null, headers: request.headers, status: 0 };
  state.requests.push(seen);

  state.renewLimits();
  const fault = takeFault(state.faults, method, path);
  if (fault?.delayMs) await sleep(fault.delayMs, undefined, { ref: false });
  if (fault?.hangUp) return void response.destroy();
  let answer: Answer;
  const url = new URL(path, "http://github.invalid");
  // the pages of OAuth have no part in the limits of the API
  const own = isInstead(fault)
    ? null
    : await state.oauth.answer({ method, path, url, headers: request.headers, body });
  if (isInstead(fault)) {
    answer = faultAnswer(fault);
  } else if (own) {
    answer = distort(own, fault);
  } else if (!request.headers["user-agent"]) {
    answer = { status: 403, body: "Request forbidden by administrative rules.\n" };
  } else if (token !== undefined && !user) {
    answer = errorAnswer(new GithubError(401, "Bad credentials"));
  } else if (user && path !== "/graphql" && user.remaining <= 0) {
    answer = errorAnswer(new GithubError(403, `API rate limit exceeded for user ID ${user.id}.`));
  } else if (!user && state.address.remaining <= 0) {
    answer = errorAnswer(new GithubError(403, "API rate limit exceeded for 127.0.0.1."));
  } else {
    answer = distort(withEtag(answerTo(state, user, method, path, body), request, user), fault);
  }
  const isGraphql = path === "/graphql";
  if (own) seen.status = answer.status;
  else if (!user) state.address.remaining = Math.max(0, state.address.remaining - 1);
  else if (isGraphql) user.points = Math.max(0, user.points - 1);
  else if (answer.status !== 304) user.remaining = Math.max(0, user.remaining - 1);
  seen.status = answer.status;
  send(response, method, answer, user, {
    resource: isGraphql ? "graphql" : "core",
    limit: user ? HOURLY.core : HOURLY.address,
    remaining: user ? (isGraphql ? user.points : user.remaining) : state.address.remaining,
    now: state.now(),
  });
}

/** The answer to a conditional request; as at GitHub, the tag depends on the user. */
function withEtag(answer: Answer, request: IncomingMessage, user: FakeUser | undefined): Answer {
  if (request.method !== "GET" || answer.status !== 200) return answer;
  const digest = createHash("sha256").update(`${user?.token}\n${JSON.stringify(answer.body)}`).digest("hex");
  const etag = `W/"${digest}"`;
  const tags = (request.headers["if-none-match"] ?? "").split(/,\s*/).map((tag) => tag.replace(/^W\//, ""));
  return tags.includes(`"${digest}"`)
    ? { status: 304, headers: { etag } }
    : { ...answer, headers: { ...answer.headers, etag } };
}

interface Limit {
  resource: "core" | "graphql";
  limit: number;
  remaining: number;
  now: Date;
}

function send(
  response: ServerResponse,
  method: string,
  answer: Answer,
  user: FakeUser | undefined,
  { resource, limit, remaining, now }: Limit,
): void {
  const { status, body, headers } = answer;
  response.writeHead(status, {
    server: "github.com",
    date: now.toUTCString(),
    "x-github-request-id": randomBytes(12).toString("hex").toUpperCase(),
    "x-github-media-type": "github.v3; format=json",
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-used": String(Math.max(0, limit - remaining)),
    "x-ratelimit-reset": String((hourOf(now) + 1) * 3600),
    "x-ratelimit-resource": resource,
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
