import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { connect, createDatabase } from "../../supabase/tests/support/database.ts";
import type { Database } from "../../supabase/types/database.ts";
import { checkTypes, generateTypes } from "./types.ts";

type Tables = Database["public"]["Tables"];

const ISSUE = "10000000-0000-4000-8000-000000000001";
const EXAI_ISSUE = "20000000-0000-4000-8000-000000000001";

/** What is enough for an insert, in an order in which references exist: the database fills in the rest. tsc checks it. */
const ENOUGH = {
  issues: { id: ISSUE, title: "Sign-in fails" },
  comments: { issue_id: ISSUE, body: "Here too" },
  tags: { name: "sign-in" },
  issue_tags: { issue_id: ISSUE, tag_name: "sign-in" },
  circle_spaces: { space_name: "Help", chat_room_uuid: "c0ffee" },
  circle_issues: { message_id: "1" },
  segment_rules: { words: "cannot open the door", segment: "auth", priority: 10 },
  exai_issues: { id: EXAI_ISSUE, title: "Timeout" },
  exai_issue_updates: { issue_id: EXAI_ISSUE, content: "Seen again" },
  exai_issue_checklist: { issue_id: EXAI_ISSUE, description: "Measure" },
} satisfies { [Table in keyof Tables]?: Tables[Table]["Insert"] };

test("an insert needs no column that the database fills in", async () => {
  const database = await createDatabase();
  const sql = connect(database, "postgres", 1);
  try {
    for (const [table, row] of Object.entries(ENOUGH)) {
      const rows = await sql`insert into ${sql(`public.${table}`)} ${sql(row)} returning *`;
      expect(rows, table).toHaveLength(1);
    }
  } finally {
    await sql.end();
    await database.drop();
  }
});

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
