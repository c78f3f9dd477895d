import {
  type McpServer,
  ProtocolError,
  ProtocolErrorCode,
  ResourceNotFoundError,
  ResourceTemplate,
} from "@modelcontextprotocol/server";
import type { SupabaseClient } from "@supabase/supabase-js";
import { cutText } from "./bounded.ts";
import type { Caller } from "./caller.ts";
import { call, CallError } from "./call.ts";
import { loadContext } from "./context.ts";
import { listActive } from "./lists.ts";

const JSON_TYPE = "application/json";

/** How many issues are listed for a person to choose from, and how many the resource of active issues contains. */
const LISTED = 50;
const ACTIVE = 100;

/** Resources, for assistants that let people choose what to read: the active issues, and each issue with its context. */
export function registerResources(server: McpServer, { db }: Caller): void {
  server.registerResource(
    "active-issues",
    "exai://issues/active",
    {
      title: "Active engineering issues",
      description: `The first ${ACTIVE} issues that are open or in_progress, the most severe first.`,
      mimeType: JSON_TYPE,
    },
    async (uri) =>
      await describeErrors(uri.href, async () => contents(uri, await listActive(db, { limit: ACTIVE }))),
  );

  server.registerResource(
    "issue",
    new ResourceTemplate("exai://issues/{issue_number}", {
      list: () =>
        describeErrors("exai://issues", async () => {
          const { issues } = await listActive(db, { limit: LISTED });
          return {
            resources: issues.map(({ issue_number, title }) => ({
              uri: `exai://issues/${issue_number}`,
              name: `issue-${issue_number}`,
              title: cutText(`#${issue_number} ${title}`, 120),
              mimeType: JSON_TYPE,
            })),
          };
        }),
      complete: { issue_number: (typed) => describeErrors("exai://issues", () => completeNumber(db, typed)) },
    }),
    {
      title: "Engineering issue",
      description: "Everything about one issue: what the tool get_issue_context returns.",
      mimeType: JSON_TYPE,
    },
    async (uri, { issue_number }) => {
      const number = String(issue_number).match(/^\d{1,9}$/)?.[0];
      if (number === undefined) {
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `${uri} is not the address of an issue: use its number, as in exai://issues/12.`,
        );
      }
      return await describeErrors(
        uri.href,
        async () => contents(uri, await loadContext(db, Number(number))),
      );
    },
  );
}

/** The most values that the protocol allows in a completion, and one more, so that a client learns that there are more. */
const COMPLETED = 101;

/** Numbers of issues that begin with the typed digits, the smallest first; without any, those of the newest issues. */
async function completeNumber(db: SupabaseClient, typed: string): Promise<string[]> {
  if (!/^([1-9]\d{0,8})?$/.test(typed)) return [];
  // The API can't compare a number as text: 12 is 12, 120–129, 1200–1299, …
  const ranges = Array.from({ length: typed === "" ? 0 : 10 - typed.length }, (_, zeros) => {
    const from = Number(typed) * 10 ** zeros;
    return `and(issue_number.gte.${from},issue_number.lt.${from + 10 ** zeros})`;
  });
  const found = await call(() => {
    const query = db.from("exai_issues").select("issue_number");
    return (typed === "" ? query : query.or(ranges.join(","))).order("issue_number", {
      ascending: typed !== "",
    })
      .limit(COMPLETED).overrideTypes<{ issue_number: number }[], { merge: false }>();
  });
  return found.map(({ issue_number }) => String(issue_number));
}

const contents = (uri: URL, document: unknown) => ({
  contents: [{ uri: uri.href, mimeType: JSON_TYPE, text: JSON.stringify(document) }],
});

/** Turns a `CallError` into an error of the protocol. */
async function describeErrors<T>(uri: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const message = cutText([error.message, error.hint].filter(Boolean).join(" "), 2_000);
    if (error.code === "exai_issue_unknown") throw new ResourceNotFoundError(uri, message);
    throw new ProtocolError(ProtocolErrorCode.InternalError, message, { code: error.code });
  }
}
