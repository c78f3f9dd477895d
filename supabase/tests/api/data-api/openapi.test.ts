import { afterAll, expect, test } from "vitest";
import { openDataApi } from "../../support/data-api.ts";

// docs.postgrest.org/en/v14/references/api/openapi.html
const api = await openDataApi();
afterAll(() => api.project.close());
const key = api.project.secretKey;

test("the root describes tables, columns and keys", async () => {
  const { status, headers, body } = await api.ask("GET", "", { key });
  expect([status, headers.get("content-type"), body.swagger]).toEqual([
    200,
    "application/openapi+json; charset=utf-8",
    "2.0",
  ]);
  const projects = body.definitions.projects;
  expect(projects.description).toBe("What clients pay for.");
  expect(projects.required).toEqual(["id", "name", "is_active", "tags", "meta", "created_at"]);
  expect(projects.properties).toMatchObject({
    id: { type: "integer", format: "bigint", description: "Note:\nThis is a Primary Key.<pk/>" },
    client_id: {
      description: "Note:\nThis is a Foreign Key to `clients.id`.<fk table='clients' column='id'/>",
    },
    is_active: { type: "boolean", format: "boolean", default: true },
    budget: { type: "number", format: "numeric", description: "In euros." },
    tags: { type: "array", format: "text[]", items: { type: "string" } },
    meta: { format: "jsonb" },
    started_on: { type: "string", format: "date" },
  });
  expect(body.definitions.every_type.properties.a_mood.enum).toEqual(["sad", "ok", "happy"]);
  expect(body.definitions.every_type.properties.a_varchar.maxLength).toBe(5);
});

test("and paths, with their parameters", async () => {
  const { paths, parameters } = (await api.ask("GET", "", { key })).body;
  expect(Object.keys(paths["/projects"])).toEqual(["get", "post", "patch", "delete"]);
  expect(Object.keys(paths["/client_totals"])).toEqual(["get"]);
  expect(paths["/projects"].get.parameters).toContainEqual({ $ref: "#/parameters/rowFilter.projects.id" });
  expect(parameters["rowFilter.projects.id"]).toMatchObject({ name: "id", in: "query", type: "string" });
  expect(Object.keys(paths["/rpc/writes"])).toEqual(["post"]);
  expect(Object.keys(paths["/rpc/add_them"])).toEqual(["get", "post"]);
  expect(paths["/rpc/add_them"].get.parameters).toEqual([
    { name: "a", in: "query", required: true, format: "integer", type: "integer" },
    { name: "b", in: "query", required: false, format: "integer", type: "integer" },
  ]);
  expect(paths["/rpc/add_them"].post.parameters[0].schema.required).toEqual(["a"]);
  for (const reference of JSON.stringify(paths).matchAll(/"#\/parameters\/([^"]+)"/g)) {
    expect(parameters).toHaveProperty([reference[1] ?? ""]);
  }
});

test("of the requested schema, and no schema that is not exposed", async () => {
  const { body } = await api.ask("GET", "", { key, headers: { "Accept-Profile": "other" } });
  expect(Object.keys(body.paths)).toEqual(["/", "/things", "/rpc/where_am_i"]);
  expect((await api.ask("GET", "", { key, headers: { "Accept-Profile": "hidden" } })).status).toBe(406);
});

test("not for the publishable key", async () => {
  const { status, text } = await api.get("");
  expect(status).toBe(403);
  expect(text).not.toContain("projects");
});
