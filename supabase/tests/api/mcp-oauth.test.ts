import {
  Client,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from "@modelcontextprotocol/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { type Front, openFront } from "../support/front.ts";
import { createOAuthServer } from "../support/oauth-server.ts";
import { type Person, signUp, tokenOf } from "../support/people.ts";

// A connector that only does OAuth, against a project whose OAuth server is on and whose public address is not the one that
// the function is called at: it is given the server's URL and nothing else.

let project: TestProject;
let front: Front;
let person: Person;

beforeAll(async () => {
  front = await openFront(() => project.url, createOAuthServer(() => front.url, () => tokenOf(person)));
  project = await openTestProject({ functions: { env: { PUBLIC_URL: `${front.url}/` } } });
  person = await signUp(project, "agent", "agent");
});

afterAll(async () => {
  await front?.close();
  await project?.close();
});

const CALLBACK = "http://127.0.0.1:9/callback";

/** What a connector keeps; it has nothing yet. */
class Connector implements OAuthClientProvider {
  readonly redirectUrl = CALLBACK;
  readonly clientMetadata = { client_name: "Connector", redirect_uris: [CALLBACK] };
  readonly saved: Record<string, unknown> = {};
  asked: URL | undefined;
  clientInformation = () => this.saved.client as ReturnType<OAuthClientProvider["clientInformation"]>;
  saveClientInformation = (client: unknown): void => void (this.saved.client = client);
  tokens = () => this.saved.tokens as ReturnType<OAuthClientProvider["tokens"]>;
  saveTokens = (tokens: unknown): void => void (this.saved.tokens = tokens);
  codeVerifier = () => String(this.saved.verifier);
  saveCodeVerifier = (verifier: string): void => void (this.saved.verifier = verifier);
  discoveryState = () =>
    this.saved.discovery as ReturnType<NonNullable<OAuthClientProvider["discoveryState"]>>;
  saveDiscoveryState = (discovery: unknown): void => void (this.saved.discovery = discovery);
  redirectToAuthorization = (url: URL): void => void (this.asked = url);
}

test("the SDK's client gets from the URL to a tool call", async () => {
  const connector = new Connector();
  const url = new URL(`${front.url}/functions/v1/mcp`);
  const open = () => new StreamableHTTPClientTransport(url, { authProvider: connector });
  const first = open();
  await expect(new Client({ name: "connector", version: "1.0.0" }).connect(first)).rejects
    .toThrow(UnauthorizedError);
  const asked = connector.asked;
  expect(asked?.href).toContain(`${front.url}/auth/v1/oauth/authorize?`);
  expect(asked?.searchParams.get("resource")).toBe(url.href);
  expect(asked?.searchParams.get("scope")).toBe("email");

  const consent = await fetch(asked ?? "", { redirect: "manual" });
  const code = new URL(consent.headers.get("location") ?? "").searchParams.get("code");
  await first.finishAuth(code ?? "");

  const client = new Client({ name: "connector", version: "1.0.0" });
  await client.connect(open());
  const result = await client.callTool({ name: "list_active_issues", arguments: {} });
  expect(result).toMatchObject({ structuredContent: { issues: [] } });
  await client.close();
});
