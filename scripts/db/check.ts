import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { supabase } from "../local/migrate.ts";
import { SUPABASE_DIR } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import { checksumProblems, migrationFiles, recordChecksums } from "./checksums.ts";
import { command, progress, report } from "../command.ts";
import { compareDumps, dumpDatabase } from "./dump.ts";
import { cliUrl, type Database, openScratch, type Scratch } from "./scratch.ts";
import { DRAFT_MARK } from "./sql-style.ts";

const HELP = `
npm run db:check [-- --record]

Builds one database from supabase/migrations and one from supabase/schemas and fails on any difference, and when a
migration that is recorded in supabase/migrations/checksums.txt was changed or removed.

  --record   when all is well, record the migrations that are not yet: they are finished and will not change
`;

const MIGRATIONS = join(SUPABASE_DIR, "migrations");

export interface CheckResult {
  name: string;
  problems: string[];
}

/** The checks of `npm run db:check`, one after the other. */
export async function* checkSchema(scratch: Scratch): AsyncGenerator<CheckResult> {
  yield { name: "finished migrations are as recorded", problems: checksumProblems(MIGRATIONS) };
  const migrated = await scratch.migrated();
  const declared = await scratch.declared();
  progress("comparing the two");
  const differences = await compareDatabases(migrated, declared);
  yield {
    name: "migrations/ and schemas/ define the same database (- only migrations/, + only schemas/)",
    problems: differences,
  };
  const sql = await diffDatabases(migrated, declared);
  const advice = "npm run db:new -- <name> writes a migration that leads from migrations/ to schemas/";
  yield {
    name: "the CLI finds nothing to migrate",
    problems: sql === "" ? [] : [differences.length > 0 ? advice : sql],
  };
}

/** The objects that two databases define differently, each with the lines that differ. */
export async function compareDatabases(from: Database, to: Database): Promise<string[]> {
  return compareDumps(
    await dumpDatabase(from.url("supabase_admin")),
    await dumpDatabase(to.url("supabase_admin")),
  );
}

/** The CLI's SQL that leads from one database to another; empty when it finds no difference. Blind to column order. */
export async function diffDatabases(from: Database, to: Database): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "fixloop-diff-"));
  const file = join(folder, "diff.sql");
  try {
    await supabase(["db", "diff", "--from", cliUrl(from), "--to", cliUrl(to), "--use-pg-delta", "-o", file]);
    return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The migrations that nobody has finished yet. */
const drafts = (folder: string): string[] =>
  migrationFiles(folder).filter((file) => readFileSync(join(folder, file), "utf8").includes(DRAFT_MARK));

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({ args, options: { record: { type: "boolean" } } });
  const scratch = await openScratch(progress);
  try {
    let passed = true;
    for await (const { name, problems } of checkSchema(scratch)) passed = report(name, problems) && passed;
    if (passed && values.record) {
      const draft = drafts(MIGRATIONS)[0];
      if (draft) {
        throw new UserError(
          `${draft} is still a draft.`,
          "Finish it and remove the line that marks it as one.",
        );
      }
      const added = recordChecksums(MIGRATIONS);
      console.log(
        added.length === 0 ? "Nothing new to record." : `Recorded as finished: ${added.join(", ")}`,
      );
    }
    return passed;
  } finally {
    await scratch.close();
  }
});
