import postgres from "postgres";
import { progress } from "../command.ts";
import { UserError } from "../local/user-error.ts";
import { inTransaction } from "./database.ts";
import { type Line, parseLines, portions } from "./lines.ts";

/** Characters that go to the database in one call. It holds a document in memory several times over. */
const PORTION_LENGTH = 8 * 1024 * 1024;

/** What `import_exai_issues` returns. */
export interface Counts {
  issues: number;
  relations: number;
  issues_written: number;
  relations_written: number;
}

/**
 * Takes in an exchange file in one transaction.
 *
 * @throws UserError that names the line to blame; nothing was imported then
 */
export async function importFile(file: Buffer, databaseUrl: string, say = progress): Promise<Counts> {
  const lines = parseLines(file);
  return await inTransaction(databaseUrl, async (sql) => {
    const sum: Counts = { issues: 0, relations: 0, issues_written: 0, relations_written: 0 };
    for (const portion of portions(lines, PORTION_LENGTH)) {
      const counts = await importPortion(sql, portion, say);
      for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
      say(`${sum.issues} issues, ${sum.relations} relations of ${lines.length} lines`);
    }
    return sum;
  });
}

async function importPortion(
  sql: postgres.TransactionSql,
  lines: readonly Line[],
  say: typeof progress,
): Promise<Counts> {
  try {
    return await sql.savepoint((inner) => takeIn(inner, lines));
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    if (!isOfData(error)) {
      throw new UserError(`The database refused: ${error.message}.`, "Nothing was imported.");
    }
    const { line, cause } = await firstRefused(sql, lines, error, say);
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

/** Whether a line is to blame: our own refusals, and PostgreSQL's of values and of what breaks a rule. */
const isOfData = ({ code }: postgres.PostgresError): boolean => /^(PT4|21|22|23)/.test(code);

class TakenBack extends Error {}

/** Looks for the line up to which the database takes a portion: half of it, a quarter, …, each time taken back. */
async function firstRefused(
  sql: postgres.TransactionSql,
  lines: readonly Line[],
  whole: postgres.PostgresError,
  say: typeof progress,
): Promise<{ line: Line | undefined; cause: postgres.PostgresError }> {
  say("looking for the line that was refused");
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
