import { createClient } from "@supabase/supabase-js";
import { afterAll, describe, expect, test } from "vitest";
import { OBJECT, openDataApi } from "../../support/data-api.ts";

// docs.postgrest.org/en/v14/references/api/functions.html
const api = await openDataApi();
afterAll(() => api.project.close());
const UUID = "6c1b0a9e-2f5e-4b7a-9a51-0f6a4a0c8f1d";

describe("arguments", () => {
  test.each([
    ["text", "hi", "hi"],
    ["text", '{"a":1}', '{"a":1}'],
    ["text", 5, "5"],
    ["text", null, null],
    ["int", 5, 5],
    ["int", "5", 5],
    ["bigint", 9007199254740991, 9007199254740991],
    ["numeric", 1.5, 1.5],
    ["numeric", "NaN", "NaN"],
    ["double", 0.1, 0.1],
    ["bool", true, true],
    ["uuid", UUID, UUID],
    ["date", "2026-02-03", "2026-02-03"],
    ["timestamp", "2026-02-03T04:05:06", "2026-02-03T04:05:06"],
    ["timestamptz", "2026-02-03T04:05:06.7+02:00", "2026-02-03T02:05:06.7+00:00"],
    ["interval", "1 day 02:00", "1 day 02:00:00"],
    ["bytea", "\\x0102", "\\x0102"],
    ["json", { b: 1, a: [{}] }, { b: 1, a: [{}] }],
    ["jsonb", { a: { b: [1, "2"] } }, { a: { b: [1, "2"] } }],
    ["jsonb", [1, 2], [1, 2]],
    ["jsonb", "text", "text"],
    ["jsonb", "5", "5"],
    ["jsonb", 5, 5],
    ["jsonb", true, true],
    ["jsonb", '{"a":1}', '{"a":1}'],
    ["text_array", ["a", "b,c", 'q"', null, "NULL"], ["a", "b,c", 'q"', null, "NULL"]],
    ["text_array", "{a,b}", ["a", "b"]],
    ["text_array", [], []],
    ["int_array", [1, null, 2], [1, null, 2]],
    ["jsonb_array", [{ a: 1 }, [2], "s"], [{ a: 1 }, [2], "s"]],
    ["mood", "happy", "happy"],
    ["point", { x: 1, y: null }, { x: 1, y: null }],
    ["points", [{ x: 1, y: 2 }], [{ x: 1, y: 2 }]],
    ["email", "a@b", "a@b"],
    ["range", "[1,5)", "[1,5)"],
  ])("%s: %j", async (type, value, expected) => {
    const { status, body, text } = await api.rpc(`echo_${type}`, { value });
    expect(status, text).toBe(200);
    expect(body).toEqual(expected);
  });

  test.each([[{}, "object"], ["5", "string"], [5, "number"], [[], "array"], [false, "boolean"]])(
    "%j is a jsonb %s",
    async (value, kind) => expect((await api.rpc("jsonb_kind", { value })).body).toBe(kind),
  );

  test.each([["int", "x"], ["uuid", "nope"], ["mood", "nope"], ["date", "nope"]])(
    "%s rejects %j with 400",
    async (type, value) => {
      const { status, body } = await api.rpc(`echo_${type}`, { value });
      expect([status, body.code.slice(0, 2)]).toEqual([400, "22"]);
    },
  );

  test("a domain's check is 400", async () => {
    const { status, body } = await api.rpc("echo_email", { value: "ab" });
    expect([status, body.code]).toEqual([400, "23514"]);
  });

  test("by name, with defaults, variadic, none, overloaded", async () => {
    expect((await api.rpc("add_them", { a: 1 })).body).toBe(11);
    expect((await api.rpc("add_them", { b: 2, a: 1 })).body).toBe(3);
    expect((await api.rpc("join_all", { words: ["a", "b"] })).body).toBe("a-b");
    expect((await api.rpc("no_arguments", {})).body).toBe("called");
    expect((await api.ask("POST", "rpc/no_arguments")).body).toBe("called");
    expect((await api.rpc("overloaded", { a: 1 })).body).toBe("one");
    expect((await api.rpc("overloaded", { a: 1, b: 2 })).body).toBe("two");
  });

  test("in the query of a GET, as text", async () => {
    expect((await api.get("rpc/add_them?a=1&b=2")).body).toBe(3);
    expect((await api.get("rpc/join_all?words=a&words=b")).body).toBe("a-b");
    expect((await api.get("rpc/echo_text?value=007")).body).toBe("007");
    expect((await api.get("rpc/echo_text?value=true")).body).toBe("true");
    expect((await api.get('rpc/echo_jsonb?value={"a":1}')).body).toEqual({ a: 1 });
    expect((await api.get("rpc/echo_int_array?value={1,2}")).body).toEqual([1, 2]);
  });

  test("the whole body for a single unnamed json", async () => {
    expect((await api.rpc("one_json", { a: 1 })).body).toEqual({ got: { a: 1 } });
    expect((await api.rpc("one_json", [{ a: 1 }, { a: 2 }])).body).toEqual({ got: [{ a: 1 }, { a: 2 }] });
    expect((await api.rpc("one_json", [1, 2])).body.message).toBe("All object keys must match");
    expect((await api.rpc("one_jsonb", { a: "5" })).body).toEqual({ got: { a: "5" } });
  });

  test("that match no function are 404, that match two 300", async () => {
    const unknown = await api.rpc("add_them", { a: 1, c: 2 });
    expect([unknown.status, unknown.body.code]).toEqual([404, "PGRST202"]);
    expect(unknown.body.message).toBe(
      "Could not find the function public.add_them(a, c) in the schema cache",
    );
    const { status, body } = await api.rpc("ambiguous", { a: 1 });
    expect([status, body.code]).toEqual([300, "PGRST203"]);
    expect(body.message).toBe(
      "Could not choose the best candidate function between: public.ambiguous(a => integer), public.ambiguous(a => text)",
    );
  });
});

describe("results", () => {
  test("void is 204, null is null", async () => {
    const { status, text } = await api.rpc("does_nothing", {});
    expect([status, text]).toEqual([204, ""]);
    expect((await api.rpc("returns_null", {})).text).toBe("null");
  });

  test("sets are lists: of scalars, rows, tables", async () => {
    expect((await api.rpc("list_numbers", { upto: 3 })).body).toEqual([1, 2, 3]);
    expect((await api.rpc("as_table", { upto: 2 })).body).toEqual([{ n: 1, square: 1 }, { n: 2, square: 4 }]);
    expect((await api.rpc("list_projects", {})).body).toHaveLength(4);
  });

  test("one row, output arguments", async () => {
    expect((await api.rpc("one_project", { id: 1 })).body).toMatchObject({
      id: 1,
      name: "Alpha",
      budget: 100.5,
    });
    expect((await api.rpc("with_out", { a: 2 })).body).toEqual({ doubled: 4, said: "yes" });
  });

  test("are filtered, ordered, paged, counted and embedded like a table", async () => {
    const { status, headers, body } = await api.get(
      "rpc/list_projects?select=id,clients(name)&id=gt.1&order=id.desc&limit=2",
      { Prefer: "count=exact" },
    );
    expect([status, headers.get("content-range")]).toEqual([206, "0-1/3"]);
    expect(body).toEqual([{ id: 4, clients: null }, { id: 3, clients: { name: "Globex" } }]);
    expect((await api.get("rpc/as_table?upto=4&n=neq.1&n=neq.2&select=n")).body).toEqual([{ n: 3 }, {
      n: 4,
    }]);
    expect((await api.rpc("list_projects", {}, OBJECT)).body.code).toBe("PGRST116");
  });

  test("have the status and headers that the function sets", async () => {
    const headers = JSON.stringify([{ "X-A": "1" }, { "Set-Cookie": "a=b" }, { "Set-Cookie": "c=d" }]);
    const answer = await api.rpc("sets_response", { status: "202", headers });
    expect([answer.status, answer.body]).toEqual([202, "body"]);
    expect(answer.headers.get("x-a")).toBe("1");
    expect((await api.rpc("sets_response", { status: "nope" })).body.code).toBe("PGRST112");
    expect((await api.rpc("sets_response", { status: "200", headers: "bad" })).body.code).toBe("PGRST111");
  });
});

describe("methods", () => {
  test.each(["PUT", "PATCH", "DELETE"])("%s is 405", async (method) => {
    const { status, body } = await api.ask(method, "rpc/add_them", { body: {} });
    expect([status, body.code, body.message]).toEqual([
      405,
      "PGRST101",
      `Cannot use the ${method} method on RPC`,
    ]);
  });

  test("HEAD runs it without returning the body", async () => {
    const { status, text } = await api.ask("HEAD", "rpc/list_numbers?upto=3");
    expect([status, text]).toEqual([200, ""]);
  });

  test("a stable function can't write, not even by POST", async () => {
    const { status, body } = await api.rpc("writes_but_says_stable", { name: "A" });
    expect([status, body.code]).toEqual([400, "0A000"]);
  });
});

test("a function can read the request", async () => {
  const { body } = await api.rpc("who_am_i", {}, { "X-Test": "yes", Cookie: "a=1; flavour=oat" });
  expect(body).toMatchObject({
    current_user: "anon",
    role: "anon",
    uid: null,
    method: "POST",
    path: "/rpc/who_am_i",
    header: "yes",
    cookie: "oat",
    search_path: '"public", "public", "extensions"',
    time_zone: "UTC",
  });
  expect((await api.rpc("where_am_i", {}, { "Content-Profile": "other" })).body).toBe("other");
});

test("supabase-js calls with objects, arrays and dates", async () => {
  const client = createClient(api.project.url, api.project.publishableKey);
  expect((await client.rpc("echo_jsonb", { value: { a: [1] } })).data).toEqual({ a: [1] });
  expect((await client.rpc("echo_text_array", { value: ["a", "b"] })).data).toEqual(["a", "b"]);
  expect((await client.rpc("echo_timestamptz", { value: new Date(0) })).data).toBe(
    "1970-01-01T00:00:00+00:00",
  );
  const { data, count } = await client.rpc("list_numbers", { upto: 30 }, { get: true, count: "exact" }).limit(
    2,
  );
  expect([data, count]).toEqual([[1, 2], 30]);
  const { error, status } = await client.rpc("raises", {
    code: "PT409",
    message: "taken",
    hint: "Choose another.",
  });
  expect([status, error?.code, error?.message, error?.hint]).toEqual([
    409,
    "PT409",
    "taken",
    "Choose another.",
  ]);
});
