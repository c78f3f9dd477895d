import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../local/paths.ts";
import { findRunningStack } from "../local/running-stack.ts";
import { UserError } from "../local/user-error.ts";
import { MIGRATION_FILE, migrationFiles, readChecksums } from "./checksums.ts";
import { command, progress } from "../command.ts";
import { isUnreleased } from "./baseline.ts";
import { draftFromDiff } from "./new-draft.ts";
import { schemaFiles } from "./schema-files.ts";

const HELP = `
npm run db:new -- <name> [--from <schema folder>] [--replace] [--at <YYYYMMDDhhmmss>]

Writes supabase/migrations/<time>_<name>.sql.

  <name>      what it does, in snake_case
  --from      a system's first migration: the files of supabase/schemas/<folder>, joined in order.
              Without it: what leads from the database of the migrations to the one of the schema files, in the words
              of the schema files, as a draft that a person reads and finishes
  --replace   write a migration again that is not recorded as finished
  --at        its version; default: now, in UTC, and always after the last one
`;

interface Target {
  file: string;
  /** The migration that the new one replaces. */
  replaced?: string;
}

export interface TargetOptions {
  name: string;
  replace: boolean;
  at: string | undefined;
  now: Date;
}

/** Where a migration of this name goes. Refuses a name that exists or is not valid, and a version that is not the last. */
export function chooseFile(folder: string, options: TargetOptions): Target {
  const { name, replace, at } = options;
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) {
    throw new UserError(`${JSON.stringify(name)} is not snake_case.`, "For example: add_issue_priority");
  }
  const files = migrationFiles(folder);
  const taken = files.find((file) => file.match(MIGRATION_FILE)?.[2] === name);
  if (taken && !replace) {
    throw new UserError(
      `A migration has that name: ${taken}`,
      "Choose another name, or give --replace.",
    );
  }
  if (taken) {
    if (readChecksums(folder).has(taken)) {
      throw new UserError(
        `${taken} is recorded as finished.`,
        "Write another migration that changes what it did.",
      );
    }
    return { file: taken, replaced: taken };
  }
  const last = files.at(-1)?.slice(0, 14) ?? "";
  if (at !== undefined && (!isVersion(at) || at <= last)) {
    throw new UserError(
      `${at} is not a version for a new migration.`,
      `Give YYYYMMDDhhmmss${last && ` after ${last}`}.`,
    );
  }
  return { file: `${at ?? nextVersion(last, options.now)}_${name}.sql` };
}

/** A time in UTC as a version. */
const version = (time: Date): string => time.toISOString().replace(/\D/g, "").slice(0, 14);

/** Now, or the second after the last one when that lies ahead. */
function nextVersion(last: string, now: Date): string {
  return version(now) > last ? version(now) : version(new Date(parseVersion(last) + 1000));
}

const parseVersion = (text: string): number =>
  Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6Z"));

const isVersion = (text: string): boolean =>
  !Number.isNaN(parseVersion(text)) && version(new Date(parseVersion(text))) === text;

/** A migration that has to wait for a lock on a busy table fails, so that it doesn't block everybody behind it. */
const TIMEOUTS = `set local lock_timeout = '5s';
set local statement_timeout = '2min';
`;

/** The files of a schema folder as one migration, each under its path. */
export function joinSchemas(schemas: string, folder: string): string {
  const files = schemaFiles(join(schemas, folder));
  if (folder === "" || files.length === 0) {
    throw new UserError(
      `There are no schema files in ${join(schemas, folder)}.`,
      "Name a folder such as 20_tracker.",
    );
  }
  const parts = files.map((file) => {
    const text = readFileSync(join(schemas, folder, file), "utf8").trimEnd();
    return `-- ${folder}/${file}\n${text}\n`;
  });
  return [`-- supabase/schemas/${folder}, joined.\n\n${TIMEOUTS}`, ...parts].join("\n");
}

/**
 * Writes a migration and returns its path in the project; undefined, and nothing is written, when there is no difference.
 *
 * @param from the schema folder whose files are joined; without it the migration is drafted from the difference
 */
export async function newMigration(
  options: TargetOptions & { from: string | undefined },
  root = ROOT,
  say = progress,
): Promise<string | undefined> {
  const folder = join(root, "supabase/migrations");
  const { file, replaced } = chooseFile(folder, options);
  if (replaced && options.from === undefined && replaced !== migrationFiles(folder).at(-1)) {
    throw new UserError(
      `${replaced} is not the last migration.`,
      "Only the last one can be drafted from a difference.",
    );
  }
  const text = options.from === undefined
    ? await draftFromDiff({ root, replaced, opening: TIMEOUTS, say })
    : joinSchemas(join(root, "supabase/schemas"), options.from);
  if (text === undefined) return undefined;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), text);
  return `supabase/migrations/${file}`;
}

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { from: { type: "string" }, replace: { type: "boolean" }, at: { type: "string" } },
  });
  const [name, ...others] = positionals;
  if (name === undefined || others.length > 0) {
    throw new UserError("This takes one name.", "For example: npm run db:new -- add_issue_priority");
  }
  const { from, at, replace = false } = values;
  const written = await newMigration({ name, from, at, replace, now: new Date() });
  if (written === undefined) {
    console.log("There is no difference between migrations/ and schemas/: nothing written.");
    return true;
  }
  console.log(`Wrote ${written}`);
  // a stack from the schema files has no migrations
  const stack = replace ? await findRunningStack() : undefined;
  if (stack && !stack.isFromSchemas) {
    console.log("The stack that runs here has applied the earlier draft: npm start -- --reset");
  }
  if (from === undefined && isUnreleased()) {
    console.log(
      "No migration is recorded yet: npm run db:baseline writes this change into the migrations instead.",
    );
  }
  return true;
});
