import { afterAll, describe, expect, test } from "vitest";
import { openDataApi } from "../../support/data-api.ts";

// docs.postgrest.org/en/v14/references/errors.html
const api = await openDataApi();
afterAll(() => api.project.close());

describe("a SQLSTATE has the status of PostgREST's table", () => {
  test.each([
    ["08006", 503],
    ["0A000", 400],
    ["0L000", 403],
    ["0P000", 403],
    ["21000", 500],
    ["22012", 400],
    ["22P02", 400],
    ["23502", 400],
    ["23503", 409],
    ["23505", 409],
    ["23514", 400],
    ["23P01", 400],
    ["25001", 500],
    ["25006", 405],
    ["28000", 403],
    ["38000", 500],
    ["40001", 500],
    ["42501", 401],
    ["42703", 400],
    ["42883", 404],
    ["42P01", 404],
    ["42P17", 500],
    ["53300", 503],
    ["53400", 500],
    ["54001", 500],
    ["55P03", 500],
    ["57014", 500],
    ["57P01", 503],
    ["58000", 500],
    ["P0001", 400],
    ["P0002", 500],
    ["XX000", 500],
    ["99999", 400],
    ["PT402", 402],
    ["PT503", 503],
    ["PT999", 500],
    ["PT2E2", 500],
    ["PT0X9", 500],
  ])("%s: %i", async (code, status) => {
    const answer = await api.rpc("raises", { code, message: "said", detail: "the detail", hint: "the hint" });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(answer.body).toEqual({ code, details: "the detail", hint: "the hint", message: "said" });
  });
});

test("raise exception without a code is 400 P0001", async () => {
  const { status, body } = await api.rpc("raises_plain", {});
  expect(status).toBe(400);
  expect(body).toEqual({ code: "P0001", details: null, hint: null, message: "plain" });
});

test("a missing privilege is 401 for anon, 403 for signed-in users", async () => {
  const anon = await api.get("sealed");
  expect([anon.status, anon.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
  expect(anon.body).toEqual({
    code: "42501",
    details: null,
    hint: null,
    message: "permission denied for table sealed",
  });
  const signUp = await fetch(`${api.project.url}/auth/v1/signup`, {
    method: "POST",
    headers: { apikey: api.project.publishableKey, "Content-Type": "application/json" },
    body: "{}",
  });
  const { access_token } = await signUp.json() as { access_token: string };
  const user = await api.get("sealed", { Authorization: `Bearer ${access_token}` });
  expect([user.status, user.body.code]).toEqual([403, "42501"]);
  expect((await api.rpc("kept_from_anon", {})).status).toBe(401);
});

test("row security rejects a write with 42501", async () => {
  const { status, body } = await api.post("notes", { body: "mine" });
  expect([status, body.code, body.message]).toEqual([
    401,
    "42501",
    'new row violates row-level security policy for table "notes"',
  ]);
});

describe("constraints", () => {
  test.each([
    ["clients", { name: "Acme" }, 409, "23505", "Key (name)=(Acme) already exists."],
    [
      "projects",
      { name: "x", client_id: 999 },
      409,
      "23503",
      'Key (client_id)=(999) is not present in table "clients".',
    ],
    ["projects", { client_id: 1 }, 400, "23502", /^Failing row contains/],
    ["projects", { name: "x", budget: -1 }, 400, "23514", /^Failing row contains/],
    ["projects", { name: "x", priority: "abc" }, 400, "22P02", null],
    ["projects", { name: "x", priority: 99999999999 }, 400, "22003", null],
    ["every_type", { id: 1, a_varchar: "too long" }, 400, "22001", null],
    ["client_totals", { client_id: 1 }, 500, "55000", /^Views containing GROUP BY/],
  ])("%s %j: %i %s", async (table, row, status, code, details) => {
    const answer = await api.post(table, row);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    if (details instanceof RegExp) expect(answer.body.details).toMatch(details);
    else expect(answer.body.details).toBe(details);
  });
});

test.each([204, 205, 304])("a response of status %i, raised or set, has no body", async (status) => {
  const raised = await api.rpc("raises", { code: `PT${status}`, message: "said" });
  expect([raised.status, raised.text]).toEqual([status, ""]);
  const set = await api.rpc("sets_response", { status: `${status}` });
  expect([set.status, set.text]).toEqual([status, ""]);
  const detail = JSON.stringify({ status, headers: {} });
  const message = JSON.stringify({ code: "X1", message: "m" });
  expect((await api.rpc("raises", { code: "PGRST", message, detail })).status).toBe(status);
});

describe("a response that there can't be", () => {
  test.each([
    { status: 99, headers: {} },
    { status: 101, headers: {} },
    { status: 1000, headers: {} },
    { status: 402.5, headers: {} },
    { status: 402, headers: { "X Y": "z" } },
    { status: 402, headers: { "X-Y": "a\nb" } },
    { status: 402, headers: { "X-Y": 1 } },
  ])("raised: %j", async (detail) => {
    const { status, body } = await api.rpc("raises", {
      code: "PGRST",
      message: JSON.stringify({ code: "X1", message: "m" }),
      detail: JSON.stringify(detail),
    });
    expect([status, body.code, body.details]).toEqual([
      500,
      "PGRST121",
      `Invalid JSON value for DETAIL: '${JSON.stringify(detail)}'`,
    ]);
  });

  test.each([
    ["99", "[]", "PGRST112"],
    ["2e2", "[]", "PGRST112"],
    ["0xC8", "[]", "PGRST112"],
    ["200", '[{"X Y":"1"}]', "PGRST111"],
    ["200", '[{"X-Y":"a\\nb"}]', "PGRST111"],
    ["200", "[null]", "PGRST111"],
  ])("set: %s %s", async (given, headers, code) => {
    const { status, body } = await api.rpc("sets_response", { status: given, headers });
    expect([status, body.code]).toEqual([500, code]);
  });
});

test("a column that is missing is named as PostgREST names its table", async () => {
  expect((await api.get("rpc/list_projects?select=id&nope=eq.1")).body.message).toBe(
    "column pgrst_call.nope does not exist",
  );
  const put = await api.ask("PUT", "clients?id=eq.50", { body: { name: "A" } });
  expect([put.status, put.body.message]).toEqual([400, "column pgrst_body.id does not exist"]);
});

describe("PostgREST's own errors", () => {
  test.each([
    ["GET", "nothing", 404, "PGRST205", "Could not find the table 'public.nothing' in the schema cache"],
    ["GET", "a/b/c", 404, "PGRST125", "Invalid path specified in request URL"],
    ["GET", "projects?select=nope", 400, "42703", "column projects.nope does not exist"],
    ["GET", "projects?nope=eq.1", 400, "42703", "column projects.nope does not exist"],
    ["GET", "projects?order=nope", 400, "42703", "column projects.nope does not exist"],
    ["GET", "projects?id=foo.1", 400, "PGRST100", '"failed to parse filter (foo.1)" (line 1, column 1)'],
    [
      "GET",
      "projects?id=is.nullx",
      400,
      "PGRST100",
      '"failed to parse filter (is.nullx)" (line 1, column 4)',
    ],
    ["GET", "projects?id=in.(1)x", 400, "PGRST100", '"failed to parse filter (in.(1)x)" (line 1, column 7)'],
    [
      "GET",
      "projects?select=id::$x$",
      400,
      "PGRST100",
      '"failed to parse select parameter (id::$x$)" (line 1, column 5)',
    ],
    [
      "GET",
      "projects?select=meta->99999999999",
      400,
      "22003",
      'value "99999999999" is out of range for type integer',
    ],
    ["GET", "projects?id=eq.x", 400, "22P02", 'invalid input syntax for type bigint: "x"'],
    [
      "POST",
      "projects",
      400,
      "PGRST204",
      "Could not find the 'nope' column of 'projects' in the schema cache",
    ],
    [
      "POST",
      "projects?columns=nope",
      400,
      "PGRST204",
      "Could not find the 'nope' column of 'projects' in the schema cache",
    ],
    [
      "POST",
      "rpc/nope",
      404,
      "PGRST202",
      "Could not find the function public.nope(nope) in the schema cache",
    ],
  ])("%s %s: %i %s", async (method, path, status, code, message) => {
    const answer = await api.ask(method, path, method === "POST" ? { body: { nope: 1 } } : {});
    expect([answer.status, answer.body.code, answer.body.message]).toEqual([status, code, message]);
    expect(Object.keys(answer.body).sort()).toEqual(["code", "details", "hint", "message"]);
  });

  test("have a hint with a similar name", async () => {
    expect((await api.get("project")).body.hint).toBe("Perhaps you meant the table 'public.projects'");
    expect((await api.rpc("add_the", { a: 1 })).body.hint).toBe(
      "Perhaps you meant to call the function public.add_them",
    );
  });

  test.each(["{bad", "", "nil"])("for the body %j", async (raw) => {
    const { status, body } = await api.ask("POST", "projects", {
      raw,
      headers: { "Content-Type": "application/json" },
    });
    expect([status, body.code, body.message]).toEqual([400, "PGRST102", "Empty or invalid json"]);
  });

  test("for a body that is not UTF-8, which is not changed", async () => {
    const { status, body } = await api.ask("POST", "projects", {
      raw: Buffer.from([...Buffer.from('{"name": "'), 0xff, ...Buffer.from('"}')]),
      headers: { "Content-Type": "application/json" },
    });
    expect([status, body.code]).toEqual([400, "PGRST102"]);
  });

  test("for a media type that is not available", async () => {
    const { status, body } = await api.get("projects", { Accept: "application/unknown" });
    expect([status, body.code, body.message]).toEqual([
      406,
      "PGRST107",
      "None of these media types are available: application/unknown",
    ]);
  });

  test("for a schema that is not exposed", async () => {
    const { status, body } = await api.get("things", { "Accept-Profile": "hidden" });
    expect([status, body.code, body.message]).toEqual([406, "PGRST106", "Invalid schema: hidden"]);
  });

  test("for an unknown preference, only with handling=strict", async () => {
    const { status, body } = await api.get("projects", { Prefer: "handling=strict, nonsense" });
    expect([status, body.code, body.details]).toEqual([400, "PGRST122", "Invalid preferences: nonsense"]);
    expect((await api.get("projects", { Prefer: "handling=lenient, nonsense" })).status).toBe(200);
    for (const name of ["constructor", "toString", "__proto__", "max-affected"]) {
      const strict = await api.get("projects", { Prefer: `handling=strict, ${name}=x` });
      expect([strict.status, strict.body.details]).toEqual([400, `Invalid preferences: ${name}=x`]);
      expect((await api.get("projects", { Prefer: `${name}=x` })).status).toBe(200);
    }
  });
});

describe("raise sqlstate 'PGRST' defines the whole response", () => {
  test("in JSON", async () => {
    const { status, headers, body } = await api.rpc("raises", {
      code: "PGRST",
      message: JSON.stringify({ code: "X1", message: "m", details: "d", hint: "h" }),
      detail: JSON.stringify({ status: 402, headers: { "X-Y": "z" } }),
    });
    expect([status, headers.get("x-y")]).toEqual([402, "z"]);
    expect(body).toEqual({ code: "X1", message: "m", details: "d", hint: "h" });
  });

  test("and is PGRST121 when it is not", async () => {
    const { status, body } = await api.rpc("raises", { code: "PGRST", message: "bad", detail: "bad" });
    expect([status, body.code, body.details]).toEqual([
      500,
      "PGRST121",
      "Invalid JSON value for MESSAGE: 'bad'",
    ]);
  });
});

test("a request that takes longer than its role's timeout is 500 57014", async () => {
  const { status, body } = await api.rpc("sleeps", { seconds: 20 });
  expect(status).toBe(500);
  expect(body).toEqual({
    code: "57014",
    details: null,
    hint: null,
    message: "canceling statement due to statement timeout",
  });
});
