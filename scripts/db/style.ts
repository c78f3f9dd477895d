import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadModule } from "libpg-query";
import { ROOT } from "../local/paths.ts";
import { command, report } from "../command.ts";
import { wrapLiterals } from "./comment-literals.ts";
import { schemaFiles } from "./schema-files.ts";
import { schemaProblems } from "./schema-rules.ts";
import { type StyleOptions, styleProblems } from "./sql-style.ts";

const HELP = `
npm run db:style [-- --fix]

Holds every .sql and .psql file under supabase/ and scripts/ to the conventions: at most 110 columns, lower case, no quoted
identifiers, short functions that state language, volatility, security and search_path, no error caught unnamed. In schema files
also: comments wrapped where they have to be, no arguments after a function's name where it is the only one of its name, no
number twice in a folder, no file name twice in a system.

  --fix   wrap comments again
`;

const SCHEMAS = "supabase/schemas";

/** What breaks the conventions, as `file:line: message`. */
export async function checkStyle(root = ROOT): Promise<string[]> {
  await loadModule();
  const schemas = schemaFiles(join(root, SCHEMAS))
    .map((path) => ({ path, sql: readFileSync(join(root, SCHEMAS, path), "utf8") }));
  return [...fileProblems(root), ...schemaProblems(schemas).map((problem) => `${SCHEMAS}/${problem}`)];
}

function fileProblems(root: string): string[] {
  return globSync("{supabase,scripts}/**/*.{sql,psql}", { cwd: root }).sort().flatMap((file) => {
    const problems = styleProblems(readFileSync(join(root, file), "utf8"), { kind: kindOf(file) });
    return problems.map(({ line, message }) => `${file}:${line}: ${message}`);
  });
}

function kindOf(file: string): StyleOptions["kind"] {
  if (file.startsWith("supabase/schemas/")) return "schema";
  if (file.startsWith("supabase/migrations/")) return "migration";
  if (file.startsWith("supabase/tests/")) return "test";
  // the emulation of the platform has the platform's shape
  return file.startsWith("scripts/local/") ? "extension" : "script";
}

/** Wraps the comment literals of the schema files as they should be, and returns the files that changed. */
async function fixLiterals(root = ROOT): Promise<string[]> {
  await loadModule();
  return schemaFiles(join(root, SCHEMAS)).filter((path) => {
    const file = join(root, SCHEMAS, path);
    const sql = readFileSync(file, "utf8");
    const fixed = wrapLiterals(sql);
    if (fixed !== sql) writeFileSync(file, fixed);
    return fixed !== sql;
  });
}

await command(import.meta.main, HELP, async (args) => {
  const { values } = parseArgs({ args, options: { fix: { type: "boolean" } } });
  if (values.fix) { for (const path of await fixLiterals()) console.log(`Wrote ${SCHEMAS}/${path}`); }
  return report("SQL style", await checkStyle());
});
