import {
  discoverOAuthProtectedResourceMetadata,
  extractWWWAuthenticateParams,
} from "@modelcontextprotocol/client";
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestProject, type TestProject } from "../support/database.ts";
import { mcpUrl } from "../support/mcp.ts";

// How a client that has no token finds the authorization server: RFC 9728 and the challenge of 401.

let project: TestProject;

beforeAll(async () => {
  project = await openTestProject();
});

afterAll(async () => {
  await project?.close();
});

const metadata = (): string => `${mcpUrl(project)}/.well-known/oauth-protected-resource`;

const expected = () => ({
  resource: String(mcpUrl(project)),
  authorization_servers: [`${project.url}/auth/v1`],
  bearer_methods_supported: ["header"],
  scopes_supported: ["email"],
  resource_name: "Fixloop engineering issues",
});

test("the metadata names the server's own URL and the project's Auth", async () => {
  const response = await fetch(metadata());
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("application/json");
  expect(await response.json()).toEqual(expected());
});

test.each([
  ["without a token", {}],
  ["with an invalid token", { authorization: "Bearer a.b.c" }],
  ["with another scheme", { authorization: "Basic YTpi" }],
])("the challenge %s leads the SDK's client to it", async (_, headers: Record<string, string>) => {
  const response = await fetch(mcpUrl(project), { method: "POST", headers, body: "{}" });
  await response.body?.cancel();
  expect(response.status).toBe(401);
  const { resourceMetadataUrl } = extractWWWAuthenticateParams(response);
  expect(String(resourceMetadataUrl)).toBe(metadata());
  const found = await discoverOAuthProtectedResourceMetadata(mcpUrl(project), {
    resourceMetadataUrl: resourceMetadataUrl ?? "",
  });
  expect(found).toEqual(expected());
});

test("a header of the caller changes no URL", async () => {
  const headers = {
    forwarded: "host=evil.example;proto=https",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-forwarded-prefix": "/evil",
    "x-original-url": "https://evil.example/",
  };
  expect(JSON.parse((await send(metadata(), "GET", headers)).body)).toEqual(expected());
  const { challenge } = await send(String(mcpUrl(project)), "POST", headers);
  expect(challenge).toContain(`resource_metadata="${metadata()}"`);
});

test("a page in a browser may read it, also after a preflight", async () => {
  const origin = "https://inspector.example";
  const preflight = await fetch(metadata(), {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "GET",
      "access-control-request-headers": "mcp-protocol-version",
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-headers")).toContain("mcp-protocol-version");
  const response = await fetch(metadata(), { headers: { origin } });
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(await response.json()).toEqual(expected());
});

test.each(["POST", "PUT", "DELETE"])("%s to it: 405", async (method) => {
  const response = await fetch(metadata(), { method });
  await response.body?.cancel();
  expect(response.status).toBe(405);
  expect(response.headers.get("allow")).toBe("GET");
});

/** `fetch` does not let a caller set the header Host. */
async function send(
  url: string,
  method: string,
  headers: Record<string, string>,
): Promise<{ body: string; challenge: string | undefined }> {
  return await new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => body += text);
      response.on("end", () => resolve({ body, challenge: response.headers["www-authenticate"] }));
    });
    request.on("error", reject);
    request.end();
  });
}
