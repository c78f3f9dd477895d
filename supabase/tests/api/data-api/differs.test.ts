import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ROOT } from "../../../../scripts/local/paths.ts";
import { connect } from "../../support/database.ts";
import { openDataApi, REPRESENTATION } from "../../support/data-api.ts";

// How the local stack's Data API differs from PostgREST: docs/local-stack.md lists it, and each entry is
// tested here. When one of these fails, the difference is gone: remove it from the page and test PostgREST's
// behaviour.
const api = await openDataApi();
const sql = connect(api.project.database);
afterAll(async () => {
  await sql.end();
  await api.project.close();
});

const DIFFERENCES: Record<string, () => Promise<void>> = {
  "The error of a query string that cannot be parsed is less exact": async () => {
    const { status, body } = await api.get("projects?or=(id.eq.1");
    expect([status, body.code]).toEqual([400, "PGRST100"]);
    expect(body.message).toMatch(/^"failed to parse logic tree \(\(id\.eq\.1\)" /);
    // PostgREST: unexpected end of input expecting "," or ")"
    expect(body.details).toBe('unexpected end of input expecting ")"');
  },
  "A hint may be another name": async () => {
    const hint = (await api.get("project_detail")).body.hint;
    expect(hint).toBe("Perhaps you meant the table 'public.project_details'");
  },
  "GeoJSON is not available": async () => {
    const { status, body } = await api.get("projects", { Accept: "application/geo+json" });
    expect([status, body.code]).toEqual([406, "PGRST107"]);
  },
  "An unfiltered write inside a function is not rejected": async () => {
    const { status, body } = await api.rpc("touch_all", {});
    expect([status, body]).toEqual([200, 4]);
  },
  "The schema is loaded when the API opens": async () => {
    await sql`create table public.later (id integer primary key)`;
    expect((await api.get("later")).body.code).toBe("PGRST205");
    await sql`alter table public.later rename to even_later`;
    await sql`revoke select on public.addresses from anon`;
    expect((await api.get("addresses")).status).toBe(401);
    await sql`grant select on public.addresses to anon`;
    expect((await api.post("addresses?select=city", { id: 9, city: "Chur" }, REPRESENTATION)).status).toBe(
      201,
    );
  },
  "Requests have limits": async () => {
    expect((await api.get(`projects?select=${"a(".repeat(33)}id${")".repeat(33)}`)).body.code).toBe(
      "PGRST100",
    );
    expect((await api.get(`projects?select=${"a(".repeat(32)}id${")".repeat(32)}`)).body.code).toBe(
      "PGRST200",
    );
  },
  "The header of CSV names the columns of the rows": async () => {
    const headers = { Accept: "text/csv" };
    // PostgREST: title,user_id
    expect((await api.get("rpc/search_tickets?query=fir&select=title&user_id=eq.1", headers)).text).toBe(
      "title\nfirst",
    );
  },
  "`max-affected` counts the rows that are written": async () => {
    const { status, body } = await api.ask(
      "PATCH",
      "projects?id=gt.0&select=id,clients!inner(name)&clients.name=eq.Globex",
      {
        body: { priority: 9 },
        headers: { Prefer: "return=representation,handling=strict,max-affected=1" },
      },
    );
    expect([status, body.details]).toEqual([400, "The query affects 4 rows"]);
  },
  "A filter ends where its value ends": async () => {
    for (const filter of ["is.nullx", "in.(1)x"]) {
      expect((await api.get(`projects?id=${filter}`)).body.code).toBe("PGRST100");
    }
  },
};

for (const [title, check] of Object.entries(DIFFERENCES)) {
  describe(`differs from PostgREST: ${title}`, () => {
    test("as documented", check);
  });
}

test("docs/local-stack.md lists exactly these", () => {
  const page = readFileSync(join(ROOT, "docs/local-stack.md"), "utf8");
  const section = page.split(/^## /m).find((part) => part.startsWith("Data API\n")) ?? "";
  const titles = [...section.matchAll(/^- \*\*(.+)\.\*\*/gm)].map(([, title]) => title);
  expect(titles).toEqual(Object.keys(DIFFERENCES));
});
