import type { z } from "zod";
import { issueNumber } from "./inputs.ts";

// Arguments as clients spell them. Only exact texts are read as what they plainly are; everything else is left for
// validation to reject. (`z.coerce` would read "false" as true, and null and "" as 0.)

/** What clients add to the arguments of every tool: n8n's agents do. */
const CLIENT_KEYS = new Set(["toolCallId", "sessionId", "action", "chatInput", "tool"]);

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?$/;

/** An issue's number as people, pull requests and resources write it: #12, EXAI-12, exai://issues/12. */
const ISSUE = /^(?:#|exai[- ]#?|exai:\/\/issues\/)([1-9]\d*)$/i;

/**
 * The arguments of a tool, in the types of its schema: numbers and booleans from text, arrays and objects from JSON text.
 * Null and "" for what is optional mean absent, except null where the schema allows it, and so does an empty list where
 * the schema wants elements. Keys that known clients add are
 * left out, unknown ones stay, so that validation names them.
 */
export function readArguments(schema: z.ZodObject, given: unknown): unknown {
  return readObject(schema, given, CLIENT_KEYS);
}

function read(schema: z.core.$ZodType, given: unknown): unknown {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
    case "default":
      if (given === "" || given === null && !acceptsNull(def.innerType)) return undefined;
      if (isEmptyList(given) && isFilledList(def.innerType)) return undefined;
      return read(def.innerType, given);
    case "nullable":
      return given === null ? null : read(def.innerType, given);
    case "number": {
      const digits = schema === issueNumber && typeof given === "string" ? given.replace(ISSUE, "$1") : given;
      return typeof digits === "string" && NUMBER.test(digits) ? Number(digits) : given;
    }
    case "boolean":
      return given === "true" ? true : given === "false" ? false : given;
    case "string":
      return typeof given === "string" ? storable(given) : given;
    case "array": {
      const list = isValueOf(def.element, given) ? [given] : parseText(given);
      return Array.isArray(list) ? list.map((item) => read(def.element, item)) : given;
    }
    case "object":
      return readObject(schema as z.ZodObject, given);
    default:
      return given;
  }
}

function readObject(schema: z.ZodObject, given: unknown, ignored?: ReadonlySet<string>): unknown {
  const value = parseText(given);
  if (!isObject(value)) return given;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => Object.hasOwn(schema.shape, key) || !ignored?.has(key))
      .map(([key, item]) => {
        const part = Object.hasOwn(schema.shape, key) ? schema.shape[key] : undefined;
        return [key, part ? read(part, item) : item];
      })
      .filter(([, item]) => item !== undefined),
  );
}

const acceptsNull = (schema: z.core.$ZodType): boolean => {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  return def.type === "nullable" || "innerType" in def && acceptsNull(def.innerType);
};

/** Half of a pair of surrogates, and NUL, which the database holds as little, become U+FFFD. */
const storable = (text: string): string => text.toWellFormed().replaceAll("\0", "\ufffd");

/** One of the values of a closed set, which some models write in place of a list of them. */
const isValueOf = (schema: z.core.$ZodType, given: unknown): boolean =>
  (schema as z.core.$ZodTypes)._zod.def.type === "enum" && (schema as z.ZodType).safeParse(given).success;

/** A list that may not be empty: models that fill in every argument send an empty one for none. */
const isFilledList = (schema: z.core.$ZodType): boolean => {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  if (def.type !== "array") return "innerType" in def && isFilledList(def.innerType);
  return !(schema as z.ZodType).safeParse([]).success;
};

const isEmptyList = (given: unknown): boolean => {
  const list = parseText(given);
  return Array.isArray(list) && list.length === 0;
};

/** The array or object that a text contains as JSON, else the value itself. */
export function parseText(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
