import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loadModule } from "libpg-query";
import { diffDatabases } from "./check.ts";
import { migrationFiles } from "./checksums.ts";
import { draftForms } from "./draft.ts";
import { compareDumps, type Dump, dumpDatabase } from "./dump.ts";
import { type Database, openScratch, projectWithout, type Scratch } from "./scratch.ts";
import { DRAFT_MARK } from "./sql-style.ts";
import { tidy } from "./tidy.ts";

export interface DraftOptions {
  root: string;
  /** The migration that the draft replaces. */
  replaced: string | undefined;
  /** What the migration begins with: its timeouts. */
  opening: string;
  say: (step: string) => void;
}

/** What leads from the migrations, without the one to be replaced, to the schema files; undefined when nothing does. */
export async function draftFromDiff(
  { root, replaced, opening, say }: DraftOptions,
): Promise<string | undefined> {
  await loadModule();
  const scratch = await openScratch(say, root);
  const project = projectWithout(replaced ? [replaced] : [], root);
  try {
    const from = await scratch.migratedFrom(project);
    const to = await scratch.declared();
    say("comparing the two");
    const diff = await diffDatabases(from, to);
    const before = await dumpDatabase(from.url("supabase_admin"));
    const after = await dumpDatabase(to.url("supabase_admin"));
    if (diff === "" && compareDumps(before, after).length === 0) return undefined;
    const folder = join(project, "supabase/migrations");
    const forms = draftForms({
      diff: diff === "" ? "" : await tidy(diff, to.url()),
      schemas: join(root, "supabase/schemas"),
      migrations: migrationFiles(folder).map((file) => readFileSync(join(folder, file), "utf8")),
      before,
      after,
    });
    say("trying the draft");
    const { text, differences } = await firstThatLeads(scratch, from, after, forms);
    return `${header(differences)}\n${opening}\n${text.trimEnd()}\n`;
  } finally {
    rmSync(project, { recursive: true });
    await scratch.close();
  }
}

interface Draft {
  text: string;
  /** How the database that it makes differs from the schema files. */
  differences: number;
}

/** The first form that makes of the first database what the schema files define; else the one that comes closest. */
async function firstThatLeads(
  scratch: Scratch,
  from: Database,
  wanted: Dump,
  forms: string[],
): Promise<Draft> {
  let best: Draft = { text: forms.at(-1) ?? "", differences: Number.POSITIVE_INFINITY };
  for (const text of new Set(forms)) {
    const copy = await scratch.copyOf(from, `begin;\n${text}\ncommit;`).catch(() => undefined);
    if (copy === undefined) continue;
    const made = await dumpDatabase(copy.url("supabase_admin"));
    const differences = compareDumps(withoutDatabase(made), withoutDatabase(wanted)).length;
    if (differences < best.differences) best = { text, differences };
    if (differences === 0) break;
  }
  return best;
}

/** Without what belongs to the database itself, which a copy doesn't have. */
const withoutDatabase = (dump: Dump): Dump =>
  new Map([...dump].filter(([object]) => object !== "database privileges" && object !== "database settings"));

const header = (differences: number): string =>
  `${DRAFT_MARK} what leads from migrations/ to schemas/, to be finished by a person. ${
    differences === 0
      ? "It was tried on an empty database."
      : differences === Number.POSITIVE_INFINITY
      ? "It failed on an empty database."
      : `It leaves ${differences} differences: npm run db:check.`
  }
-- Does it keep the rows? A rename is drafted as a drop and an addition. Does it hold its locks briefly?
-- docs/schema-work.md describes how. Then replace these lines with a sentence on what it does.
`;
