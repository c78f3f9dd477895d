import type postgres from "postgres";

export interface Table {
  /** Schema-qualified, as SQL takes it. */
  name: string;
  /** The columns that an insert may set, in their order. */
  columns: string[];
}

/** Every table but the server's own, after those that it refers to. */
export async function readTables(sql: postgres.Sql): Promise<Table[]> {
  const tables = await sql<(Table & { refers_to: string[] })[]>`
    select
      format('%I.%I', n.nspname, c.relname) as name,
      array(
        select quote_ident(a.attname) from pg_attribute as a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        order by a.attnum
      ) as columns,
      array(
        select format('%I.%I', rn.nspname, r.relname)
        from pg_constraint as k
        join pg_class as r on r.oid = k.confrelid
        join pg_namespace as rn on rn.oid = r.relnamespace
        where k.conrelid = c.oid and k.contype = 'f' and k.confrelid <> c.oid
      ) as refers_to
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema$)'
    order by 1
  `;
  const sorted = new Map<string, Table>();
  const place = (name: string): void => {
    const table = tables.find((each) => each.name === name);
    if (!table || sorted.has(name)) return;
    for (const other of table.refers_to) place(other);
    sorted.set(name, { name, columns: table.columns });
  };
  for (const { name } of tables) place(name);
  return [...sorted.values()];
}

/** How many rows each table has. */
export async function countRows(sql: postgres.Sql, tables: readonly Table[]): Promise<Map<string, number>> {
  const [row = {}] = await sql.unsafe<Record<string, number>[]>(
    `select ${tables.map(({ name }, at) => `(select count(*)::integer from ${name}) as t${at}`).join(", ")}`,
  );
  return new Map(tables.map(({ name }, at) => [name, row[`t${at}`] ?? 0]));
}

/** How many more rows there are, in the tables that grew or shrank. */
export function growth(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): Map<string, number> {
  return new Map(
    [...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const)
      .filter(([, count]) => count !== 0),
  );
}
