import { Octokit } from "@octokit/core";
import { expect } from "vitest";
import { type FakeGithub, startFakeGithub } from "./github.ts";

// For tests: a fake GitHub, and GitHub's own client as three users of it.

export const TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
/** A log that prints nothing. */
export const QUIET = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface Clients {
  fake: FakeGithub;
  /** A member of acme/shop and of the private acme/vault. */
  maya: Octokit;
  /** Without a token. */
  nobody: Octokit;
  stranger: Octokit;
  client(auth?: string): Octokit;
}

export async function startWithClients(): Promise<Clients> {
  const fake = await startFakeGithub();
  fake.state.addUser({
    login: "maya",
    token: TOKEN,
    scopes: ["repo", "user"],
    expiresAt: new Date("2099-01-02T03:04:05Z"),
  });
  fake.state.addUser({ login: "eve", token: "ghp_eve" });
  fake.state.addRepo({ owner: "acme", name: "shop", members: ["maya"] });
  fake.state.addRepo({ owner: "acme", name: "vault", members: ["maya"], isPrivate: true });
  const client = (auth?: string): Octokit =>
    new Octokit({ baseUrl: fake.url, log: QUIET, ...(auth ? { auth } : {}) });
  return { fake, maya: client(TOKEN), nobody: client(), stranger: client("ghp_eve"), client };
}

/** The error of a request. */
export async function errorOf(
  request: Promise<unknown>,
): Promise<{ status: number; response: { headers: Record<string, string>; data: Record<string, unknown> } }> {
  const error: unknown = await request.then(() => undefined, (reason: unknown) => reason);
  expect(error).toBeInstanceOf(Error);
  return error as Awaited<ReturnType<typeof errorOf>>;
}
