// The parts of the MCP SDK that the server uses. Its package exports types for paths without `.js` and code for paths with
// it: Node's resolution tries both, Deno needs `@ts-types`.

// @ts-types="@modelcontextprotocol/sdk/server/mcp"
export { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/webStandardStreamableHttp"
export { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
// @ts-types="@modelcontextprotocol/sdk/types"
export {
  type CallToolResult,
  ErrorCode,
  McpError,
  type ToolAnnotations,
} from "@modelcontextprotocol/sdk/types.js";
