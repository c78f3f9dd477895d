import { afterAll, describe, expect, test } from "vitest";
import { openDataApi, REPRESENTATION } from "../../support/data-api.ts";

// docs.postgrest.org/en/v14/references/api/domain_representations.html, media_type_handlers.html, options.html and
// schemas.html
const api = await openDataApi({
  script: `
    create domain public."text/tab-separated-values" as text;
    create function public.add_line(state text, line public.channels) returns text
    language sql immutable set search_path = '' as $$
      select coalesce(state, '') || line.id || e'\\t' || line.slug || e'\\n'
    $$;
    create function public.end_lines(state text) returns public."text/tab-separated-values"
    language sql immutable set search_path = '' as $$ select state $$;
    create aggregate public.channel_lines(public.channels) (
      sfunc = public.add_line, stype = text, finalfunc = public.end_lines
    );
  `,
});
afterAll(() => api.project.close());

describe("a domain with casts to and from JSON and text", () => {
  test("is returned, filtered and written in its own form", async () => {
    expect((await api.get("prices?order=id")).body).toEqual([{ id: 1, amount: "1.50" }, {
      id: 2,
      amount: "19.99",
    }]);
    expect((await api.get("prices?select=price:amount&amount=gt.2.5")).body).toEqual([{ price: "19.99" }]);
    expect((await api.get("prices?select=id&amount=in.(1.5,7)")).body).toEqual([{ id: 1 }]);
    const written = await api.post("prices", { id: 3, amount: "0.07" }, REPRESENTATION);
    expect([written.status, written.body]).toEqual([201, [{ id: 3, amount: "0.07" }]]);
    const changed = await api.ask("PATCH", "prices?amount=eq.0.07", {
      body: { amount: 2 },
      headers: REPRESENTATION,
    });
    expect(changed.body).toEqual([{ id: 3, amount: "2.00" }]);
    expect((await api.ask("DELETE", "prices?id=eq.3")).status).toBe(204);
  });
});

describe("an aggregate that returns a media type", () => {
  test("makes the body of whole rows of its table", async () => {
    const accept = { Accept: "text/tab-separated-values" };
    const { headers, text } = await api.get("channels?order=id", accept);
    expect([headers.get("content-type"), text]).toEqual(["text/tab-separated-values", "1\tone\n"]);
    expect((await api.get("channels?select=id", accept)).status).toBe(406);
    expect((await api.get("clients", accept)).body.code).toBe("PGRST107");
  });
});

describe("OPTIONS", () => {
  test.each([
    ["projects", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"],
    ["active_projects", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"],
    ["client_totals", "OPTIONS,GET,HEAD"],
    ["rpc/writes?name=x", "OPTIONS,POST"],
    ["rpc/no_arguments", "OPTIONS,GET,HEAD,POST"],
  ])("%s: %s", async (path, allow) => {
    const { status, headers } = await api.ask("OPTIONS", path);
    expect([status, headers.get("allow")]).toEqual([200, allow]);
  });
});

test("the first exposed schema is the default one", async () => {
  const other = await openDataApi({ schemas: ["other", "public"] });
  try {
    expect((await other.get("things")).body).toEqual([{ id: 1, name: "elsewhere" }]);
    expect((await other.get("projects")).status).toBe(404);
    expect((await other.get("projects?select=id&id=eq.1", { "Accept-Profile": "public" })).body).toEqual([{
      id: 1,
    }]);
    expect((await other.rpc("where_am_i", {})).body).toBe("other");
  } finally {
    await other.project.close();
  }
});
