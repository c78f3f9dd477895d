import type postgres from "postgres";
import { findRunningStack } from "../local/running-stack.ts";
import { errorCode, UserError } from "../local/user-error.ts";
import { withConnection } from "../connection.ts";

/** The URL of the database: DATABASE_URL, or else that of the local stack. Throws if only SUPABASE_URL is set. */
export async function findDatabase(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  if (env.DATABASE_URL) return env.DATABASE_URL;
  if (env.SUPABASE_URL) {
    throw new UserError(
      "SUPABASE_URL is set, but this command connects to the database.",
      "Set DATABASE_URL to the project's connection string, with the role postgres.",
    );
  }
  const here = (await findRunningStack(env))?.env["DATABASE_URL"];
  if (here) return here;
  throw new UserError(
    "No local stack is running, and DATABASE_URL is not set.",
    "Run `npm start` in another terminal, or set DATABASE_URL.",
  );
}

/**
 * Runs a step in one transaction, without a statement timeout.
 *
 * @throws UserError if the database can't be reached
 */
export async function inTransaction<T>(
  url: string,
  step: (sql: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  // A pooler may run each transaction on another connection, which does not have the prepared statements.
  return await withConnection(url, async (sql) => {
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
  }, { prepare: false, connect_timeout: 10 });
}
