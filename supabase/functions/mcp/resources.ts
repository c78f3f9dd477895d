import type { Caller } from "./caller.ts";
import { call, CallError } from "./call.ts";
import { listActive } from "./lists.ts";
import { ErrorCode, McpError, type McpServer, ResourceTemplate } from "./sdk.ts";

const JSON_TYPE = "application/json";

/** How many issues are listed for a person to choose from, and how many the resource of active issues contains. */
const LISTED = 50;
const ACTIVE = 100;

/** Resources, for assistants that let people choose what to read: the active issues, and each issue with its context. */
export function registerResources(server: McpServer, { db }: Caller): void {
  server.registerResource("active-issues", "exai://issues/active", {
    title: "Active engineering issues",
    description: `The first ${ACTIVE} issues that are open or in_progress, the most severe first.`,
    mimeType: JSON_TYPE,
  }, async (uri) => await describeErrors(async () => contents(uri, await listActive(db, { limit: ACTIVE }))));

  server.registerResource(
    "issue",
    new ResourceTemplate("exai://issues/{issue_number}", {
      list: () =>
        describeErrors(async () => {
          const { issues } = await listActive(db, { limit: LISTED });
          return {
            resources: issues.map(({ issue_number, title }) => ({
              uri: `exai://issues/${issue_number}`,
              name: `issue-${issue_number}`,
              title: `#${issue_number} ${title}`,
              mimeType: JSON_TYPE,
            })),
          };
        }),
    }),
    {
      title: "Engineering issue",
      description: "Everything about one issue: what the tool get_issue_context returns.",
      mimeType: JSON_TYPE,
    },
    async (uri, { issue_number }) => {
      const number = String(issue_number).match(/^\d{1,9}$/)?.[0];
      if (number === undefined) {
        throw new McpError(
          ErrorCode.InvalidParams,
          `${uri} is not the address of an issue: use its number, as in exai://issues/12.`,
        );
      }
      return await describeErrors(async () =>
        contents(uri, await call(() => db.rpc("exai_issue_context", { issue_number: Number(number) })))
      );
    },
  );
}

const contents = (uri: URL, document: unknown) => ({
  contents: [{ uri: uri.href, mimeType: JSON_TYPE, text: JSON.stringify(document) }],
});

/** The protocol's error code for a resource that does not exist. */
const RESOURCE_NOT_FOUND = -32002;

/** Turns a `CallError` into an error of the protocol. */
async function describeErrors<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    throw new McpError(
      error.code === "exai_issue_unknown" ? RESOURCE_NOT_FOUND : ErrorCode.InternalError,
      [error.message, error.hint].filter(Boolean).join(" "),
      { code: error.code },
    );
  }
}
