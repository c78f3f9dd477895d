import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { connect } from "../../support/database.ts";
import { openDataApi, REPRESENTATION } from "../../support/data-api.ts";

// Writes with defaults, CSV, locations and other schemas: what write.test.ts leaves out
const wide = Array.from({ length: 60 }, (_, at) => `c${at + 1} integer default ${at + 1}`);
const api = await openDataApi({ script: `create table public.wide (id integer primary key, ${wide})` });
const sql = connect(api.project.database);
afterAll(async () => {
  await sql.end();
  await api.project.close();
});
beforeEach(async () => {
  await sql`delete from public.channels where id > 1`;
  await sql`delete from public.members where name <> 'bot'`;
  await sql`update public.members set status = 'OFFLINE', data = '{}'`;
});

describe("missing=default", () => {
  test("fills in keys that rows of an upsert lack, those of an identity column too", async () => {
    const { status, body } = await api.post(
      "channels?columns=id,slug&select=id,slug",
      [{ id: 1 }, { slug: "z" }],
      { Prefer: "missing=default,resolution=merge-duplicates,return=representation" },
    );
    expect([status, body]).toEqual([201, [{ id: 1, slug: "none" }, { id: expect.any(Number), slug: "z" }]]);
  });

  test("of a table of many columns", async () => {
    const { status, body } = await api.post("wide?columns=id,c1&select=id,c1,c60", { id: 1 }, {
      Prefer: "missing=default,return=representation",
    });
    expect([status, body]).toEqual([201, [{ id: 1, c1: 1, c60: 60 }]]);
    const names = Array.from({ length: 60 }, (_, at) => `c${at + 1}`);
    const all = await api.post(`wide?columns=id,${names}&select=c1,c60`, [{ id: 2, c1: 7 }, { id: 3 }], {
      Prefer: "missing=default,return=representation",
    });
    expect([all.status, all.body]).toEqual([201, [{ c1: 7, c60: 60 }, { c1: 1, c60: 60 }]]);
  });

  test("with supabase-js", async () => {
    const client = createClient(api.project.url, api.project.publishableKey);
    const { data, error } = await client.from("members")
      .upsert([{ name: "bot" }, { name: "x", status: "AWAY" }], { defaultToNull: false }).select();
    expect(error).toBeNull();
    expect(data).toEqual([
      { name: "bot", status: "ONLINE", data: { fresh: true } },
      { name: "x", status: "AWAY", data: { fresh: true } },
    ].map((row) => expect.objectContaining({ name: row.name, status: row.status })));
  });

  test("sets columns that an update names and does not give", async () => {
    const patch = (prefer: string) =>
      api.ask("PATCH", "members?name=eq.bot&columns=status,data", {
        body: { data: { a: 1 } },
        headers: { Prefer: `return=representation${prefer}` },
      });
    const filled = await patch(",missing=default");
    expect(filled.body).toEqual([{ name: "bot", status: "ONLINE", data: { a: 1 } }]);
    expect(filled.headers.get("preference-applied")).toBe("missing=default, return=representation");
    expect((await patch("")).body).toEqual([{ name: "bot", status: null, data: { a: 1 } }]);
  });
});

describe("several empty objects", () => {
  test("are rows of defaults", async () => {
    const { status, body } = await api.post("channels?select=slug", [{}, {}], REPRESENTATION);
    expect([status, body]).toEqual([201, [{ slug: "none" }, { slug: "none" }]]);
  });
});

describe("Location", () => {
  const headers = { Prefer: "return=headers-only" };

  test.each([
    ["members", { name: "圍棋" }, "/members?name=eq.%E5%9C%8D%E6%A3%8B"],
    ["members", { name: "déjà & (vu)" }, "/members?name=eq.d%C3%A9j%C3%A0%20%26%20%28vu%29"],
    ["pairs", { pk1: 1, pk2: "2" }, "/pairs?pk1=eq.1&pk2=eq.2"],
  ])("of %s %j", async (table, row, location) => {
    const answer = await api.post(table, row, headers);
    expect([answer.status, answer.headers.get("location"), answer.text]).toEqual([201, location, ""]);
  });

  test("is for one row with a key", async () => {
    const two = await api.post("members", [{ name: "a" }, { name: "b" }], headers);
    expect(two.headers.get("location")).toBeNull();
    expect((await api.post("numbers", { n: 77 }, headers)).headers.get("location")).toBe("/numbers?n=eq.77");
  });
});

describe("CSV", () => {
  const post = (path: string, raw: string) =>
    api.ask("POST", path, { raw, headers: { "Content-Type": "text/csv", ...REPRESENTATION } });

  test("NULL is null, quotes hold commas, quotes and line breaks", async () => {
    const { status, body } = await post(
      "members?select=name,status",
      'name,status\n"a,""b""\nc",NULL\nd,x\n',
    );
    expect([status, body]).toEqual([201, [{ name: 'a,"b"\nc', status: null }, { name: "d", status: "x" }]]);
  });

  test("lines of unequal length are refused", async () => {
    for (const raw of ["name,status\na\n", "name,status\na,b,c\n"]) {
      const { status, body } = await post("members", raw);
      expect([status, body.code, body.message]).toEqual([
        400,
        "PGRST102",
        "All lines must have same number of fields",
      ]);
    }
  });

  test("quotes that do not enclose a field are refused", async () => {
    for (const raw of ['name\n"abc\n', 'name\n"abc"def\n', 'name\nabc"\n', 'name\n"a" \n', 'name\n"']) {
      const { status, body } = await post("members", raw);
      expect([raw, status, body.code]).toEqual([raw, 400, "PGRST102"]);
    }
  });

  test("empty lines are ignored, empty fields are empty texts", async () => {
    const { body } = await post("members?select=name,status", 'name,status\r\n\r\na,\r\nb,""');
    expect(body).toEqual([{ name: "a", status: "" }, { name: "b", status: "" }]);
  });

  test("is PostgreSQL's text of each value", async () => {
    const { text } = await api.get("projects?select=name,tags,meta&id=lt.3&order=id", { Accept: "text/csv" });
    expect(text).toBe(
      [
        "name,tags,meta",
        'Alpha,"{red,blue}","{""list"": [1, 2], ""size"": {""w"": 10}, ""label"": ""a""}"',
        'Beta,{blue},"{""size"": {""w"": 20}, ""label"": ""b""}"',
      ].join("\n"),
    );
  });
});

test("repeated filters in another schema", async () => {
  await sql`insert into other.things values (6, 'six'), (7, 'seven'), (12, 'twelve') on conflict do nothing`;
  const { status, body } = await api.ask("PATCH", "things?id=gt.5&id=lt.11&select=id", {
    body: { name: "changed" },
    headers: { "Content-Profile": "other", ...REPRESENTATION },
  });
  expect([status, body]).toEqual([200, [{ id: 6 }, { id: 7 }]]);
});

test("counts of writes, with embedded tables too", async () => {
  const { headers } = await api.post(
    "tickets?select=id,users(full_name)",
    { id: 50, user_id: 1, title: "new" },
    { Prefer: "return=representation,count=exact" },
  );
  expect([headers.get("content-range"), headers.get("preference-applied")]).toEqual([
    "*/1",
    "return=representation, count=exact",
  ]);
  const deleted = await api.ask("DELETE", "tickets?id=eq.50", { headers: { Prefer: "count=exact" } });
  expect(deleted.headers.get("content-range")).toBe("*/1");
});
