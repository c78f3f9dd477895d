// OAuth 2.0 Protected Resource Metadata (RFC 9728): how clients find the authorization server, the project's Auth.

/** Below the function's own path: a hosted project serves functions nothing outside of `/functions/v1/<name>`. */
const METADATA_PATH = "/.well-known/oauth-protected-resource";

/** The public URL of the MCP server; RFC 9728 calls it the resource. */
const resourceUrl = (projectUrl: string): string => `${projectUrl.replace(/\/+$/, "")}/functions/v1/mcp`;

/** The public URL of the metadata, for `resource_metadata` in a challenge. */
export const metadataUrl = (projectUrl: string): string => `${resourceUrl(projectUrl)}${METADATA_PATH}`;

export const isMetadataRequest = (request: Request): boolean =>
  new URL(request.url).pathname.endsWith(METADATA_PATH);

/**
 * The metadata. `resource` is the URL that clients are configured with, which they compare. The scope is the smallest one
 * that Supabase's OAuth server has; with `openid`, it needs a project with asymmetric signing keys.
 */
export const describeResource = (projectUrl: string): Response =>
  Response.json({
    resource: resourceUrl(projectUrl),
    authorization_servers: [`${projectUrl.replace(/\/+$/, "")}/auth/v1`],
    bearer_methods_supported: ["header"],
    scopes_supported: ["email"],
    resource_name: "Fixloop engineering issues",
  });

/** Any page may read the metadata, which is public; `mcp-protocol-version` is a header that the SDK sends with it. */
export const METADATA_CORS: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-allow-methods": "GET, OPTIONS",
  "access-control-allow-headers": "authorization, content-type, mcp-protocol-version",
};
