import { execFileSync, spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { FakeRepo, FakeUser } from "./github-shapes.ts";

/** The requests that git makes over HTTP. */
const REQUEST = /^\/([^/]+)\/([^/]+?)(?:\.git)?\/(info\/refs|git-upload-pack|git-receive-pack)(?:\?(.*))?$/;

export interface GitServer {
  find(owner: string, name: string): FakeRepo | undefined;
  userOf(token: string): FakeUser | undefined;
  mayRead(repo: FakeRepo, user: FakeUser | undefined): boolean;
  mayWrite(repo: FakeRepo, user: FakeUser): boolean;
}

/** Whether a request is git's. */
export const isGitRequest = (url: string): boolean => REQUEST.test(url);

let backend: string | undefined;

/**
 * Serves repositories over git's smart HTTP with git's own server program; tokens are passwords.
 *
 * @returns whether the request was git's
 */
export function serveGit(server: GitServer, request: IncomingMessage, response: ServerResponse): boolean {
  const [, owner = "", name = "", service = "", query = ""] = request.url?.match(REQUEST) ?? [];
  if (!service) return false;
  const [, basic = ""] = request.headers.authorization?.match(/^basic (.+)$/i) ?? [];
  const password = Buffer.from(basic, "base64").toString("utf8").split(/:(.*)/s)[1];
  const user = password === undefined ? undefined : server.userOf(password);
  const repo = server.find(owner, name);
  const isWrite = service === "git-receive-pack" || query.includes("service=git-receive-pack");
  const reject = (status: number, text: string, headers = {}): true => {
    request.resume();
    response.writeHead(status, { "content-type": "text/plain", ...headers }).end(`${text}\n`);
    return true;
  };
  // as at GitHub, a repository that does not exist asks for a password, as one that is not readable does
  const isReadable = repo?.gitDir != null && server.mayRead(repo, user);
  if (password !== undefined && !user) return reject(401, "Invalid username or token.", ASK);
  if (!user && (!isReadable || isWrite)) return reject(401, "No anonymous write access.", ASK);
  if (!repo?.gitDir || !isReadable) return reject(404, "Repository not found.");
  if (isWrite && user && !server.mayWrite(repo, user)) {
    return reject(403, `Permission denied to ${user.login}.`);
  }
  answer(repo.gitDir, service, query, user, request, response);
  return true;
}

const ASK = { "www-authenticate": 'Basic realm="GitHub"' };

/** Runs `git http-backend` as a CGI program. */
function answer(
  gitDir: string,
  service: string,
  query: string,
  user: FakeUser | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  backend ??= join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
  const header = (name: string): string => String(request.headers[name] ?? "");
  const child = spawn(backend, [], {
    env: {
      PATH: process.env.PATH,
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_TRANSLATED: join(gitDir, service),
      REQUEST_METHOD: request.method ?? "GET",
      QUERY_STRING: query,
      CONTENT_TYPE: header("content-type"),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
      GIT_PROTOCOL: header("git-protocol"),
      REMOTE_ADDR: "127.0.0.1",
      ...(user ? { REMOTE_USER: user.login } : {}),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  child.once("error", () => response.destroy());
  child.stdin.on("error", () => {});
  request.pipe(child.stdin);
  let head = "";
  child.stdout.on("data", (chunk: Buffer) => {
    if (response.headersSent) return void response.write(chunk);
    head += chunk.toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    const headers = Object.fromEntries(
      head.slice(0, end).split("\r\n").map((line) => line.split(/: (.*)/s).slice(0, 2)),
    ) as Record<string, string>;
    const { Status: status = "200", ...others } = headers;
    response.writeHead(Number.parseInt(status), others);
    response.write(Buffer.from(head.slice(end + 4), "latin1"));
  });
  child.stdout.on("end", () => response.end());
}
