import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { supabase } from "../local/migrate.ts";
import { table } from "../terminal.ts";
import { command, progress, report } from "../command.ts";
import { cliUrl, type Database, openScratch } from "./scratch.ts";
import { withConnection } from "../connection.ts";

const HELP = `
npm run db:advisors

Runs the CLI's advisors over the migrated database, at level warn and above, and the ones that matter most again over every
schema of ours. Exceptions are in scripts/db/advisors.ts, each with its reason.
`;

export interface Finding {
  rule: string;
  /** The schema-qualified name. */
  object: string;
  detail: string;
}

/** Findings that are intended, by rule and object. One that is no longer found must be removed from the list. */
const EXCEPTIONS: (Pick<Finding, "rule" | "object"> & { reason: string })[] = [];

const LINTS = readFileSync(new URL("lints.sql", import.meta.url), "utf8");

/** What the CLI's advisors find at level warn and above. */
async function advise(database: Database): Promise<Finding[]> {
  const output = await supabase([
    "db",
    "advisors",
    `--remote=${cliUrl(database)}`,
    "--level=warn",
    "--fail-on=none",
    "--output-format=json",
  ]);
  const { results } = JSON.parse(output) as {
    results: { name: string; detail: string; metadata?: { schema?: string; name?: string } }[];
  };
  return results.map(({ name, detail, metadata }) => ({
    rule: name,
    object: [metadata?.schema, metadata?.name].filter((part) => part !== undefined).join("."),
    detail,
  }));
}

/** What our own checks find in all of our schemas. */
export async function lint(database: Database): Promise<Finding[]> {
  return await withConnection(database.url(), async (sql) => {
    return [...await sql.unsafe<Finding[]>(LINTS)];
  }, {
    // names come out with their schema
    connection: { search_path: "pg_catalog" },
  });
}

/** All findings without an exception, and exceptions without a finding. */
export async function findings(database: Database, exceptions = EXCEPTIONS): Promise<Finding[]> {
  const found = [...await advise(database), ...await lint(database)];
  const isSame = (a: Pick<Finding, "rule" | "object">, b: Pick<Finding, "rule" | "object">): boolean =>
    a.rule === b.rule && a.object === b.object;
  return [
    ...found.filter((finding) => !exceptions.some((exception) => isSame(exception, finding))),
    ...exceptions.filter((exception) => !found.some((finding) => isSame(exception, finding)))
      .map(({ rule, object }) => ({ rule, object, detail: "is an exception that is not needed any more" })),
  ];
}

export const describeFinding = ({ rule, object, detail }: Finding): string => `${rule} ${object}: ${detail}`;

await command(import.meta.main, HELP, async (args) => {
  parseArgs({ args, options: {} });
  const scratch = await openScratch(progress);
  try {
    const database = await scratch.migrated();
    progress("asking the advisors");
    const found = await findings(database);
    if (found.length === 0) return report("the advisors find nothing", []);
    report(`the advisors find ${found.length}`, [""]);
    table(found.map((finding) => ({ ...finding })), ["rule", "object", "detail"], 100);
    return false;
  } finally {
    await scratch.close();
  }
});
