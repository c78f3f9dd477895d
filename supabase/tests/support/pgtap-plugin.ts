import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vitest/config";
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
    transform(code, id) {
      if (id === DATABASE) {
        for (const file of globSync("supabase/schemas/**/*.sql", { cwd: ROOT })) {
          this.addWatchFile(join(ROOT, file));
        }
      }
      if (!id.endsWith(".test.sql")) return undefined;
      for (const file of includes(id, code)) this.addWatchFile(file);
      return {
        code: `import { testFile } from ${JSON.stringify(RUNNER)};\nawait testFile(${JSON.stringify(id)});\n`,
        map: null,
      };
    },
  };
}

/** The files that a script includes, and those that they include. */
function includes(path: string, text: string): string[] {
  return [...text.matchAll(/^\\ir (.+)$/gm)].flatMap(([, name = ""]) => {
    const file = join(dirname(path), name);
    return [file, ...includes(file, readFileSync(file, "utf8"))];
  });
}
