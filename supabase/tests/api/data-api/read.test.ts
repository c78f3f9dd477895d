import { afterAll, describe, expect, test } from "vitest";
import { OBJECT, openDataApi } from "../../support/data-api.ts";

// What PostgREST documents for reading: docs.postgrest.org/en/v14/references/api/tables_views.html and
// pagination_count.html
const api = await openDataApi();
afterAll(() => api.project.close());
const ids = async (query: string): Promise<number[]> => {
  const { status, body, text } = await api.get(`projects?select=id&order=id&${query}`);
  expect(status, text).toBe(200);
  return (body as { id: number }[]).map((row) => row.id);
};

describe("rows", () => {
  test("are JSON as to_json returns it", async () => {
    const { status, headers, body } = await api.get("projects?id=eq.1");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(body).toEqual([{
      id: 1,
      client_id: 1,
      name: "Alpha",
      is_active: true,
      budget: 100.5,
      priority: 1,
      tags: ["red", "blue"],
      meta: { size: { w: 10 }, label: "a", list: [1, 2] },
      started_on: "2026-01-01",
      created_at: "2026-01-02T03:04:05.678+00:00",
    }]);
  });

  test("have columns that are renamed, cast and extracted from JSON", async () => {
    const { body } = await api.get("projects?select=key:id::text,meta->>label,w:meta->size->w&id=eq.1");
    expect(body).toEqual([{ key: "1", label: "a", w: 10 }]);
  });

  test("have numbers with all their digits", async () => {
    const { text } = await api.get("every_type?select=a_numeric,a_bigint&id=eq.9");
    expect(text).toBe('[{"a_numeric":100.50,"a_bigint":9007199254740993}]');
  });

  test("have fields of composite columns, as JSON or text", async () => {
    const { body } = await api.get("every_type?select=x:a_point->x,a_point->>y&id=eq.9&a_point->>x=eq.1");
    expect(body).toEqual([{ x: 1, y: "2" }]);
  });

  test("have computed columns, which filter and order", async () => {
    const { body } = await api.get("people?select=full_name&full_name=like.*a*&order=full_name.desc");
    expect(body).toEqual([{ full_name: "Ada Lovelace" }]);
  });

  test("are returned as CSV", async () => {
    const { headers, text } = await api.get("clients?order=id&limit=2", { Accept: "text/csv" });
    expect(headers.get("content-type")).toBe("text/csv; charset=utf-8");
    expect(text.trim()).toBe("id,name\n1,Acme\n2,Globex");
  });

  test("are returned as one object, or 406 with the number of rows", async () => {
    const one = await api.get("projects?select=id&id=eq.1", OBJECT);
    expect(one.headers.get("content-type")).toBe("application/vnd.pgrst.object+json; charset=utf-8");
    expect(one.body).toEqual({ id: 1 });
    for (const [query, rows] of [["id=eq.99", 0], ["id=lt.3", 2]] as const) {
      const { status, body } = await api.get(`projects?${query}`, OBJECT);
      expect(status).toBe(406);
      expect(body).toEqual({
        code: "PGRST116",
        details: `The result contains ${rows} rows`,
        hint: null,
        message: "Cannot coerce the result to a single JSON object",
      });
    }
  });

  test("are returned without nulls", async () => {
    const { body } = await api.get("projects?select=id,priority&id=eq.2", {
      Accept: "application/vnd.pgrst.array+json;nulls=stripped",
    });
    expect(body).toEqual([{ id: 2 }]);
  });

  test("are returned in the preferred time zone", async () => {
    const { body, headers } = await api.get("projects?select=created_at&id=eq.1", {
      Prefer: "timezone=America/New_York",
    });
    expect(body).toEqual([{ created_at: "2026-01-01T22:04:05.678-05:00" }]);
    expect(headers.get("preference-applied")).toBe("timezone=America/New_York");
  });

  test("are returned from the requested schema", async () => {
    const { body, headers } = await api.get("things", { "Accept-Profile": "other" });
    expect(body).toEqual([{ id: 1, name: "elsewhere" }]);
    expect(headers.get("content-profile")).toBe("other");
  });
});

describe("filters", () => {
  test.each([
    ["id=eq.1", [1]],
    ["id=neq.1", [2, 3, 4]],
    ["id=gt.2", [3, 4]],
    ["id=gte.2&id=lte.3", [2, 3]],
    ["id=lt.2", [1]],
    ["name=like.A*", [1]],
    ["name=ilike.a%25", [1]],
    ["name=like(any).{A*,B*}", [1, 2]],
    ["name=ilike(all).{a*,*a}", [1]],
    ["name=match.^A", [1]],
    ["name=imatch.^a", [1]],
    ['name=in.("Delta, \\"quoted\\" (x)",Alpha)', [1, 4]],
    ['name=eq.Delta, "quoted" (x)', [4]],
    ["id=in.()", []],
    ["id=eq(any).{1,2}", [1, 2]],
    ["priority=is.null", [2]],
    ["priority=not.is.null", [1, 3, 4]],
    ["is_active=is.true", [1, 3, 4]],
    ["priority=isdistinct.1", [2, 3, 4]],
    ["tags=cs.{red}", [1]],
    ["tags=cd.{red,blue}", [1, 2, 3]],
    ["tags=ov.{red,x}", [1]],
    ["tags=eq.{blue}", [2]],
    ['meta=cs.{"label":"a"}', [1]],
    ["meta->>label=eq.a", [1]],
    ["meta->size->w=gt.7", [1, 2]],
    ["meta->list->>0=eq.1", [1]],
    ["id=not.in.(1,2)", [3, 4]],
    ["or=(id.eq.1,and(id.gt.2,is_active.is.true))", [1, 3, 4]],
    ["not.or=(id.eq.1,id.eq.2)", [3, 4]],
    ["and=(id.gt.1,not.and(id.gt.2,id.lt.4))", [2, 4]],
    ["created_at=gt.2026-01-01T00:00:00%2B00:00", [1, 2, 3, 4]],
    ["name=eq.007", []],
    ['or=(name.eq."Delta, \\"quoted\\" (x)",id.eq.1)', [1, 4]],
    ['or=(name.like."A*")', [1]],
    ["or=(tags.cs.{red,blue},priority.is.null)", [1, 2]],
    ["or=(meta->>label.eq.b,meta->size->w.gt.7)", [1, 2]],
    ["meta->>label=is.not_null", [1, 2]],
  ])("%s", async (query, expected) => expect(await ids(query)).toEqual(expected));

  test("in with a quote that does not close is a value", async () => {
    const { body } = await api.get('every_type?select=id&a_text=in.(")');
    expect(body).toEqual([{ id: 9 }]);
  });

  // all of them apply, also with the same column and operator
  test.each([
    ["id=neq.1&id=neq.2", [3, 4]],
    ["id=not.eq.1&id=not.eq.2&id=not.eq.3", [4]],
    ["or=(id.eq.1,id.eq.2)&or=(id.eq.2,id.eq.3)", [2]],
    ["tags=cs.{red}&tags=cs.{blue}", [1]],
  ])("repeated: %s", async (query, expected) => expect(await ids(query)).toEqual(expected));

  test("repeated ones on an embedded table", async () => {
    const { body } = await api.get(
      "projects?select=id,clients!inner(name)&clients.name=neq.Acme&clients.name=neq.Globex",
    );
    expect(body).toEqual([]);
  });

  test.each([
    ["search=fts.fox", [1, 3]],
    ["search=fts(english).fox|dog", [1, 2, 3]],
    ["search=plfts.lazy dog", [2]],
    ["search=phfts.quick brown", [1]],
    ["search=wfts.fox -brown", [3]],
    ["period=sl.[10,30)", [1]],
    ["period=sr.[0,5)", [2, 3]],
    ["period=nxr.[5,15)", [1, 3]],
    ["period=nxl.[5,15)", [2, 3]],
    ["period=adj.[20,30)", [2]],
    ["period=ov.[9,10)", [1, 3]],
    ["period=cs.[2,3)", [1]],
    ["period=cd.[0,11)", [1]],
  ])("%s", async (query, expected) => {
    const { body, text } = await api.get(`documents?select=id&order=id&${query}`);
    expect((body as { id: number }[]).map((row) => row.id), text).toEqual(expected);
  });
});

describe("order", () => {
  test.each([
    ["priority", [1, 4, 3, 2]],
    ["priority.desc", [2, 3, 4, 1]],
    ["priority.desc.nullslast", [3, 4, 1, 2]],
    ["priority.nullsfirst", [2, 1, 4, 3]],
    ["is_active,id.desc", [2, 4, 3, 1]],
    ["meta->size->w.desc.nullslast", [2, 1, 4, 3]],
    ["clients(name).desc.nullslast,id", [3, 1, 2, 4]],
  ])("%s", async (order, expected) => {
    const { body } = await api.get(`projects?select=id,clients()&order=${order}`);
    expect((body as { id: number }[]).map((row) => row.id)).toEqual(expected);
  });
});

describe("pages and counts", () => {
  test.each([
    ["select=id", {}, 200, "0-3/*"],
    ["select=id", { Prefer: "count=exact" }, 200, "0-3/4"],
    ["limit=2&order=id", { Prefer: "count=exact" }, 206, "0-1/4"],
    ["limit=2&offset=2&order=id", { Prefer: "count=exact" }, 206, "2-3/4"],
    ["limit=2&offset=2&order=id", {}, 200, "2-3/*"],
    ["order=id", { Range: "1-2", Prefer: "count=exact" }, 206, "1-2/4"],
    ["id=eq.99", {}, 200, "*/*"],
    ["limit=0", { Prefer: "count=exact" }, 206, "*/4"],
    ["offset=10", {}, 200, "*/*"],
  ])("%s %o: %i, %s", async (query, headers, status, range) => {
    const answer = await api.get(`projects?${query}`, headers as Record<string, string>);
    expect([answer.status, answer.headers.get("content-range")]).toEqual([status, range]);
  });

  test("HEAD has the headers and no body", async () => {
    const { status, headers, text } = await api.ask("HEAD", "projects", {
      headers: { Prefer: "count=exact" },
    });
    expect([status, headers.get("content-range"), text]).toEqual([200, "0-3/4", ""]);
  });

  test("count=planned is the planner's", async () => {
    const { headers } = await api.get("projects?select=id", { Prefer: "count=planned" });
    expect(headers.get("content-range")).toMatch(/^0-3\/\d+$/);
    expect(headers.get("preference-applied")).toBe("count=planned");
  });

  test("count=estimated is exact up to max_rows, and the planner's above", async () => {
    for (const method of ["GET", "HEAD"]) {
      const { status, headers } = await api.ask(method, "projects?select=id", {
        headers: { Prefer: "count=estimated" },
      });
      expect([status, headers.get("content-range"), headers.get("preference-applied")]).toEqual([
        200,
        "0-3/4",
        "count=estimated",
      ]);
    }
    const many = await api.get("many?select=n", { Prefer: "count=estimated" });
    expect([many.status, many.headers.get("content-range"), many.body.length]).toEqual([
      206,
      "0-999/1500",
      1000,
    ]);
    const filtered = await api.get("many?select=n&n=lt.11", { Prefer: "count=estimated" });
    expect([filtered.status, filtered.headers.get("content-range")]).toEqual([200, "0-9/10"]);
  });

  test("an offset after the last row, a negative limit and a reversed range are 416", async () => {
    const behind = await api.get("projects?offset=10", { Prefer: "count=exact" });
    expect([behind.status, behind.headers.get("content-range")]).toEqual([416, "*/4"]);
    expect(behind.body).toMatchObject({
      code: "PGRST103",
      details: "An offset of 10 was requested, but there are only 4 rows.",
      message: "Requested range not satisfiable",
    });
    expect((await api.get("projects?limit=-1")).body.code).toBe("PGRST103");
    expect((await api.get("projects", { Range: "3-1" })).status).toBe(416);
  });

  test("no more rows than max_rows", async () => {
    const { status, headers, body } = await api.get("rpc/list_numbers?upto=2000", { Prefer: "count=exact" });
    expect([status, headers.get("content-range"), body.length]).toEqual([206, "0-999/2000", 1000]);
    expect((await api.get("rpc/list_numbers?upto=2000&limit=1500")).body).toHaveLength(1000);
  });
});
