import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { command, report } from "../command.ts";
import { ROOT } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import { migrationFiles, readChecksums } from "./checksums.ts";
import { joinSchemas } from "./new.ts";

const HELP = `
npm run db:baseline [-- --check]

Writes supabase/migrations as one file per system, each the files of its schema folder, joined. Until the first release
nobody has applied a migration, so a change of the schema is a change of the baseline. Refuses to run once a migration is
recorded in supabase/migrations/checksums.txt: from then on npm run db:new writes what changed.
It compares texts and needs no database; npm run db:types, which needs one, is a command of its own.

  --check   write nothing, and fail when a file would change
`;

/** The name of the check. */
export const BASELINE_CHECK =
  "migrations/ are the files of schemas/, joined per system (until a release is recorded)";

/** The day that all baselines carry; a folder's number is the minute, so that the folders' order is the versions'. */
const DAY = "20261128";

/** The name of a folder's baseline: `20_tracker` becomes `20261128002000_tracker.sql`. */
export function baselineFile(folder: string): string {
  const [, number, name] = folder.match(/^(\d\d)_([a-z][a-z0-9_]*)$/) ?? [];
  if (number === undefined) {
    throw new UserError(
      `supabase/schemas/${folder} is not named <two digits>_<snake_case>.`,
      "For example: 20_tracker",
    );
  }
  const minutes = Number(number);
  const time = [Math.floor(minutes / 60), minutes % 60, 0].map((part) => String(part).padStart(2, "0"));
  return `${DAY}${time.join("")}_${name}.sql`;
}

/** True until a migration is recorded: migrations/ is then what db:baseline makes of schemas/. */
export const isUnreleased = (root = ROOT): boolean =>
  readChecksums(join(root, "supabase/migrations")).size === 0;

/** Each baseline's file name and text, in order. */
export function baselines(root = ROOT): Map<string, string> {
  const schemas = join(root, "supabase/schemas");
  const folders = readdirSync(schemas, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return new Map(
    folders.map(({ name }) => name).sort().map((name) => [baselineFile(name), joinSchemas(schemas, name)]),
  );
}

/** The migrations that are not what db:baseline would write; none once a release is recorded. */
export function staleBaselines(root = ROOT): string[] {
  if (!isUnreleased(root)) return [];
  const folder = join(root, "supabase/migrations");
  const wanted = baselines(root);
  const current = new Map(
    migrationFiles(folder).map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );
  return [...new Set([...wanted.keys(), ...current.keys()])].sort()
    .filter((file) => wanted.get(file) !== current.get(file));
}

/** What is wrong with the migrations as baselines, with what to do. */
export function baselineProblems(root = ROOT): string[] {
  const stale = staleBaselines(root).map((file) =>
    `supabase/migrations/${file} differs from supabase/schemas`
  );
  return stale.length === 0 ? [] : [...stale, "npm run db:baseline writes them again"];
}

/** Writes the baselines over what supabase/migrations contains, and returns the files that changed. */
export function writeBaselines(root = ROOT): string[] {
  if (!isUnreleased(root)) {
    throw new UserError(
      "A release is recorded in supabase/migrations/checksums.txt: databases have applied these migrations.",
      "Write what changed as a migration of its own: npm run db:new -- <name>",
    );
  }
  const folder = join(root, "supabase/migrations");
  mkdirSync(folder, { recursive: true });
  const stale = staleBaselines(root);
  const wanted = baselines(root);
  for (const file of stale) {
    const text = wanted.get(file);
    if (text === undefined) rmSync(join(folder, file));
    else writeFileSync(join(folder, file), text);
  }
  return stale;
}

await command(import.meta.main, HELP, (args) => {
  const { values } = parseArgs({ args, options: { check: { type: "boolean" } } });
  if (values.check) return Promise.resolve(report(BASELINE_CHECK, baselineProblems()));
  const changed = writeBaselines();
  if (changed.length === 0) console.log("Nothing changed.");
  else {
    for (const file of changed) console.log(`Wrote supabase/migrations/${file}`);
    console.log("Where a table, view, function or enum of the API changed: npm run db:types");
  }
  return Promise.resolve(true);
});
