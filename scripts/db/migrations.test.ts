import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModule, parseSync } from "libpg-query";
import type { Sql } from "postgres";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connect, createDatabase, type TestDatabase } from "../../supabase/tests/support/database.ts";
import { pushMigrations } from "../local/migrate.ts";
import { SUPABASE_DIR } from "../local/paths.ts";
import { migrationFiles } from "./checksums.ts";
import { compareDumps, dumpDatabase } from "./dump.ts";

const MIGRATIONS = join(SUPABASE_DIR, "migrations");
const files = migrationFiles(MIGRATIONS);

let database: TestDatabase;
let sql: Sql;
let workdir: string;
const target = (file: string): string => join(workdir, "supabase/migrations", file);

beforeAll(loadModule);
beforeEach(async () => {
  database = await createDatabase("platform");
  sql = connect(database, "postgres", 1);
  workdir = mkdtempSync(join(tmpdir(), "fixloop-migrations-"));
  mkdirSync(join(workdir, "supabase/migrations"), { recursive: true });
  copyFileSync(join(SUPABASE_DIR, "config.toml"), join(workdir, "supabase/config.toml"));
});
afterEach(async () => {
  await sql.end();
  await database.drop();
  rmSync(workdir, { recursive: true });
});

const applied = async (): Promise<string[]> =>
  (await sql<
    { version: string }[]
  >`select version from supabase_migrations.schema_migrations order by version`)
    .map(({ version }) => version);

interface Insert {
  table: string;
  text: string;
}

/** The inserts of `seed.sql`, each with its table. */
function seeds(): Insert[] {
  const bytes = readFileSync(join(SUPABASE_DIR, "seed.sql"));
  const { stmts } = parseSync(bytes.toString()) as {
    stmts: {
      stmt: { InsertStmt?: { relation: { schemaname: string; relname: string } } };
      stmt_location?: number;
      stmt_len?: number;
    }[];
  };
  return stmts.flatMap(({ stmt, stmt_location: from = 0, stmt_len: length }) => {
    const relation = stmt.InsertStmt?.relation;
    const text = bytes.subarray(from, length === undefined ? undefined : from + length).toString();
    return relation ? [{ table: `${relation.schemaname}.${relation.relname}`, text }] : [];
  });
}

describe("our migrations", () => {
  test("apply one after the other on a database with data", async () => {
    let waiting = seeds();
    expect(waiting.length).toBeGreaterThan(0);
    for (const file of files) {
      copyFileSync(join(MIGRATIONS, file), target(file));
      await pushMigrations(database.url(), { workdir });
      const ready: Insert[] = [];
      const later: Insert[] = [];
      for (const insert of waiting) {
        const [row] = await sql<
          { there: boolean }[]
        >`select to_regclass(${insert.table}) is not null as there`;
        (row?.there ? ready : later).push(insert);
      }
      for (const { text } of ready) await sql.unsafe(text);
      waiting = later;
    }
    expect(waiting).toEqual([]);
    const counts = async (): Promise<unknown[]> => {
      const tables = [...new Set(seeds().map(({ table }) => table))];
      const queries = tables.map((table) =>
        `select '${table}' as name, count(*)::integer as n from ${table}`
      );
      return [...await sql.unsafe(queries.join(" union all "))];
    };
    const before = await counts();
    expect(before).not.toContainEqual(expect.objectContaining({ n: 0 }));
    await sql.unsafe(readFileSync(join(SUPABASE_DIR, "seed.sql"), "utf8")).simple();
    expect(await counts()).toEqual(before);
  });

  test("go onto an empty platform in one push, and a second push changes nothing", async () => {
    for (const file of files) copyFileSync(join(MIGRATIONS, file), target(file));
    await pushMigrations(database.url(), { workdir });
    expect(await applied()).toEqual(files.map((file) => file.slice(0, 14)));
    const before = await dumpDatabase(database.url("supabase_admin"));
    await pushMigrations(database.url(), { workdir });
    expect(compareDumps(before, await dumpDatabase(database.url("supabase_admin")))).toEqual([]);
    expect(await applied()).toHaveLength(files.length);
  });
});

describe("a migration that fails", () => {
  test("is named with its error, leaves nothing behind, and can be fixed", async () => {
    writeFileSync(target("20260101000000_notes.sql"), "create table public.notes (title text);\n");
    writeFileSync(
      target("20260101000001_fails.sql"),
      "create table public.lost (title text);\ninsert into public.notes values ('lost');\nselect 1 / 0;\n",
    );
    const before = await dumpDatabase(database.url("supabase_admin"));
    const push = pushMigrations(database.url(), { workdir });
    await expect(push).rejects.toThrow(/20260101000001_fails\.sql[^]*division by zero/);
    await expect(push).rejects.toMatchObject({
      name: "UserError",
      hint: expect.stringContaining("Fix the error"),
    });
    expect(await applied()).toEqual(["20260101000000"]);
    const reports = compareDumps(before, await dumpDatabase(database.url("supabase_admin")));
    expect(reports.map((report) => report.split("\n")[0])).toEqual(["table public.notes (only in schemas/)"]);
    expect([...await sql`select from public.notes`]).toEqual([]);

    writeFileSync(target("20260101000001_fails.sql"), "create table public.lost (title text);\n");
    await pushMigrations(database.url(), { workdir });
    expect(await applied()).toEqual(["20260101000000", "20260101000001"]);
  });
});
