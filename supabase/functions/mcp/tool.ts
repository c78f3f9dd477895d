import { Buffer } from "node:buffer";
import { z } from "zod";
import type { Details } from "../_shared/log.ts";
import type { Caller } from "./caller.ts";
import { CallError } from "./call.ts";
import type { CallToolResult, McpServer, ToolAnnotations } from "./sdk.ts";

export type { Details };

/** A tool of the server, ready to be registered for a caller. */
export interface Tool {
  name: string;
  register(server: McpServer, caller: Caller, details: Details): void;
}

export interface ToolConfig<Shape extends z.ZodRawShape> {
  title: string;
  /** For the model: what it does, when to use it, what comes back. */
  description: string;
  input: Shape;
  annotations: Pick<ToolAnnotations, "readOnlyHint" | "destructiveHint" | "idempotentHint">;
}

/**
 * Makes a tool. Its arguments are checked before `run`, and one that it does not know is refused by name rather than dropped.
 * What `run` resolves with is the result, as structured content and as text; a `CallError` is told to the model.
 */
export function tool<Shape extends z.ZodRawShape>(
  name: string,
  config: ToolConfig<Shape>,
  run: (args: z.infer<z.ZodObject<Shape>>, caller: Caller) => Promise<Record<string, unknown>>,
): Tool {
  const { title, description, input, annotations } = config;
  const inputSchema = z.strictObject(input);
  return {
    name,
    register(server, caller, details) {
      server.registerTool(name, {
        title,
        description,
        inputSchema,
        annotations: { ...annotations, openWorldHint: false },
      }, async (args: unknown): Promise<CallToolResult> => {
        details.tool = name;
        try {
          return succeeded(await run(inputSchema.parse(args), caller));
        } catch (error) {
          if (!(error instanceof CallError)) throw error;
          details.tool_error = error.code;
          return failed(error);
        }
      });
    },
  };
}

function succeeded(result: Record<string, unknown>): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(result) }], structuredContent: result };
}

function failed({ code, message, details, hint }: CallError): CallToolResult {
  const lines = [`${code}: ${message}`, details, hint && `What to do: ${hint}`];
  return {
    content: [{ type: "text", text: lines.filter(Boolean).join("\n") }],
    structuredContent: { error: { code, message, details: details ?? null, hint: hint ?? null } },
    isError: true,
  };
}

/** Annotations by kind of tool. */
export const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true };
export const ADDS = { readOnlyHint: false, destructiveHint: false, idempotentHint: true };
export const OVERWRITES = { readOnlyHint: false, destructiveHint: true, idempotentHint: true };

export const SEVERITIES = ["critical", "high", "medium", "low"] as const;
export const CATEGORIES = [
  "timeout",
  "architecture",
  "configuration",
  "performance",
  "security",
  "other",
] as const;
export const STATUSES = ["open", "in_progress", "fixed", "verified", "closed", "wont_fix"] as const;
export const STEP_STATUSES = ["pending", "in_progress", "complete", "skipped"] as const;
export const UPDATE_TYPES = ["comment", "fix_applied", "verification", "conversation_link"] as const;
export const RELATION_KINDS = ["blocks", "relates", "duplicates", "parent", "discovered_from"] as const;

export const issueNumber = z.number().int().min(1).max(2_147_483_647)
  .describe("The issue's number, as in #12.");
/** Texts are bounded so that no single one fills a context; the database takes longer ones from elsewhere. */
export const longText = z.string().max(20_000);
export const shortText = z.string().trim().min(1).max(500);
/** For tools that write. */
export const conversationId = z.string().trim().min(1).max(200).describe(
  "The id of this conversation: any text that stays the same throughout it. It is recorded with what is written.",
);
/** For tools that read, so that every tool can be called alike. */
export const readerConversationId = z.string().trim().max(200).optional().describe(
  "Accepted so that every call can carry it. Reading leaves no trace, so nothing is recorded.",
);
export const idempotencyKey = z.string().trim().min(1).max(200).optional().describe(
  "A call that is repeated adds nothing a second time. To add the same text again on purpose, give any new text here.",
);

/**
 * An id that is the same for the same parts: the row of a call that is sent twice is the same row.
 * A UUID of version 8 (RFC 9562) over their SHA-256.
 */
export async function idOf(...parts: unknown[]): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts)));
  const bytes = Buffer.from(hash).subarray(0, 16);
  bytes.writeUInt8(bytes.readUInt8(6) & 0x0f | 0x80, 6);
  bytes.writeUInt8(bytes.readUInt8(8) & 0x3f | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
