import { afterAll, describe, expect, test } from "vitest";
import { openDataApi } from "../../support/data-api.ts";

// Which tables and views can be embedded in which:
// docs.postgrest.org/en/v14/references/api/resource_embedding.html
const api = await openDataApi();
afterAll(() => api.project.close());
const rows = async (path: string): Promise<unknown> => {
  const { status, body, text } = await api.get(path);
  expect(status, text).toBe(200);
  return body;
};

describe("a table whose name another schema has too", () => {
  const ann = { id: 1, full_name: "Ann" };

  test.each([
    ["tickets?select=id,users(*)", { id: 1, users: ann }],
    ["tickets?select=id,user_id(*)", { id: 1, user_id: ann }],
    ["tickets?select=id,user:users!tickets_user_id_fkey(*)", { id: 1, user: ann }],
    ["tickets?select=id,...users(*)", { ...ann }],
    ["tickets?select=*,users(full_name)", {
      id: 1,
      user_id: 1,
      project_id: 1,
      title: "first",
      users: { full_name: "Ann" },
    }],
  ])("%s has the columns of the exposed one", async (path, expected) => {
    expect(await rows(`${path}&id=eq.1`)).toEqual([expected]);
  });

  test("no key leads to a schema that is not exposed", async () => {
    const { status, body } = await api.get("users?select=id,journal(*)");
    expect([status, body.code]).toEqual([400, "PGRST200"]);
    expect(body.details).toBe(
      "Searched for a foreign key relationship between 'users' and 'journal' in the schema 'public', but no matches were found.",
    );
  });
});

describe("a junction", () => {
  test("has both keys in its primary key", async () => {
    expect(await rows("people?select=first_name,projects(id)&id=eq.2&projects.order=id")).toEqual([
      { first_name: "Bob", projects: [{ id: 1 }, { id: 2 }] },
    ]);
    const { status, body } = await api.get("users?select=full_name,projects(name)");
    expect([status, body.code]).toEqual([400, "PGRST200"]);
  });

  test("may be named as the hint", async () => {
    expect(await rows("projects?select=id,people!assignments(first_name)&id=eq.3")).toEqual([
      { id: 3, people: [{ first_name: "Cyd" }] },
    ]);
  });
});

describe("views", () => {
  test("over several tables, also ones that are not exposed, embed by the columns they show", async () => {
    expect(await rows("journal_view?select=entry,users(full_name),ticket_notes(note)&order=id")).toEqual([
      { entry: "opened", users: { full_name: "Ann" }, ticket_notes: [{ note: "a" }, { note: "b" }] },
      { entry: "closed", users: { full_name: "Ann" }, ticket_notes: [] },
    ]);
    expect(await rows("journal_only?select=entry,tickets(title)&id=eq.2")).toEqual([
      { entry: "closed", tickets: { title: "third" } },
    ]);
  });

  test("over views, and from the table's side", async () => {
    expect(await rows("entries_of_users?select=id,users(full_name)&id=eq.1")).toEqual([
      { id: 1, users: { full_name: "Ann" } },
    ]);
    expect(await rows("tickets?select=id,journal_only(entry)&id=eq.3")).toEqual([
      { id: 3, journal_only: [{ entry: "closed" }] },
    ]);
  });

  test("one to one, and with renamed columns, are objects", async () => {
    expect(await rows("shown_projects?select=key,shown_details(notes),clients(name)&key=eq.1")).toEqual([
      { key: 1, shown_details: { notes: "first" }, clients: { name: "Acme" } },
    ]);
    expect(await rows("shown_details?select=notes,shown_projects(name)&project_id=eq.1")).toEqual([
      { notes: "first", shown_projects: { name: "Alpha" } },
    ]);
  });
});

describe("a table in itself", () => {
  const [left, right] = [{ id: 2, parent_id: 1, name: "left" }, { id: 3, parent_id: 1, name: "right" }];

  test("by its name, or with the column as the hint, is to many", async () => {
    for (const embed of ["folders(*)", "folders:folders!parent_id(*)"]) {
      expect(await rows(`folders?select=id,${embed}&id=eq.1&folders.order=id`)).toEqual([
        { id: 1, folders: [left, right] },
      ]);
    }
    expect(await rows("folders?select=id,children:folders(name,parent_id(name))&id=eq.1&children.limit=1"))
      .toEqual([{ id: 1, children: [{ name: "left", parent_id: { name: "root" } }] }]);
  });

  test("by the column is to one", async () => {
    expect(await rows("folders?select=id,parent:parent_id(name)&id=eq.2")).toEqual([
      { id: 2, parent: { name: "root" } },
    ]);
  });

  test("by two keys is ambiguous", async () => {
    const { status, body } = await api.get("samples?select=*,samples(*)");
    expect([status, body.code, body.details.length]).toEqual([300, "PGRST201", 2]);
    expect(body.hint).toBe(
      "Try changing 'samples' to one of the following: 'samples!samples_control_id_fkey', 'samples!samples_origin_id_fkey'. Find the desired relationship in the 'details' key.",
    );
    for (const hint of ["samples_control_id_fkey", "control_id"]) {
      expect(await rows(`samples?select=*,samples!${hint}(*)`)).toEqual([]);
    }
  });
});

describe("spreads", () => {
  test("keep the columns of what is spread within them", async () => {
    expect(await rows("ticket_notes?select=note,...tickets(title,...users(full_name))&id=eq.1")).toEqual([
      { note: "a", title: "first", full_name: "Ann" },
    ]);
    expect(
      await rows("ticket_notes?select=note,...tickets(*,...projects(*,...clients(client:name)))&id=eq.1"),
    )
      .toMatchObject([{ note: "a", title: "first", name: "Alpha", client: "Acme" }]);
  });

  test("to many are arrays, in the order of the embedded rows", async () => {
    expect(await rows("users?select=full_name,...tickets(title,ids:id)&tickets.order=id.desc&order=id"))
      .toEqual([
        { full_name: "Ann", title: ["third", "first"], ids: [3, 1] },
        { full_name: "Ben", title: ["second"], ids: [2] },
      ]);
    expect(await rows("ticket_notes?select=note,...tickets(title,...journal_only(entry))&order=id")).toEqual([
      { note: "a", title: "first", entry: ["opened"] },
      { note: "b", title: "first", entry: ["opened"] },
      { note: "c", title: "second", entry: [] },
    ]);
  });

  test("to many in to many are arrays of arrays", async () => {
    expect(await rows("users?select=id,...tickets(title,...ticket_notes(note))&tickets.order=id&order=id"))
      .toEqual([
        { id: 1, title: ["first", "third"], note: [["a", "b"], []] },
        { id: 2, title: ["second"], note: [["c"]] },
      ]);
    expect(await rows("users?select=user:id,...tickets!inner(*)&tickets.id=eq.2")).toEqual([
      { user: 2, id: [2], user_id: [2], project_id: [1], title: ["second"] },
    ]);
  });
});

describe("inner joins, presence and counts", () => {
  test("leave out rows, and count what is left", async () => {
    const { headers, body } = await api.get(
      "users?select=full_name,tickets!inner(title,projects!inner())&tickets.projects.id=eq.2",
      { Prefer: "count=exact" },
    );
    expect([headers.get("content-range"), body]).toEqual([
      "0-0/1",
      [{ full_name: "Ann", tickets: [{ title: "third" }] }],
    ]);
  });

  test("a filter for null tests for rows", async () => {
    expect(await rows("tickets?select=id,ticket_notes(note)&ticket_notes=is.null")).toEqual([
      { id: 3, ticket_notes: [] },
    ]);
    const { headers, body } = await api.get(
      "tickets?select=id,ticket_notes()&ticket_notes=not.is.null&order=id",
      {
        Prefer: "count=exact",
      },
    );
    expect([headers.get("content-range"), body]).toEqual(["0-1/2", [{ id: 1 }, { id: 2 }]]);
    expect(await rows("tickets?select=id,users(),projects()&or=(users.is.null,id.eq.1)")).toEqual([{
      id: 1,
    }]);
  });

  test.each([
    ["tickets?select=id,users(full_name)&users=eq.1", 400, "PGRST120"],
    ["tickets?select=id&nothing.id=eq.1", 400, "PGRST108"],
    ["tickets?select=id&nothing.order=id", 400, "PGRST108"],
    ["tickets?select=id&nothing.or=(id.eq.1)", 400, "PGRST108"],
    ["tickets?select=id&order=users(id)", 400, "PGRST108"],
    ["tickets?select=id,...ticket_details(note)", 400, "PGRST200"],
    ["tickets?select=id,users(nope)", 400, "42703"],
    ["tickets?select=id,users!nope(*)", 400, "PGRST200"],
  ])("%s is %i %s", async (path, status, code) => {
    const answer = await api.get(path);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test("a column that an embedded table lacks is named with its table", async () => {
    const { body } = await api.get("tickets?select=id,users(nope)");
    expect(body.message).toBe("column users_1.nope does not exist");
  });
});

describe("computed columns and relationships", () => {
  test("columns are selected, filtered and ordered by, also of functions for several tables", async () => {
    expect(await rows("users?select=id,label,negative&order=negative.desc")).toEqual([
      { id: 1, label: "user Ann", negative: -1 },
      { id: 2, label: "user Ben", negative: -2 },
    ]);
    expect(await rows("tickets?select=label,users(label)&label=eq.ticket first")).toEqual([
      { label: "ticket first", users: { label: "user Ann" } },
    ]);
  });

  test("relationships are embedded, spread and ordered by", async () => {
    expect(await rows("tickets?select=id,owner(full_name)&order=owner(full_name).desc,id")).toEqual([
      { id: 2, owner: { full_name: "Ben" } },
      { id: 1, owner: { full_name: "Ann" } },
      { id: 3, owner: { full_name: "Ann" } },
    ]);
    expect(await rows("tickets?select=id,...owner(full_name)&id=eq.2")).toEqual([{
      id: 2,
      full_name: "Ben",
    }]);
    const { body } = await api.rpc("search_tickets?select=id,owner(full_name)", { query: "sec" });
    expect(body).toEqual([{ id: 2, owner: { full_name: "Ben" } }]);
  });
});

test("partitions are not tables of the API", async () => {
  expect(await rows("events?select=id")).toEqual([{ id: 1 }]);
  const { status, body } = await api.get("events_of_2026");
  expect([status, body.code]).toEqual([404, "PGRST205"]);
});
