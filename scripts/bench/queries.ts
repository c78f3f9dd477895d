import type postgres from "postgres";
import { errorCode } from "../local/user-error.ts";
import type { Sample } from "./bench.ts";

/** `query_canceled`: what a statement that ran into its time limit ends with. */
const CANCELLED = "57014";

/** What the platform gives a request of a signed-in person. */
export const PAGE_LIMIT_S = 8;

/** A page that is fast is asked for this often for one sample. */
const REPEATS = 40;

/** A page as PostgREST asks for it: as one JSON value. */
export const pageAsJson = (view: string, rest: string): string =>
  `select coalesce(json_agg(p), '[]')::text from (select v.* from ${view} as v ${rest}) as p`;

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

/** A page in a transaction of its caller, timed alone: often if it is fast, once if it is slow. */
export async function timedPage(
  sql: postgres.Sql,
  role: string,
  userId: string,
  query: string,
): Promise<Sample> {
  return await asCaller(sql, role, userId, async (tx) => {
    const first = await timed(tx, query, [], PAGE_LIMIT_S * 1000);
    if (first.isCutOff || first.ms > PAGE_LIMIT_S * 1000 / REPEATS) return first;
    const sample: Sample = { operations: 0, ms: 0 };
    for (; sample.operations < REPEATS; sample.operations++) {
      sample.ms += (await timed(tx, query, [], PAGE_LIMIT_S * 1000)).ms;
    }
    return sample;
  });
}

/** How PostgreSQL means to run a query, with long lists of keys left out. */
export async function explain(tx: postgres.TransactionSql, query: string): Promise<string> {
  const rows = await tx.unsafe<{ "QUERY PLAN": string }[]>(`explain ${query}`);
  return rows.map((row) => row["QUERY PLAN"].replaceAll(/'\{[^']{80,}\}'/g, "'{…}'")).join("\n");
}
