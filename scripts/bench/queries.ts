import type postgres from "postgres";
import { errorCode } from "../local/user-error.ts";
import type { Sample } from "./bench.ts";

/** `query_canceled`: what a statement that ran into its time limit ends with. */
const CANCELLED = "57014";

/** Does a step in a transaction that says who is calling, as PostgREST's does. */
export async function asCaller<T>(
  sql: postgres.Sql,
  role: string,
  userId: string,
  step: (tx: postgres.TransactionSql) => Promise<T>,
): Promise<T> {
  return await sql.begin(async (tx) => {
    const claims = JSON.stringify({ role, sub: userId });
    await tx`select set_config('role', ${role}, true), set_config('request.jwt.claims', ${claims}, true)`;
    return await step(tx);
  }) as T;
}

/** One query, prepared, timed alone, given up after the limit. The transaction can go on after that. */
export async function timed(
  tx: postgres.TransactionSql,
  query: string,
  parameters: string[],
  limitMs: number,
): Promise<Sample> {
  await tx.unsafe(`set local statement_timeout = ${limitMs}`);
  let ms = 0;
  let isCutOff = false;
  try {
    await tx.savepoint(async (inner) => {
      const started = performance.now();
      try {
        await inner.unsafe(query, parameters, { prepare: true });
      } finally {
        ms = performance.now() - started;
      }
    });
  } catch (error) {
    if (errorCode(error) !== CANCELLED) throw error;
    isCutOff = true;
  }
  return { operations: 1, ms, isCutOff };
}

/** How PostgreSQL means to run a query, with long lists of keys left out. */
export async function explain(tx: postgres.TransactionSql, query: string): Promise<string> {
  const rows = await tx.unsafe<{ "QUERY PLAN": string }[]>(`explain ${query}`);
  return rows.map((row) => row["QUERY PLAN"].replaceAll(/'\{[^']{80,}\}'/g, "'{…}'")).join("\n");
}
