import postgres from "postgres";
import { progress } from "../command.ts";
import { UserError } from "../local/user-error.ts";
import { inTransaction } from "./database.ts";
import { type Line, parseLines, portions } from "./lines.ts";

/** Characters per call: the database holds several copies of the document in memory. */
const PORTION_LENGTH = 8 * 1024 * 1024;

/** What `import_exai_issues` returns. */
export interface Counts {
  issues: number;
  relations: number;
  issues_written: number;
  relations_written: number;
}

/**
 * Imports an exchange file in one transaction.
 *
 * @throws UserError with the number of the line that was rejected; then nothing was imported
 */
export async function importFile(file: Buffer, databaseUrl: string, report = progress): Promise<Counts> {
  const lines = parseLines(file);
  return await inTransaction(databaseUrl, async (sql) => {
    const sum: Counts = { issues: 0, relations: 0, issues_written: 0, relations_written: 0 };
    for (const portion of portions(lines, PORTION_LENGTH)) {
      const counts = await importPortion(sql, portion, report);
      for (const key of Object.keys(sum) as (keyof Counts)[]) sum[key] += counts[key];
      report(`${sum.issues} issues, ${sum.relations} relations of ${lines.length} lines`);
    }
    return sum;
  });
}

async function importPortion(
  sql: postgres.TransactionSql,
  lines: readonly Line[],
  report: typeof progress,
): Promise<Counts> {
  try {
    return await sql.savepoint((inner) => importLines(inner, lines));
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    if (!isDataError(error)) {
      throw new UserError(`The database rejected the import: ${error.message}.`, "Nothing was imported.");
    }
    const { line, cause } = await findRejectedLine(sql, lines, error, report);
    throw new UserError(
      `Line ${line?.number}: ${cause.message}${cause.detail ? `: ${cause.detail}` : ""}`,
      `${cause.hint ?? "Correct the line."} Nothing was imported.`,
    );
  }
}

async function importLines(sql: postgres.TransactionSql, lines: readonly Line[]): Promise<Counts> {
  const document = `[${lines.map((line) => line.text).join(",\n")}]`;
  const [row] = await sql<{ counts: Counts }[]>`
    select public.import_exai_issues(${document}::text::jsonb) as counts
  `;
  if (!row) throw new Error("import_exai_issues returned nothing");
  return row.counts;
}

/** Whether the data is the cause: an error of ours, an invalid value (21, 22) or a violated constraint (23). */
const isDataError = ({ code }: postgres.PostgresError): boolean => /^(PT4|21|22|23)/.test(code);

class RolledBack extends Error {}

/** Finds the first rejected line by bisection: imports ever smaller parts of the portion and rolls each back. */
async function findRejectedLine(
  sql: postgres.TransactionSql,
  lines: readonly Line[],
  whole: postgres.PostgresError,
  report: typeof progress,
): Promise<{ line: Line | undefined; cause: postgres.PostgresError }> {
  report("looking for the line that was rejected");
  let cause = whole;
  let accepted = 0;
  let rejected = lines.length;
  while (rejected - accepted > 1) {
    const middle = Math.floor((accepted + rejected) / 2);
    try {
      await sql.savepoint(async (inner) => {
        await importLines(inner, lines.slice(0, middle));
        throw new RolledBack();
      });
    } catch (error) {
      if (error instanceof postgres.PostgresError) {
        cause = error;
        rejected = middle;
      } else if (error instanceof RolledBack) accepted = middle;
      else throw error;
    }
  }
  return { line: lines[rejected - 1], cause };
}
