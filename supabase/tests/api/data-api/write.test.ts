import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { connect } from "../../support/database.ts";
import { OBJECT, openDataApi, REPRESENTATION } from "../../support/data-api.ts";

// docs.postgrest.org/en/v14/references/api/tables_views.html (insert, update, upsert, delete) and
// preferences.html
const api = await openDataApi();
const sql = connect(api.project.database);
afterAll(async () => {
  await sql.end();
  await api.project.close();
});
beforeEach(async () => {
  await sql`delete from public.projects where id >= 100`;
  await sql`delete from public.clients where id > 3`;
});
const names = async (): Promise<string[]> =>
  (await sql<{ name: string }[]>`select name from public.clients order by id`).map(({ name }) => name);

describe("insert", () => {
  test("is 201 without a body, or with the requested rows", async () => {
    const minimal = await api.post("clients", { name: "A" });
    expect([minimal.status, minimal.text, minimal.headers.get("content-range")]).toEqual([201, "", "*/*"]);
    expect(minimal.headers.get("location")).toBeNull();
    const full = await api.post("clients?select=name", { name: "B" }, REPRESENTATION);
    expect([full.status, full.body]).toEqual([201, [{ name: "B" }]]);
    expect(full.headers.get("preference-applied")).toBe("return=representation");
    const one = await api.post("clients?select=name", { name: "C" }, { ...REPRESENTATION, ...OBJECT });
    expect(one.body).toEqual({ name: "C" });
  });

  test("of one object returns one, with an embedded table", async () => {
    const path = "projects?select=name,clients(name)";
    const asOne = { ...REPRESENTATION, ...OBJECT };
    const { status, headers, body } = await api.post(path, { name: "A", client_id: 1 }, asOne);
    expect([status, body]).toEqual([201, { name: "A", clients: { name: "Acme" } }]);
    expect(headers.get("content-type")).toBe("application/vnd.pgrst.object+json; charset=utf-8");
    const two = [{ name: "B", client_id: 1 }, { name: "C", client_id: 1 }];
    const refused = await api.post(path, two, asOne);
    expect([refused.status, refused.body.code]).toEqual([406, "PGRST116"]);
    expect(await sql`select from public.projects where name in ('B', 'C')`).toHaveLength(0);
  });

  test("of an empty object has every default", async () => {
    await sql`alter table public.clients alter column name set default 'Nobody'`;
    try {
      const { status, body } = await api.post("clients?select=name", {}, REPRESENTATION);
      expect([status, body]).toEqual([201, [{ name: "Nobody" }]]);
      expect((await api.post("clients", {})).status).toBe(409);
      expect((await api.post("clients", [{}])).status).toBe(409);
      const refused = await api.post("projects", {});
      expect([refused.status, refused.body.code]).toEqual([400, "23502"]);
    } finally {
      await sql`alter table public.clients alter column name drop default`;
    }
  });

  test("returns the location with return=headers-only", async () => {
    const { status, headers, text } = await api.post("clients", { id: 50, name: "A" }, {
      Prefer: "return=headers-only",
    });
    expect([status, headers.get("location"), text]).toEqual([201, "/clients?id=eq.50", ""]);
  });

  test("in bulk, counted", async () => {
    const { status, headers } = await api.post("clients", [{ name: "A" }, { name: "B" }], {
      Prefer: "count=exact",
    });
    expect([status, headers.get("content-range")]).toEqual([201, "*/2"]);
    expect((await api.post("clients", [], REPRESENTATION)).body).toEqual([]);
  });

  test("in bulk needs the same keys, or `columns`, which ignores all others", async () => {
    const { status, body } = await api.post("projects", [{ name: "A" }, { name: "B", priority: 1 }]);
    expect([status, body.code, body.message]).toEqual([400, "PGRST102", "All object keys must match"]);
    const columns = "projects?columns=name,priority&select=name,priority";
    const rows = [{ name: "A", id: 200 }, { name: "B", priority: 1 }];
    expect((await api.post(columns, rows, REPRESENTATION)).body).toEqual([
      { name: "A", priority: null },
      { name: "B", priority: 1 },
    ]);
    expect(await sql`select from public.projects where id = 200`).toHaveLength(0);
  });

  test("a key that a row lacks is null, or the default with missing=default", async () => {
    const path = "projects?columns=name,is_active&select=name,is_active";
    const rows = [{ name: "A" }, { name: "B", is_active: false }];
    const { status, body } = await api.post(path, rows, REPRESENTATION);
    expect([status, body.code]).toEqual([400, "23502"]);
    const filled = await api.post(path, rows, { Prefer: "return=representation,missing=default" });
    expect(filled.body).toEqual([{ name: "A", is_active: true }, { name: "B", is_active: false }]);
  });

  test("accepts CSV and forms", async () => {
    await api.ask("POST", "clients", { raw: "name\nA\nB\n", headers: { "Content-Type": "text/csv" } });
    await api.ask("POST", "clients", {
      raw: "name=C",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
    });
    expect(await names()).toEqual(["Acme", "Globex", "Initech", "A", "B", "C"]);
  });

  test("into a view, and into the requested schema", async () => {
    const view = await api.post("active_projects?select=name", { name: "A" }, REPRESENTATION);
    expect([view.status, view.body]).toEqual([201, [{ name: "A" }]]);
    const other = await api.post("things", { id: 9, name: "A" }, {
      "Content-Profile": "other",
      ...REPRESENTATION,
    });
    expect([other.status, other.headers.get("content-profile")]).toEqual([201, "other"]);
  });

  test("with an embedded table", async () => {
    const { body } = await api.post(
      "projects?select=name,clients(name)",
      { name: "A", client_id: 1 },
      REPRESENTATION,
    );
    expect(body).toEqual([{ name: "A", clients: { name: "Acme" } }]);
  });
});

describe("upsert", () => {
  const merge = { Prefer: "resolution=merge-duplicates,return=representation" };

  test("is 201 with a new row and 200 without one", async () => {
    const mixed = await api.post("clients", [{ id: 1, name: "Acme" }, { id: 50, name: "New" }], merge);
    expect([mixed.status, mixed.body]).toEqual([201, [{ id: 1, name: "Acme" }, { id: 50, name: "New" }]]);
    expect((await api.post("clients", { id: 50, name: "Newer" }, merge)).status).toBe(200);
    expect(await names()).toContain("Newer");
  });

  test("by the columns of on_conflict", async () => {
    const { status, body } = await api.post("clients?on_conflict=name", { name: "Acme" }, merge);
    expect([status, body]).toEqual([200, [{ id: 1, name: "Acme" }]]);
  });

  test("ignores existing rows", async () => {
    const { status, body } = await api.post("clients?on_conflict=name", [{ name: "Acme" }, { name: "New" }], {
      Prefer: "resolution=ignore-duplicates,return=representation",
    });
    expect(status).toBe(201);
    expect((body as { name: string }[]).map(({ name }) => name)).toEqual(["New"]);
  });

  test("updates the key as well, and so needs the privilege for it", async () => {
    const { status, body } = await api.post("partly?on_conflict=id&select=id", { id: 1, shown: "x" }, merge);
    expect([status, body.code]).toEqual([401, "42501"]);
  });

  test("the same row twice is 500 21000, an unknown target 400", async () => {
    const twice = [{ id: 50, name: "A" }, { id: 50, name: "B" }];
    const answer = await api.post("clients", twice, merge);
    expect([answer.status, answer.body.code]).toEqual([500, "21000"]);
    const unknown = await api.post("projects?on_conflict=nope", { name: "x" }, merge);
    expect([unknown.status, unknown.body.message]).toEqual([400, 'column "nope" does not exist']);
    expect((await api.post("projects?on_conflict=name", { name: "x" }, merge)).body.code).toBe("42P10");
  });

  test("PUT needs the whole key in its filter", async () => {
    const put = (query: string, body: unknown, headers = {}) =>
      api.ask("PUT", `clients?${query}`, { body, headers });
    expect((await put("id=eq.50", { id: 50, name: "A" })).status).toBe(204);
    expect((await put("id=eq.51", { id: 51, name: "B" }, REPRESENTATION)).status).toBe(201);
    expect((await put("id=eq.51", { id: 51, name: "C" }, REPRESENTATION)).status).toBe(200);
    expect((await put("id=eq.52", { id: 51, name: "C" })).body.code).toBe("PGRST115");
    const other = await put("name=eq.C", { id: 51, name: "C" });
    expect([other.status, other.body.code]).toEqual([405, "PGRST105"]);
  });
});

describe("update and delete", () => {
  const patch = (query: string, body: unknown, headers = {}) =>
    api.ask("PATCH", `clients${query}`, { body, headers });

  test("are 204, or 200 with the rows", async () => {
    const minimal = await patch("?id=eq.2", { name: "Globex" });
    expect([minimal.status, minimal.text, minimal.headers.get("content-range")]).toEqual([204, "", "0-0/*"]);
    const full = await patch("?id=eq.2", { name: "Globex" }, REPRESENTATION);
    expect([full.status, full.body]).toEqual([200, [{ id: 2, name: "Globex" }]]);
    await sql`insert into public.clients (id, name) values (60, 'gone'), (61, 'gone too')`;
    const deleted = await api.ask("DELETE", "clients?id=eq.60", { headers: REPRESENTATION });
    expect([deleted.status, deleted.body]).toEqual([200, [{ id: 60, name: "gone" }]]);
    const counted = await api.ask("DELETE", "clients?id=eq.61", { headers: { Prefer: "count=exact" } });
    expect([counted.status, counted.headers.get("content-range")]).toEqual([204, "*/1"]);
  });

  test("of zero rows are not an error", async () => {
    expect((await patch("?id=eq.999", { name: "x" })).status).toBe(204);
    expect((await patch("?id=eq.999", { name: "x" }, REPRESENTATION)).body).toEqual([]);
    expect((await api.ask("DELETE", "clients?id=eq.999")).status).toBe(204);
    expect((await patch("?id=eq.999", { name: "x" }, { ...REPRESENTATION, ...OBJECT })).status).toBe(406);
  });

  test("without a filter are rejected, for every role", async () => {
    for (const key of [api.project.publishableKey, api.project.secretKey]) {
      for (const [method, verb] of [["PATCH", "UPDATE"], ["DELETE", "DELETE"]] as const) {
        for (const query of ["", "?limit=1&order=id", "?select=id"]) {
          const body = method === "PATCH" ? { name: "all" } : undefined;
          const answer = await api.ask(method, `clients${query}`, { body, key });
          expect(answer.status).toBe(400);
          const message = `${verb} requires a WHERE clause`;
          expect(answer.body).toEqual({ code: "21000", details: null, hint: null, message });
        }
      }
    }
    expect(await names()).toEqual(["Acme", "Globex", "Initech"]);
  });

  test("of several rows where one object is requested change nothing", async () => {
    const { status, body } = await api.ask("PATCH", "projects?id=lt.3", {
      body: { priority: 9 },
      headers: { ...REPRESENTATION, ...OBJECT },
    });
    expect([status, body.code, body.details]).toEqual([406, "PGRST116", "The result contains 2 rows"]);
    expect(await sql`select from public.projects where priority = 9`).toHaveLength(0);
  });

  test("of more rows than max-affected change nothing", async () => {
    const { status, body } = await api.ask("PATCH", "projects?id=gt.0", {
      body: { priority: 9 },
      headers: { Prefer: "handling=strict,max-affected=1" },
    });
    expect([status, body.code, body.details]).toEqual([400, "PGRST124", "The query affects 4 rows"]);
    expect(await sql`select from public.projects where priority = 9`).toHaveLength(0);
  });

  test("with nothing to change", async () => {
    expect((await patch("?id=eq.1", {}, REPRESENTATION)).body).toEqual([]);
  });
});

describe("a trigger", () => {
  test("sets a header of the response, and raises the whole response", async () => {
    const stamped = await api.post("stamped", { id: 1, body: "x" });
    expect([stamped.status, stamped.headers.get("x-stamped")]).toEqual([201, "yes"]);
    const { status, body } = await api.post("stamped", { id: 2, body: "teapot" });
    expect(status).toBe(418);
    expect(body).toEqual({
      code: "PT418",
      details: "Short and stout.",
      hint: "Ask for coffee.",
      message: "i_am_a_teapot",
    });
  });
});

test("GET runs read-only", async () => {
  const { status, body } = await api.get("rpc/writes?name=A");
  expect([status, body.code]).toEqual([405, "25006"]);
  expect(await names()).not.toContain("A");
});

test("supabase-js: insert, upsert, update and delete", async () => {
  const clients = createClient(api.project.url, api.project.publishableKey).from("clients");
  const inserted = await clients.insert([{ id: 70, name: "A" }, { id: 71, name: "B" }]).select("id");
  expect(inserted.data).toEqual([{ id: 70 }, { id: 71 }]);
  const upserted = await clients.upsert({ id: 70, name: "AA" }, { onConflict: "id" }).select().single();
  expect(upserted.data).toEqual({ id: 70, name: "AA" });
  expect((await clients.update({ name: "BB" }).eq("id", 71)).status).toBe(204);
  expect((await clients.delete({ count: "exact" }).in("id", [70, 71])).count).toBe(2);
});
