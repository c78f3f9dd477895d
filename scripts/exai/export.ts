import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import type { TransactionSql } from "postgres";
import { command, progress } from "../command.ts";
import { errorCode, UserError } from "../local/user-error.ts";
import { findDatabase, inTransaction } from "./database.ts";

const HELP = `npm run --silent exai:export [-- --out <file>]

Exports all engineering issues as JSON lines: {"issue": …} for each issue by number, with its steps and updates, then
{"relation": …} for each relation. The same data is the same bytes. Accounts and claims are left out.

  --out   the file to write, replaced when the export is complete; default: standard output

Reads the database of the local stack (\`npm start\`), or any other:
  DATABASE_URL=postgresql://postgres:…@… npm run exai:export -- --out issues.jsonl
`;

const ROWS_AT_ONCE = 500;
const PROGRESS_EVERY = 10_000;

await command(import.meta.main, HELP, async (args) => {
  const { values: { out } } = parseArgs({ args, options: { out: { type: "string" } } });
  const count = await inTransaction(
    await findDatabase(),
    (sql) => out === undefined ? toStdout(sql) : toFile(sql, out),
  );
  progress(`exported ${count.issues} issues and ${count.relations} relations${out ? ` to ${out}` : ""}`);
  return true;
});

interface Count {
  issues: number;
  relations: number;
}

/** Every line with its line break, read with a cursor; adds to `count`. */
async function* exportedLines(sql: TransactionSql, count: Count): AsyncGenerator<string> {
  const rows = sql<{ line: string }[]>`select l.line from public.export_exai_lines() as l (line)`;
  for await (const batch of rows.cursor(ROWS_AT_ONCE)) {
    for (const { line } of batch) {
      count[line.startsWith('{"issue":') ? "issues" : "relations"]++;
      if ((count.issues + count.relations) % PROGRESS_EVERY === 0) {
        progress(`${count.issues} issues, ${count.relations} relations`);
      }
      yield `${line}\n`;
    }
  }
}

async function toStdout(sql: TransactionSql): Promise<Count> {
  const count = { issues: 0, relations: 0 };
  await pipeline(Readable.from(exportedLines(sql, count)), process.stdout, { end: false });
  return count;
}

async function toFile(sql: TransactionSql, out: string): Promise<Count> {
  const count = { issues: 0, relations: 0 };
  const unfinished = `${out}.${process.pid}.tmp`;
  try {
    await pipeline(Readable.from(exportedLines(sql, count)), createWriteStream(unfinished, { flags: "wx" }));
    await rename(unfinished, out);
  } catch (error) {
    await rm(unfinished, { force: true });
    if (!/^E[A-Z]+$/.test(errorCode(error) ?? "")) throw error;
    throw new UserError(`${out} can't be written: ${(error as Error).message}`, "Choose another file.");
  }
  return count;
}
