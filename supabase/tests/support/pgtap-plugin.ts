import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Plugin } from "vitest/config";
import { ROOT } from "../../../scripts/local/paths.ts";

const RUNNER = join(import.meta.dirname, "pgtap.ts");

/**
 * Makes every `*.test.sql` a test file of vitest: a module that runs it. What it includes and the schema files are watched,
 * so that a change of one runs it again.
 */
export function pgtap(): Plugin {
  return {
    name: "pgtap",
    enforce: "pre",
    transform(code, id) {
      if (!id.endsWith(".test.sql")) return undefined;
      const schemas = globSync("supabase/schemas/**/*.sql", { cwd: ROOT }).map((file) => join(ROOT, file));
      for (const file of [...includes(id, code), ...schemas]) this.addWatchFile(file);
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
