import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnv } from "node:util";
import postgres from "postgres";
import { ROOT } from "../local/paths.ts";
import { errorCode, UserError } from "../local/user-error.ts";

/** The database that the environment names, or that of the stack that runs here. Never one for the other. */
export function findDatabase(env: NodeJS.ProcessEnv = process.env): string {
  if (env.DATABASE_URL) return env.DATABASE_URL;
  if (env.SUPABASE_URL) {
    throw new UserError(
      "SUPABASE_URL names a project, but this needs its database.",
      "Set DATABASE_URL to the project's connection string, of role postgres.",
    );
  }
  const file = join(resolve(env.DATA_DIR ?? join(ROOT, ".local")), "env");
  const here = existsSync(file) ? parseEnv(readFileSync(file, "utf8")).DATABASE_URL : undefined;
  if (here) return here;
  throw new UserError(
    "No database is running here, and none is named.",
    "Run `npm start` in another terminal, or set DATABASE_URL.",
  );
}

/**
 * Runs a step in one transaction of the database, without a time limit: all of it counts, or nothing.
 *
 * @throws UserError when the database can't be reached
 */
export async function inTransaction<T>(
  url: string,
  step: (sql: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  // a pooler hands transactions to any connection, where a prepared statement may not be
  const sql = postgres(url, { max: 1, prepare: false, onnotice: () => {}, connect_timeout: 10 });
  try {
    await sql`select 1`.catch((error: unknown) => {
      throw new UserError(
        `The database does not answer: ${error instanceof Error && error.message || errorCode(error)}.`,
        "Is it running, and DATABASE_URL its connection string?",
      );
    });
    return await sql.begin("isolation level read committed", async (transaction) => {
      await transaction`set local statement_timeout = 0`;
      return await step(transaction);
    }) as T;
  } finally {
    await sql.end();
  }
}
