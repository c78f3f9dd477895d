import { randomBytes } from "node:crypto";
import { type FakeGithub, type FakeGithubOptions, startFakeGithub } from "../../../scripts/fakes/github.ts";
import type { Project } from "../../../scripts/local/stack.ts";
import { tokenOf } from "./people.ts";
import type { Person } from "./people.ts";

/** A classic token that no user has. */
export const newToken = (): string => `ghp_${randomBytes(18).toString("hex")}`;

/** Starts a fake GitHub with these tokens, by their login. */
export async function githubWith(
  tokens: Record<string, string>,
  options: FakeGithubOptions = {},
): Promise<FakeGithub> {
  const github = await startFakeGithub(options);
  for (const [login, token] of Object.entries(tokens)) {
    github.state.addUser({ login, token, scopes: ["repo"] });
  }
  return github;
}

export interface TokenAnswer {
  status: number;
  headers: Headers;
  text: string;
  body: Record<string, unknown>;
}

/** Sends a request to the function `github-token`, by a person or with any headers. */
export async function askTokens(
  project: Project,
  who: Person | Record<string, string>,
  method: string,
  path = "",
  body?: unknown,
): Promise<TokenAnswer> {
  const headers = "client" in who
    ? { authorization: `Bearer ${await tokenOf(who as Person)}` }
    : who as Record<string, string>;
  const response = await fetch(`${project.url}/functions/v1/github-token${path}`, {
    method,
    headers: { ...headers, "content-type": "application/json" },
    body: body === undefined ? null : typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(text) as Record<string, unknown>,
  };
}

/** The headers of a worker on the server. */
export const asServer = (project: Project): Record<string, string> => ({ apikey: project.secretKey });
