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
  "Arrays in CSV are JSON": async () => {
    const { text } = await api.get("projects?select=tags&id=eq.1", { Accept: "text/csv" });
    expect(text.trim()).toBe('tags\n"[""red"",""blue""]"');
  },
  "Numbers are doubles": async () => {
    expect((await api.get("projects?select=budget&id=eq.1")).text).toBe('[{"budget":100.5}]');
    const raw = '{"value":9007199254740993}';
    const { text } = await api.ask("POST", "rpc/echo_bigint", {
      raw,
      headers: { "Content-Type": "application/json" },
    });
    expect(text).toBe("9007199254740992");
  },
  "Raw bodies are rejected": async () => {
    for (
      const [name, type] of [["one_text", "text/plain"], ["one_bytea", "application/octet-stream"]] as const
    ) {
      const { status, body } = await api.ask("POST", `rpc/${name}`, {
        raw: "x",
        headers: { "Content-Type": type },
      });
      expect([status, body.code]).toEqual([400, "PGRST102"]);
    }
  },
  "Quotes within quotes in a logic tree do not match": async () => {
    const name = '"Delta, \\"quoted\\" (x)"';
    expect((await api.get(`projects?select=id&or=(name.eq.${name})`)).body).toEqual([]);
    expect((await api.get(`projects?select=id&name=in.(${name})`)).body).toEqual([{ id: 4 }]);
  },
  "Quoted patterns in a logic tree do not match": async () => {
    expect((await api.get('projects?select=id&or=(name.like."A*")')).body).toEqual([]);
    expect((await api.get("projects?select=id&or=(name.like.A*)")).body).toEqual([{ id: 1 }]);
  },
  "A filter that cannot be parsed has no details": async () => {
    const { body } = await api.get("projects?id=foo.1");
    expect(body.details).toBe(body.message);
  },
  "An unfiltered write inside a function is not rejected": async () => {
    const { status, body } = await api.rpc("touch_all", {});
    expect([status, body]).toEqual([200, 4]);
  },
  "Several empty objects are rejected": async () => {
    expect((await api.post("clients", [{}, {}])).body.code).toBe("42601");
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
