import { afterAll, describe, expect, test } from "vitest";
import { openDataApi, REPRESENTATION } from "../../support/data-api.ts";

// Names of a request or a table that a statement of the API uses too, and the header of CSV.
const api = await openDataApi({
  script: `
    create table public.firsts (first integer primary key, api_first text, api_rows text, api_answer text);
    create table public.quoted ("a,b" integer primary key, "say ""so""" text, "with blank" text);
    insert into public.quoted values (1, 'x', 'y z');
  `,
});
afterAll(() => api.project.close());
const csv = async (path: string, headers = {}, method = "GET", body?: unknown): Promise<string> => {
  const { status, text } = await api.ask(method, path, { headers: { Accept: "text/csv", ...headers }, body });
  expect(status, text).toBeLessThan(300);
  return text;
};

describe("a column that is named like rows of the statement", () => {
  test.each(["first", "api_first", "api_answer", "api_rows", "api_counted", "api_call"])(
    "%s, by an alias",
    async (alias) => {
      const rows = await api.get(`projects?select=${alias}:priority&order=id`, { Prefer: "count=exact" });
      expect([rows.headers.get("content-range"), rows.body]).toEqual([
        "0-3/4",
        [1, null, 3, 2].map((priority) => ({ [alias]: priority })),
      ]);
      expect(await csv(`people?select=${alias}:first_name&order=id`)).toBe(`${alias}\nAda\nBob\nCyd`);
      const called = await api.get(`rpc/list_projects?select=${alias}:priority&order=id&limit=2`);
      expect(called.body).toEqual([{ [alias]: 1 }, { [alias]: null }]);
    },
  );

  test("of the table, in CSV, in Location and in what is written", async () => {
    const row = { first: 1, api_first: "a", api_rows: "b", api_answer: "c" };
    const made = await api.post("firsts", row, { Prefer: "return=headers-only" });
    expect([made.status, made.headers.get("location")]).toEqual([201, "/firsts?first=eq.1"]);
    expect(await csv("firsts")).toBe("first,api_first,api_rows,api_answer\n1,a,b,c");
    expect((await api.ask("PATCH", "firsts?first=eq.1", { body: row, headers: REPRESENTATION })).body)
      .toEqual([row]);
  });

  test("or like embedded rows", async () => {
    const names = "projects(clients_projects_1:name,projects_1:id,clients_1:id)";
    expect((await api.get(`clients?select=${names}&id=eq.2`)).body).toEqual([
      { projects: [{ clients_projects_1: "Gamma", projects_1: 3, clients_1: 3 }] },
    ]);
    const parent = "id,clients(projects_clients_1:name)&clients=not.is.null&order=id&limit=1";
    expect((await api.get(`projects?select=${parent}`)).body).toEqual([
      { id: 1, clients: { projects_clients_1: "Acme" } },
    ]);
    expect((await api.get("tickets?select=tickets:title,owner(full_name)&id=eq.1")).body).toEqual([
      { tickets: "first", owner: { full_name: "Ann" } },
    ]);
  });
});

describe("the header of CSV", () => {
  test("has the columns of the answer, not those that the database returned", async () => {
    const written = await csv("clients?select=name", REPRESENTATION, "POST", { name: "A" });
    expect(written).toBe("name\nA");
    expect(await csv("projects?select=name,client:client_id&id=eq.1")).toBe("name,client\nAlpha,1");
  });

  test("quotes names where CSV needs it", async () => {
    expect(await csv("quoted")).toBe('"a,b","say ""so""",with blank\n1,x,"y z"');
  });

  test("of a function's values is PostgREST's", async () => {
    expect(await csv("rpc/list_numbers?upto=2")).toBe("pgrst_scalar\n1\n2");
    expect(await csv("rpc/no_arguments")).toBe("pgrst_scalar\ncalled");
  });
});
