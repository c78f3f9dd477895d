import { globSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vitest/config";
import { includedFiles } from "../../../scripts/db/sql-includes.ts";
import { ROOT } from "../../../scripts/local/paths.ts";

const RUNNER = join(import.meta.dirname, "pgtap.ts");
/** What every test with a database imports. */
const DATABASE = join(import.meta.dirname, "database.ts");

/**
 * Makes every `*.test.sql` a test file of vitest: a module that runs it. Watches the files that it includes, and the schema
 * files for every test that uses a database.
 */
export function pgtap(): Plugin {
  return {
    name: "pgtap",
    enforce: "pre",
    transform(_code, id) {
      if (id === DATABASE) {
        for (const file of globSync("supabase/schemas/**/*.sql", { cwd: ROOT })) {
          this.addWatchFile(join(ROOT, file));
        }
      }
      if (!id.endsWith(".test.sql")) return undefined;
      for (const file of includedFiles(id)) this.addWatchFile(file);
      return {
        code: `import { testFile } from ${JSON.stringify(RUNNER)};\nawait testFile(${JSON.stringify(id)});\n`,
        map: null,
      };
    },
  };
}
