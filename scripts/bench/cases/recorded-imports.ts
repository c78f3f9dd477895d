import assert from "node:assert/strict";
import type postgres from "postgres";
import { countRows, growth, readTables, type Table } from "../tables.ts";

/** The rows of one import, as an argument for each table: a row's text, or an array's where an import leaves several. */
export type ImportedRows = string[];

export interface Recording {
  /** How many rows an import leaves in each table. */
  rowsEach: ReadonlyMap<string, number>;
  imports: ImportedRows[];
  /** SQL that makes `bench.insert_rows`, which inserts one import's rows and does nothing else. */
  peerSql: string;
  /** SQL that calls it, with an argument a table. */
  callSql: string;
  /** The same inserts as statements of a client, one a table, with that table's argument. */
  statements: string[];
}

/**
 * Imports messages one after the other and notes which rows each one left, in any table: those that its transaction wrote.
 * So the peer inserts what ours inserts, whatever that is.
 *
 * @param sql a superuser's one connection to a database that nobody else writes to
 * @param ingest imports one message
 */
export async function recordImports(
  sql: postgres.Sql,
  messages: readonly string[],
  ingest: (transaction: postgres.TransactionSql, message: string) => Promise<unknown>,
): Promise<Recording> {
  const tables = await readTables(sql);
  const before = await countRows(sql, tables);
  const firstIds: number[] = [];
  await sql`set synchronous_commit = off`;
  for (const message of messages) {
    await sql.begin(async (transaction) => {
      const [row] = await transaction<{ id: string }[]>`select pg_current_xact_id()::text as id`;
      firstIds.push(Number(row?.id));
      await ingest(transaction, message);
    });
  }
  const grown = growth(before, await countRows(sql, tables));
  const written = tables.filter(({ name }) => grown.has(name));
  const rowsEach = new Map(
    written.map(({ name }) => {
      const each = (grown.get(name) ?? 0) / messages.length;
      assert(Number.isInteger(each) && each > 0, `every import leaves as many rows in ${name}: ${each}`);
      return [name, each];
    }),
  );
  const imports: ImportedRows[] = messages.map(() => []);
  for (const { name } of written) {
    const rows = await sql.unsafe<{ content: string }[]>(
      `
      select case count(*) when 1 then min(t.content::text) else array_agg(t.content)::text end as content
      from (
        -- which of the transactions began last before the row was written
        select r as content, width_bucket(r.xmin::text::bigint, $1::bigint[]) as nth from ${name} as r
      ) as t
      where t.nth > 0
      group by t.nth
      order by t.nth
    `,
      [firstIds],
    );
    assert.equal(rows.length, messages.length, `every import wrote rows of its own in ${name}`);
    for (const [at, { content }] of rows.entries()) imports[at]?.push(content);
  }
  return { rowsEach, imports, ...peerSql(written, rowsEach) };
}

function peerSql(
  tables: readonly Table[],
  rowsEach: ReadonlyMap<string, number>,
): Pick<Recording, "peerSql" | "callSql" | "statements"> {
  const isOne = (name: string): boolean => rowsEach.get(name) === 1;
  const types = tables.map(({ name }) => isOne(name) ? name : `${name}[]`);
  const inserts = tables.map(({ name, columns }, at) => {
    const head = `insert into ${name} (${columns.join(", ")}) overriding system value`;
    return isOne(name)
      ? `${head} values (${columns.map((column) => `p_${at}.${column}`).join(", ")});`
      : `${head} select ${columns.join(", ")} from unnest(p_${at});`;
  });
  return {
    peerSql: `
      create schema bench;
      create function bench.insert_rows(${types.map((type, at) => `p_${at} ${type}`).join(", ")}) returns void
      language plpgsql set search_path = '' as $$ begin ${inserts.join("\n")} end; $$;
      grant usage on schema bench to postgres;
    `,
    statements: tables.map(({ name, columns }) => {
      const list = columns.join(", ");
      const rows = isOne(name) ? `(select ($1::${name}).*)` : `unnest($1::${name}[])`;
      return `insert into ${name} (${list}) overriding system value select ${list} from ${rows} as r`;
    }),
    callSql: `select bench.insert_rows(${types.map((type, at) => `$${at + 1}::${type}`).join(", ")})`,
  };
}

/** Leaves tables as they are, but for our triggers. Those that keep foreign keys stay. */
export async function disableOwnTriggers(sql: postgres.Sql): Promise<void> {
  for (const { name } of await readTables(sql)) {
    if (/^(public|private)\./.test(name)) await sql.unsafe(`alter table ${name} disable trigger user`);
  }
}
