import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { connect } from "../../support/database.ts";
import { OBJECT, openDataApi } from "../../support/data-api.ts";

// docs.postgrest.org/en/v14/references/api/functions.html: what rpc.test.ts leaves out
const api = await openDataApi({
  script: `
    create function public.keywords("user" text, "fullName" text, "varchar" text, "select" integer default 1)
    returns text language sql immutable set search_path = '' as $$
      select concat_ws('-', "user", "fullName", "varchar", "select")
    $$;
    create domain public."text/html" as text;
    create function public.page(name text) returns public."text/html"
    language sql immutable set search_path = '' as $$ select '<h1>' || name || '</h1>' $$;
  `,
});
const sql = connect(api.project.database);
afterAll(async () => {
  await sql.end();
  await api.project.close();
});
beforeEach(() =>
  sql`
  update public.tickets set title = case id when 1 then 'first' when 2 then 'second' else 'third' end
`.then(() => {})
);
const titles = async (): Promise<string[]> =>
  (await sql<{ title: string }[]>`select title from public.tickets order by id`).map(({ title }) => title);

describe("filters on the rows of a call", () => {
  test("by logic trees, with GET", async () => {
    const { status, body } = await api.get(
      "rpc/search_tickets?query=i&select=id&or=(id.eq.1,id.eq.2)&order=id",
    );
    expect([status, body]).toEqual([200, [{ id: 1 }]]);
    const not = await api.get("rpc/search_tickets?query=&select=id&not.and=(id.gt.1,id.lt.3)&order=id");
    expect(not.body).toEqual([{ id: 1 }, { id: 3 }]);
  });

  test("with supabase-js", async () => {
    const client = createClient(api.project.url, api.project.publishableKey);
    const { data, error } = await client.rpc("search_tickets", { query: "" }, { get: true })
      .or("id.eq.1,title.eq.third").select("id").order("id");
    expect([error, data]).toEqual([null, [{ id: 1 }, { id: 3 }]]);
  });

  test("by columns that are not selected, and ordered by them", async () => {
    const { body } = await api.get("rpc/search_tickets?query=&select=title&user_id=eq.1&order=id.desc");
    expect(body).toEqual([{ title: "third" }, { title: "first" }]);
  });

  test("may have computed columns and embedded tables", async () => {
    const { body } = await api.get("rpc/search_tickets?query=fir&select=id,label,users(full_name)");
    expect(body).toEqual([{ id: 1, label: "ticket first", users: { full_name: "Ann" } }]);
  });

  test("that leave nothing of a single row are null", async () => {
    const { status, text } = await api.get("rpc/first_ticket?id=eq.9");
    expect([status, text]).toEqual([200, "null"]);
    expect((await api.get("rpc/first_ticket?id=eq.9", OBJECT)).text).toBe("null");
  });
});

describe("max-affected", () => {
  const strict = { Prefer: "handling=strict,max-affected=1" };

  test("of more rows changes nothing", async () => {
    const { status, body } = await api.rpc("retitle", { prefix: "x" }, strict);
    expect([status, body.code, body.details]).toEqual([400, "PGRST124", "The query affects 3 rows"]);
    expect(await titles()).toEqual(["first", "second", "third"]);
  });

  test("of a function that returns no set is refused, and changes nothing", async () => {
    const { status, body } = await api.rpc("retitle_silently", { prefix: "x" }, strict);
    expect([status, body.code]).toEqual([400, "PGRST128"]);
    expect(await titles()).toEqual(["first", "second", "third"]);
  });

  test("is named in Preference-Applied, and without handling=strict not held to", async () => {
    const allowed = await api.rpc("retitle", { prefix: "" }, { Prefer: "handling=strict,max-affected=3" });
    expect([allowed.status, allowed.headers.get("preference-applied")]).toEqual([
      200,
      "handling=strict, max-affected=3",
    ]);
    const lenient = await api.rpc("retitle", { prefix: "" }, { Prefer: "max-affected=1" });
    expect([lenient.status, lenient.headers.get("preference-applied")]).toEqual([200, null]);
  });
});

describe("arguments", () => {
  test("named like keywords, or in mixed case", async () => {
    const given = { user: "a", fullName: "b", varchar: "c" };
    expect((await api.rpc("keywords", given)).body).toBe("a-b-c-1");
    expect((await api.get("rpc/keywords?user=a&fullName=b&varchar=c&select=*")).body).toBe("a-b-c-1");
  });

  test("of a repeated field, for a variadic one", async () => {
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    expect((await api.ask("POST", "rpc/join_all", { raw: "words=a&words=b%2Cc", headers })).body).toBe(
      "a-b,c",
    );
  });

  test("that `columns` leaves out are not given", async () => {
    expect((await api.rpc("add_them?columns=a", { a: 1, b: 5, c: 6 })).body).toBe(11);
  });

  test("the whole body, also with an empty key, for a single unnamed one", async () => {
    expect((await api.rpc("one_json", { "": "x" })).body).toEqual({ got: { "": "x" } });
    const text = await api.ask("POST", "rpc/one_text", {
      raw: "hi",
      headers: { "Content-Type": "text/plain" },
    });
    expect(text.body).toBe("got hi");
    const headers = { "Content-Type": "application/octet-stream" };
    expect((await api.ask("POST", "rpc/one_bytea", { raw: "\u0001xyz", headers })).body).toBe(4);
  });

  test("that no function has, where there are several", async () => {
    const { status, body } = await api.rpc("ambiguous", { b: 1 });
    expect([status, body.code, body.hint]).toEqual([
      404,
      "PGRST202",
      "Perhaps you meant to call the function public.ambiguous(a)",
    ]);
  });

  test("a number has all its digits", async () => {
    const raw = '{"value":9007199254740993.123456789012345678}';
    const headers = { "Content-Type": "application/json" };
    expect((await api.ask("POST", "rpc/echo_numeric", { raw, headers })).text).toBe(
      "9007199254740993.123456789012345678",
    );
  });
});

describe("results", () => {
  test("a record without columns, and a domain over a row", async () => {
    expect((await api.rpc("any_record", {})).body).toEqual({ a: 1, b: "x" });
    expect((await api.get("rpc/ticket_as_domain?id=2&select=title,users(full_name)")).body).toEqual({
      title: "second",
      users: { full_name: "Ben" },
    });
  });

  test("of a media type of their own", async () => {
    const { headers, text } = await api.get("rpc/page?name=x", { Accept: "text/html" });
    expect([headers.get("content-type"), text]).toEqual(["text/html", "<h1>x</h1>"]);
    expect((await api.get("rpc/page?name=x")).body).toBe("<h1>x</h1>");
  });

  test("Range counts for GET only", async () => {
    const headers = { Range: "0-0", Prefer: "count=exact" };
    const get = await api.get("rpc/list_numbers?upto=3", headers);
    expect([get.status, get.headers.get("content-range")]).toEqual([206, "0-0/3"]);
    const head = await api.ask("HEAD", "rpc/list_numbers?upto=3", { headers });
    expect([head.status, head.headers.get("content-range")]).toEqual([200, "0-2/3"]);
  });
});

test("a function's own isolation level holds for the request", async () => {
  expect((await api.rpc("isolation", {})).body).toBe("serializable");
  expect((await api.rpc("no_arguments", {})).status).toBe(200);
});

test("a function's own timeout holds for the request", async () => {
  expect((await api.rpc("sleeps_shortly", { seconds: 10 })).body.code).toBe("57014");
});
