import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { SUPABASE_DIR } from "../local/paths.ts";
import { UserError } from "../local/user-error.ts";
import { diffDatabases } from "./check.ts";
import { MIGRATION_FILE, migrationFiles, readChecksums } from "./checksums.ts";
import { command, progress } from "./command.ts";
import { openScratch, projectWithout, schemaFiles } from "./scratch.ts";
import { DRAFT_MARK } from "./sql-style.ts";
import { tidy } from "./tidy.ts";

const HELP = `
npm run db:new -- <name> [--from <schema folder>] [--replace] [--at <YYYYMMDDhhmmss>]

Writes supabase/migrations/<time>_<name>.sql.

  <name>      what it does, in snake_case
  --from      a system's first migration: the files of supabase/schemas/<folder>, joined in order.
              Without it: what leads from the database of the migrations to the one of the schema files, as a draft
              that a person reads and finishes
  --replace   write a migration anew, in its place, that is not recorded as finished
  --at        its version; default: now, in UTC, and always after the last one
`;

interface Target {
  file: string;
  /** The migration that the new one takes the place of. */
  replaced?: string;
}

export interface TargetOptions {
  name: string;
  replace: boolean;
  at: string | undefined;
  now: Date;
}

/** Where a migration of this name goes. Refuses a name that is taken or no name, and a version that is not the last. */
export function chooseFile(folder: string, options: TargetOptions): Target {
  const { name, replace, at } = options;
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) {
    throw new UserError(`${JSON.stringify(name)} is not snake_case.`, "For example: add_issue_priority");
  }
  const files = migrationFiles(folder);
  const taken = files.find((file) => file.match(MIGRATION_FILE)?.[2] === name);
  if (taken && !replace) {
    throw new UserError(
      `There is a migration of that name: ${taken}`,
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
      `${at} is no version for a new migration.`,
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

/** A migration that has to wait for a lock on a busy table gives up, so that it doesn't hold up everybody behind it. */
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

/** What leads from the migrations, without the one to be replaced, to the schema files; undefined when nothing does. */
async function draftFromDiff(replaced?: string): Promise<string | undefined> {
  const scratch = await openScratch(progress);
  const project = projectWithout(replaced ? [replaced] : []);
  try {
    const from = await scratch.migratedFrom(project);
    const to = await scratch.declared();
    progress("comparing the two");
    const sql = await diffDatabases(from, to);
    return sql === "" ? undefined : await tidy(sql, to.url());
  } finally {
    rmSync(project, { recursive: true });
    await scratch.close();
  }
}

const DRAFT_HEADER =
  `${DRAFT_MARK} the difference between migrations/ and schemas/, to be finished by a person.
-- Does it keep the rows that are there? Does it hold its locks for a moment only? Is the order right, and nothing dropped
-- that was meant to be renamed? Then say here in a sentence what it does, and run npm run db:check.

${TIMEOUTS}
`;

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
  const folder = join(SUPABASE_DIR, "migrations");
  const { file, replaced } = chooseFile(folder, {
    name,
    replace: values.replace === true,
    at: values.at,
    now: new Date(),
  });
  if (replaced && values.from === undefined && replaced !== migrationFiles(folder).at(-1)) {
    throw new UserError(
      `${replaced} is not the last migration.`,
      "Only the last one can be drawn from a difference anew.",
    );
  }
  const draft = values.from === undefined
    ? await draftFromDiff(replaced)
    : joinSchemas(join(SUPABASE_DIR, "schemas"), values.from);
  if (draft === undefined) {
    console.log("There is no difference between migrations/ and schemas/: nothing written.");
    return true;
  }
  mkdirSync(folder, { recursive: true });
  const verb = existsSync(join(folder, file)) ? "Rewrote" : "Wrote";
  writeFileSync(join(folder, file), values.from === undefined ? `${DRAFT_HEADER}${draft}\n` : draft);
  console.log(`${verb} supabase/migrations/${file}`);
  return true;
});
