import { randomBytes } from "node:crypto";
import type { Sql } from "postgres";
import { expect } from "vitest";
import { type FakeGithub, startFakeGithub } from "../../../scripts/fakes/github.ts";
import { type FakeGoogle, startFakeGoogle } from "../../../scripts/fakes/google.ts";
import type { Project } from "../../../scripts/local/stack.ts";
import { tokenOf } from "./people.ts";
import type { Person } from "./people.ts";

/** Where the app that connects is. */
export const RETURN_TO = "https://app.example/settings?tab=connections";

const CLIENT = { id: "fixloop-client", secret: randomBytes(20).toString("hex") };

export interface Providers {
  github: FakeGithub;
  google: FakeGoogle;
  /** The environment of the functions. */
  env: Record<string, string>;
  /** Registers the project's callback addresses. */
  register(project: Project): void;
  stop(): Promise<void>;
}

/**
 * Starts a fake GitHub and a fake Google with authorization servers. Their accounts are octocat and Maya.
 *
 * @param running a fake GitHub that has an octocat; without one, another is started
 */
export async function startProviders(running?: FakeGithub): Promise<Providers> {
  const github = running ?? await startFakeGithub();
  const google = await startFakeGoogle();
  if (!running) github.state.addUser({ login: "octocat", token: `ghp_${randomBytes(18).toString("hex")}` });
  github.state.oauth.consent.as = "octocat";
  google.state.addUser({ name: "Maya", channel: { title: "Maya codes" } });
  google.state.oauth.consent.as = "Maya";
  return {
    github,
    google,
    env: {
      GITHUB_URL: github.url,
      GITHUB_API_URL: github.url,
      GITHUB_OAUTH_CLIENT_ID: CLIENT.id,
      GITHUB_OAUTH_CLIENT_SECRET: CLIENT.secret,
      GOOGLE_ACCOUNTS_URL: google.url,
      GOOGLE_OAUTH_URL: google.url,
      GOOGLE_API_URL: google.url,
      GOOGLE_OAUTH_CLIENT_ID: CLIENT.id,
      GOOGLE_OAUTH_CLIENT_SECRET: CLIENT.secret,
    },
    register(project) {
      const callback = `${project.url}/functions/v1/oauth-callback`;
      github.state.oauth.apps.push({ ...CLIENT, redirectUris: [`${callback}/github`] });
      google.state.oauth.apps.push({ ...CLIENT, redirectUris: [`${callback}/youtube`] });
    },
    async stop() {
      if (!running) await github.stop();
      await google.stop();
    },
  };
}

export const allowReturn = (sql: Sql, urls = [RETURN_TO]) =>
  sql`update public.devpulse_settings set return_urls = ${urls} where id`;

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: Record<string, unknown>;
}

/** Posts to a function, as a person or with any headers. */
export async function post(
  project: Project,
  who: Person | Record<string, string>,
  path: string,
  body: unknown,
): Promise<Answer> {
  const headers = "client" in who
    ? { authorization: `Bearer ${await tokenOf(who as Person)}` }
    : who as Record<string, string>;
  const response = await fetch(`${project.url}/functions/v1/${path}`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const text = await response.text();
  const parsed = JSON.parse(text) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, text, body: parsed };
}

/** `<status> <code>` of an error, and the status alone of anything else. */
export const outcome = ({ status, body }: Answer): string =>
  body.code === undefined ? String(status) : `${status} ${body.code}`;

interface Cookie {
  name: string;
  value: string;
  path: string;
}

/** Where a navigation leads to, or what it shows. */
export interface Visit {
  status: number;
  headers: Headers;
  location: URL | null;
  text: string;
}

/** A browser that shows each redirect instead of following it, and keeps cookies as RFC 6265 has it. */
export class Browser {
  readonly cookies: Cookie[] = [];

  async visit(url: URL | string): Promise<Visit> {
    const { pathname } = new URL(url);
    const cookie = this.cookies.filter(({ path }) => pathname === path || pathname.startsWith(`${path}/`))
      .map(({ name, value }) => `${name}=${value}`).join("; ");
    const response = await fetch(url, {
      redirect: "manual",
      headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", ...cookie ? { cookie } : {} },
    });
    for (const header of response.headers.getSetCookie()) this.#keep(header);
    const location = response.headers.get("location");
    return {
      status: response.status,
      headers: response.headers,
      location: location === null ? null : new URL(location),
      text: await response.text(),
    };
  }

  #keep(header: string): void {
    const [pair = "", ...attributes] = header.split("; ");
    const [name = "", value = ""] = pair.split("=", 2);
    const path = attributes.find((one) => one.startsWith("Path="))?.slice(5) ?? "/";
    const at = this.cookies.findIndex((one) => one.name === name && one.path === path);
    if (at !== -1) this.cookies.splice(at, 1);
    if (!attributes.includes("Max-Age=0")) this.cookies.push({ name, value, path });
  }
}

/** Follows one redirect. */
export async function follow(browser: Browser, from: URL | string): Promise<URL> {
  const { status, location, text } = await browser.visit(from);
  if (status !== 302 || !location) expect.fail(`${from} answered ${status}: ${text}`);
  return location;
}

/** Starts a flow as a page does. Returns the address to which it sends the browser. */
export async function start(
  project: Project,
  person: Person,
  platform: string,
  changes: Record<string, unknown> = {},
): Promise<string> {
  const answer = await post(project, person, "oauth-start", { platform, return_to: RETURN_TO, ...changes });
  expect(outcome(answer)).toBe("200");
  return String(answer.body.url);
}

/** As far as the callback: the address to which the provider sends the browser. */
export async function agree(browser: Browser, url: URL | string): Promise<URL> {
  return await follow(browser, await follow(browser, url));
}

/** The whole flow in one browser. Returns the connection code, or the code of the error. */
export async function connect(
  project: Project,
  person: Person,
  platform: string,
  browser = new Browser(),
): Promise<string> {
  const back = await follow(browser, await agree(browser, await start(project, person, platform)));
  return back.searchParams.get("connection_code") ?? back.searchParams.get("error") ?? "";
}

/** The whole flow, and its completion. */
export async function connectAndComplete(
  project: Project,
  person: Person,
  platform: string,
  changes: Record<string, unknown> = {},
): Promise<Answer> {
  const code = await connect(project, person, platform);
  return await post(project, person, `oauth-callback/${platform}`, { code, ...changes });
}
