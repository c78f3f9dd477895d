import { join } from "node:path";
import type { Plugin } from "vitest/config";
import { includedFiles } from "../../../scripts/db/sql-includes.ts";
import { ROOT } from "../../../scripts/local/paths.ts";

const RUNNER = join(import.meta.dirname, "pgtap.ts");
/** What every test with a database imports. */
const DATABASE = join(import.meta.dirname, "database.ts");
const SCHEMAS = join(ROOT, "supabase/schemas");

/**
 * Makes every `*.test.sql` a test file of vitest: a module that runs it. In watch mode, a change of a file that it includes
 * reruns it, and a schema file that is changed, added or removed reruns every test that uses a database; with
 * `SCHEMAS_RERUN=pgtap`, the pgTAP files alone.
 */
export function pgtap(): Plugin {
  return {
    name: "pgtap",
    enforce: "pre",
    configureServer({ watcher }) {
      watcher.add(SCHEMAS);
      // vitest then reruns what imports it
      const imported = process.env["SCHEMAS_RERUN"] === "pgtap" ? RUNNER : DATABASE;
      const rerun = (file: string): void => {
        if (file.startsWith(`${SCHEMAS}/`) && file.endsWith(".sql")) watcher.emit("change", imported);
      };
      watcher.on("change", rerun).on("add", rerun).on("unlink", rerun);
    },
    transform(_code, id) {
      if (!id.endsWith(".test.sql")) return undefined;
      for (const file of includedFiles(id)) this.addWatchFile(file);
      return {
        code: `import { testFile } from ${JSON.stringify(RUNNER)};\nawait testFile(${JSON.stringify(id)});\n`,
        map: null,
      };
    },
  };
}
