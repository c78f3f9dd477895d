import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bin, ROOT } from "../local/paths.ts";
import { migrationFiles } from "./checksums.ts";
import { command, report } from "../command.ts";

const HELP = `
npm run db:squawk

Looks through the migrations with squawk for what would lock a table for long, lose data or break clients.
Exceptions are in .squawk.toml, each with its reason.
`;

interface Finding {
  file: string;
  /** From 0. */
  line: number;
  level: string;
  rule_name: string;
  message: string;
  help?: string | null;
}

/** What squawk finds in the migrations of a project, as `file:line: level message`. */
export function checkMigrations(root = ROOT): string[] {
  const files = migrationFiles(join(root, "supabase/migrations")).map((file) =>
    `supabase/migrations/${file}`
  );
  if (files.length === 0) return [];
  const config = join(ROOT, ".squawk.toml");
  const { status, stdout, stderr, error } = spawnSync(
    bin("squawk"),
    ["--config", config, "--reporter", "json", ...files],
    { cwd: root, encoding: "utf8" },
  );
  // 1 means that there are findings
  if (error || (status !== 0 && status !== 1) || !stdout.startsWith("[")) {
    throw new Error(`squawk failed: ${error?.message ?? (stderr || stdout)}`);
  }
  return (JSON.parse(stdout) as Finding[]).map(({ file, line, level, rule_name: rule, message, help }) =>
    `${file}:${line + 1}: ${level.toLowerCase()} ${rule}: ${message}${help ? ` ${help}` : ""}`
  );
}

await command(import.meta.main, HELP, (args) => {
  parseArgs({ args, options: {} });
  return Promise.resolve(report("squawk finds nothing in the migrations", checkMigrations()));
});
