import { createClient } from "@supabase/supabase-js";
import { afterAll, describe, expect, test } from "vitest";
import { openDataApi } from "../../support/data-api.ts";

// docs.postgrest.org/en/v14/references/api/resource_embedding.html
const api = await openDataApi();
afterAll(() => api.project.close());
const rows = async (path: string): Promise<unknown> => {
  const { status, body, text } = await api.get(path);
  expect(status, text).toBe(200);
  return body;
};

describe("embedding", () => {
  test("to one, null without a row", async () => {
    expect(await rows("projects?select=id,clients(name)&id=in.(1,4)&order=id")).toEqual([
      { id: 1, clients: { name: "Acme" } },
      { id: 4, clients: null },
    ]);
  });

  test("to many, empty without a row", async () => {
    expect(await rows("clients?select=name,projects(id)&order=id")).toEqual([
      { name: "Acme", projects: [{ id: 1 }, { id: 2 }] },
      { name: "Globex", projects: [{ id: 3 }] },
      { name: "Initech", projects: [] },
    ]);
  });

  test("many to many through a join table", async () => {
    expect(await rows("projects?select=id,people(first_name)&id=eq.1")).toEqual([
      { id: 1, people: [{ first_name: "Ada" }, { first_name: "Bob" }] },
    ]);
  });

  test("to many where only some rows are unique", async () => {
    expect(await rows("projects?select=id,assignments(duty)&id=in.(1,4)&order=id")).toEqual([
      { id: 1, assignments: [{ duty: "lead" }, { duty: "member" }] },
      { id: 4, assignments: [] },
    ]);
  });

  test("one to one is an object", async () => {
    expect(await rows("projects?select=id,project_details(notes)&id=in.(1,3)&order=id")).toEqual([
      { id: 1, project_details: { notes: "first" } },
      { id: 3, project_details: null },
    ]);
  });

  test("nested, with alias, through a view", async () => {
    expect(
      await rows("project_details?select=notes,project:projects(name,client:clients(name))&project_id=eq.1"),
    )
      .toEqual([{ notes: "first", project: { name: "Alpha", client: { name: "Acme" } } }]);
    expect(await rows("active_projects?select=id,clients(name)&id=eq.3")).toEqual([
      { id: 3, clients: { name: "Globex" } },
    ]);
  });

  test("a table in itself, by the column", async () => {
    expect(await rows("people?select=first_name,manager:manager_id(first_name)&id=eq.2")).toEqual([
      { first_name: "Bob", manager: { first_name: "Ada" } },
    ]);
    expect(await rows("people?select=reports:people!manager_id(first_name)&id=eq.1")).toEqual([
      { reports: [{ first_name: "Bob" }, { first_name: "Cyd" }] },
    ]);
  });

  test("inner leaves out rows without one, and filters of the embedded table apply", async () => {
    expect(await rows("projects?select=id,clients!inner(name)&clients.name=eq.Acme&order=id")).toEqual([
      { id: 1, clients: { name: "Acme" } },
      { id: 2, clients: { name: "Acme" } },
    ]);
    expect(await rows("clients?select=name,projects!inner(id)&projects.is_active=is.true&order=id")).toEqual([
      { name: "Acme", projects: [{ id: 1 }] },
      { name: "Globex", projects: [{ id: 3 }] },
    ]);
    expect(await rows("projects?select=id,clients()&clients=is.null")).toEqual([{ id: 4 }]);
  });

  test("by a column, which filters too", async () => {
    expect(await rows("projects?select=id,client_id(name)&client_id=eq.2")).toEqual([
      { id: 3, client_id: { name: "Globex" } },
    ]);
    expect(await rows("projects?select=id,client_id()&or=(client_id.eq.2,client_id.is.null)&order=id"))
      .toEqual([{ id: 3 }, { id: 4 }]);
    expect(await rows("rpc/list_projects?select=name,client_id(name)&client_id=eq.2")).toEqual([
      { name: "Gamma", client_id: { name: "Globex" } },
    ]);
    const { headers } = await api.get("projects?select=id,client_id(name)&client_id=eq.2", {
      Prefer: "count=exact",
    });
    expect(headers.get("content-range")).toBe("0-0/1");
    const client = createClient(api.project.url, api.project.publishableKey);
    const { data } = await client.from("projects").select("id, client_id(name)").eq("client_id", 2);
    expect(data).toEqual([{ id: 3, client_id: { name: "Globex" } }]);
  });

  test("an index into JSON at its end", async () => {
    expect(await rows("clients?select=projects(meta->list->0)&projects.id=eq.1&id=eq.1")).toEqual([
      { projects: [{ list: 1 }] },
    ]);
  });

  test("order, limit and filters within", async () => {
    expect(await rows("clients?select=projects(id)&projects.order=id.desc&projects.limit=1&id=eq.1")).toEqual(
      [
        { projects: [{ id: 2 }] },
      ],
    );
    expect(await rows("clients?select=projects(id)&projects.or=(id.eq.1,id.eq.3)&id=eq.1")).toEqual([
      { projects: [{ id: 1 }] },
    ]);
  });

  test("spread", async () => {
    expect(await rows("projects?select=id,...clients(client:name)&id=eq.1")).toEqual([{
      id: 1,
      client: "Acme",
    }]);
  });

  test("count", async () => {
    expect(await rows("clients?select=name,projects(count)&id=eq.1")).toEqual([
      { name: "Acme", projects: [{ count: 2 }] },
    ]);
  });

  test("two relationships are 300, a hint chooses one", async () => {
    const { status, body } = await api.get("orders?select=id,addresses(city)");
    expect(status).toBe(300);
    expect(body.code).toBe("PGRST201");
    expect(body.details).toEqual([
      {
        cardinality: "many-to-one",
        embedding: "orders with addresses",
        relationship: "orders_billing using orders(billing_address_id) and addresses(id)",
      },
      {
        cardinality: "many-to-one",
        embedding: "orders with addresses",
        relationship: "orders_shipping using orders(shipping_address_id) and addresses(id)",
      },
    ]);
    expect(await rows("orders?select=a:addresses!orders_billing(city),b:shipping_address_id(city)&id=eq.1"))
      .toEqual([{ a: { city: "Bern" }, b: { city: "Genf" } }]);
  });

  test.each([
    ["projects?select=id,nothing(*)", 400, "PGRST200"],
    ["projects?select=id&clients.name=eq.x", 400, "PGRST108"],
    ["clients?select=id,projects(id)&order=projects(id)", 400, "PGRST118"],
    ["projects?select=count()", 400, "PGRST123"],
  ])("%s is %i %s", async (path, status, code) => {
    const answer = await api.get(path);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test("with supabase-js", async () => {
    const client = createClient(api.project.url, api.project.publishableKey);
    const { data, error } = await client.from("projects")
      .select("id, clients!inner(name), people(first_name)", { count: "exact" })
      .neq("id", 1).neq("id", 4).gte("id", 1).lte("id", 9)
      .order("id", { ascending: false });
    expect(error).toBeNull();
    expect(data).toEqual([
      { id: 3, clients: { name: "Globex" }, people: [{ first_name: "Cyd" }] },
      { id: 2, clients: { name: "Acme" }, people: [{ first_name: "Bob" }] },
    ]);
  });
});
