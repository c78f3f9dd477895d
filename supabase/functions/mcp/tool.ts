import { z } from "zod";
import type { Details } from "../_shared/log.ts";
import type { Caller } from "./caller.ts";
import { CallError } from "./call.ts";
import type { CallToolResult, McpServer, ToolAnnotations } from "./sdk.ts";

/** A tool of the server, ready to be registered for a caller. */
export interface Tool {
  name: string;
  register(server: McpServer, caller: Caller, details: Details): void;
}

export interface ToolConfig<Shape extends z.ZodRawShape> {
  title: string;
  /** For the model: what the tool does, when to use it, what it returns. */
  description: string;
  input: Shape;
  annotations: Pick<ToolAnnotations, "readOnlyHint" | "destructiveHint" | "idempotentHint">;
}

/** Annotations by kind of tool. */
export const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true };
export const ADDS = { readOnlyHint: false, destructiveHint: false, idempotentHint: true };
export const OVERWRITES = { readOnlyHint: false, destructiveHint: true, idempotentHint: true };

/**
 * Defines a tool. Its arguments are validated before `run`; an unknown argument is rejected by name rather than dropped.
 * What `run` resolves with is the result, as structured content and as text. A `CallError` becomes a result with `isError`.
 * The log line gets the names of the tool and of the error, never an argument.
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
          return successResult(await run(inputSchema.parse(args), caller));
        } catch (error) {
          if (!(error instanceof CallError)) throw error;
          details.tool_error = error.code;
          return errorResult(error);
        }
      });
    },
  };
}

function successResult(result: Record<string, unknown>): CallToolResult {
  return { content: [{ type: "text", text: JSON.stringify(result) }], structuredContent: result };
}

function errorResult({ code, message, details, hint }: CallError): CallToolResult {
  const lines = [`${code}: ${message}`, details, hint && `What to do: ${hint}`];
  return {
    content: [{ type: "text", text: lines.filter(Boolean).join("\n") }],
    structuredContent: { error: { code, message, details: details ?? null, hint: hint ?? null } },
    isError: true,
  };
}
