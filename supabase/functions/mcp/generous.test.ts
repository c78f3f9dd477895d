import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { readArguments } from "./generous.ts";
import { issueNumber } from "./inputs.ts";
import { tools } from "./server.ts";
import { parseArguments, type Tool } from "./tool.ts";

// Every tool and each of its arguments, spelled as clients spell them, and the strict types that the list advertises.

interface JsonSchema {
  type?: string;
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  anyOf?: JsonSchema[];
}

const schemaOf = (tool: Tool): JsonSchema => tool.definition.inputSchema as JsonSchema;

const CLIENT_KEYS = ["toolCallId", "sessionId", "action", "chatInput", "tool"];

/** A value of a schema, and the same value as a client may spell it. */
type Spelled = fc.Arbitrary<[strict: unknown, spelled: unknown]>;

function spell(schema: JsonSchema): Spelled {
  if (schema.anyOf) {
    return fc.oneof(
      ...schema.anyOf.map((one): Spelled => one.type === "null" ? fc.constant([null, null]) : spell(one)),
    );
  }
  if (schema.enum) return fc.constantFrom(...schema.enum).map((value) => [value, value]);
  switch (schema.type) {
    case "integer": {
      const { minimum = 0, maximum = 1e6 } = schema;
      return spellAs(fc.integer({ min: minimum, max: maximum }), String);
    }
    case "boolean":
      return spellAs(fc.boolean(), String);
    case "array":
      return fc.array(spell(schema.items ?? {}), {
        minLength: Math.max(1, schema.minItems ?? 0),
        maxLength: 3,
      })
        .chain((items): Spelled =>
          spellAs(fc.constant(items.map(([value]) => value)), JSON.stringify).map(([value, spelled]) => [
            value,
            typeof spelled === "string" ? spelled : items.map(([, each]) => each),
          ])
        );
    case "object":
      return spellObject(schema);
    default: {
      const text = schema.pattern === undefined
        ? fc.string({ maxLength: 20 }).map((body) => `t${body}`)
        : fc.constant(sample(schema.pattern));
      return text.map((value) => [value, value]);
    }
  }
}

function spellAs(values: fc.Arbitrary<unknown>, write: (value: unknown) => string): Spelled {
  return fc.tuple(values, fc.boolean()).map(([value, asText]) => [value, asText ? write(value) : value]);
}

function spellObject({ properties = {}, required = [] }: JsonSchema): Spelled {
  const parts = Object.entries(properties).map(([key, schema]) => {
    const value = spell(schema).map(([strict, spelled]) => ({ key, strict, spelled, absent: false }));
    const nothing = schema.anyOf ? fc.constant("") : fc.constantFrom("", null);
    const absent = nothing.map((spelled) => ({ key, strict: undefined, spelled, absent: true }));
    return required.includes(key) ? value : fc.oneof(value, absent);
  });
  return fc.tuple(fc.tuple(...parts), fc.boolean()).map(([entries, asText]) => {
    const strict = entries.filter(({ absent }) => !absent).map(({ key, strict }) => [key, strict]);
    const spelled = Object.fromEntries(entries.map(({ key, spelled }) => [key, spelled])) as unknown;
    return [Object.fromEntries(strict), asText ? JSON.stringify(spelled) : spelled];
  });
}

/** A text for each pattern that a schema has. */
function sample(pattern: string): string {
  const text = ["high:12", "updates:20", "2026-07-28", "d0000000-0000-4000-8000-000000000001"].find((one) =>
    new RegExp(pattern).test(one)
  );
  if (text === undefined) throw new Error(`add a sample for ${pattern}`);
  return text;
}

const named = tools.map((tool): [string, Tool] => [tool.definition.name, tool]);

test.each(named)("%s reads each argument as it is meant, however it is spelled", (name, tool) => {
  fc.assert(
    fc.property(
      spell(schemaOf(tool)),
      fc.subarray(CLIENT_KEYS),
      fc.jsonValue(),
      ([strict, spelled], keys, value) => {
        const added = Object.fromEntries(keys.map((key) => [key, value]));
        const given = typeof spelled === "string" ? spelled : { ...spelled as object, ...added };
        expect(parseArguments(name, tool.schema, given)).toEqual(tool.schema.parse(strict));
      },
    ),
    { numRuns: 50 },
  );
});

test("the list advertises the strict types alone", () => {
  const describeType = (schema: JsonSchema): string =>
    schema.anyOf?.map(describeType).join("|") ??
      (schema.enum
        ? "enum"
        : schema.type === "array"
        ? `${describeType(schema.items ?? {})}[]`
        : `${schema.type}`);
  for (const tool of tools) {
    const { properties = {}, required = [] } = schemaOf(tool);
    expect(schemaOf(tool)).toMatchObject({ type: "object", additionalProperties: false });
    for (const [key, schema] of Object.entries(properties)) {
      expect(describeType(schema), `${tool.definition.name}.${key}`)
        .toMatch(/^(integer|boolean|string|enum|(string|enum|object)\[\]|(string|integer)\|null)$/);
    }
    expect(required.filter((key) => !(key in properties))).toEqual([]);
  }
  const types = (name: string) =>
    Object.fromEntries(
      Object.entries(schemaOf(tools.find(({ definition }) => definition.name === name)!).properties ?? {})
        .map(([key, schema]) => [key, describeType(schema)]),
    );
  expect(types("list_ready_issues")).toEqual({
    include_claimed: "boolean",
    limit: "integer",
    offset: "integer",
    conversation_id: "string",
  });
  expect(types("add_steps")).toEqual({
    issue_number: "integer",
    steps: "object[]",
    conversation_id: "string",
    idempotency_key: "string",
  });
});

describe("only exact texts are read", () => {
  const schema = z.strictObject({
    number: z.number().int().optional(),
    flag: z.boolean().optional(),
    list: z.array(z.number()).optional(),
    text: z.string().optional(),
    clear: z.string().nullish(),
    filled: z.array(z.string()).min(1).optional(),
    kinds: z.array(z.enum(["a", "b"])).min(1).optional(),
    required: z.number().optional(),
  });

  test.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{ number: "4" }, { number: 4 }],
    [{ number: "-4" }, { number: -4 }],
    [{ flag: "false" }, { flag: false }],
    [{ flag: "true" }, { flag: true }],
    [{ list: "[1, 2]" }, { list: [1, 2] }],
    [{ list: '["1", 2]' }, { list: [1, 2] }],
    [{ list: ["1"] }, { list: [1] }],
    [{ number: null, flag: "", list: "", text: "", clear: "" }, {}],
    [{ clear: null }, { clear: null }],
    [{ filled: [], list: [] }, { list: [] }],
    [{ filled: "[]", list: "[]" }, { list: [] }],
    [{ filled: ["a"] }, { filled: ["a"] }],
    [{ kinds: "a" }, { kinds: ["a"] }],
    [{ text: "a\0b\ud83d \u{1f600}" }, { text: "a\ufffdb\ufffd \u{1f600}" }],
    [{ clear: "\udc00", filled: ["\0"] }, { clear: "\ufffd", filled: ["\ufffd"] }],
    [{ text: "4" }, { text: "4" }],
    [{ text: "[1]" }, { text: "[1]" }],
    [{ text: "true" }, { text: "true" }],
  ])("%j", (given, meant) => {
    expect(readArguments(schema, given)).toEqual(meant);
  });

  test.each<Record<string, unknown>>([
    { number: " 4" },
    { number: "4px" },
    { number: "0x4" },
    { number: "1e3" },
    { number: "04" },
    { number: "４" },
    { number: "Infinity" },
    { number: " " },
    { number: true },
    { number: [4] },
    { number: "4.5" },
    { flag: "yes" },
    { flag: "True" },
    { flag: 1 },
    { flag: "1" },
    { list: "1,2" },
    { list: "[1," },
    { list: '{"0": 1}' },
    { list: 1 },
    { filled: [""], number: [] },
    { kinds: "c" },
    { kinds: "a,b" },
    { filled: "a" },
    { text: 4 },
    { text: " ", txt: "" },
    { action: "x", nested: { action: "y" } },
  ])("%j is refused", (given) => {
    expect(() => parseArguments("it", schema, given)).toThrow(/^Invalid arguments for it: /);
  });

  test.each([
    ["#4", 4],
    ["EXAI-4", 4],
    ["exai-4", 4],
    ["EXAI #4", 4],
    ["exai://issues/4", 4],
    ["4", 4],
    ["#04", "#04"],
    ["##4", "##4"],
    ["EXAI-", "EXAI-"],
    ["ABC-4", "ABC-4"],
    ["https://example.org/4", "https://example.org/4"],
  ])("the number of an issue may be written %s", (given, meant) => {
    expect(readArguments(z.strictObject({ issue_number: issueNumber, limit: z.number() }), {
      issue_number: given,
      limit: "#4",
    })).toEqual({ issue_number: meant, limit: "#4" });
  });

  test("null and an empty text do not stand for what is required", () => {
    const needed = z.strictObject({ number: z.number(), flag: z.boolean() });
    for (const nothing of [null, ""]) {
      expect(() => parseArguments("it", needed, { number: nothing, flag: nothing })).toThrow(/number.*flag/);
    }
  });

  test("a misspelt key is named, also in an element, with the known ones", () => {
    const create = tools.find(({ definition }) => definition.name === "create_issue")!;
    expect(() => parseArguments("create_issue", create.schema, { titel: "a", conversation_id: "c" }))
      .toThrow(/title.*Unrecognized key: "titel"; known: title, description, /);
    const add = tools.find(({ definition }) => definition.name === "add_steps")!;
    const steps = JSON.stringify([{ description: "a", "step-number": 1 }]);
    expect(() => parseArguments("add_steps", add.schema, { issue_number: 1, conversation_id: "c", steps }))
      .toThrow(/Unrecognized key: "step-number" \(steps\.0\)/);
    const key = JSON.parse('{"__proto__": 1, "constructor": 2, "conversation_id": "c"}') as unknown;
    expect(() => parseArguments("create_issue", create.schema, key)).toThrow(/__proto__.*constructor/);
  });

  test("an error is short, however much is wrong", () => {
    const add = tools.find(({ definition }) => definition.name === "add_steps")!;
    const wrong = Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`${at}${"k".repeat(900)}`, 1]));
    const message = (args: unknown): string => {
      try {
        parseArguments("add_steps", add.schema, args);
      } catch (error) {
        return (error as Error).message;
      }
      throw new Error("not refused");
    };
    expect(message(wrong).length).toBeLessThan(3_000);
    expect(message({ issue_number: 1, conversation_id: "c", steps: Array(900).fill("x") }).length)
      .toBeLessThan(3_000);
    expect(message({ ...wrong, more: Array(1_000).fill(1) })).toMatch(/maximum of 1000 elements/);
  });
});
