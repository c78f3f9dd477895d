import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { loadConfig } from "../local/config.ts";
import { supabase } from "../local/migrate.ts";
import { bin, ROOT, SUPABASE_DIR } from "../local/paths.ts";
import { command, progress, report } from "../command.ts";
import { compareDumps } from "./dump.ts";
import { cliUrl, type Database, openScratch } from "./scratch.ts";

const HELP = `
npm run db:types [-- --check]

Writes supabase/types/database.ts: the exposed schemas' tables, views, functions and enums as TypeScript types.

  --check   write nothing; fail when the file is not what would be written
`;

const TYPES_FILE = join(SUPABASE_DIR, "types/database.ts");

/** The types of a database's exposed schemas, by the CLI, formatted as the rest of the code is. */
export async function generateTypes(database: Database): Promise<string> {
  const schemas = loadConfig().api.schemas.flatMap((schema) => ["--schema", schema]);
  const generated = await supabase(["gen", "types", `--remote=${cliUrl(database)}`, ...schemas]);
  const header = "// Generated from the migrations by `npm run db:types`.\n";
  const formatted = spawnSync(bin("deno"), ["fmt", "--ext=ts", "-"], {
    cwd: ROOT,
    input: header + generated.trimStart(),
    encoding: "utf8",
  });
  if (formatted.status !== 0) throw new Error(`deno fmt failed: ${formatted.stderr}`);
  return formatted.stdout;
}

/** What is stale in the types as committed; nothing when they are what the migrations give. */
export async function checkTypes(database: Database, file = TYPES_FILE): Promise<string[]> {
  const wanted = (await generateTypes(database)).split("\n");
  const found = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const name = "supabase/types/database.ts: npm run db:types writes it again";
  return compareDumps(new Map([[name, found]]), new Map([[name, wanted]]));
}

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({ args, options: { check: { type: "boolean" } } });
  const scratch = await openScratch(progress);
  try {
    const database = await scratch.migrated();
    progress("generating types");
    if (values.check) return report("generated types are up to date", await checkTypes(database));
    mkdirSync(dirname(TYPES_FILE), { recursive: true });
    writeFileSync(TYPES_FILE, await generateTypes(database));
    console.log("Wrote supabase/types/database.ts");
    return true;
  } finally {
    await scratch.close();
  }
});
