import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { CallToolResult, Tool as Definition } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { Details } from "../_shared/log.ts";
import { bound, cutText, type Row } from "./bounded.ts";
import type { Caller } from "./caller.ts";
import { CallError } from "./call.ts";
import { readArguments } from "./generous.ts";
import { outputSchema } from "./outputs.ts";

/** A tool of the server. */
export interface Tool {
  /** What the list of tools contains. */
  readonly definition: Definition;
  /** What its arguments have to be. */
  readonly schema: z.ZodObject;
  /** Throws a `ProtocolError` for arguments that are not valid. */
  call(args: unknown, caller: Caller, details: Details): Promise<CallToolResult>;
}

export interface ToolConfig<Shape extends z.ZodRawShape> {
  title: string;
  /** For the model: what the tool does, when to use it, what it returns. */
  description: string;
  input: Shape;
  /** What the result contains. */
  output: z.ZodRawShape;
  annotations: { readOnlyHint: boolean; destructiveHint: boolean; idempotentHint: boolean };
}

/** Annotations by kind of tool. */
export const READS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true };
export const ADDS = { readOnlyHint: false, destructiveHint: false, idempotentHint: true };
export const OVERWRITES = { readOnlyHint: false, destructiveHint: true, idempotentHint: true };

/**
 * Defines a tool. Its arguments are read generously and then validated before `run`; an unknown argument is rejected by
 * name rather than dropped. The schema in the list has the strict types. What `run` resolves with is the result, as
 * structured content and as text, cut to the size of an answer. A `CallError` becomes a result with `isError`. The log line gets the names of the tool
 * and of the error, never an argument.
 */
export function tool<Shape extends z.ZodRawShape>(
  name: string,
  config: ToolConfig<Shape>,
  run: (args: z.infer<z.ZodObject<Shape>>, caller: Caller) => Promise<Row>,
): Tool {
  const { title, description, input, output, annotations } = config;
  const schema = z.strictObject(input);
  return {
    schema,
    definition: {
      name,
      title,
      description,
      inputSchema: z.toJSONSchema(schema, { io: "input" }) as Definition["inputSchema"],
      outputSchema: outputSchema(output) as Definition["outputSchema"],
      annotations: { ...annotations, openWorldHint: false },
    },
    async call(args, caller, details) {
      details.tool = name;
      details.tool_error = "arguments_invalid";
      const valid = parseArguments(name, schema, args);
      delete details.tool_error;
      try {
        return successResult(await run(valid as z.infer<z.ZodObject<Shape>>, caller));
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        details.tool_error = error.code;
        return errorResult(error);
      }
    },
  };
}

/** More than any valid call has: all its steps and components, with their keys. */
const MAX_ELEMENTS = 1_000;
const MAX_NAMED = 10;

/** The arguments of a tool as its schema has them; throws a `ProtocolError` that names what is wrong. */
export function parseArguments(name: string, schema: z.ZodObject, args: unknown): unknown {
  const given = readArguments(schema, args ?? {});
  if (!hasAtMost(MAX_ELEMENTS, given)) {
    throw invalid(name, `they contain more than the maximum of ${MAX_ELEMENTS} elements.`);
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const named = issues.slice(0, MAX_NAMED).map(({ code, path, message }) => {
    const where = code === "unrecognized_keys" && path.length === 0
      ? `; known: ${Object.keys(schema.shape).join(", ")}`
      : path.length > 0
      ? ` (${path.join(".")})`
      : "";
    return `${message.slice(0, 500)}${where}`;
  });
  if (issues.length > MAX_NAMED) named.push(`and ${issues.length - MAX_NAMED} more`);
  throw invalid(name, named.join("; "));
}

const invalid = (name: string, why: string): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, `Invalid arguments for ${name}: ${why}`);

/** Whether a value has at most so many elements and keys, at any depth. */
function hasAtMost(max: number, value: unknown): boolean {
  const rest = [value];
  for (let count = 0; rest.length > 0;) {
    const next = rest.pop();
    if (typeof next !== "object" || next === null) continue;
    const items = Object.values(next);
    count += items.length;
    if (count > max) return false;
    rest.push(...items);
  }
  return true;
}

function successResult(result: Row): CallToolResult {
  const answer = bound(result);
  return { content: [{ type: "text", text: JSON.stringify(answer) }], structuredContent: answer };
}

/** Of each part of an error. */
const MAX_ERROR = 1_000;

function errorResult(error: CallError): CallToolResult {
  const message = cutText(error.message, MAX_ERROR);
  const details = error.details ? cutText(error.details, MAX_ERROR) : null;
  const hint = error.hint ? cutText(error.hint, MAX_ERROR) : null;
  const lines = [`${error.code}: ${message}`, details, hint && `What to do: ${hint}`];
  return {
    content: [{ type: "text", text: lines.filter(Boolean).join("\n") }],
    structuredContent: { error: { code: error.code, message, details, hint } },
    isError: true,
  };
}
