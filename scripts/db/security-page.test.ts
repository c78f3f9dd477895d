import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useDatabase } from "../../supabase/tests/support/database.ts";
import { ROOT } from "../local/paths.ts";

// What docs/security.md lists is what the catalogue has.

const page = readFileSync(join(ROOT, "docs/security.md"), "utf8");
const sql = await useDatabase();

/** The names that the page doesn't have in backticks. */
const missing = (rows: { name: string }[]): string[] =>
  rows.map(({ name }) => name).filter((name) => !page.includes(`\`${name}\``));

test("every function and table that anon may use is on the page", async () => {
  const functions = await sql<{ name: string }[]>`
    select distinct p.proname as name from pg_proc as p
    where p.pronamespace in (select oid from pg_namespace where nspname in ('public', 'support'))
      and has_function_privilege('anon', p.oid, 'execute')
      and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
  `;
  const tables = await sql<{ name: string }[]>`
    select c.relname as name from pg_class as c
    where c.relnamespace in (select oid from pg_namespace where nspname in ('public', 'support'))
      and c.relkind in ('r', 'p', 'v', 'm')
      and (has_table_privilege('anon', c.oid, 'select, insert, update, delete, truncate')
        or has_any_column_privilege('anon', c.oid, 'select, insert, update'))
      and not exists (select from pg_depend as d where d.objid = c.oid and d.deptype = 'e')
  `;
  expect(functions.length).toBeGreaterThan(0);
  expect(missing([...functions, ...tables])).toEqual([]);
});

test("every private table that the API's roles may read is on the page", async () => {
  const tables = await sql<{ name: string }[]>`
    select c.relname as name from pg_class as c
    where c.relnamespace = 'private'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
      and has_any_column_privilege('authenticated', c.oid, 'select')
  `;
  expect(tables.length).toBeGreaterThan(0);
  expect(missing(tables)).toEqual([]);
});
