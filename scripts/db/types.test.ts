import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connect, createDatabase } from "../../supabase/tests/support/database.ts";
import { checkTypes, generateTypes } from "./types.ts";

test("types that were written are up to date until the database changes", async () => {
  const database = await createDatabase();
  const sql = connect(database, "postgres", 1);
  const folder = mkdtempSync(join(tmpdir(), "fixloop-types-"));
  const file = join(folder, "database.ts");
  try {
    expect(await checkTypes(database, file)).not.toEqual([]);
    writeFileSync(file, await generateTypes(database));
    expect(await checkTypes(database, file)).toEqual([]);
    await sql`create table public.planted (id bigint primary key, note text not null)`;
    const [report = ""] = await checkTypes(database, file);
    expect(report).toMatch(/^\+ +"?note"?: string;$/m);
  } finally {
    rmSync(folder, { recursive: true });
    await sql.end();
    await database.drop();
  }
});
