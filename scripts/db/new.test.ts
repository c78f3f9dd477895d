import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SUPABASE_DIR } from "../local/paths.ts";
import { newMigration } from "./new.ts";
import { DRAFT_MARK } from "./sql-style.ts";

const root = mkdtempSync(join(tmpdir(), "fixloop-new-"));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "supabase/schemas/10_notes"), { recursive: true });
copyFileSync(join(SUPABASE_DIR, "config.toml"), join(root, "supabase/config.toml"));

const schema = (columns: string): void =>
  writeFileSync(
    join(root, "supabase/schemas/10_notes/10_notes.sql"),
    `-- Notes.\n\ncreate table public.notes (${columns});\n`,
  );
const create = (name: string, options: { from?: string; replace?: boolean } = {}) =>
  newMigration(
    {
      name,
      from: options.from,
      replace: options.replace ?? false,
      at: undefined,
      now: new Date("2026-11-21T10:20:30Z"),
    },
    root,
    () => {},
  );
const read = (path: string | undefined): string => readFileSync(join(root, path ?? ""), "utf8");

test(
  "from a schema folder, then nothing when equal, then a draft of the difference, and the draft anew",
  async () => {
    schema("title text");
    const first = await create("notes", { from: "10_notes" });
    expect(first).toBe("supabase/migrations/20261121102030_notes.sql");
    expect(read(first)).toContain(
      "-- 10_notes/10_notes.sql\n-- Notes.\n\ncreate table public.notes (title text);\n",
    );

    expect(await create("nothing")).toBeUndefined();
    expect(readdirSync(join(root, "supabase/migrations"))).toEqual(["20261121102030_notes.sql"]);

    schema("title text, body text");
    const second = await create("add_body");
    expect(second).toBe("supabase/migrations/20261121102031_add_body.sql");
    expect(read(second).startsWith(DRAFT_MARK)).toBe(true);
    expect(read(second)).toMatch(/alter table public\.notes\s+add column body text;/);

    schema("title text, summary text");
    expect(await create("add_body", { replace: true })).toBe(second);
    expect(read(second)).toMatch(/add column summary text;/);
    expect(read(second)).not.toMatch(/body text/);
    await expect(create("notes", { replace: true })).rejects.toThrow("is not the last migration");
  },
  60_000,
);
