import { parseArgs, styleText } from "node:util";
import type postgres from "postgres";
import { command, progress } from "../command.ts";
import { UserError } from "../local/user-error.ts";
import { openScratch } from "./scratch.ts";
import { similarNames } from "./similar-names.ts";
import { withConnection } from "../connection.ts";

const HELP = `
npm run db:triggers [-- [<table>] [--url <connection string>]]

Prints what a write to a table fires, in order, from the catalogue. Without a table: all tables with their number of
triggers. When piped, each line has tabs between its fields and nothing is cut.

  --url   ask this database; default: a throw-away one that is built from supabase/schemas
`;

export interface FiredTrigger {
  event: "insert" | "update" | "delete" | "truncate";
  /** `before row`, `after statement`, … */
  time: string;
  trigger: string;
  /** What has to hold: columns, the WHEN condition, when it is deferred; empty when it always fires. */
  condition: string;
  function: string;
  /** The first sentence of the function's comment. */
  does: string;
}

export interface TriggerCount {
  table: string;
  triggers: number;
}

/** Tables with at least one trigger that is not a foreign key's, by name. */
export async function countTriggers(sql: postgres.Sql): Promise<TriggerCount[]> {
  return await sql<TriggerCount[]>`
    select t.tgrelid::regclass::text as table, count(*)::integer as triggers
    from pg_trigger as t
    join pg_class as c on c.oid = t.tgrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where not t.tgisinternal and n.nspname !~ '^pg_'
    group by t.tgrelid, n.nspname
    order by n.nspname = 'private', 1
  `;
}

/** The table's name with its schema. One without a schema is looked for in the exposed schemas, private and auth, in this order. */
export async function findTable(sql: postgres.Sql, name: string): Promise<string> {
  const tables = await sql<{ schema: string; name: string }[]>`
    select n.nspname as schema, c.relname as name
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v') and n.nspname !~ '^(pg_|information_schema)'
    order by array_position(array['public', 'support', 'private', 'auth'], n.nspname::text), 1, 2
  `;
  const table = tables.find((one) => name === one.name || name === `${one.schema}.${one.name}`);
  if (table) return `${table.schema}.${table.name}`;
  const similar = similarNames(
    name,
    tables.map((one) => name.includes(".") ? `${one.schema}.${one.name}` : one.name),
  );
  throw new UserError(
    `There is no table ${name}.`,
    similar.length > 0
      ? `Did you mean ${similar.join(", ")}?`
      : "Without a name, the command lists the tables that have triggers.",
  );
}

/**
 * What writes to a table fire: before each statement, before each row, after each row, after each statement, and by name
 * within these. Triggers of foreign keys are left out.
 *
 * @param table with its schema
 */
export async function firedTriggers(sql: postgres.Sql, table: string): Promise<FiredTrigger[]> {
  return await sql<FiredTrigger[]>`
    select e.event,
      concat_ws(' ', s.time, case when s.is_row then 'row' else 'statement' end) as time,
      t.tgname as trigger,
      concat_ws(', ',
        case when e.event = 'update' then 'of ' || (
          select string_agg(a.attname, ', ' order by k.number)
          from unnest(t.tgattr::smallint[]) with ordinality as k (attnum, number)
          join pg_attribute as a on a.attrelid = t.tgrelid and a.attnum = k.attnum
        ) end,
        'when ' || (regexp_match(
          pg_get_triggerdef(t.oid, true), ' WHEN \\((.*)\\) EXECUTE (?:FUNCTION|PROCEDURE) '))[1],
        case when t.tginitdeferred then 'at the end of the transaction' when t.tgdeferrable then 'deferrable' end,
        case t.tgenabled when 'D' then 'disabled' when 'R' then 'on replicas only' end
      ) as condition,
      t.tgfoid::regproc::text as function,
      coalesce(substring(obj_description(t.tgfoid, 'pg_proc') from '^(.*?\\.)(?:\\s|$)'),
        obj_description(t.tgfoid, 'pg_proc'), '') as does
    from pg_trigger as t
    cross join lateral (
      select (t.tgtype & 1) <> 0 as is_row,
        case when (t.tgtype & 2) <> 0 then 'before' when (t.tgtype & 64) <> 0 then 'instead of' else 'after' end
          as time
    ) as s
    join (values (4, 'insert'), (16, 'update'), (8, 'delete'), (32, 'truncate')) as e (bit, event)
      on (t.tgtype & e.bit) <> 0
    where t.tgrelid = ${table}::regclass and not t.tgisinternal
    order by array_position(array['insert', 'update', 'delete', 'truncate'], e.event),
      s.time = 'after', s.is_row = (s.time = 'after') desc, t.tgname collate "C"
  `;
}

const COLUMNS = ["time", "trigger", "condition", "function", "does"] as const;

/** Lines for a terminal of a width: a heading per event, below it the triggers, each with its function's sentence and when. */
export function terminalLines(triggers: FiredTrigger[], width: number): string[] {
  const size = (column: typeof COLUMNS[number]): number =>
    Math.max(...triggers.map((row) => row[column].length));
  const widths = { time: size("time"), trigger: size("trigger") };
  const indent = " ".repeat(widths.time + 4);
  const lines: string[] = [];
  for (const event of new Set(triggers.map((row) => row.event))) {
    lines.push("", styleText("bold", event));
    for (const row of triggers.filter((one) => one.event === event)) {
      lines.push(
        cut(
          `  ${row.time.padEnd(widths.time)}  ${row.trigger.padEnd(widths.trigger)}  ${row.function}`,
          width,
        ),
      );
      for (const more of [row.does, row.condition].filter((text) => text !== "")) {
        lines.push(styleText("dim", cut(`${indent}${more}`, width)));
      }
    }
  }
  return lines;
}

/** Lines for a program: the event and the columns, with tabs between them. */
export const plainLines = (triggers: FiredTrigger[]): string[] =>
  triggers.map((row) =>
    [row.event, ...COLUMNS.map((column) => row[column].replaceAll(/\s+/g, " "))].join("\t")
  );

const cut = (line: string, width: number): string =>
  line.trimEnd().length > width ? `${line.slice(0, width - 1)}…` : line.trimEnd();

async function print(sql: postgres.Sql, name: string | undefined): Promise<void> {
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  if (name === undefined) {
    for (const { table, triggers } of await countTriggers(sql)) {
      console.log(
        width === undefined ? `${table}\t${triggers}` : `${String(triggers).padStart(4)}  ${table}`,
      );
    }
    return;
  }
  const table = await findTable(sql, name);
  const triggers = await firedTriggers(sql, table);
  if (width === undefined) return console.log(plainLines(triggers).join("\n"));
  console.log(
    triggers.length === 0 ? `${table} has no triggers.` : `Writes to ${table} fire, in this order:`,
  );
  console.log(terminalLines(triggers, width).join("\n"));
}

await command(import.meta.main, HELP, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { url: { type: "string" } },
  });
  const [name, ...others] = positionals;
  if (others.length > 0) {
    throw new UserError("This takes one table.", "For example: npm run db:triggers -- issues");
  }
  const scratch = values.url === undefined ? await openScratch(progress) : undefined;
  try {
    return await withConnection(values.url ?? (await scratch?.declared())?.url() ?? "", async (sql) => {
      await print(sql, name);
      return true;
    });
  } finally {
    await scratch?.close();
  }
});
