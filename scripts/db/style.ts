import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadModule } from "libpg-query";
import { ROOT } from "../local/paths.ts";
import { command, report } from "../command.ts";
import { type StyleOptions, styleProblems } from "./sql-style.ts";

const HELP = `
npm run db:style

Holds every .sql and .psql file under supabase/ and scripts/ to the conventions: at most 110 columns, lower case, no quoted
identifiers, short functions that state language, volatility, security and search_path, no error caught unnamed.
`;

/** What breaks the conventions, as `file:line: message`. */
export async function checkStyle(root = ROOT): Promise<string[]> {
  await loadModule();
  return globSync("{supabase,scripts}/**/*.{sql,psql}", { cwd: root }).sort().flatMap((file) => {
    const problems = styleProblems(readFileSync(join(root, file), "utf8"), { kind: kindOf(file) });
    return problems.map(({ line, message }) => `${file}:${line}: ${message}`);
  });
}

function kindOf(file: string): StyleOptions["kind"] {
  if (file.startsWith("supabase/schemas/")) return "schema";
  if (file.startsWith("supabase/migrations/")) return "migration";
  if (file.startsWith("supabase/tests/")) return "test";
  // what stands in for the platform keeps the platform's shape
  return file.startsWith("scripts/local/") ? "extension" : "script";
}

await command(import.meta.main, HELP, async (args) => {
  parseArgs({ args, options: {} });
  return report("SQL style", await checkStyle());
});
