import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import postgres from "postgres";
import { command, progress } from "../command.ts";
import { UserError } from "../local/user-error.ts";
import { inTransaction } from "./database.ts";
import { type Line, parseLines, portions } from "./lines.ts";

const HELP = `npm run exai:import -- <file>

Takes in what \`npm run exai:export\` wrote: issues, steps and updates by their ids, made or made the same again; relations
added; nothing deleted. All of it or nothing, and a second time changes nothing.

  <file>   JSON lines; - for standard input

Writes to the database of the stack that \`npm start\` runs, or to any:
  DATABASE_URL=postgresql://postgres:…@… npm run exai:import -- issues.jsonl
`;

/** Characters that go to the database in one call. It holds a document in memory several times over. */
const PORTION_LENGTH = 8 * 1024 * 1024;

await command(import.meta.main, HELP, async (args) => {
  const { positionals: [file, ...rest] } = parseArgs({ args, allowPositionals: true, options: {} });
  if (file === undefined || rest.length > 0) {
    throw new UserError("One file is needed.", "npm run exai:import -- issues.jsonl");
  }
  const lines = parseLines(read(file));
  const total = await inTransaction(async (sql) => {
    const sum: Counts = { issues: 0, relations: 0, issues_written: 0, relations_written: 0 };
    for (const portion of portions(lines, PORTION_LENGTH)) {
      const counts = await importPortion(sql, portion);
      for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
      progress(`${sum.issues} issues, ${sum.relations} relations of ${lines.length} lines`);
    }
    return sum;
  });
  console.log(
    `Imported ${total.issues} issues, ${total.issues_written} of them new or changed, and ${total.relations} relations, ` +
      `${total.relations_written} of them new.`,
  );
  return true;
});

function read(file: string): Buffer {
  try {
    return readFileSync(file === "-" ? 0 : file);
  } catch (error) {
    throw new UserError(`${file} can't be read: ${(error as Error).message}`, "Give a file of JSON lines.");
  }
}

/** What `import_exai_issues` returns. */
interface Counts {
  issues: number;
  relations: number;
  issues_written: number;
  relations_written: number;
}

async function importPortion(sql: postgres.TransactionSql, lines: readonly Line[]): Promise<Counts> {
  try {
    return await sql.savepoint((inner) => takeIn(inner, lines));
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    const { line, cause } = await firstRefused(sql, lines, error);
    throw new UserError(
      `Line ${line?.number}: ${cause.message}${cause.detail ? `: ${cause.detail}` : ""}`,
      `${cause.hint ?? "Mend the line."} Nothing was imported.`,
    );
  }
}

async function takeIn(sql: postgres.TransactionSql, lines: readonly Line[]): Promise<Counts> {
  const document = `[${lines.map((line) => line.text).join(",\n")}]`;
  const [row] = await sql<{ counts: Counts }[]>`
    select public.import_exai_issues(${document}::text::jsonb) as counts
  `;
  if (!row) throw new Error("import_exai_issues returned nothing");
  return row.counts;
}

class TakenBack extends Error {}

/** Looks for the line up to which the database takes a portion: half of it, a quarter, …, each time taken back. */
async function firstRefused(
  sql: postgres.TransactionSql,
  lines: readonly Line[],
  whole: postgres.PostgresError,
): Promise<{ line: Line | undefined; cause: postgres.PostgresError }> {
  progress("looking for the line that was refused");
  let cause = whole;
  let taken = 0;
  let refused = lines.length;
  while (refused - taken > 1) {
    const middle = Math.floor((taken + refused) / 2);
    try {
      await sql.savepoint(async (inner) => {
        await takeIn(inner, lines.slice(0, middle));
        throw new TakenBack();
      });
    } catch (error) {
      if (error instanceof postgres.PostgresError) {
        cause = error;
        refused = middle;
      } else if (error instanceof TakenBack) taken = middle;
      else throw error;
    }
  }
  return { line: lines[refused - 1], cause };
}
