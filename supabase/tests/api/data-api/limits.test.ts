import { afterAll, describe, expect, test } from "vitest";
import { openDataApi } from "../../support/data-api.ts";

// Requests that would take much time or memory of the one process that serves everything.
const api = await openDataApi();
afterAll(() => api.project.close());
const repeat = (times: number, from: string, inner: string, to: string): string =>
  from.repeat(times) + inner + to.repeat(times);

describe("embedding", () => {
  const nested = (depth: number, join: string): string => {
    const filters = Array.from(
      { length: depth },
      (_, at) => `${Array(at + 1).fill("a").join(".")}=not.is.null`,
    );
    return `folders?select=id,${repeat(depth - 1, `a:folders${join}(id,`, `a:folders${join}(id)`, ")")}&${
      filters.join("&")
    }`;
  };

  test.each(["exact", "estimated"])("24 levels with filters are counted (%s)", async (count) => {
    for (const join of ["!inner", ""]) {
      const { status, headers } = await api.get(nested(24, join), { Prefer: `count=${count}` });
      expect([status, headers.get("content-range")]).toEqual([200, "*/0"]);
    }
  });

  test("more than 32 levels are refused", async () => {
    for (
      const path of [`projects?select=${repeat(33, "a(", "id", ")")}`, `projects?select=${"a(".repeat(5000)}`]
    ) {
      const { status, body } = await api.get(path);
      expect([status, body.code]).toEqual([400, "PGRST100"]);
    }
  });

  test("filters for presence that repeat each other in many levels are refused", async () => {
    const twice = Array.from({ length: 20 }, (_, at) => {
      const path = Array(at).fill("a.").join("");
      return `${path}and=(a.not.is.null,a.not.is.null,a.not.is.null)`;
    });
    const select = repeat(19, "a:folders(id,", "a:folders(id)", ")");
    const { status, body } = await api.get(`folders?select=id,${select}&${twice.join("&")}`, {
      Prefer: "count=exact",
    });
    expect([status, body.code]).toEqual([400, "PGRST100"]);
  });
});

test("logic trees of more than 32 levels are refused", async () => {
  const nested = (depth: number): string => `projects?or=(${repeat(depth, "or(", "id.eq.1", ")")})`;
  expect((await api.get(nested(30))).status).toBe(200);
  for (const depth of [33, 3000]) {
    const { status, body } = await api.get(nested(depth));
    expect([status, body.code]).toEqual([400, "PGRST100"]);
  }
});

describe("bodies", () => {
  const json = { "Content-Type": "application/json" };

  test("of more than 128 MB are refused, also without a length", async () => {
    const part = new Uint8Array(1024 * 1024).fill(0x20);
    const response = await fetch(`${api.project.url}/rest/v1/clients`, {
      method: "POST",
      headers: { ...json, apikey: api.project.publishableKey },
      body: new Blob(Array.from({ length: 129 }, () => part)).stream(),
      duplex: "half",
    } as RequestInit);
    expect([response.status, await response.json()]).toMatchObject([413, { code: "body_too_large" }]);
  });

  test("without a length are read", async () => {
    const response = await fetch(`${api.project.url}/rest/v1/rpc/echo_text`, {
      method: "POST",
      headers: { ...json, apikey: api.project.publishableKey },
      body: new Blob(['{"value":"h\u00e9"}']).stream(),
      duplex: "half",
    } as RequestInit);
    expect([response.status, await response.json()]).toEqual([200, "h\u00e9"]);
  });

  test("with a long key are compared with no name", async () => {
    const { status, text, body } = await api.rpc("add_them", { ["(a, b)".repeat(1_000_000)]: 1 });
    expect([status, body.code, body.hint, text.length < 10_000]).toEqual([404, "PGRST202", null, true]);
  });
});

describe("numbers", () => {
  const digits = "9".repeat(400);

  test("of rows that are more than there can be", async () => {
    const one = await api.get(`numbers?order=n&limit=${digits}`);
    expect([one.status, one.body.length]).toEqual([200, 30]);
    expect((await api.get(`numbers?offset=${digits}`)).body).toEqual([]);
    expect((await api.get("numbers", { Range: `0-${digits}` })).body).toHaveLength(30);
    expect((await api.get("numbers", { Range: `${digits}-${digits}` })).body).toEqual([]);
    expect((await api.get("numbers", { Prefer: `handling=strict,max-affected=${digits}` })).status).toBe(200);
  });
});
